"""The rates of a model's feedback, fed by the counts of its days."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.decide.feedback_drift import FeedbackDrift
from consumers.decide.inputs import COUNTED, SignalSeen
from consumers.drift.rates.rate_monitor import RatePolicy
from tests.consumers.policies import rates_policy

TODAY = 739_000
DAY_MS = 86_400_000
# The time of day 739,000.
TODAY_MS = (TODAY - 719_163) * DAY_MS
POLICY = rates_policy(baseline_events=200, watch=RatePolicy(arl=1e4, min_window=40, cool_down=400))


class Stream:
    """Cumulative counts of one partition and day, told bucket by bucket."""

    def __init__(self, watch: FeedbackDrift, partition: int = 0, day: int = TODAY) -> None:
        self.watch, self.partition, self.day, self.sequence = watch, partition, day, 0
        self.counts = dict.fromkeys(COUNTED, 0)

    def seen(self, **more: int) -> SignalSeen:
        self.sequence += 1
        for name, count in more.items():
            self.counts[name] += count
        return SignalSeen("feedback", self.partition, self.day, self.sequence, **self.counts)

    def add(self, **more: int) -> None:
        self.watch.take(self.seen(**more))


def fired(watch: FeedbackDrift, number: int) -> list[tuple[str, str | None]]:
    return [(name, language) for name, language, _ in watch.tick(TODAY_MS + number * 1000, TODAY)]


def test_a_language_has_a_rate_of_its_own() -> None:
    """Negatives that rise in Hindi alone fire the Hindi rate, and the share of all of it that is large enough; English stays quiet."""
    watch = FeedbackDrift(POLICY, window_days=30)
    stream, source, found = Stream(watch), random.Random(3), []
    for number in range(300):
        hindi, english = (sum(source.random() < rate for _ in range(20)) for rate in (0.4 if number >= 100 else 0.1, 0.1))
        stream.add(events=40, negatives=hindi + english, events_hi=20, negatives_hi=hindi, events_en=20, negatives_en=english)
        found += fired(watch, number)
    assert ("negative_rate", "hi") in found
    assert not any(language == "en" or name == "correction_rate" for name, language in found)


def test_differences_of_summaries_are_counted_once() -> None:
    """A summary that is not newer changes nothing, a newer one adds its difference, and partitions and days add up."""
    watch = FeedbackDrift(POLICY, window_days=30)
    one, other = Stream(watch), Stream(watch, partition=1, day=TODAY - 3)
    one.add(events=9, negatives=2)
    one.sequence -= 1
    one.add(events=5, negatives=5)
    one.add(events=1)
    other.add(events=5, negatives=1)
    watch.tick(TODAY_MS, TODAY)
    (statuses, *_) = watch.statuses()
    # 9 and 5 + 1 of the day's counts, told once, and 5 of the other partition.
    assert statuses.learning == (20, 200)


def test_old_days_are_forgotten() -> None:
    """A day that has left the window leaves the state."""
    watch = FeedbackDrift(POLICY, window_days=30)
    Stream(watch).add(events=3)
    watch.take_changes()
    watch.tick(TODAY_MS, TODAY + 30)
    assert watch.take_changes() == {}
    watch.tick(TODAY_MS, TODAY + 31)
    assert watch.take_changes() == {f"f|0|{TODAY}".encode(): None}


def test_another_version_starts_the_rates_afresh() -> None:
    """After a reset the baseline is gathered again; what the days counted stays, so that nothing is counted twice."""
    watch = FeedbackDrift(POLICY, window_days=30)
    stream = Stream(watch)
    for number in range(20):
        stream.add(events=20, negatives=2)
        watch.tick(TODAY_MS + number, TODAY)
    assert next(watch.statuses()).learning is None
    watch.reset()
    stream.add(events=20)
    watch.tick(TODAY_MS + 30, TODAY)
    assert next(watch.statuses()).learning == (20, 200)


def test_a_language_without_ratings_is_not_shown() -> None:
    """Only what is rated has a standing."""
    watch = FeedbackDrift(POLICY, window_days=30)
    Stream(watch).add(events=20, events_en=20)
    watch.tick(TODAY_MS, TODAY)
    assert {(one.signal, one.language) for one in watch.statuses()} == {
        ("negative_rate", None), ("negative_rate", "en"), ("correction_rate", None), ("correction_rate", "en"),
    }  # fmt: skip


@settings(max_examples=30)
@given(seed=st.integers(0, 1000), cut=st.integers(0, 200))
def test_a_restart_from_the_changelog_changes_nothing(seed: int, cut: int) -> None:
    """A watch restored from the changelog at any point fires what one that never stopped fires, and has the same state."""
    source = random.Random(seed)
    buckets = []
    for number in range(200):
        rate = 0.1 if number < 100 else 0.5
        hindi = sum(source.random() < rate for _ in range(15))
        buckets.append({"events": 25, "negatives": hindi + 2, "corrections": 1, "events_hi": 15, "negatives_hi": hindi})
    stayed, changes = FeedbackDrift(POLICY, window_days=30), {}
    stream = Stream(stayed)
    inputs = [stream.seen(**bucket) for bucket in buckets]

    def run(watch: FeedbackDrift, first: int, beyond: int, log: dict[str, Any]) -> list[Any]:
        found = []
        for number in range(first, beyond):
            watch.take(inputs[number])
            found += fired(watch, number)
            log.update(watch.take_changes())
        return found

    expected = run(stayed, 0, 200, {})
    before = run(crashed := FeedbackDrift(POLICY, window_days=30), 0, cut, changes)
    assert {place: value for place, value in changes.items() if value is not None} == (dict(crashed.save()) if cut else {})
    restored = FeedbackDrift(POLICY, window_days=30)
    for place, value in changes.items():
        restored.load(place, value)
    assert before + run(restored, cut, 200, {}) == expected
    assert dict(restored.save()) == dict(stayed.save())
