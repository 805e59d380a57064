"""Mergeable counts."""

from __future__ import annotations

from typing import Any

import pytest

from consumers.core.signals import DailySignals, contribution


def test_contribution_of_feedback_and_documents(build: Any) -> None:
    """A vector counts what its sample shows, whole Devanagari words with their vowel signs; retractions count nothing."""
    assert contribution(build.sample("a", score=-1.0, correction="x")) == (1, 1, 1, 1)
    assert contribution(build.sample("a", negative=False)) == (1, 0, 0, 0)
    assert contribution(build.sample("d", document=True, text="हिन्दी ab 12")) == (1, 12, 8, 6)
    assert contribution(build.sample("d", document=True, uri="s3://b/k")) == (1, 0, 0, 0)
    assert contribution(build.sample("a", retracted=True)) == ()


def test_summaries_are_cumulative_and_sorted() -> None:
    """Each touched day is summarised once, in sorted order, with the counts so far and the newest offset."""
    signals = DailySignals(3)
    signals.add("m", "feedback", 739001, (1, 1, 0, 1), sign=1, sequence=5)
    signals.add("m", "feedback", 739000, (1, 0, 0, 1), sign=1, sequence=6)
    signals.add("m", "feedback", 739001, (1, 0, 0, 0), sign=1, sequence=7)
    summaries, changes = signals.take_touched()
    assert [summary.event_day.toordinal() for summary in summaries] == [739000, 739001]
    assert summaries[1].counts == {"events": 2, "negatives": 1, "corrections": 0, "rated": 1}
    assert (summaries[1].partition, summaries[1].sequence) == (3, 7)
    assert len(changes) == 2
    assert signals.take_touched() == ([], {})


def test_nothing_is_added_by_an_empty_vector() -> None:
    """A retracted sample makes no day."""
    signals = DailySignals(0)
    signals.add("m", "feedback", 739000, (), sign=1, sequence=1)
    assert len(signals) == 0


def test_restore_takes_changes_back_and_refuses_others() -> None:
    """Changelog records make the counts again, tombstones remove them, foreign kinds are named."""
    first, second = DailySignals(0), DailySignals(0)
    first.add("m", "document", 739000, (1, 2, 3, 4), sign=1, sequence=9)
    _, changes = first.take_touched()
    for key, value in changes.items():
        second.restore(key, value)
    for signals in (first, second):
        signals.add("m", "document", 739000, (1, 2, 3, 4), sign=-1, sequence=10)
    assert first.take_touched() == second.take_touched()
    second.restore("d|m|document|739000", None)
    assert len(second) == 0
    with pytest.raises(ValueError, match="feedback or document"):
        second.restore("d|m|video|739000", b"[1,1,[1]]")
