"""Dead letters: the original record comes out as it went in."""

from __future__ import annotations

import pytest
from aiokafka import ConsumerRecord
from hypothesis import given
from hypothesis import strategies as st

from schemas.dead_letter import (
    KEPT_BYTES,
    MALFORMED,
    TOO_LARGE,
    WHOLE_BYTES,
    Cut,
    DeadLetter,
    Redriven,
    read,
    read_marker,
    record_sha256,
)
from schemas.envelope import record_size
from schemas.topics import MAX_DEAD_LETTER_BYTES

HEADERS = st.lists(
    st.tuples(st.sampled_from(["ce_id", "dlq_reason", "dlq_null_value", "x"]) | st.text(max_size=5), st.none() | st.binary(max_size=10)),
    max_size=5,
)


def read_back(letter: DeadLetter) -> DeadLetter:
    """The letter that its record is read as."""
    record = letter.to_record()
    return read(record.key, record.value, record.headers)


@given(
    st.none() | st.binary(max_size=20),
    st.none() | st.binary(max_size=20),
    HEADERS,
    st.text(st.characters(exclude_categories=["Cs"]), max_size=50),
)
def test_a_dead_letter_round_trips(key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]], detail: str) -> None:
    """Key, value (none is not empty) and headers, even ones that look like ours, are those of the original record."""
    letter = DeadLetter("abhyas.feedback.submitted.v1", 3, 17, MALFORMED, detail, "stage1", key, value, tuple(headers))
    assert read(key, value if value is not None else b"", letter.to_record().headers) == letter


def test_the_letter_of_a_read_record_holds_it_whole() -> None:
    """Key, value and headers of the record, and topic, partition, offset, reason, detail and reader beside them."""
    consumed = ConsumerRecord("p.t", 3, 41, 0, 0, b"k", b"\xff{not json", None, 0, 0, (("ce_id", b"1"), ("x", None)))
    letter = DeadLetter.of(consumed, reason=MALFORMED, detail="value: expected JSON", reader="stage1")
    again = read_back(letter)
    assert again == letter
    assert (again.key, again.value, again.headers) == (b"k", b"\xff{not json", (("ce_id", b"1"), ("x", None)))
    assert (again.topic, again.partition, again.offset) == ("p.t", 3, 41)
    assert (again.reason, again.detail, again.reader) == (MALFORMED, "value: expected JSON", "stage1")


def test_a_record_with_nothing_in_it_can_be_sent() -> None:
    """No client sends a record without key and value; it goes as an empty one that says it was none."""
    letter = DeadLetter("t", 3, 41, TOO_LARGE, "", "stage1", None, None, ())
    assert letter.to_record().value == b""
    assert read_back(letter).value is None


def test_a_dead_letter_that_cannot_be_read_either_keeps_both_reasons() -> None:
    """A dead letter of a dead letter holds the first one whole, so that both can be sent again."""
    first = DeadLetter("t", 0, 1, MALFORMED, "not JSON", "stage1", b"k", None, (("ce_id", b"\xff"),))
    second = DeadLetter("t.dlq", 0, 9, MALFORMED, "again", "redrive", b"k", None, first.to_record().headers)
    outer = read(b"k", None, second.to_record().headers)
    assert outer == second
    assert read(outer.key, outer.value, outer.headers) == first


def test_another_record_is_no_dead_letter() -> None:
    """The error names the headers that are missing."""
    with pytest.raises(ValueError, match="not a dead letter: headers dlq_reason, dlq_detail"):
        read(None, b"x", [("ce_id", b"1")])


@given(st.integers(0, 2**31), st.integers(0, 2**63))
def test_a_marker_round_trips_and_is_no_letter(partition: int, offset: int) -> None:
    """A marker names its letter; whoever reads letters is told that it is none."""
    marker = Redriven(partition, offset)
    assert read_marker(marker.wire_headers()) == marker
    with pytest.raises(ValueError, match="not a dead letter"):
        read(None, b"", marker.wire_headers())


@given(HEADERS)
def test_a_letter_is_no_marker(headers: list[tuple[str, bytes | None]]) -> None:
    """Not even the letter of a record that looks like a marker."""
    letter = DeadLetter("t", 0, 1, MALFORMED, "d", "r", None, None, (*headers, *Redriven(0, 1).wire_headers()))
    assert read_marker(letter.to_record().headers) is None


@pytest.mark.parametrize(
    "headers", [[], [("dlq_redriven", None)], [("dlq_redriven", b"1:x")], [("dlq_redriven", b"1")], [("dlq_redriven", b"1:1"), ("x", b"")]]
)
def test_another_record_is_no_marker(headers: list[tuple[str, bytes | None]]) -> None:
    """Only the one header in its own form marks a letter."""
    assert read_marker(headers) is None


@pytest.mark.parametrize(
    ("key", "value", "headers", "parts"),
    [
        (b"k", b"a" * 70_000_000, (("ce_id", b"1"),), ("value",)),
        (b"k" * 3_000_000, None, (), ("key",)),
        (None, b"{}", tuple((f"h{number}", b"x") for number in range(300_000)), ("headers",)),
        (None, b"{}", (("ce_source", b"s" * 3_000_000), ("ce_id", b"1")), ("headers",)),
        (b"k" * 900_000, b"v" * 900_000, (("h" * 900_000, None),), ("key", "value", "headers")),
    ],
)
def test_k2_letter_that_its_topic_does_not_take_is_cut(
    key: bytes | None, value: bytes | None, headers: tuple[tuple[str, bytes | None], ...], parts: tuple[str, ...]
) -> None:
    """Of whatever part is too large the first bytes are kept, with the size and hash of the whole and the place where it lies."""
    letter = DeadLetter("t", 3, 17, TOO_LARGE, "value has many bytes", "stage1", key, value, headers)
    record = letter.to_record()
    assert record.size < 4 * KEPT_BYTES < MAX_DEAD_LETTER_BYTES
    found = read(record.key, record.value, record.headers)
    assert found.cut == Cut(parts, record_size(key, value, headers), record_sha256(key, value, headers))
    assert (found.topic, found.partition, found.offset, found.reason) == ("t", 3, 17, TOO_LARGE)
    assert found.key == (None if key is None else key[:KEPT_BYTES])
    assert found.value == (None if value is None else value[:KEPT_BYTES])
    assert [name for name, _ in found.headers] == [name for name, _ in headers[: len(found.headers)]]
    assert found.to_record() == record


def test_k2_letter_that_its_topic_takes_is_whole() -> None:
    """Up to the limit a letter is as it came, even one whose own headers say that it was cut."""
    headers = (("dlq_cut", b"value"), ("dlq_size", b"1"), ("dlq_sha256", b"0"))
    letter = DeadLetter("t", 0, 1, MALFORMED, "d", "r", b"k", b"v" * (WHOLE_BYTES - 100), headers)
    assert read_back(letter) == letter
