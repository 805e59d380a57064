"""Mergeable counts."""

from __future__ import annotations

import pytest

from consumers.collect.daily_counts import (
    FEEDBACK_COUNTS,
    DailySignals,
    counts_of,
    document_contribution,
    feedback_contribution,
)


def test_contribution_of_feedback_and_documents() -> None:
    """A contribution counts what its sample shows, whole Devanagari words with their vowel signs."""
    assert feedback_contribution(True, True, True, None) == (1, 1, 1, 1)
    assert feedback_contribution(False, False, False, "mr") == (1, 0, 0, 0)
    assert document_contribution("हिन्दी ab 12") == (1, 12, 8, 6)
    assert document_contribution("") == (1, 0, 0, 0)


@pytest.mark.parametrize(("tag", "counted"), [("hi", "hi"), ("hi-Latn", "hi"), ("en-IN", "en"), ("hil", None), ("mr", None), (None, None)])
def test_feedback_is_counted_by_language_too(tag: str | None, counted: str | None) -> None:
    """The tag's primary subtag decides; feedback in another language, or in none that is told, is in the counts of all alone."""
    counts = dict(zip(FEEDBACK_COUNTS, counts_of("feedback", feedback_contribution(True, False, True, tag)), strict=True))
    wanted = {"events", "negatives", "rated"} | ({f"events_{counted}", f"negatives_{counted}"} if counted else set())
    assert {name for name, count in counts.items() if count} == wanted
    assert max(counts.values()) == 1


def test_days_and_marks_of_a_former_release_go_on() -> None:
    """A day with four counts gets the others; what was added without a language is taken back without one."""
    signals = DailySignals(0)
    signals.load(b"d|m|feedback|739000", b"[1,7,[5,4,0,5]]")
    signals.withdraw("m", "feedback", 739000, (1, 1, 0, 1))
    signals.add("m", "feedback", 739000, feedback_contribution(False, True, False, "en"))
    (told,) = signals.take_touched()
    assert {name: count for name, count in told.counts.items() if count} == {
        "events": 5, "negatives": 3, "corrections": 1, "rated": 4, "events_en": 1, "corrections_en": 1,
    }  # fmt: skip


def test_summaries_are_cumulative_and_sorted() -> None:
    """Each touched day is summarised once, in sorted order, with the counts so far and how many changes made them."""
    signals = DailySignals(3)
    signals.add("m", "feedback", 739001, (1, 1, 0, 1))
    signals.add("m", "feedback", 739000, (1, 0, 0, 1))
    signals.add("m", "feedback", 739001, (1, 0, 0, 0))
    summaries = signals.take_touched()
    assert [summary.event_day.toordinal() for summary in summaries] == [739000, 739001]
    assert list(summaries[1].counts) == list(FEEDBACK_COUNTS)
    assert {name: count for name, count in summaries[1].counts.items() if count} == {"events": 2, "negatives": 1, "rated": 1}
    assert (summaries[1].partition, summaries[1].sequence) == (3, 2)
    assert len(signals.take_changes()) == 2
    assert (signals.take_touched(), signals.take_changes()) == ([], {})


def test_nothing_is_added_by_an_empty_vector() -> None:
    """A retracted sample makes no day."""
    signals = DailySignals(0)
    signals.add("m", "feedback", 739000, ())
    signals.withdraw("m", "feedback", 739000, ())
    assert signals.take_touched() == []
    assert len(signals) == 0


def test_restore_takes_changes_back_and_refuses_others() -> None:
    """Changelog records make the counts again, tombstones remove them, foreign kinds are named."""
    first, second = DailySignals(0), DailySignals(0)
    first.add("m", "document", 739000, (1, 2, 3, 4))
    first.take_touched()
    for key, value in first.take_changes().items():
        second.load(key, value)
    for signals in (first, second):
        signals.withdraw("m", "document", 739000, (1, 2, 3, 4))
    assert first.take_touched() == second.take_touched()
    assert dict(first.save()) == dict(second.save())
    second.load(b"d|m|document|739000", None)
    assert len(second) == 0
    with pytest.raises(ValueError, match="feedback or document"):
        second.load(b"d|m|video|739000", b"[1,1,[1]]")


def test_days_behind_the_watermark_are_forgotten() -> None:
    """Days of one input before a day leave state and changelog; later days and those of the other input stay."""
    signals = DailySignals(0)
    signals.add("m", "feedback", 739000, (1, 1, 0, 1))
    signals.add("m", "document", 739000, (1, 2, 3, 4))
    signals.add("m", "feedback", 739001, (1, 1, 0, 1))
    signals.take_touched()
    signals.take_changes()
    signals.forget("feedback", 739001)
    assert signals.take_changes() == {b"d|m|feedback|739000": None}
    assert len(signals) == 2


def test_days_that_come_after_a_forgetting_are_forgotten_too() -> None:
    """A day older than what was forgotten, counted again or restored, leaves at the next call."""
    signals = DailySignals(0)
    signals.add("m", "feedback", 739005, (1, 1, 0, 1))
    signals.take_touched()
    signals.forget("feedback", 739006)
    signals.withdraw("m", "feedback", 739004, (1, 1, 0, 1))
    signals.take_touched()
    signals.take_changes()
    signals.forget("feedback", 739006)
    assert signals.take_changes() == {b"d|m|feedback|739004": None}

    restored = DailySignals(0)
    restored.load(b"d|m|feedback|739004", b"[1,1,[1,1,0,1]]")
    restored.forget("feedback", 739006)
    restored.load(b"d|m|feedback|739003", b"[1,1,[1,1,0,1]]")
    restored.forget("feedback", 739006)
    assert len(restored) == 0
