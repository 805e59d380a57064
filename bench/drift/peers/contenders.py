"""The methods that run in this process, each with the knob that sets its rate of false alarms: ours, and river's on scalar features.

A contender is matched on null streams: its knob is the loosest at which it alarms nowhere in them. So all are compared at the same
empirical rate, whatever their own calibration promises.
"""

from __future__ import annotations

import copy
import pickle
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from bench.drift.peers.reference import Reference
from bench.drift.streams.population import Stream
from consumers.drift.features.sketch import group_of, sketched
from consumers.drift.monitor import Monitor
from consumers.drift.rates.river_detectors import RiverDetector

COST_DOCUMENTS: Final = 10_000
NEVER: Final = 10**9
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Heard:
    """How many documents of a stream had come at each alarm, and at each confirmed alarm where a method has such."""

    alarms: list[int]
    fired: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Match:
    """A knob, and what a method did at it on the null streams: its alarms, its CPU time a document, its pickled state at their end."""

    knob: float
    null_alarms: int
    us_per_doc: float
    state_bytes: int
    version: str


class Contender(Protocol):
    """`knob` says in words what is turned until it is quiet on `null_streams` streams; slow ones get fewer and shorter streams."""

    @property
    def name(self) -> str: ...
    @property
    def knob(self) -> str: ...
    @property
    def null_streams(self) -> int: ...
    @property
    def slow(self) -> bool: ...
    def match(self, reference: Reference, nulls: Sequence[Stream]) -> Match: ...
    def hear(self, reference: Reference, streams: Sequence[Stream], knob: float) -> list[Heard]: ...


def loosest(knobs: Sequence[float], alarms: Callable[[float], int]) -> tuple[float, int]:
    """Of knobs from loose to strict the first without an alarm, and 0; the strictest and its alarms where every one has some.

    Bisection: a stricter knob is taken to alarm no more often.

    >>> loosest([1, 2, 3, 4], lambda knob: max(0, 3 - knob)), loosest([1, 2], lambda knob: 7)
    ((3, 0), (2, 7))
    """
    low, high, at_high = 0, len(knobs) - 1, alarms(knobs[-1])
    while at_high == 0 and low < high:
        middle = (low + high) // 2
        if alarms(knobs[middle]) == 0:
            high = middle
        else:
            low = middle + 1
    return knobs[high], at_high


@dataclass(frozen=True)
class Ours:
    """Our monitor, a new one for each stream; the knob is the rate that its baseline is calibrated for."""

    name: str
    knobs: tuple[float, ...]
    null_streams: int = 1
    knob: str = "alarms_per_100k"
    slow: bool = False

    def match(self, reference: Reference, nulls: Sequence[Stream]) -> Match:
        """The loosest quiet rate; the cost is that of texts, from feature rows to decision."""
        knob, alarms = loosest(self.knobs, lambda rate: _count(self.hear(reference, nulls, rate)))
        # The monitor refers to its baseline, which is read-only and no state.
        baseline = reference.fitted(knob)
        state = len(pickle.dumps((baseline, self._after(reference, nulls[0], knob)))) - len(pickle.dumps(baseline))
        return Match(knob, alarms, our_us_per_doc(reference, nulls[0], knob), state, version("abhyas"))

    def hear(self, reference: Reference, streams: Sequence[Stream], knob: float) -> list[Heard]:
        """Alarms and fires at the ends of buckets."""
        return [self._listen(reference, stream, Monitor(reference.fitted(knob), cool_down_documents=NEVER)) for stream in streams]

    def _after(self, reference: Reference, stream: Stream, knob: float) -> Monitor:
        monitor = Monitor(reference.fitted(knob), cool_down_documents=NEVER)
        self._listen(reference, stream, monitor)
        return monitor

    def _listen(self, reference: Reference, stream: Stream, monitor: Monitor) -> Heard:
        heard, size, groups = Heard([]), reference.fitted(self.knobs[-1]).bucket_documents, groups_of(reference, stream)
        for first in range(0, len(stream) - size + 1, size):
            rows = reference.rows[stream.documents[first : first + size]].astype(np.int64)
            for finding in monitor.push(sketched(rows, groups[first : first + size])):
                (heard.fired if finding.fired else heard.alarms).append(finding.n)
        return heard


def our_us_per_doc(reference: Reference, stream: Stream, rate: float) -> float:
    """CPU time of a document from its text to what the monitor says, in batches of 500 documents."""
    baseline, texts = reference.fitted(rate), [reference.pool.texts[i] for i in stream.documents[:COST_DOCUMENTS].tolist()]
    monitor, groups, size = Monitor(baseline, cool_down_documents=NEVER), groups_of(reference, stream), baseline.bucket_documents
    began = time.process_time()
    for first in range(0, len(texts), _BATCH):
        rows = baseline.featuriser.rows(texts[first : first + _BATCH])
        for at in range(0, len(rows) - size + 1, size):
            list(monitor.push(sketched(rows[at : at + size], groups[first + at : first + at + size])))
    return (time.process_time() - began) / len(texts) * 1e6


def groups_of(reference: Reference, stream: Stream) -> NDArray[np.int64]:
    """The group of each document's source; a flood comes from one behind the pool's."""
    return np.array([group_of(name) for name in (*reference.pool.sources, "the flood")], np.int64)[stream.sources]


@dataclass(frozen=True)
class River:
    """One detector of river on each of the seven scalars, any of which alarms; before each stream it has seen 20,000 documents."""

    name: str
    knob: str
    knobs: tuple[float, ...]
    make: Callable[[float], RiverDetector]
    null_streams: int = 1
    standard: bool = False
    slow: bool = False

    def match(self, reference: Reference, nulls: Sequence[Stream]) -> Match:
        """The loosest quiet knob; the cost is without that of the scalars."""
        knob, alarms = loosest(self.knobs, lambda value: _count(self.hear(reference, nulls, value)))
        detectors = self._warm(reference, knob)
        values = self._values(reference, nulls[0])
        began = time.process_time()
        _listen(detectors, values)
        used = time.process_time() - began
        return Match(knob, alarms, used / len(values) * 1e6, len(pickle.dumps(detectors)), version("river"))

    def hear(self, reference: Reference, streams: Sequence[Stream], knob: float) -> list[Heard]:
        """Every detection; river's detectors start again after each by themselves."""
        warm = self._warm(reference, knob)
        return [Heard(_listen(copy.deepcopy(warm), self._values(reference, stream))) for stream in streams]

    def _warm(self, reference: Reference, knob: float) -> list[RiverDetector]:
        detectors = [self.make(knob) for _ in range(reference.scalars.shape[1])]
        _listen(detectors, self._values(reference, reference.seen))
        return detectors

    def _values(self, reference: Reference, stream: Stream) -> list[list[float]]:
        found: list[list[float]] = (reference.standard if self.standard else reference.scalars)[stream.documents].tolist()
        return found


def _listen(detectors: list[RiverDetector], values: list[list[float]]) -> list[int]:
    found = []
    for n, document in enumerate(values, start=1):
        alarmed = False
        for detector, value in zip(detectors, document, strict=True):
            detector.update(value)
            alarmed = alarmed or detector.drift_detected
        if alarmed:
            found.append(n)
    return found


def _count(heard: Sequence[Heard]) -> int:
    return sum(len(each.alarms) for each in heard)
