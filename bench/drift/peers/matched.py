"""One world in which every method is heard on the same streams, each at the loosest knob that is quiet on the same null streams."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Final

import numpy as np

from bench.drift.peers.contenders import Contender, Heard, Match, our_us_per_doc
from bench.drift.peers.reference import Reference
from bench.drift.poisson import poisson_interval
from bench.drift.streams.pools import Pool
from bench.drift.streams.population import Population, Stream
from bench.drift.streams.scenarios import Scenario, scenario
from bench.drift.streams.shifts import Shift
from consumers.drift.baseline.fit import ALARMS_PER_100K, STREAMS

# Shifts that take longer than the others: documents of a stream after them. Slow methods do not get them.
LONG: Final = {"novel topic 3 %": 50_000, "novel topic rising": 50_000}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is drawn: the baseline and its calibration, null streams, and of each shift so many streams with so many documents before
    and after it.

    A slow method gets the first `slow_streams` of them, cut to `slow_after`; no stream goes on for more than `longest` after its shift.
    At its knob a method also hears as many null streams whose documents come one by one, a slow one `slow_null` documents of them.
    """

    documents: int = 50_000
    calibration_streams: int = STREAMS
    null_length: int = 50_000
    streams: int = 10
    before: int = 3_000
    after: int = 10_000
    longest: int = 50_000
    slow_streams: int = 3
    slow_after: int = 5_000
    slow_null: int = 20_000


@dataclass(frozen=True, slots=True)
class Delays:
    """Of each stream of a shift the documents from the shift to the first alarm and to the first fire, misses infinite, and how many came;
    alarms before the shift are false ones."""

    alarm: list[float]
    fired: list[float]
    after: int
    false_alarms: int

    @classmethod
    def of(cls, heard: Sequence[Heard], before: int, after: int) -> Delays:
        """An alarm with the last document before the shift is not the shift's."""
        return cls(
            [_first(each.alarms, before) for each in heard],
            [_first(each.fired, before) for each in heard],
            after,
            sum(n <= before for each in heard for n in each.alarms),
        )

    def row(self) -> dict[str, Any]:
        """As the JSON keeps it: a median that is a miss is null there."""
        found: dict[str, Any] = {"streams": len(self.alarm), "after": self.after, "false_alarms": self.false_alarms}
        for name, delays in (("alarm", self.alarm), ("fired", self.fired)):
            middle = median(delays)
            found[f"{name}_median"] = middle if math.isfinite(middle) else None
            found[f"{name}_found"] = sum(map(math.isfinite, delays))
        return found


def _first(alarms: Sequence[int], before: int) -> float:
    return next((float(n - before) for n in alarms if n > before), math.inf)


class Comparison:
    """The same world, null streams and shifted streams for every contender, whichever of them run: a seed gives them.

    Every shift of the world, or those of `names`.
    """

    def __init__(
        self, pool: Pool, sizes: Sizes, *, seed: int = 0, groups: Collection[int] | None = None, names: Collection[str] = ()
    ) -> None:
        self._seed = seed
        self._names = names
        self._references: dict[int, Reference] = {}
        self.sizes = sizes
        self.scenario: Scenario = scenario(pool, np.random.default_rng([seed, 0]), groups=groups)

    def match(self, contender: Contender) -> Match:
        """The contender's knob on as many null streams as it asks for."""
        world, length = self.scenario.world, self.sizes.null_length
        nulls = [world.draw(np.random.default_rng([self._seed, 1, n]), length) for n in range(contender.null_streams)]
        return contender.match(self._reference(world), nulls)

    def independent(self, contender: Contender, knob: float) -> tuple[int, int]:
        """The contender's alarms on null streams whose documents come one by one, and how many documents these have."""
        world, length = self.scenario.world.independent(), self.sizes.null_length
        length = min(length, self.sizes.slow_null) if contender.slow else length
        nulls = [world.draw(np.random.default_rng([self._seed, 4, n]), length) for n in range(contender.null_streams)]
        heard = contender.hear(self._reference(self.scenario.world), nulls, knob)
        return sum(len(each.alarms) for each in heard), len(nulls) * length

    def our_us_per_doc(self) -> float:
        """What a document costs with our monitor, here and now."""
        reference = self._reference(self.scenario.world)
        return our_us_per_doc(reference, reference.seen, ALARMS_PER_100K)

    def delays(self, contender: Contender, knob: float) -> Iterator[tuple[Shift, Delays]]:
        """Shift by shift. Those with one population before them are heard together, for a peer starts slowly."""
        asked = [shift for shift in self.scenario.shifts if not self._names or shift.name in self._names]
        shifts = [shift for shift in asked if not (contender.slow and shift.name in LONG)]
        for before in {id(shift.before): shift.before for shift in shifts}.values():
            drawn = [(shift, self._streams(shift, contender.slow)) for shift in shifts if shift.before is before]
            heard = iter(contender.hear(self._reference(before), [stream for _, streams in drawn for stream in streams], knob))
            for shift, streams in drawn:
                yield shift, Delays.of([next(heard) for _ in streams], self.sizes.before, len(streams[0]) - self.sizes.before)

    def _reference(self, before: Population) -> Reference:
        if id(before) not in self._references:
            rng = np.random.default_rng([self._seed, 2])
            self._references[id(before)] = Reference(before, rng, self.sizes.documents, self.sizes.calibration_streams)
        return self._references[id(before)]

    def _streams(self, shift: Shift, slow: bool) -> list[Stream]:
        sizes, number = self.sizes, [each.name for each in self.scenario.shifts].index(shift.name)
        after = min(max(sizes.after, LONG.get(shift.name, 0)), sizes.longest)
        count = sizes.slow_streams if slow else sizes.streams
        drawn = [shift.draw(np.random.default_rng([self._seed, 3, number, n]), sizes.before, after) for n in range(count)]
        return [_cut(stream, sizes.before + sizes.slow_after) for stream in drawn] if slow else drawn


def _cut(stream: Stream, documents: int) -> Stream:
    return Stream(stream.documents[:documents], stream.sources[:documents], stream.seconds[:documents])


def compared(comparison: Comparison, contender: Contender) -> dict[str, Any]:
    """A contender's row of the JSON. The documents before the shifts are fresh ones: they check the rate that was matched. Raises
    PeerUnavailable."""
    match, ours_us = comparison.match(contender), comparison.our_us_per_doc()
    shifts = {shift.name: {"fires": shift.fires, **found.row()} for shift, found in comparison.delays(contender, match.knob)}
    documents = contender.null_streams * comparison.sizes.null_length
    return {
        "method": contender.name, **asdict(match), "knob": f"{contender.knob} {match.knob:.4g}", "matched": match.null_alarms == 0,
        "times_ours": match.us_per_doc / ours_us,
        "null": _rate(match.null_alarms, documents),
        "independent": _rate(*comparison.independent(contender, match.knob)),
        "fresh": _rate(
            sum(found["false_alarms"] for found in shifts.values()),
            sum(found["streams"] for found in shifts.values()) * comparison.sizes.before,
        ),
        "shifts": shifts,
    }  # fmt: skip


def _rate(alarms: int, documents: int) -> dict[str, Any]:
    per = 100_000 / documents
    return {
        "documents": documents,
        "alarms": alarms,
        "per_100k": round(alarms * per, 3),
        "interval_95": [round(bound * per, 2) for bound in poisson_interval(alarms)],
    }
