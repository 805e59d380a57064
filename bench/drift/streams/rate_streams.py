"""Streams of ratings with a negative rate that stays or jumps, and what each detector says of them.

A stream is its own baseline of 20,000 events and what follows; so every figure is an average over baselines too. A detector that knows no
baseline sees the baseline's events first, its alarms there not counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consumers.drift.rates.design_effect import design_effect
from consumers.drift.rates.e_detector import RISE, Alternatives, RateCount
from consumers.drift.rates.rate_monitor import RatePolicy, RateWatch
from consumers.drift.rates.river_detectors import AdwinOfRate, PageHinkleyOfRate, RiverDetector

BASELINE: Final = 20_000
# Null events before the shift, so that nobody gains from a start that is just fresh.
SETTLING: Final = 5_000
BUCKET: Final = 50

# Takes an event and says which decision it completed, if any.
Step = Callable[[int], str | None]


@dataclass(frozen=True, slots=True)
class Contender:
    """`start` makes a step from the baseline's events; `fires` says whether an alarm is followed by a decision of its own."""

    name: str
    start: Callable[[NDArray[np.int64]], Step]
    fires: bool = False


@dataclass(frozen=True, slots=True)
class Null:
    """Decisions on streams without a change."""

    events: int
    alarms: int
    fired: int


@dataclass(frozen=True, slots=True)
class Delays:
    """Events from the shift to the first alarm and to the first fired decision after it; a miss is infinite."""

    alarm: list[float]
    fired: list[float]

    @property
    def found(self) -> float:
        """The share of streams with an alarm."""
        return sum(map(math.isfinite, self.alarm)) / len(self.alarm)


def median(delays: list[float]) -> float:
    """The median with misses as infinite; the upper one of two middle values, so that half of the streams are not enough."""
    return sorted(delays)[len(delays) // 2]


def ours(alternatives: Alternatives = RISE, *, arl: float = 2e6, as_independent: bool = False) -> Contender:
    """The watch as `abhyas drift ratings` runs it, event by event, without a cool-down so that every alarm is seen."""

    def start(baseline: NDArray[np.int64]) -> Step:
        dependence = 1.0 if as_independent else design_effect(baseline)
        policy = RatePolicy(arl=arl, alternatives=alternatives, design_effect=dependence, cool_down=0)
        watch = RateWatch(RateCount(baseline.size, int(baseline.sum())), policy)

        def step(x: int) -> str | None:
            decision = watch.update_bucket(1, x)
            return None if decision is None else decision.kind

        return step

    return Contender("e-detector", start, fires=True)


def of_river(name: str, make: Callable[[], RiverDetector], warm_up: int = BASELINE) -> Contender:
    """A detector of river on the raw events, which has seen the last `warm_up` events of the baseline."""

    def start(baseline: NDArray[np.int64]) -> Step:
        detector = make()
        for x in baseline[baseline.size - warm_up :].tolist():
            detector.update(x)

        def step(x: int) -> str | None:
            detector.update(x)
            return "alarm" if detector.drift_detected else None

        return step

    return Contender(name, start)


def on_buckets(name: str, make: Callable[[RateCount], AdwinOfRate | PageHinkleyOfRate]) -> Contender:
    """One of our wrappers of river on buckets of 50 events, as stage 2 gives them."""

    def start(baseline: NDArray[np.int64]) -> Step:
        detector = make(RateCount(baseline.size, int(baseline.sum())))
        for successes in baseline.reshape(-1, BUCKET).sum(axis=1).tolist():
            detector.update_bucket(BUCKET, successes)
        bucket = [0, 0]

        def step(x: int) -> str | None:
            bucket[0] += 1
            bucket[1] += x
            if bucket[0] < BUCKET:
                return None
            detector.update_bucket(*bucket)
            bucket[:] = [0, 0]
            return "alarm" if detector.drift_detected else None

        return step

    return Contender(name, start)


# Draws `count` ratings of which `rate` are negative, 1 for a negative one.
Draw = Callable[[np.random.Generator, float, int], NDArray[np.int64]]


def independent(rng: np.random.Generator, rate: float, count: int) -> NDArray[np.int64]:
    """Every rating of another user."""
    return (rng.random(count) < rate).astype(np.int64)


def in_runs(rng: np.random.Generator, rate: float, count: int) -> NDArray[np.int64]:
    """Runs of one to six ratings of a user, whose own rate is a draw of Beta(2 rate, 2 (1 - rate)): a third of the variance is theirs."""
    lengths = rng.integers(1, 7, size=count)
    users = np.repeat(rng.beta(2 * rate, 2 * (1 - rate), size=count), lengths)[:count]
    return (rng.random(count) < users).astype(np.int64)


def null(contender: Contender, *, rate: float, streams: int, length: int, seed: int, draw: Draw = independent) -> Null:
    """Everything said on streams whose rate never changes, each with a baseline of its own."""
    alarms = fired = 0
    for rng in generators(seed, streams):
        step = contender.start(draw(rng, rate, BASELINE))
        for x in draw(rng, rate, length).tolist():
            said = step(x)
            alarms += said == "alarm"
            fired += said == "fired"
    return Null(streams * length, alarms, fired)


def delays(
    contender: Contender,
    *,
    before: float,
    after: float,
    streams: int,
    length: int,
    seed: int,
    settling: int = SETTLING,
    draw: Draw = independent,
) -> Delays:
    """How long the change stays unfound. A stream with an alarm before the shift is drawn anew: its delay would be of another state."""
    alarm: list[float] = []
    fired: list[float] = []
    for rng in generators(seed, 2 * streams):
        if len(alarm) == streams:
            break
        step = contender.start(draw(rng, before, BASELINE))
        if any(step(x) == "alarm" for x in draw(rng, before, settling).tolist()):
            continue
        alarm.append(math.inf)
        fired.append(math.inf)
        for delay, x in enumerate(draw(rng, after, length).tolist(), start=1):
            said = step(x)
            if said == "alarm":
                alarm[-1] = min(alarm[-1], delay)
            if said == "fired":
                fired[-1] = delay
                break
            if said == "alarm" and not contender.fires:
                break
    if not alarm:
        return Delays([math.inf], [math.inf])
    return Delays(alarm, fired)


def generators(seed: int, count: int) -> Iterator[np.random.Generator]:
    """Independent generators, the same for every contender."""
    for child in np.random.SeedSequence(seed).spawn(count):
        yield np.random.default_rng(child)
