"""A record that a reader could not take, made ready for its dead-letter topic as it came."""

from __future__ import annotations

from dataclasses import dataclass

from aiokafka import ConsumerRecord

from schemas.dead_letter import DeadLetter
from schemas.topics import DLQ_SUFFIX


@dataclass(frozen=True, slots=True)
class OutgoingDeadLetter:
    """What to produce in the transaction that passes the record: topic (full name), key, value, headers."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


def dead_letter(record: ConsumerRecord[bytes | None, bytes | None], *, reason: str, detail: str, reader: str) -> OutgoingDeadLetter:
    """The dead letter of a consumed record: its own key, value and headers (or their first bytes), then ours with why and where from.

    `reason` is one of `schemas.dead_letter` (it becomes a metric's label); `detail` must hold no user text.
    """
    letter = DeadLetter(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        reason=reason,
        detail=detail,
        reader=reader,
        key=record.key,
        value=record.value,
        headers=tuple((name, raw) for name, raw in record.headers),
    )
    key, value, headers = letter.to_record()
    return OutgoingDeadLetter(record.topic + DLQ_SUFFIX, key, value, tuple(headers))
