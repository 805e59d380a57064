"""One world for every method."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from bench.drift.peers.compare import in_process, line
from bench.drift.peers.contenders import Heard, Match
from bench.drift.peers.matched import LONG, Comparison, Delays, Sizes, compared
from bench.drift.peers.reference import Reference
from bench.drift.streams.pools import Pool
from bench.drift.streams.population import Stream

pytestmark = pytest.mark.process

TINY = Sizes(
    documents=3_000,
    calibration_streams=10,
    null_length=2_000,
    streams=2,
    before=500,
    after=1_500,
    longest=2_500,
    slow_streams=1,
    slow_after=800,
)


@dataclass
class Clock:
    """Alarms once at a document, whatever comes; remembers what it was given."""

    at: int
    slow: bool = False
    name: str = "clock"
    knob: str = "at"
    null_streams: int = 2
    heard: list[Stream] = field(default_factory=list)

    def match(self, reference: Reference, nulls: Sequence[Stream]) -> Match:
        """Loud where its document comes in the nulls."""
        return Match(self.at, sum(len(stream) >= self.at for stream in nulls), 3.0, 10, "1")

    def hear(self, reference: Reference, streams: Sequence[Stream], knob: float) -> list[Heard]:
        """One alarm a stream."""
        self.heard += streams
        return [Heard([self.at], []) for _ in streams]


def test_delays_count_from_the_shift() -> None:
    """Alarms up to the last document before the shift are false, the first one after it is the delay, and a miss is null in the JSON."""
    found = Delays.of([Heard([100, 500, 501], [900]), Heard([500]), Heard([700, 800])], 500, 1_500)
    assert (found.alarm, found.fired, found.false_alarms) == ([1, math.inf, 200], [400, math.inf, math.inf], 3)
    assert found.row() == {
        "streams": 3, "after": 1_500, "false_alarms": 3, "alarm_median": 200, "alarm_found": 2, "fired_median": None, "fired_found": 1,
    }  # fmt: skip


def test_every_method_gets_the_same_streams(small: Pool) -> None:
    """A slow one the beginnings of the first ones, without the long shifts; what ran before changes nothing."""
    comparison = Comparison(small, TINY)
    fast, again, slow = Clock(600), Clock(600), Clock(600, slow=True)
    delays = {shift.name: found for shift, found in comparison.delays(fast, 0)}
    sluggish = {shift.name: found for shift, found in comparison.delays(slow, 0)}
    assert [*Comparison(small, TINY).delays(again, 0)]
    assert all((one.documents == two.documents).all() for one, two in zip(fast.heard, again.heard, strict=True))
    assert {*delays} - {*sluggish} == {*LONG}
    assert {found.after for name, found in delays.items() if name in LONG} == {2_500}
    assert {found.after for name, found in delays.items() if name not in LONG} == {1_500}
    assert {(found.after, len(found.alarm)) for found in sluggish.values()} == {(800, 1)}
    first = slow.heard[0].documents
    assert (fast.heard[0].documents[: len(first)] == first).all()
    assert all(found.alarm == [100, 100] for found in delays.values())


def test_a_row_says_whether_the_rate_was_matched(small: Pool) -> None:
    """A method that alarms in the nulls is not matched, and its rate is told with its interval."""
    comparison = Comparison(small, TINY)
    loud, quiet = compared(comparison, Clock(1_000)), compared(comparison, Clock(2_001))
    assert (loud["matched"], loud["null"]["documents"], loud["null"]["per_100k"]) == (False, 4_000, 50)
    assert loud["null"]["interval_95"][0] < 50 < loud["null"]["interval_95"][1]
    assert (quiet["matched"], quiet["null"]["alarms"]) == (True, 0)
    assert quiet["times_ours"] > 0
    assert "0 false in 4,000 null documents" in line("clock", quiet)
    assert "novel topic 30 %: 1,501 (2/2)" in line("clock", quiet)


def test_null_streams_of_single_documents_are_heard_too(small: Pool) -> None:
    """As many as the bursty ones, at the knob that those gave; a slow method hears fewer documents of them."""
    fast, slow = Clock(1_000), Clock(1_000, slow=True)
    sizes = replace(TINY, slow_null=1_500)
    fast_row, slow_row = (compared(Comparison(small, sizes), clock) for clock in (fast, slow))
    assert (fast_row["independent"]["documents"], fast_row["independent"]["alarms"]) == (4_000, 2)
    assert (slow_row["independent"]["documents"], slow_row["independent"]["alarms"]) == (3_000, 2)
    assert "2 false in 4,000 independent documents" in line("clock", fast_row)


def test_alarms_before_the_shifts_check_the_match(small: Pool) -> None:
    """One false alarm a stream for a method that alarms before every shift, none for one that alarms after it."""
    comparison = Comparison(small, TINY)
    early, late = compared(comparison, Clock(TINY.before)), compared(comparison, Clock(TINY.before + 1))
    assert early["fresh"]["documents"] == early["fresh"]["alarms"] * TINY.before > 0
    assert late["fresh"]["alarms"] == 0


def test_the_short_form_compares_ours_with_river(small: Pool) -> None:
    """Each of them is matched on the null stream and heard on the shift asked for alone; ours finds the new topic in every stream."""
    comparison = Comparison(small, TINY, names=("novel topic 30 %",))
    rows = {each.name: compared(comparison, each) for each in in_process() if each.null_streams == 1}
    assert [*rows] == ["Abhyas", "ADWIN ×7", "PageHinkley ×7"]
    for row in rows.values():
        assert row["matched"]
        assert row["state_bytes"] > 0
        assert [*row["shifts"]] == ["novel topic 30 %"]
    assert rows["Abhyas"]["shifts"]["novel topic 30 %"]["alarm_found"] == 2
