"""What `abhyas dlq list|show` tells: every dead letter with its reason, whether it was sent again, and one as it came."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from ops.topic_reader import Record, existing_partitions, reader, records, time_of
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.read_to_end import read_to_end
from schemas import topics
from schemas.dead_letter import Cut, DeadLetter, read, read_marker, record_sha256

NOT_OURS = "unreadable"


class RecordPosition(NamedTuple):
    """Where a dead letter lies: its topic by full name, partition and offset."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}"


@dataclass(frozen=True, slots=True)
class DeadLetterRow:
    """Where a dead letter lies, why it is there, where it came from, the bytes of its original key and value, when it was sent again.

    `cut` is what it says of an original that was too large to be kept whole; `size_bytes` are then the original's, headers too.
    """

    dlq_topic: str
    dlq_partition: int
    dlq_offset: int
    at: datetime
    reason: str
    detail: str
    topic: str
    partition: int
    offset: int
    reader: str
    size_bytes: int
    redriven_at: datetime | None = None
    cut: Cut | None = None

    @property
    def place(self) -> RecordPosition:
        """Where the letter lies."""
        return RecordPosition(self.dlq_topic, self.dlq_partition, self.dlq_offset)


@dataclass(frozen=True, slots=True)
class DeadLetterContent:
    """A dead letter with its original key, value and headers, or their first bytes where it was cut."""

    row: DeadLetterRow
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


async def list_dead_letters(connection: KafkaConnection, *, limit: int = 1000) -> tuple[DeadLetterRow, ...]:
    """The newest `limit` dead letters of all topics, newest last; raises OperationFailed."""
    # Each topic's own newest, because one topic's flood must not hide the only letter of another before sorting.
    newest: dict[str, deque[DeadLetterRow]] = {}
    redriven: dict[RecordPosition, datetime] = {}
    async for record in records(connection, dead_letter_topics(connection)):
        letter = redriven_letter(record)
        if letter is not None:
            redriven[letter] = time_of(record)
        else:
            newest.setdefault(record.topic, deque(maxlen=limit)).append(content(record).row)
    rows = sorted((row for kept in newest.values() for row in kept), key=lambda row: (row.at, row.dlq_topic, row.dlq_offset))
    return tuple(replace(row, redriven_at=redriven.get(row.place)) for row in rows[-limit:]) if limit > 0 else ()


async def show_dead_letter(connection: KafkaConnection, dlq_topic: str, dlq_partition: int, dlq_offset: int) -> DeadLetterContent:
    """One dead letter; the topic by its full name or the contract's, with or without `.dlq`; raises LookupError, OperationFailed."""
    name = _full_name(connection, dlq_topic)
    places = await existing_partitions(connection, [name])
    if not places:
        raise LookupError(f"topic {name} does not exist: `abhyas dlq list` shows what there is")
    wanted = TopicPartition(name, dlq_partition)
    if wanted not in places:
        raise LookupError(f"{name} has no partition {dlq_partition}: it has {len(places)}")
    async with reader(connection) as consumer:
        found = await _record_at(consumer, wanted, dlq_offset)
        if found is None:
            first, end = (await consumer.beginning_offsets([wanted]))[wanted], (await consumer.end_offsets([wanted]))[wanted]
            raise LookupError(f"{name}, partition {dlq_partition}: no record at offset {dlq_offset}, it holds {first} to {end - 1}")
        if found.offset != dlq_offset:
            raise LookupError(f"{name} partition {dlq_partition} has no record at offset {dlq_offset}: the next is {found.offset}")
        return _shown(found)


async def whole(connection: KafkaConnection, letter: DeadLetterContent) -> DeadLetterContent | None:
    """A cut letter with the key, value and headers of its original, read from its place; None where that lies there no longer."""
    row = letter.row
    place = TopicPartition(row.topic, row.partition)
    if row.cut is None or place not in await existing_partitions(connection, [row.topic]):
        return None
    async with reader(connection) as consumer:
        found = await _record_at(consumer, place, row.offset)
    if found is None or found.offset != row.offset or record_sha256(found.key, found.value, found.headers) != row.cut.sha256:
        return None
    return DeadLetterContent(row, found.key, found.value, tuple((name, raw) for name, raw in found.headers))


async def _record_at(consumer: AIOKafkaConsumer, place: TopicPartition, offset: int) -> Record | None:
    """The first record at an offset or behind it; None where the log does not reach there, or begins later."""
    consumer.assign([place])
    first, end = (await consumer.beginning_offsets([place]))[place], (await consumer.end_offsets([place]))[place]
    if first <= offset < end:
        consumer.seek(place, offset)
        # Transaction markers take offsets: what comes next may lie behind the one asked for.
        async for batch in read_to_end(consumer, {place: end}, max_records=1):
            return batch[0]
    return None


def dead_letter_topics(connection: KafkaConnection) -> list[str]:
    """The full names of every dead-letter topic of the contract."""
    return [spec.name for spec in topics.specs(connection.topic_prefix) if spec.name.endswith(topics.DLQ_SUFFIX)]


def _full_name(connection: KafkaConnection, name: str) -> str:
    full = name if name.startswith(f"{connection.topic_prefix}.") else connection.topic(name)
    return full if full.endswith(topics.DLQ_SUFFIX) else full + topics.DLQ_SUFFIX


def redriven_letter(record: Record) -> RecordPosition | None:
    """The letter that a record of a dead-letter topic marks as sent again; None where the record is no marker."""
    try:
        marker = read_marker(record.headers)
    except ValueError:
        return None  # a number of thousands of digits, which nothing of ours wrote
    return None if marker is None else RecordPosition(record.topic, marker.partition, marker.offset)


def _shown(record: Record) -> DeadLetterContent:
    letter = redriven_letter(record)
    if letter is not None:
        raise LookupError(
            f"{RecordPosition(record.topic, record.partition, record.offset)} is no dead letter: it marks {letter} as sent again"
        )
    return content(record)


def content(record: Record) -> DeadLetterContent:
    """The letter of a record that is no marker; somebody else's record is shown under the reason `unreadable`."""
    try:
        letter = read(record.key, record.value, tuple(record.headers))
    except ValueError as error:
        # Someone else wrote it: shown as it is, because a letter that is left out is one that nobody looks for.
        origin = record.topic.removesuffix(topics.DLQ_SUFFIX)
        headers = tuple((name, raw) for name, raw in record.headers)
        # Other errors quote what was found there, which may be anything.
        detail = (
            str(error) if type(error) is ValueError and str(error).startswith("not a") else "not a dead letter: its headers can't be read"
        )
        letter = DeadLetter(origin, -1, -1, NOT_OURS, detail, "", record.key, record.value, headers)
    row = DeadLetterRow(
        dlq_topic=record.topic,
        dlq_partition=record.partition,
        dlq_offset=record.offset,
        at=time_of(record),
        reason=letter.reason,
        detail=letter.detail,
        topic=letter.topic,
        partition=letter.partition,
        offset=letter.offset,
        reader=letter.reader,
        size_bytes=len(letter.key or b"") + len(letter.value or b"") if letter.cut is None else letter.cut.size_bytes,
        cut=letter.cut,
    )
    return DeadLetterContent(row, letter.key, letter.value, letter.headers)
