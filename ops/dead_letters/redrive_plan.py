"""Which dead letters are sent again, and as what: the part of `abhyas dlq redrive` that needs no broker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

from ops.dead_letters.letters import NOT_OURS, DeadLetterContent, RecordPosition
from runtime.kafka.transaction import COMPRESSION, partition_of
from schemas import dead_letter, topics
from schemas.dead_letter import Redriven
from schemas.envelope import WireRecord

UNREADABLE: Final = "unreadable: no dead letter of ours"
OTHER_TOPIC: Final = "names another topic than the one it lies beside"
NO_TOPIC: Final = "its topic does not exist"
NO_PARTITION: Final = "it has no key and its partition does not exist"
TOO_LARGE: Final = "larger than its topic takes"
CUT: Final = "it was cut, and its original no longer lies where it came from"
CONFLICT: Final = "another content of the same revision and time is in use (publish what should count as a later revision)"
ERASED: Final = "its user was erased (name it with --offset to send it all the same)"
STATE: Final = "its topic keeps the newest record of a key, which it would become (name it with --offset to send it all the same)"
NOT_THERE: Final = "no dead letter there"

_CODECS: Final = {"snappy": DefaultRecordBatch.CODEC_SNAPPY, "lz4": DefaultRecordBatch.CODEC_LZ4}

# Compacted topics whose newest record is what serves or where a job stands: an old record sent again would be taken for it.
# An erasure may come any number of times, so user.erased is not among them.
STATE_TOPICS: Final = (topics.MODEL_CURRENT, topics.TRAINING_STATE)
# Their key is the user's hash, where there is a user.
USERS_WORDS: Final = (topics.FEEDBACK_SUBMITTED, topics.TURN_COMPLETED)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which letters are meant: those that every given filter takes; `topic` is the original one by full name, `until` is exclusive."""

    topic: str | None = None
    reason: str | None = None
    reader: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    places: frozenset[RecordPosition] = frozenset()

    def takes(self, letter: DeadLetterContent) -> bool:
        """Whether a letter is meant."""
        row = letter.row
        return (
            (self.topic is None or row.dlq_topic == self.topic + topics.DLQ_SUFFIX)
            and (self.reason is None or row.reason == self.reason)
            and (self.reader is None or row.reader == self.reader)
            and (self.since is None or row.at >= self.since)
            and (self.until is None or row.at < self.until)
            and (not self.places or row.place in self.places)
        )


@dataclass(frozen=True, slots=True)
class Resend:
    """A letter's original record and where it goes."""

    letter: RecordPosition
    topic: str
    partition: int
    record: WireRecord

    @property
    def size_bytes(self) -> int:
        """Bytes of key, value and headers."""
        return self.record.size


@dataclass(slots=True)
class Report:
    """How many letters were meant, sent (in a dry run: would be), sent earlier already, and left with the reason."""

    matched: int = 0
    sent: int = 0
    already: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Situation:
    """What the cluster holds: partitions by full topic name, letters sent again so far, keys of erased users; and the topic prefix."""

    prefix: str
    partitions: Mapping[str, int]
    redriven: Collection[RecordPosition]
    erased: Collection[bytes] = frozenset()


def plan(letter: DeadLetterContent, selection: Selection, situation: Situation) -> Resend | str:
    """The record to send for a letter that is meant and not yet sent, or why it stays (one of this module's reasons)."""
    row = letter.row
    if row.reason == NOT_OURS:
        return UNREADABLE
    if row.topic + topics.DLQ_SUFFIX != row.dlq_topic:
        # Whoever can write here could otherwise have us write anywhere.
        return OTHER_TOPIC
    count = situation.partitions.get(row.topic, 0)
    if not count:
        return NO_TOPIC
    if row.place not in selection.places:
        if row.topic in {topics.topic(name, situation.prefix) for name in STATE_TOPICS}:
            return STATE
        if row.topic in {topics.topic(name, situation.prefix) for name in USERS_WORDS} and letter.key in situation.erased:
            return ERASED
        if row.reason == dead_letter.CONFLICT:
            return CONFLICT
    partition = row.partition if letter.key is None else partition_of(letter.key, count)
    if not 0 <= partition < count:
        return NO_PARTITION
    record = WireRecord(letter.key, letter.value, letter.headers)
    if not _fits(record, topics.MAX_MESSAGE_BYTES):
        return TOO_LARGE
    return Resend(row.place, row.topic, partition, record)


def transaction(resends: Collection[Resend]) -> dict[tuple[str, int], list[WireRecord]]:
    """The original records, and beside each letter the marker that says so: all of it in one transaction, or none."""
    routed: dict[tuple[str, int], list[WireRecord]] = {}
    for resend in resends:
        routed.setdefault((resend.topic, resend.partition), []).append(resend.record)
        letter = resend.letter
        marker = WireRecord(None, b"", tuple(Redriven(letter.partition, letter.offset).wire_headers()))
        routed.setdefault((letter.topic, letter.partition), []).append(marker)
    return routed


def _fits(record: WireRecord, limit_bytes: int) -> bool:
    """Whether a batch of this record alone, compressed as the redrive's writer does, is at most so large: what a broker measures."""
    if record.size < limit_bytes // 2:
        return True
    builder = DefaultRecordBatchBuilder(2, _CODECS[COMPRESSION], 1, -1, -1, 0, limit_bytes)
    builder.append(0, None, record.key, record.value, list(record.headers))
    return len(builder.build()) <= limit_bytes
