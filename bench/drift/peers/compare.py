"""`python -m bench.drift.peers.compare --out bench/results/drift-peers.json`: our monitor beside its peers at a matched rate of alarms.

One world of the held-out half, which nobody tuned on. Every method's threshold is the loosest at which it alarms nowhere in the same
bursty null stream of 50,000 documents: no more can be shown with a method that takes a millisecond a document. Those that keep up with a
stream are matched on ten such streams as well. Each run replaces the rows of the methods that it ran; `--short` runs only what needs no
environment, on few streams.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench.drift.peers.contenders import Contender, Ours, River
from bench.drift.peers.matched import Comparison, Sizes, compared
from bench.drift.peers.peers import METHODS
from bench.drift.peers.scored import Kswin, Scored
from bench.drift.streams.heldout import halves
from bench.drift.streams.pools import load
from bench.peers.environments import PeerUnavailable
from consumers.drift.baseline.fit import ALARMS_PER_100K
from consumers.drift.rates.river_detectors import RiverDetector

ENVIRONMENTS: Final = Path(".abhyas/peers")
STRICT: Final = 10  # null streams
SHORT_SHIFTS: Final = ("novel topic 30 %", "Hindi to English 10 points", "matra loss 2 %", "mojibake 1 %", "one-source flood")
SHORT: Final = Sizes(documents=6_000, calibration_streams=40, null_length=5_000, streams=1, before=1_000, after=3_000, longest=3_000)


def in_process() -> list[Contender]:
    """Ours and river's, which keep up with a stream, at both lengths of null and as they come."""
    from river.drift import ADWIN, PageHinkley

    deltas = tuple(0.002 * 10.0**-power for power in range(40))
    thresholds = tuple(50.0 * 2 ** (power / 4) for power in range(32))
    rates = (100.0, 30.0, 10.0, 3.0, 1.0, 0.3, ALARMS_PER_100K)

    def adwin(delta: float) -> RiverDetector:
        detector: RiverDetector = ADWIN(delta=delta)
        return detector

    def page_hinkley(threshold: float) -> RiverDetector:
        # Of its defaults 0.005: on deviations in standard ones its sum then wanders off with every burst.
        detector: RiverDetector = PageHinkley(threshold=threshold, delta=0.1)
        return detector

    found: list[Contender] = []
    for name, streams in (("", 1), (", strict", STRICT)):
        found += [
            Ours(f"Abhyas{name}", rates, streams),
            River(f"ADWIN ×7{name}", "delta", deltas, adwin, streams),
            River(f"PageHinkley ×7{name}", "threshold", thresholds, page_hinkley, streams, True),
        ]
    return [
        *found,
        Ours("Abhyas, as calibrated", (ALARMS_PER_100K,), STRICT),
        River("ADWIN ×7, default", "delta", deltas[:1], adwin, STRICT),
        River("PageHinkley ×7, default", "threshold", thresholds[:1], lambda threshold: PageHinkley(threshold=threshold), STRICT, True),
    ]


def contenders(environments: Path) -> list[Contender]:
    """All; ours first, for the others' costs are told beside its."""
    return [*in_process(), *(Scored(method, environments) for method in METHODS), Kswin()]


def line(name: str, found: Mapping[str, Any]) -> str:
    """A method's line of the table: the median delay of each shift, and of a nuisance how many streams alarmed."""
    if "unavailable" in found:
        return f"{name}: not available here: {found['unavailable'][-200:]}"
    told = [f"{found[part]['alarms']} false in {found[part]['documents']:,} {part} documents" for part in ("null", "independent", "fresh")]
    told += [f"{found['us_per_doc']:.1f} µs (×{found['times_ours']:.2g})", f"{found['state_bytes']:,} B"]
    for shift, at in found["shifts"].items():
        alarmed = f"{at['alarm_found']}/{at['streams']}"
        told.append(f"{shift}: " + (f"{_shown(at['alarm_median'])} ({alarmed})" if at["fires"] else f"{alarmed} alarmed"))
    return f"{name} ({found['knob']}): " + ", ".join(told)


def _shown(delay: float | None) -> str:
    return "not found" if delay is None else f"{delay:,.0f}"


def row(comparison: Comparison, contender: Contender) -> dict[str, Any]:
    """A contender's row, or why there is none."""
    started = time.monotonic()
    try:
        found = compared(comparison, contender)
    except PeerUnavailable as unavailable:
        return {"unavailable": str(unavailable)}
    took = round((time.monotonic() - started) / 60, 1)
    return found | {"date": datetime.now(UTC).isoformat(timespec="seconds"), "minutes": took, "load": round(os.getloadavg()[0], 1)}


def main() -> int:
    """Runs the methods asked for; prints a line and writes the JSON after each."""
    parser = argparse.ArgumentParser(prog="python -m bench.drift.peers.compare", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, help="the JSON whose rows of these methods are replaced; default none")
    parser.add_argument("--environments", type=Path, default=ENVIRONMENTS)
    parser.add_argument("--methods", nargs="*", help="whose names contain one of these; default all")
    parser.add_argument("--short", action="store_true")
    asked = parser.parse_args()
    every = [each for each in in_process() if each.null_streams == 1] if asked.short else contenders(asked.environments)
    pool = load()
    sizes, names = (SHORT, SHORT_SHIFTS) if asked.short else (Sizes(), ())
    comparison = Comparison(pool, sizes, groups=halves(pool)[1].groups, names=names)
    report: dict[str, Any] = json.loads(asked.out.read_text()) if asked.out and asked.out.exists() else {"methods": {}}
    report["machine"] = {"cores": os.cpu_count(), "platform": platform.platform(), "python": platform.python_version()}
    report["sizes"] = asdict(comparison.sizes)
    for contender in every:
        if not asked.methods or any(part in contender.name for part in asked.methods):
            report["methods"][contender.name] = row(comparison, contender)
            if asked.out:
                asked.out.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
            print(line(contender.name, report["methods"][contender.name]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
