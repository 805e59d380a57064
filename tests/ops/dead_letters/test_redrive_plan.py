"""Which letters are sent again, and as what."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ops.dead_letters.letters import NOT_OURS, DeadLetterContent, DeadLetterRow, RecordPosition
from ops.dead_letters.redrive_plan import (
    ERASED,
    NO_PARTITION,
    NO_TOPIC,
    OTHER_TOPIC,
    STATE,
    TOO_LARGE,
    UNREADABLE,
    Resend,
    Selection,
    Situation,
    plan,
    transaction,
)
from runtime.kafka.transaction import partition_of
from schemas.dead_letter import MALFORMED, Redriven, read_marker
from schemas.envelope import WireRecord

AT = datetime(2026, 11, 25, 10, tzinfo=UTC)
FEEDBACK = "p.feedback.submitted.v1"
MODEL = "p.model.current.v1"
TURNS = "p.turn.completed.v1"
SITUATION = Situation("p", {FEEDBACK: 8, TURNS: 8, MODEL: 4}, frozenset(), {b"erased"})
EVERYTHING = Selection()


def letter(key: bytes | None = b"k", value: bytes | None = b"{", *, topic: str = FEEDBACK, partition: int = 3) -> DeadLetterContent:
    row = DeadLetterRow(f"{topic}.dlq", 0, 17, AT, MALFORMED, "d", topic, partition, 41, "stage1", 3)
    return DeadLetterContent(row, key, value, (("ce_id", b"1"), ("ce_id", None)))


def planned(found: DeadLetterContent, selection: Selection = EVERYTHING, situation: Situation = SITUATION) -> Resend:
    step = plan(found, selection, situation)
    assert isinstance(step, Resend), step
    return step


@pytest.mark.parametrize(("key", "value"), [(b"k", b"{"), (b"k", None), (None, b"{"), (None, None), (b"", b"")])
def test_a_record_goes_as_it_came(key: bytes | None, value: bytes | None) -> None:
    """Key, value (none is not empty) and headers are the original ones."""
    found = letter(key, value)
    assert planned(found).record == WireRecord(key, value, found.headers)


def test_the_partition_is_the_keys_else_the_original_one() -> None:
    """With a key it is where every writer puts that key, also if the topic grew; without, where the record lay."""
    assert planned(letter(b"user")).partition == partition_of(b"user", 8)
    assert planned(letter(b"user"), situation=replace(SITUATION, partitions={FEEDBACK: 24})).partition == partition_of(b"user", 24)
    assert planned(letter(None, partition=5)).partition == 5
    assert planned(letter(b"user", topic=TURNS)).partition == planned(letter(b"user")).partition


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (replace(letter(), row=replace(letter().row, reason=NOT_OURS)), UNREADABLE),
        (replace(letter(), row=replace(letter().row, topic=MODEL)), OTHER_TOPIC),
        (letter(topic="p.document.ingested.v1"), NO_TOPIC),
        (letter(None, partition=8), NO_PARTITION),
        (letter(None, partition=-1), NO_PARTITION),
        (letter(value=random.Random(1).randbytes(1_100_000)), TOO_LARGE),
        (letter(b"erased"), ERASED),
        (letter(b"erased", topic=TURNS), ERASED),
        (letter(topic=MODEL), STATE),
    ],
)
def test_what_stays_has_a_reason(found: DeadLetterContent, reason: str) -> None:
    """Each letter that is not sent says why."""
    assert plan(found, EVERYTHING, SITUATION) == reason


def test_size_is_measured_as_the_broker_does() -> None:
    """A text over 1 MiB that compresses well passed once and passes again."""
    assert planned(letter(value="नमस्ते ".encode() * 100_000)).size_bytes > 1_100_000


@pytest.mark.parametrize("found", [letter(b"erased"), letter(b"erased", topic=TURNS), letter(topic=MODEL)])
def test_what_is_held_back_goes_when_it_is_named(found: DeadLetterContent) -> None:
    """A letter of an erased user, or of a topic of current state, goes only by its own place."""
    assert planned(found, Selection(places=frozenset({found.row.place}))).letter == found.row.place


@pytest.mark.parametrize(
    ("selection", "taken"),
    [
        (Selection(), True),
        (Selection(topic=FEEDBACK, reason=MALFORMED, reader="stage1"), True),
        (Selection(topic=MODEL), False),
        (Selection(reason="too_late"), False),
        (Selection(reader="stage2"), False),
        (Selection(since=AT), True),
        (Selection(since=AT + timedelta(milliseconds=1)), False),
        (Selection(until=AT), False),
        (Selection(until=AT + timedelta(milliseconds=1)), True),
        (Selection(places=frozenset({RecordPosition(f"{FEEDBACK}.dlq", 0, 17)})), True),
        (Selection(places=frozenset({RecordPosition(f"{FEEDBACK}.dlq", 0, 18)})), False),
        (Selection(places=frozenset({RecordPosition(f"{FEEDBACK}.dlq", 0, 17)}), reason="too_late"), False),
    ],
)
def test_every_filter_has_to_take_a_letter(selection: Selection, taken: bool) -> None:
    """Filters narrow together; a time says from when, inclusive, and until when, exclusive."""
    assert selection.takes(letter()) is taken


def test_a_transaction_holds_records_and_their_markers() -> None:
    """Beside each letter lies one marker that names it, in the letter's own partition."""
    first, second = planned(letter(b"a")), replace(planned(letter(b"a")), letter=RecordPosition(f"{FEEDBACK}.dlq", 2, 99))
    routed = transaction([first, second])
    assert routed[FEEDBACK, first.partition] == [first.record, second.record]
    marker: Callable[[int], Redriven | None] = lambda partition: read_marker(routed[f"{FEEDBACK}.dlq", partition][0].headers)  # noqa: E731
    assert (marker(0), marker(2)) == (Redriven(0, 17), Redriven(2, 99))
    assert len(routed) == 3
