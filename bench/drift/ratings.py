"""`python -m bench.drift.ratings --out FILE.json`: false alarms, delay, cost and state of the ratings watch, river's detectors beside it.

A baseline of 20,000 events at 10 %, estimated anew for each stream. 10 to 12, 15 and 20 % are what the alternatives were chosen on; the
other rates and the fall are not. Takes about eight minutes on one core; `--scale 0.1` a tenth of the streams.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import shlex
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.drift.poisson import poisson_interval
from bench.drift.streams.rate_streams import (
    BASELINE,
    SETTLING,
    Contender,
    Delays,
    Null,
    delays,
    in_runs,
    median,
    null,
    of_river,
    on_buckets,
    ours,
)
from bench.stream.figures import Figure, table
from consumers.drift.rates.e_detector import RISE, RateCount
from consumers.drift.rates.rate_monitor import RateWatch
from consumers.drift.rates.river_detectors import AdwinOfRate, PageHinkleyOfRate

NULL_LENGTH: Final = 100_000
GOALS: Final = {0.12: 5_500.0, 0.15: 900.0, 0.20: 320.0}
# Long enough that a detector which finds the change at all finds it.
LENGTH: Final = 30_000
# Base rate and rate after, of which no choice was made.
OTHERS: Final = ((0.02, 0.03), (0.02, 0.05), (0.10, 0.13), (0.10, 0.17), (0.30, 0.33), (0.30, 0.40))


def false_alarm_figures(name: str, found: Null, goal: float | None = None) -> list[Figure]:
    """Alarms in 100,000 events with the exact 95 % interval of a Poisson count."""
    per = 100_000 / found.events
    low, high = (bound * per for bound in poisson_interval(found.alarms))
    how = f"{found.alarms} in {found.events:,} events, 95 % interval {low:.3g} to {high:.3g}; {found.fired} fired"
    return [Figure(f"{name}: false alarms", found.alarms * per, "in 100,000", how, at_most=goal)]


def delay_figures(name: str, before: float, after: float, found: Delays, goal: float | None = None, *, fires: bool = False) -> list[Figure]:
    """The median delay, misses as infinite; where the detector fires, the median to that too."""
    change = f"{before:.0%} to {after:.0%}"
    how = f"{found.found:.0%} of {len(found.alarm)} streams found"
    figures = [Figure(f"{name}: {change}", median(found.alarm), "events", how, at_most=goal)]
    if fires:
        figures.append(Figure(f"{name}: {change}, fired", median(found.fired), "events", "from the shift to the confirmed alarm"))
    return figures


def our_figures(scale: float, seed: int) -> Iterable[Figure]:
    """Goals first, then what nothing was chosen on."""
    contender, many = ours(), max(int(100 * scale), 5)
    yield from false_alarm_figures("e-detector", null(contender, rate=0.1, streams=2 * many, length=NULL_LENGTH, seed=seed), 0.1)
    for after, goal in GOALS.items():
        found = delays(contender, before=0.1, after=after, streams=many, length=LENGTH, seed=seed + 1)
        yield from delay_figures("e-detector", 0.1, after, found, goal, fires=True)
    for after, goal in GOALS.items():
        fresh = delays(contender, before=0.1, after=after, streams=many, length=LENGTH, seed=seed + 2, settling=0)
        yield from delay_figures("e-detector, shift right after the baseline", 0.1, after, fresh, goal)
    for before, after in OTHERS:
        found = delays(contender, before=before, after=after, streams=many, length=LENGTH, seed=seed + 3)
        yield from delay_figures("e-detector, not chosen on", before, after, found)
    for rate in (0.01, 0.3):
        quiet = null(contender, rate=rate, streams=many // 2, length=NULL_LENGTH, seed=seed + 4)
        yield from false_alarm_figures(f"e-detector at {rate:.0%}, not chosen on", quiet, 0.1)
    for name, watch in (("e-detector", contender), ("e-detector without its design effect", ours(as_independent=True))):
        bursty = null(watch, rate=0.1, streams=many // 2, length=NULL_LENGTH, seed=seed + 7, draw=in_runs)
        yield from false_alarm_figures(f"{name}, ratings in runs of a user", bursty)
        for after in GOALS:
            found = delays(watch, before=0.1, after=after, streams=many // 2, length=LENGTH, seed=seed + 8, draw=in_runs)
            yield from delay_figures(f"{name}, ratings in runs of a user", 0.1, after, found)
    both = ours(RISE.with_mirrored())
    yield from false_alarm_figures(
        "e-detector, both directions", null(both, rate=0.1, streams=many // 2, length=NULL_LENGTH, seed=seed + 5), 0.1
    )
    for after in (*GOALS, 0.07, 0.05):
        found = delays(both, before=0.1, after=after, streams=many // 2, length=LENGTH, seed=seed + 6)
        yield from delay_figures("e-detector, both directions", 0.1, after, found)


def peer_figures(scale: float, seed: int) -> Iterable[Figure]:
    """river's detectors on raw events and our wrappers of them on buckets; KSWIN's streams are short: a millisecond an event."""
    from river.drift import ADWIN, KSWIN, PageHinkley

    peers: list[tuple[Contender, int, int]] = [
        (of_river("ADWIN(0.002)", ADWIN), 50, NULL_LENGTH),
        (of_river("PageHinkley, default", PageHinkley), 50, NULL_LENGTH),
        (of_river("KSWIN, default", lambda: KSWIN(seed=0), warm_up=100), 20, 1_000),
        (on_buckets("ADWIN(0.002) on buckets of 50", lambda _: AdwinOfRate()), 50, NULL_LENGTH),
        (on_buckets("PageHinkley, tuned, on buckets of 50", PageHinkleyOfRate), 50, NULL_LENGTH),
    ]
    yield from false_alarm_figures(
        "ADWIN(0.002), ratings in runs of a user",
        null(peers[0][0], rate=0.1, streams=max(int(50 * scale), 5), length=NULL_LENGTH, seed=seed + 7, draw=in_runs),
    )
    for contender, most, length in peers:
        many = max(int(most * scale), 5)
        yield from false_alarm_figures(contender.name, null(contender, rate=0.1, streams=many, length=length, seed=seed))
        for after in GOALS:
            settling = min(SETTLING, length)
            found = delays(contender, before=0.1, after=after, streams=many, length=min(LENGTH, length), seed=seed + 1, settling=settling)
            yield from delay_figures(contender.name, 0.1, after, found)


def cost_figures(seed: int) -> Iterable[Figure]:
    """CPU time an event of the whole watch, and the bytes of its state."""
    rng = np.random.default_rng(seed)
    watch = RateWatch(RateCount(BASELINE, BASELINE // 10))
    stream = (rng.random(200_000) < 0.1).astype(int).tolist()
    started = time.process_time()
    for x in stream:
        watch.update_bucket(1, x)
    taken_us = 1e6 * (time.process_time() - started) / len(stream)
    yield Figure("e-detector: cost", taken_us, "µs an event", "CPU time, event by event, one core")
    yield Figure("e-detector: state", len(watch.save()), "bytes", "after 200,000 events; it does not grow with them")


def rows(scale: float = 1.0, seed: int = 5) -> list[Figure]:
    """Every figure of this part, said on stderr as it comes."""
    found: list[Figure] = []
    for figures in (our_figures(scale, seed), cost_figures(seed), peer_figures(scale, seed)):
        for figure in figures:
            print(f"{figure.name}: {figure.value:g} {figure.unit} ({figure.how})", file=sys.stderr, flush=True)
            found.append(figure)
    return found


def main() -> int:
    """Writes the JSON and prints the table; a goal that is not met is said in both, and is no failure of the bench."""
    parser = argparse.ArgumentParser(prog="python -m bench.drift.ratings", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the streams")
    parser.add_argument("--seed", type=int, default=5)
    asked = parser.parse_args()
    started = time.monotonic()
    found = rows(asked.scale, asked.seed)
    report: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join(["python", "-m", "bench.drift.ratings", *sys.argv[1:]]),
        "platform": platform.platform(),
        "minutes": round((time.monotonic() - started) / 60, 1),
        "figures": [_json_row(figure) for figure in found],
    }
    asked.out.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    print(table(found))
    return 0


def _json_row(figure: Figure) -> dict[str, Any]:
    """JSON has no infinity: a median that is a miss is null there."""
    row = figure.row()
    return row if math.isfinite(figure.value) else row | {"value": None}


if __name__ == "__main__":
    sys.exit(main())
