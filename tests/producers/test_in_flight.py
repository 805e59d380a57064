"""Bytes in flight: counted from sent to acknowledged, or to processed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.in_flight import Backlog

P = ("t", 0)


def test_an_acknowledgement_ends_a_flight_on_a_real_broker() -> None:
    """Without `hold`, acknowledged and failed events count no more."""
    backlog = Backlog(100, hold=False)
    backlog.sent(P, 60)
    backlog.sent(P, 40)
    assert not backlog.has_room(P, 1)
    assert backlog.has_room(("t", 1), 100)
    backlog.acknowledged(P, 0, 60)
    backlog.failed(P, 40)
    assert backlog.bytes_in_flight(P) == 0


def test_an_event_larger_than_the_budget_goes_alone() -> None:
    """It could never be sent otherwise."""
    backlog = Backlog(100, hold=False)
    assert backlog.has_room(P, 500)
    backlog.sent(P, 500)
    assert not backlog.has_room(P, 1)


def test_a_position_before_the_acknowledgement_counts() -> None:
    """The reader may have passed an event before its acknowledgement is heard; it is not held then."""
    backlog = Backlog(100, hold=True)
    backlog.sent(P, 60)
    backlog.processed(P, 8)
    backlog.acknowledged(P, 7, 60)
    assert backlog.bytes_in_flight(P) == 0


def test_an_older_position_changes_nothing() -> None:
    """A late answer of the reader frees nothing that a newer one did not."""
    backlog = Backlog(100, hold=True)
    backlog.processed(P, 5)
    backlog.processed(P, 2)
    backlog.sent(P, 10)
    backlog.acknowledged(P, 4, 10)
    assert backlog.bytes_in_flight(P) == 0


def test_releasing_forgets_what_was_held() -> None:
    """When nobody says what is processed, only unacknowledged bytes count, now and later."""
    backlog = Backlog(100, hold=True)
    backlog.sent(P, 50)
    backlog.acknowledged(P, 0, 50)
    backlog.sent(P, 30)
    backlog.release()
    assert backlog.bytes_in_flight(P) == 30
    backlog.acknowledged(P, 1, 30)
    assert backlog.largest() == 0


def test_a_budget_must_allow_something() -> None:
    """Zero would refuse everything without saying so."""
    with pytest.raises(ValueError, match="budget_bytes 0: expected at least 1"):
        Backlog(0, hold=False)


@given(st.lists(st.tuples(st.integers(1, 50), st.booleans()), max_size=30), st.lists(st.integers(0, 40), max_size=10), st.booleans())
def test_what_is_in_flight_is_what_is_neither_failed_nor_processed(sends: list[tuple[int, bool]], positions: list[int], hold: bool) -> None:
    """Any order of positions leaves exactly the acknowledged events at or after the largest one (none without `hold`)."""
    backlog = Backlog(10_000, hold=hold)
    for size, _ in sends:
        backlog.sent(P, size)
    assert backlog.bytes_in_flight(P) == sum(size for size, _ in sends)
    placed = {}
    for size, arrives in sends:
        if arrives:
            backlog.acknowledged(P, len(placed), size)
            placed[len(placed)] = size
        else:
            backlog.failed(P, size)
    for position in positions:
        backlog.processed(P, position)
    passed = max(positions, default=0)
    assert backlog.bytes_in_flight(P) == (sum(size for offset, size in placed.items() if offset >= passed) if hold else 0)
    assert backlog.largest() == backlog.bytes_in_flight(P)
