"""`python -m bench.simulation`: seeds of the simulation, with or without a planted fault; `--faults` plants each of them.

`make simulate SEEDS=2000 [FAULT=name] [FIRST=0]` and `make simulate-faults` call this.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from bench.simulation.campaign import SeedResult, many_seeds, one_seed, plant, quiet
from bench.simulation.faults import FAULTS


def main() -> int:
    """0 where nothing was violated, or every planted fault was caught."""
    parser = argparse.ArgumentParser(prog="python -m bench.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--fault", choices=sorted(FAULTS), default=None)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--show", action="store_true", help="the trace's tail of the first seed, whatever it gave")
    parser.add_argument("--faults", action="store_true", help="plant every fault in turn, then run the seeds without any")
    parser.add_argument("--out", type=Path, default=None, help="where --faults writes its JSON")
    asked = parser.parse_args()
    if asked.show:
        quiet()
        result = one_seed(asked.first, asked.fault)
        print("\n".join((*result.tail, *result.violations, f"seed {result.seed} trace {result.digest}")))
        return int(bool(result.violations))
    if asked.faults:
        return _faults(asked.first, asked.seeds, asked.processes, asked.out)
    report, caught = _seeds(asked.first, asked.seeds, asked.fault, asked.processes)
    print(json.dumps(report, indent=1))
    return int(caught is not None)


def _seeds(first: int, count: int, fault: str | None, processes: int) -> tuple[dict[str, Any], SeedResult | None]:
    """A campaign up to its first violation; the campaign's figures and the result that violated."""
    began, done, cpu_s, commands, samples, transactions = time.perf_counter(), 0, 0.0, 0, 0, 0
    caught: SeedResult | None = None
    for result in many_seeds(first, count, fault=fault, processes=processes):
        done += 1
        cpu_s += result.cpu_s
        commands, samples, transactions = commands + result.commands, samples + result.samples, transactions + result.transactions
        if result.violations:
            caught = result
            break
        if done % 500 == 0:
            print(f"{done} seeds, {time.perf_counter() - began:.0f} s", file=sys.stderr)
    report: dict[str, Any] = {
        "seeds": done, "first": first, "violating_seeds": int(caught is not None), "wall_s": round(time.perf_counter() - began, 1),
        "cpu_ms_a_seed": round(1000 * cpu_s / max(done, 1), 1), "processes": processes, "commands": commands, "samples": samples,
        "transactions": transactions,
    }  # fmt: skip
    if caught is not None:
        report |= {"seed": caught.seed, "violations": list(caught.violations[:5])}
        if fault is None:
            print("\n".join((*caught.tail, "", *caught.violations)), file=sys.stderr)
            print(f"seed {caught.seed}: python -m bench.simulation --show --first {caught.seed}", file=sys.stderr)
    return report, caught


def _faults(first: int, count: int, processes: int, out: Path | None) -> int:
    found: dict[str, Any] = {}
    for caught in plant(list(FAULTS), first, count, processes=processes):
        found[caught.fault] = {
            "what": FAULTS[caught.fault].what, "caught": caught.violation is not None, "seeds_needed": caught.seeds,
            "first_violation": caught.violation,
        }  # fmt: skip
        print(f"{caught.fault}: {'caught by seed ' + str(caught.seed) if caught.violation else 'NOT CAUGHT'}", file=sys.stderr)
    report, violated = _seeds(first, count, None, processes)
    whole = {"without_fault": report, "faults": {name: found[name] for name in FAULTS}}
    print(json.dumps(whole, indent=1))
    if out is not None:
        out.write_text(json.dumps(whole, indent=1) + "\n")
    return int(violated is not None or not all(fault["caught"] for fault in found.values()))


if __name__ == "__main__":
    sys.exit(main())
