"""`python -m bench.rounds --out bench/results/rounds.json [--rounds 10] [--corrections 25]`: rounds of the tiny model, end to end.

The figures are of whatever machine it is; the steps, rows and verdicts are the same on a quiet one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench.rounds.loop import run_rounds
from bench.rounds.measure import Round, figures, rows, violations
from bench.stream.figures import table
from ops.demo.run import make_base_model

WORK: Final = Path(".abhyas")


def main() -> int:
    """Runs the rounds and writes the JSON after each; exit code 1 where a round did what it must not."""
    parser = argparse.ArgumentParser(prog="python -m bench.rounds", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=WORK / "rounds")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--corrections", type=int, default=25, help="of each round")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    load = os.getloadavg()[0]
    done: list[Round] = []

    def took(one: Round) -> None:
        done.append(one)
        chosen.out.write_text(json.dumps(report(done, load), indent=1, ensure_ascii=False) + "\n")
        promoted = "promoted by hand" if one.by_hand else "promoted"
        print(f"round {one.number}: {one.verdict}, {promoted}, {one.steps} steps, {one.seconds} s", file=sys.stderr, flush=True)

    base = asyncio.run(make_base_model(WORK))
    asyncio.run(
        run_rounds(base=base, work=chosen.work.resolve(), rounds=chosen.rounds, corrections=chosen.corrections, seed=chosen.seed, took=took)
    )
    print(table(figures(done)))
    for line in violations(done):
        print(line, file=sys.stderr)
    return 1 if violations(done) else 0


def report(done: list[Round], load: float) -> dict[str, Any]:
    """What the JSON says of the rounds so far; sizes in bytes, after the last of them."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join(["python", "-m", "bench.rounds", *sys.argv[1:]]),
        "machine": {"cores": os.cpu_count(), "platform": platform.platform(), "python": platform.python_version()},
        "load_before": load,
        "load_after": os.getloadavg()[0],
        "figures": [one.row() for one in figures(done)],
        "violations": violations(done),
        "data_folder_bytes": dict(done[-1].size_bytes),
        "rounds": rows(done),
    }


if __name__ == "__main__":
    sys.exit(main())
