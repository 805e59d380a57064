"""river's detectors over merged buckets of a rate: a shadow detector beside the e-detector, never a reason to fire alone.

river's objects are not saved. What a detector says is a function of the buckets it remembers, and those are its state.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal, Protocol, assert_never

import msgspec

from consumers.drift.rates.detector import RateDetector
from consumers.drift.rates.e_detector import RateCount
from consumers.drift.rates.river_module import drift_module

ShadowDetector = Literal["adwin", "page_hinkley", "none"]


def new_shadow(kind: ShadowDetector, baseline: RateCount, delta: float) -> RateDetector | None:
    """An untouched detector, None where no shadow detector is wanted. `delta` is ADWIN's confidence."""
    match kind:
        case "adwin":
            return AdwinOfRate(delta)
        case "page_hinkley":
            return PageHinkleyOfRate(baseline)
        case "none":
            return None
    assert_never(kind)


# When so many buckets are remembered the older half goes, and the detector starts again from the newer.
REMEMBERED_BUCKETS: Final = 512
# river's default of the shortest part of a window that ADWIN compares.
_MIN_WINDOW: Final = 5
# PageHinkley's drift: half the change to be found, in standard deviations of a bucket's rate.
_ALLOWANCE: Final = 0.25
# Zeros that PageHinkley sees first, so that its running mean starts at the baseline and not at the first bucket.
_PRIMING: Final = 200


class RiverDetector(Protocol):
    """river's own interface."""

    def update(self, x: float) -> object: ...
    @property
    def drift_detected(self) -> bool: ...


class RememberedBuckets(msgspec.Struct, array_like=True):
    """The buckets since the last detection or cut, as (events, successes)."""

    buckets: list[tuple[int, int]] = []
    detected: bool = False


class _Memory:
    """A river detector beside the buckets that it remembers; `values` are what it is told of a bucket."""

    def __init__(self, new: Callable[[], RiverDetector], values: Callable[[tuple[int, int]], Iterable[float]]) -> None:
        self._new = new
        self._values = values
        self.state = RememberedBuckets()
        self._detector = new()

    def take(self, events: int, successes: int) -> None:
        """One bucket; an empty one says nothing. The bucket after a detection is the first of a new detector."""
        if events == 0:
            return
        if self.state.detected:
            self.state = RememberedBuckets()
            self._detector = self._new()
        state, bucket = self.state, (events, successes)
        state.buckets.append(bucket)
        if len(state.buckets) > REMEMBERED_BUCKETS:
            *former, bucket = state.buckets = state.buckets[-REMEMBERED_BUCKETS // 2 :]
            self._detector = self._replayed(former)
        state.detected = _tell(self._detector, self._values(bucket))

    def save(self) -> bytes:
        """The remembered buckets as JSON."""
        return msgspec.json.encode(self.state)

    def load(self, state: bytes) -> None:
        """Makes the detector again from the remembered buckets."""
        self.state = msgspec.json.decode(state, type=RememberedBuckets)
        self._detector = self._replayed(self.state.buckets)

    def _replayed(self, buckets: list[tuple[int, int]]) -> RiverDetector:
        detector = self._new()
        for bucket in buckets:
            _tell(detector, self._values(bucket))
        return detector


class AdwinOfRate:
    """river's ADWIN on the events of buckets (Bifet & Gavaldà 2007).

    It knows no baseline: it compares the newer part of what it remembers with the older, in both directions. It is told a bucket's events
    one by one, the successes evenly among them: told the bucket's rate instead, its bound takes a bucket for one event, and 10 to 20 % in
    buckets of 50 took 6,650 events instead of 350. `delta` is its confidence; 0.002 is river's default.

    >>> detector = AdwinOfRate()
    >>> for bucket in range(80):
    ...     detector.update_bucket(50, 5 if bucket < 60 else 15)
    ...     if detector.drift_detected:
    ...         print(f"bucket {bucket}: {detector.effect:+.2f}")
    ...         break
    bucket 62: +0.20
    """

    def __init__(self, delta: float = 0.002) -> None:
        self._delta = delta
        # ADWIN itself drops only the older part of its window: what it remembers after a detection would tell it the change again.
        self._memory = _Memory(self._new, _spread)

    def update(self, x: float) -> None:
        """A bucket of one event."""
        self.update_bucket(1, int(x))

    def update_bucket(self, events: int, successes: int) -> None:
        """One bucket; an empty one says nothing."""
        self._memory.take(events, successes)

    @property
    def drift_detected(self) -> bool:
        """Whether ADWIN cut its window within the newest bucket."""
        return self._memory.state.detected

    @property
    def statistic(self) -> float:
        """The largest difference of rates over ADWIN's bound, over all cuts between remembered buckets (section 3.1, the variance form)."""
        return self._cut()[0]

    @property
    def threshold(self) -> float:
        """ADWIN's bound as `statistic` counts it; ADWIN looks at fewer cuts, and within buckets too, so it may differ by a bucket."""
        return 1.0

    @property
    def effect(self) -> float:
        """The rate after the best cut minus before."""
        return self._cut()[1]

    def save(self) -> bytes:
        """The remembered buckets as JSON."""
        return self._memory.save()

    def load(self, state: bytes) -> None:
        """Makes the detector again from the remembered buckets."""
        self._memory.load(state)

    def _new(self) -> RiverDetector:
        detector: RiverDetector = drift_module("adwin").ADWIN(delta=self._delta)
        return detector

    def _cut(self) -> tuple[float, float]:
        events = sum(bucket[0] for bucket in self._memory.state.buckets)
        successes = sum(bucket[1] for bucket in self._memory.state.buckets)
        if events < 2 * _MIN_WINDOW:
            return 0.0, 0.0
        rate = successes / events
        confidence = math.log(2 * math.log(events) / self._delta)
        best = effect = 0.0
        left = rises = 0
        for bucket in self._memory.state.buckets:
            left, rises = left + bucket[0], rises + bucket[1]
            if left < _MIN_WINDOW or events - left < _MIN_WINDOW:
                continue
            difference = (successes - rises) / (events - left) - rises / left
            inverse = 1 / (left - _MIN_WINDOW + 1) + 1 / (events - left - _MIN_WINDOW + 1)
            bound = math.sqrt(2 * inverse * rate * (1 - rate) * confidence) + 2 / 3 * inverse * confidence
            if abs(difference) / bound > best:
                best, effect = abs(difference) / bound, difference
        return best, effect


class PageHinkleyOfRate:
    """river's PageHinkley for a rise of the rate, tuned: on each bucket's deviation from the baseline in standard deviations.

    The threshold is the one at which a CUSUM of independent normal values has an average run length of `arl_buckets` (Siegmund 1985).
    river's defaults (threshold 50, delta 0.005 on raw values) gave 32 to 158 false alarms in 100,000 documents.

    >>> detector = PageHinkleyOfRate(RateCount(20_000, 2_000))
    >>> for bucket in range(80):
    ...     detector.update_bucket(50, 5 if bucket < 60 else 10)
    ...     if detector.drift_detected:
    ...         print(f"bucket {bucket}: {detector.statistic:.1f} of {detector.threshold:.1f}")
    ...         break
    bucket 66: 14.7 of 14.5
    """

    def __init__(self, baseline: RateCount, arl_buckets: float = 20_000) -> None:
        self._rate = baseline.rate
        self._threshold = cusum_threshold(arl_buckets, _ALLOWANCE)
        self._memory = _Memory(self._new, self._values)

    def update(self, x: float) -> None:
        """A bucket of one event."""
        self.update_bucket(1, int(x))

    def update_bucket(self, events: int, successes: int) -> None:
        """One bucket; an empty one says nothing."""
        self._memory.take(events, successes)

    @property
    def drift_detected(self) -> bool:
        """Whether the newest bucket crossed the threshold."""
        return self._memory.state.detected

    @property
    def statistic(self) -> float:
        """The CUSUM: its sum minus its lowest so far, in standard deviations."""
        total = lowest = 0.0
        for bucket in self._memory.state.buckets:
            total += self._deviation(bucket) - _ALLOWANCE
            lowest = min(lowest, total)
        return total - lowest

    @property
    def threshold(self) -> float:
        """In the same unit as `statistic`."""
        return self._threshold

    @property
    def effect(self) -> float:
        """The rate since the CUSUM was last at its lowest, minus the baseline's."""
        total = lowest = 0.0
        events = successes = 0
        for bucket in self._memory.state.buckets:
            total += self._deviation(bucket) - _ALLOWANCE
            events, successes = events + bucket[0], successes + bucket[1]
            if total <= lowest:
                lowest, events, successes = total, 0, 0
        return successes / events - self._rate if events else 0.0

    def save(self) -> bytes:
        """The remembered buckets as JSON."""
        return self._memory.save()

    def load(self, state: bytes) -> None:
        """Makes the detector again from the remembered buckets."""
        self._memory.load(state)

    def _new(self) -> RiverDetector:
        # alpha = 1 keeps the whole sum, as the CUSUM of the threshold does.
        new = drift_module("page_hinkley").PageHinkley
        detector: RiverDetector = new(min_instances=1, delta=_ALLOWANCE, threshold=self._threshold, alpha=1.0, mode="up")
        for _ in range(_PRIMING):
            detector.update(0.0)
        return detector

    def _values(self, bucket: tuple[int, int]) -> tuple[float]:
        return (self._deviation(bucket),)

    def _deviation(self, bucket: tuple[int, int]) -> float:
        events, successes = bucket
        return (successes / events - self._rate) / math.sqrt(self._rate * (1 - self._rate) / events)


def cusum_threshold(arl: float, allowance: float) -> float:
    """The threshold of a one-sided CUSUM on independent standard normal values (Siegmund's approximation, solved by bisection).

    >>> round(cusum_threshold(930, 0.5), 1)
    5.0
    """
    low, high = 0.0, 1e4
    for _ in range(100):
        middle = (low + high) / 2
        exponent = 2 * allowance * (middle + 1.166)
        run_length = (math.expm1(exponent) - exponent) / (2 * allowance**2) if exponent < 700 else math.inf
        low, high = (middle, high) if run_length < arl else (low, middle)
    return high


def _tell(detector: RiverDetector, values: Iterable[float]) -> bool:
    """Whether one of the values was a detection; the rest is told too."""
    detected = False
    for value in values:
        detector.update(value)
        detected = detected or bool(detector.drift_detected)
    return detected


def _spread(bucket: tuple[int, int]) -> Iterator[int]:
    """A bucket's events one by one, its successes evenly among them.

    >>> list(_spread((7, 3)))
    [0, 0, 1, 0, 1, 0, 1]
    """
    events, successes = bucket
    return ((place + 1) * successes // events - place * successes // events for place in range(events))
