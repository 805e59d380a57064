"""`abhyas drift …`: the drift detectors over files, with the code that runs on the stream."""

from __future__ import annotations

import json
import math
import time
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np

from consumers.drift.rates.design_effect import design_effect
from consumers.drift.rates.e_detector import RISE, Alternatives, RateCount
from consumers.drift.rates.rate_monitor import RateDecision, RatePolicy, RateWatch
from ops.errors import WrongUsage
from ops.input_files.rating_rows import rating_rows

RATINGS_HEAD: Final = "negative_rate"
DIRECTIONS: Final[dict[str, Alternatives]] = {"up": RISE, "down": RISE.mirrored(), "both": RISE.with_mirrored()}


def ratings(*, events: Path, baseline: int, arl: float, direction: str, cool_down: int, as_json: bool) -> int:
    """Prints a line a decision and a last line of totals; 0, whatever was found. Raises WrongUsage for what can't be read.

    `us_per_event` is of the ratings after the baseline, reading and printing included.
    """
    if direction not in DIRECTIONS:
        raise WrongUsage(f"--direction {direction!r}: expected one of {', '.join(DIRECTIONS)}")
    if not 1 <= arl < math.inf:
        raise WrongUsage(f"--arl {arl}: expected a number of ratings, at least 1")
    rows = rating_rows(events)
    first = list(islice(rows, baseline))
    if len(first) < baseline:
        raise WrongUsage(f"{events} holds {len(first)} ratings: expected more than the {baseline} that --baseline takes")
    known = RateCount(baseline, sum(first))
    dependence = design_effect(np.array(first))
    policy = RatePolicy(arl=arl, alternatives=DIRECTIONS[direction], design_effect=dependence, cool_down=cool_down)
    watch = RateWatch(known, policy)
    watched = alarms = fired = 0
    started = time.perf_counter()
    for negative in rows:
        watched += 1
        decision = watch.update_bucket(1, negative)
        if decision is not None:
            alarms += decision.kind == "alarm"
            fired += decision.kind == "fired"
            row = decision_row(decision, baseline)
            print(json.dumps(row) if as_json else _sentence(decision.kind, row), flush=True)
    taken_us = 1e6 * (time.perf_counter() - started)
    below, above = (None if rate is None else round(rate, 4) for rate in watch.reach)
    totals = {
        "events": baseline + watched, "alarms": alarms, "fired": fired, "us_per_event": round(taken_us / max(watched, 1), 2),
        "baseline_events": baseline, "baseline_rate": round(known.successes / baseline, 6), "design_effect": round(dependence, 3),
        "found_below": below, "found_above": above, "alarm_open": watch.alarmed,
    }  # fmt: skip
    print(json.dumps(totals) if as_json else _summary(totals))
    return 0


def decision_row(decision: RateDecision, offset: int) -> dict[str, Any]:
    """A decision as it is printed; `offset` is how many events of the file came before the watch's first."""
    return {
        "n": offset + decision.n,
        "head": RATINGS_HEAD,
        "decision": decision.kind,
        "statistic": float(f"{decision.statistic:.6g}"),
        "threshold": decision.threshold,
        "effect": round(decision.effect, 6),
        "alarm": decision.kind != "not_confirmed",
        "fired": decision.kind == "fired",
        "rate": round(decision.rate, 6),
        "baseline_rate": round(decision.baseline_rate, 6),
        "since": offset + decision.since,
    }


def _sentence(kind: str, row: dict[str, Any]) -> str:
    what = {"alarm": "alarm", "fired": "confirmed, fired", "not_confirmed": "not confirmed"}[kind]
    return (
        f"event {row['n']:,}: {what}: {row['rate']:.2%} negative since event {row['since']:,}, {row['baseline_rate']:.2%} before "
        f"(statistic {row['statistic']:,.1f}, threshold {row['threshold']:,.0f})"
    )


def _summary(totals: dict[str, Any]) -> str:
    waiting = ", the last one not yet confirmed" if totals["alarm_open"] else ""
    reach = " or ".join(
        f"{side} {totals[name]:.1%}" for side, name in (("under", "found_below"), ("over", "found_above")) if totals[name] is not None
    )
    dependent = f", {totals['design_effect']:.1f} of them worth one independent rating" if totals["design_effect"] > 1 else ""
    return (
        f"{totals['events']:,} ratings, {totals['alarms']} alarms{waiting}, {totals['fired']} fired, {totals['us_per_event']} µs an event; "
        f"the first {totals['baseline_events']:,} are the baseline, {totals['baseline_rate']:.2%} negative{dependent}; "
        + (f"a rate that stays {reach} is found for certain" if reach else "it is too small to be sure of any change: give a longer one")
    )
