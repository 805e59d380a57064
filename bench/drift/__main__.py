"""`python -m bench.drift --out FILE`: false alarms, delays, cost and state of the drift monitor on streams of ../shared/data.

The tuned sweep is over the whole pool; `--held-out` runs the half of articles, genres and discourse modes that nothing was chosen on,
`--open-vocabulary` streams whose names no baseline has. Each part replaces its own figures in the JSON. A goal that is not met is said in
the table and is no failure of the bench.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import shlex
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.drift.cost import cost_figures
from bench.drift.poisson import poisson_interval
from bench.drift.streams.heldout import halves
from bench.drift.streams.pools import load
from bench.drift.sweep import Delays, Quiet, Sweep, sweep_worlds
from bench.stream.figures import Figure, table

# The goals by the shift's name: documents to the alarm, median.
GOALS: Final = {
    "novel topic 30 %": 500, "novel topic 10 %": 5_000, "Hindi to English 10 points": 4_000, "Hinglish +5 points": 6_500,
    "matra loss 2 %": 1_000, "mojibake 1 %": 1_000,
}  # fmt: skip
FALSE_ALARMS: Final = 0.2


def figures(sweep: Sweep, documents: int) -> list[Figure]:
    """The sweep's lines of the table."""
    found = quiet_figures("bursty", sweep.bursty, sweep.baselines, documents)
    found += quiet_figures("independent", sweep.independent, sweep.baselines, documents)
    for name, delays in sweep.delays.items():
        found += shift_figures(name, delays)
    return found


def quiet_figures(kind: str, quiet: Quiet, baselines: int, documents: int) -> list[Figure]:
    """The false alarms and fires of one kind of null streams; the goal is for the bursty ones."""
    if not quiet.documents:
        return []
    low, high = poisson_interval(quiet.alarms)
    per = 100_000 / quiet.documents
    how = (
        f"{quiet.alarms} in {quiet.documents:,} {kind} null documents over {baselines} baselines of {documents:,}; "
        f"95 % interval {low * per:.2f} to {high * per:.2f}"
    )
    return [
        Figure(f"false alarms in 100,000 {kind}", quiet.alarms * per, "", how, at_most=FALSE_ALARMS if kind == "bursty" else None),
        Figure(f"false fires in 100,000 {kind}", quiet.fires * per, "", how),
    ]


def shift_figures(name: str, delays: Delays) -> list[Figure]:
    """A shift's alarm and fire; of what must not fire, the fires."""
    count = len(delays.alarm)
    fires = sum(map(math.isfinite, delays.fired))
    if not delays.fires:
        return [Figure(f"{name}: streams that fired", fires, f"of {count}", "confirmed alarms, which would start a run", at_most=0)]
    share = sum(map(math.isfinite, delays.alarm)) / count
    most = max(set(delays.window_statistics), key=delays.window_statistics.count) or "none"
    how = f"median of {count} streams, first alarmed by {most}; a miss is infinite"
    goal = next((limit for start, limit in GOALS.items() if name.startswith(start)), None)
    found = [
        Figure(f"{name}: documents to the alarm", _shown(median(delays.alarm)), "", how, at_most=goal),
        Figure(f"{name}: documents to the fire", _shown(median(delays.fired)), "", f"{fires} of {count} fired"),
    ]
    if name.startswith("novel topic 3 %"):
        found.append(Figure(f"{name}: found within 100,000", share, "", f"of {count} streams", at_least=0.8))
    return found


def _shown(delay: float) -> float:
    # JSON has no infinity.
    return delay if math.isfinite(delay) else 1e9


def main() -> int:
    """Runs the parts asked for; writes the JSON after each world."""
    parser = argparse.ArgumentParser(prog="python -m bench.drift", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--worlds", type=int, default=10)
    parser.add_argument("--documents", type=int, default=50_000, help="of a baseline")
    parser.add_argument("--null-streams", type=int, default=5, help="of 100,000 documents, a world")
    parser.add_argument("--shift-streams", type=int, default=5, help="of each shift, a world")
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--open-vocabulary", action="store_true", help="every run of a source with names of its own")
    asked = parser.parse_args()
    pool = load()
    groups = halves(pool)[1].groups if asked.held_out else None
    part = f"{'held out' if asked.held_out else 'tuned'}{', open vocabulary' if asked.open_vocabulary else ''} {asked.documents}"
    report: dict[str, Any] = json.loads(asked.out.read_text()) if asked.out.exists() else {"parts": {}}
    report["machine"] = {"cores": os.cpu_count(), "platform": platform.platform(), "python": platform.python_version()}
    if not asked.held_out and not asked.open_vocabulary:
        cost = cost_figures(pool)
        print(table(cost), flush=True)
        report["parts"]["cost"] = {"date": _now(), "figures": [figure.row() for figure in cost]}
    started = time.monotonic()
    for sweep in sweep_worlds(
        pool,
        worlds=asked.worlds,
        documents=asked.documents,
        null_streams=asked.null_streams,
        shift_streams=asked.shift_streams,
        groups=groups,
        open_vocabulary=asked.open_vocabulary,
    ):
        found = figures(sweep, asked.documents)
        report["parts"][part] = {
            "date": _now(), "command": shlex.join(["python", "-m", "bench.drift", *sys.argv[1:]]), "load": os.getloadavg()[0],
            "minutes": round((time.monotonic() - started) / 60, 1), "pool": len(pool), "worlds": sweep.baselines,
            "fit_s": round(median(sweep.fit_s), 1), "false_heads": sweep.bursty.window_statistics,
            "false_heads_independent": sweep.independent.window_statistics,
            "figures": [figure.row() for figure in found],
        }  # fmt: skip
        asked.out.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
        print(f"-- {sweep.baselines} worlds\n{table(found)}", flush=True)
    return 0


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


if __name__ == "__main__":
    sys.exit(main())
