"""The first drift signal."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.core.adwin import adwin_policy, new_adwin
from consumers.core.drift import REMEMBERED_BUCKETS, DriftWatch, cut_statistic
from consumers.core.inputs import SignalSeen

TODAY = 739_000
POLICY = adwin_policy(delta=0.002, min_bucket_events=20, window_days=30)


class Stream:
    """Cumulative counts of one partition, fed bucket by bucket."""

    def __init__(self, watch: DriftWatch, kind: str = "feedback") -> None:
        self.watch, self.kind, self.sequence, self.counts = watch, kind, 0, [0, 0, 0, 0]

    def bucket(self, negatives: int, events: int = 20) -> tuple[Any, ...]:
        self.sequence += events
        added = [events, negatives, 0, 0] if self.kind == "feedback" else [events, 0, events * 100, negatives * 100]
        self.counts = [total + more for total, more in zip(self.counts, added, strict=True)]
        self.watch.take(SignalSeen(self.kind, 0, TODAY, self.sequence, *self.counts), TODAY)  # type: ignore[arg-type]
        return self.watch.tick(TODAY)


def draws(seed: int, rate: float, buckets: int) -> list[int]:
    source = random.Random(seed)
    return [sum(source.random() < rate for _ in range(20)) for _ in range(buckets)]


@pytest.mark.parametrize("seed", range(5))
def test_quiet_stream_stays_quiet(seed: int) -> None:
    """A stationary negative rate of 10 % raises no alarm in 40,000 events."""
    stream = Stream(DriftWatch(POLICY))
    assert not any(stream.bucket(negatives) for negatives in draws(seed, 0.1, 2000))


@pytest.mark.parametrize(("kind", "signal"), [("feedback", "negative_rate"), ("document", "document_devanagari_share")])
def test_change_is_found_once_with_evidence(kind: str, signal: str) -> None:
    """A jump from 10 to 50 % alarms once, within 60 buckets, and says which signal and in which direction."""
    stream = Stream(DriftWatch(POLICY), kind)
    assert not any(stream.bucket(negatives) for negatives in draws(1, 0.1, 150))
    found = [evidence for negatives in draws(2, 0.5, 60) for evidence in stream.bucket(negatives)]
    assert [evidence.signal for evidence in found] == [signal]
    assert found[0].effect > 0.2
    assert [alarm for item, alarm in stream.watch.evidence() if item.signal == signal] == [True]


def test_small_buckets_stay_open() -> None:
    """A bucket closes at a tick only with enough events; until then they add up."""
    stream = Stream(DriftWatch(POLICY))
    stream.bucket(1, events=19)
    assert stream.watch.closed() == 0
    stream.bucket(0, events=1)
    assert stream.watch.closed() == 1


def test_older_summaries_and_days_outside_the_window_change_nothing() -> None:
    """A summary that is not newer, or of a day that has left the window, is not merged; old days are forgotten."""
    watch = DriftWatch(POLICY)
    assert watch.take(SignalSeen("feedback", 0, TODAY, 5, 10, 0, 0, 0), TODAY)
    assert not watch.take(SignalSeen("feedback", 0, TODAY, 5, 30, 0, 0, 0), TODAY)
    assert not watch.take(SignalSeen("feedback", 0, TODAY - 31, 5, 30, 0, 0, 0), TODAY)
    watch.take_changes(b"")
    watch.tick(TODAY + 31)
    assert watch.take_changes(b"") == {f"d|feedback|0|{TODAY}".encode(): None}


def test_acknowledged_alarms_may_come_again_and_reset_forgets() -> None:
    """A run clears the alarm; another serving version starts the signals afresh without reusing a drift's number."""
    stream = Stream(DriftWatch(POLICY))
    for negatives in (*draws(1, 0.1, 150), *draws(2, 0.6, 60)):
        stream.bucket(negatives)
    stream.watch.acknowledge()
    assert not any(alarm for _, alarm in stream.watch.evidence())
    closed = stream.watch.closed()
    stream.watch.reset()
    assert [item.statistic for item, _ in stream.watch.evidence()] == [0.0, 0.0]
    assert stream.watch.closed() == closed


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), cut=st.integers(0, 700), shift=st.integers(0, 700))
def test_restart_changes_no_decision(seed: int, cut: int, shift: int) -> None:
    """A watch restored from its changelog at any point alarms at the same buckets as one that never stopped."""
    values = [*draws(seed, 0.1, shift), *draws(seed + 1, 0.4, 700 - shift)]
    stayed, changes = DriftWatch(POLICY), {}
    first = Stream(stayed)
    for value in values[:cut]:
        first.bucket(value)
        changes |= stayed.take_changes(b"")
    restored = DriftWatch(POLICY)
    for place, value in changes.items():
        restored.restore(place.decode(), value)
    second = Stream(restored)
    second.sequence, second.counts = first.sequence, list(first.counts)
    for value in values[cut:]:
        assert first.bucket(value) == second.bucket(value)
    assert stayed.evidence() == restored.evidence()


def test_memory_is_bounded() -> None:
    """However long a stream runs, a signal's changelog record holds a bounded number of buckets."""
    stream = Stream(DriftWatch(POLICY))
    for negatives in draws(3, 0.1, REMEMBERED_BUCKETS * 3):
        stream.bucket(negatives)
    record = stream.watch.take_changes(b"")[b"w|negative_rate"]
    assert record is not None
    assert record.count(b",") <= REMEMBERED_BUCKETS + 6


def test_unknown_and_removed_state() -> None:
    """State of a signal that is no longer watched is left alone; tombstones start a signal or forget a day."""
    stream = Stream(DriftWatch(POLICY))
    stream.bucket(5)
    stream.watch.restore("w|an_old_signal", b"[1,0,0,0,0,[],false]")
    stream.watch.restore("w|negative_rate", None)
    stream.watch.restore(f"d|feedback|0|{TODAY}", None)
    assert stream.watch.closed() == 0
    assert stream.watch.take(SignalSeen("feedback", 0, TODAY, 1, 1, 0, 0, 0), TODAY)


def test_adwin_checks_every_bucket() -> None:
    """The detector looks at each value, not only at every 32nd as river does by default."""
    detector = new_adwin(0.002)
    found = [index for index in range(120) if detector.update(float(index >= 60)) is None and detector.drift_detected]
    assert 60 < found[0] < 90


def test_cut_statistic_bounds() -> None:
    """Too short a window has no statistic; a clear step has one over 1 and the step as its effect."""
    assert cut_statistic([0.5] * 10, 0.002) == (0.0, 0.0)
    statistic, effect = cut_statistic([0.2] * 60 + [0.8] * 60, 0.002)
    assert statistic > 1
    assert effect == pytest.approx(0.6)
    assert cut_statistic([0.8] * 60 + [0.2] * 60, 0.002)[1] == pytest.approx(-0.6)
