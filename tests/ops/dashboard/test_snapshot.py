"""The snapshot: unknown is said to be unknown."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from ops.dashboard.rates import RateWindow
from ops.dashboard.snapshot import PageView, lag_records, snapshot
from schemas import topics

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
STATE = {
    "stage1": {
        "processed": 9,
        "duplicates_ignored": 1,
        "positions": {topics.FEEDBACK_SUBMITTED: {"0": 4, "1": 5}, topics.TURN_COMPLETED: {"0": 5}},
    },
    "models": {"m": {"pending_negatives": 7, "threshold": 100}},
}


def full_view() -> PageView:
    view = PageView(state=STATE)
    view.consumers.answered(NOW)
    view.kafka.answered(NOW)
    view.feedback.update(0, 0)
    view.feedback.update(2, 10)
    view.turns.update(0, 0)
    view.turns.update(2, 8)
    view.input_ends = {topics.FEEDBACK_SUBMITTED: {0: 6, 1: 5}, topics.TURN_COMPLETED: {0: 8}}
    return view


def test_all_sources_there() -> None:
    """Rates, lag and buffer come together, and the whole is JSON."""
    shown = snapshot(full_view(), NOW)
    assert shown["inputs"]["feedback"] == {"total": 10, "per_s": 5.0, "history": [5.0]}
    assert shown["inputs"]["turns"] == {"total": 8, "per_s": 4.0, "history": [4.0]}
    assert shown["lag_records"] == 5
    assert shown["models"]["m"]["live"]["pending_negatives"] == 7
    assert shown["models"]["m"]["serving"] is None
    assert json.loads(json.dumps(shown)) == shown


def test_consumers_away_leaves_no_stale_number() -> None:
    """Buffer, drift and lag are unknown at once, and the page can say since when."""
    view = full_view()
    view.consumers_away(NOW, "the consumers do not answer")
    shown = snapshot(view, NOW)
    assert shown["lag_records"] is None
    assert shown["stage1"] == {"processed": None, "duplicates_ignored": None, "redactions": None}
    assert "m" not in shown["models"]
    assert shown["sources"]["consumers"] == {"ok": False, "since": NOW.isoformat(), "message": "the consumers do not answer"}


def test_kafka_away_leaves_no_stale_rate() -> None:
    """Rates and lag are unknown at once; the consumers' own numbers stay."""
    view = full_view()
    view.kafka_away(NOW, "gone")
    shown = snapshot(view, NOW)
    assert shown["inputs"]["feedback"] == shown["inputs"]["turns"] == {"total": None, "per_s": None, "history": []}
    assert shown["lag_records"] is None
    assert shown["models"]["m"]["live"] is not None


def test_since_is_the_moment_of_the_change() -> None:
    """A source that keeps failing keeps the moment when it began."""
    view = PageView()
    view.consumers_away(NOW, "a")
    view.consumers_away(NOW.replace(hour=11), "b")
    assert (view.consumers.since, view.consumers.message) == (NOW, "b")
    view.consumers.answered(NOW.replace(hour=12))
    assert view.consumers.since == NOW.replace(hour=12)


def test_lag_counts_only_partitions_that_both_sides_know() -> None:
    """A partition without an end, or a reader ahead of a sampled end, does not count."""
    assert lag_records(STATE, {topics.FEEDBACK_SUBMITTED: {0: 1}}) == 0
    assert lag_records({}, {topics.FEEDBACK_SUBMITTED: {0: 1}}) is None


def test_a_rate_forgets_what_is_older_than_a_minute() -> None:
    """A burst of two minutes ago is no rate of now; a total that shrank starts anew."""
    window = RateWindow()
    for second, total in ((0, 0), (10, 1000), (100, 1000), (130, 1030)):
        window.update(second, total)
    assert window.per_second() == 1.0
    window.update(131, 5)
    assert (window.per_second(), window.total) == (None, 5)
