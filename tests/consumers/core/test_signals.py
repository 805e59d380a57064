"""Mergeable counts."""

from __future__ import annotations

import pytest

from consumers.core.signals import DailySignals, document_contribution, feedback_contribution


def test_contribution_of_feedback_and_documents() -> None:
    """A vector counts what its sample shows, whole Devanagari words with their vowel signs."""
    assert feedback_contribution(True, True, True) == (1, 1, 1, 1)
    assert feedback_contribution(False, False, False) == (1, 0, 0, 0)
    assert document_contribution("हिन्दी ab 12") == (1, 12, 8, 6)
    assert document_contribution("") == (1, 0, 0, 0)


def test_summaries_are_cumulative_and_sorted() -> None:
    """Each touched day is summarised once, in sorted order, with the counts so far and how many changes made them."""
    signals = DailySignals(3)
    signals.add("m", "feedback", 739001, (1, 1, 0, 1))
    signals.add("m", "feedback", 739000, (1, 0, 0, 1))
    signals.add("m", "feedback", 739001, (1, 0, 0, 0))
    changes: dict[bytes, bytes | None] = {}
    summaries = signals.take_touched(changes)
    assert [summary.event_day.toordinal() for summary in summaries] == [739000, 739001]
    assert summaries[1].counts == {"events": 2, "negatives": 1, "corrections": 0, "rated": 1}
    assert (summaries[1].partition, summaries[1].sequence) == (3, 2)
    assert len(changes) == 2
    assert signals.take_touched(again := {}) == []
    assert again == {}


def test_nothing_is_added_by_an_empty_vector() -> None:
    """A retracted sample makes no day."""
    signals = DailySignals(0)
    signals.add("m", "feedback", 739000, ())
    signals.take_back("m", "feedback", 739000, ())
    assert signals.take_touched({}) == []
    assert len(signals) == 0


def test_restore_takes_changes_back_and_refuses_others() -> None:
    """Changelog records make the counts again, tombstones remove them, foreign kinds are named."""
    first, second = DailySignals(0), DailySignals(0)
    first.add("m", "document", 739000, (1, 2, 3, 4))
    changes: dict[bytes, bytes | None] = {}
    first.take_touched(changes)
    for key, value in changes.items():
        second.restore(key, value)
    for signals in (first, second):
        signals.take_back("m", "document", 739000, (1, 2, 3, 4))
    assert first.take_touched({}) == second.take_touched({})
    assert dict(first.items()) == dict(second.items())
    second.restore(b"d|m|document|739000", None)
    assert len(second) == 0
    with pytest.raises(ValueError, match="feedback or document"):
        second.restore(b"d|m|video|739000", b"[1,1,[1]]")


def test_days_behind_the_watermark_are_forgotten() -> None:
    """Days of one input before a day leave state and changelog; later days and those of the other input stay."""
    signals, changes = DailySignals(0), {}
    signals.add("m", "feedback", 739000, (1, 1, 0, 1))
    signals.add("m", "document", 739000, (1, 2, 3, 4))
    signals.add("m", "feedback", 739001, (1, 1, 0, 1))
    signals.take_touched({})
    signals.forget("feedback", 739001, changes)
    assert changes == {b"d|m|feedback|739000": None}
    assert len(signals) == 2
