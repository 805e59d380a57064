"""`abhyas drift …`: the drift detectors over files, with the code that runs on the stream."""

from __future__ import annotations

import json
import math
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ops.commands.options import JsonDecisions
from ops.errors import WrongUsage
from ops.input_files.rating_rows import rating_rows

if TYPE_CHECKING:
    from consumers.drift.rates.rate_monitor import RateDecision

RATINGS_HEAD: Final = "negative_rate"


def ratings(
    *,
    events: Annotated[Path, typer.Option("--events", metavar="FILE.jsonl", help='Ratings in their order, one {"negative": 0|1} a line.')],
    baseline: Annotated[int, typer.Option("--baseline", min=1, metavar="N", help="The first N ratings are the baseline.")] = 20_000,
    arl: Annotated[float, typer.Option(min=1, help="Ratings to a false alarm, on average, at least.")] = 2_000_000,
    direction: Annotated[str, typer.Option(help="Which change of the negative rate alarms: up, down or both.")] = "up",
    cool_down: Annotated[int, typer.Option(min=0, metavar="N", help="After it fired, look at none of the next N ratings.")] = 20_000,
    as_json: JsonDecisions = False,
) -> int:
    """Watches the negative rate of a file of ratings against that of its first ratings.

    An alarm is a rate that has changed; it fires when the ratings after it confirm the change. Events are counted from the file's first.
    """
    import numpy as np

    from consumers.drift.rates.design_effect import design_effect
    from consumers.drift.rates.e_detector import RISE, RateCount
    from consumers.drift.rates.rate_monitor import RatePolicy, RateWatch

    directions = {"up": RISE, "down": RISE.mirrored(), "both": RISE.with_mirrored()}
    if direction not in directions:
        raise WrongUsage(f"--direction {direction!r}: expected one of {', '.join(directions)}")
    if not 1 <= arl < math.inf:
        raise WrongUsage(f"--arl {arl}: expected a number of ratings, at least 1")
    rows = rating_rows(events)
    first = list(islice(rows, baseline))
    if len(first) < baseline:
        raise WrongUsage(f"{events} holds {len(first)} ratings: expected more than the {baseline} that --baseline takes")
    known = RateCount(baseline, sum(first))
    dependence = design_effect(np.array(first))
    policy = RatePolicy(arl=arl, alternatives=directions[direction], design_effect=dependence, cool_down=cool_down)
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
        "found_below": below, "found_above": above, "alarm_open": watch.warned,
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
