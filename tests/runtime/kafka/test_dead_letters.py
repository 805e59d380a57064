"""A consumed record becomes a dead letter that can be sent again."""

from __future__ import annotations

from aiokafka import ConsumerRecord

from runtime.kafka.dead_letters import dead_letter
from schemas.dead_letter import MALFORMED, TOO_LARGE, read


def record(key: bytes | None, value: bytes | None, headers: tuple) -> ConsumerRecord:
    return ConsumerRecord("p.feedback.submitted.v1", 3, 41, 0, 0, key, value, None, 0, 0, headers)


def test_the_original_comes_back_whole() -> None:
    """Key, value and headers of the record, and topic, partition, offset, reason, detail and reader beside them."""
    consumed = record(b"k", b"\xff{not json", (("ce_id", b"1"), ("x", None)))
    letter = dead_letter(consumed, reason=MALFORMED, detail="value: expected JSON", reader="stage1")
    assert (letter.topic, letter.key, letter.value) == ("p.feedback.submitted.v1.dlq", b"k", b"\xff{not json")
    again = read(letter.key, letter.value, letter.headers)
    assert (again.key, again.value, again.headers) == (b"k", b"\xff{not json", (("ce_id", b"1"), ("x", None)))
    assert (again.topic, again.partition, again.offset) == ("p.feedback.submitted.v1", 3, 41)
    assert (again.reason, again.detail, again.reader) == (MALFORMED, "value: expected JSON", "stage1")


def test_a_record_with_nothing_in_it_can_be_sent() -> None:
    """No client sends a record without key and value; it goes as an empty one that says it was none."""
    letter = dead_letter(record(None, None, ()), reason=TOO_LARGE, detail="", reader="stage1")
    assert letter.value == b""
    assert read(letter.key, letter.value, letter.headers).value is None
