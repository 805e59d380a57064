"""The shape of a dead letter: the original key, value and headers, and beside them why and where from.

The added headers start with `dlq_`, so the original ones can be told apart and the record sent again as it came. One that is larger than
a dead-letter topic takes is cut: its first bytes, its size and its hash are kept, and the place where the whole of it lies. Beside
the letters of a topic lie markers, each of which says that one letter of the same topic was sent again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from schemas.envelope import Headers, WireRecord, record_size
from schemas.topics import MAX_DEAD_LETTER_BYTES

PREFIX: Final = "dlq_"

REASON: Final = "dlq_reason"
DETAIL: Final = "dlq_detail"
TOPIC: Final = "dlq_topic"
PARTITION: Final = "dlq_partition"
OFFSET: Final = "dlq_offset"
READER: Final = "dlq_reader"
# Kafka headers cannot say that a key or value was null, and sending an empty one again would be another record.
NULL_VALUE: Final = "dlq_null_value"
# What of a cut letter is not whole (of key, value, headers), the bytes of all three together, and `record_sha256` of them.
CUT: Final = "dlq_cut"
SIZE: Final = "dlq_size"
SHA256: Final = "dlq_sha256"
# The one header of a marker: which letter was sent again, as `<partition>:<offset>` in the marker's own topic.
REDRIVEN: Final = "dlq_redriven"

# Bounded: these are label values of a metric.
MALFORMED: Final = "malformed"
TOO_LARGE: Final = "too_large"
TOO_LATE: Final = "too_late"
FUTURE_DATED: Final = "future_dated"
CONFLICT: Final = "conflict"
# A correction, or a preferred answer, of a turn that never came.
UNJOINED: Final = "unjoined"

# Counted as it is before compression: what a few kilobytes of a compressed batch hold may be 64 MiB. The room is for our headers, and for
# what does not compress and grows.
WHOLE_BYTES: Final = MAX_DEAD_LETTER_BYTES - 64 * 1024
# What is kept of the value, of the key and of the headers of a letter that is cut.
KEPT_BYTES: Final = 64 * 1024
# What a header costs in a record beside its name and value, at most.
_HEADER_BYTES: Final = 10


class Refused(Protocol):
    """A record that was read: aiokafka's, or a stage's."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Headers: ...


@dataclass(frozen=True, slots=True)
class Cut:
    """What a letter that was too large says of its original: the parts that are not whole, its bytes in all, its `record_sha256`."""

    parts: tuple[str, ...]
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that a reader could not take, as it came, with the reason (one of this module's) and a detail without user text.

    `cut` is None but for one that was read and holds only the beginning of its original.
    """

    topic: str
    partition: int
    offset: int
    reason: str
    detail: str
    reader: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    cut: Cut | None = None

    @classmethod
    def of(cls, record: Refused, *, reason: str, detail: str, reader: str) -> DeadLetter:
        """The letter of a record as it was read; `reason` becomes a metric's label."""
        headers = tuple((name, raw) for name, raw in record.headers)
        return cls(record.topic, record.partition, record.offset, reason, detail, reader, record.key, record.value, headers)

    def to_record(self) -> WireRecord:
        """What to write: the original's own key, value and headers, then our headers; cut where that is more than the topic takes."""
        key, value, headers = self.key, self.value, self.headers
        cut = self.cut
        if cut is None and _weight(key, value, headers) > WHOLE_BYTES:
            key, value, headers, parts = _beginning(key, value, headers)
            cut = Cut(parts, record_size(self.key, self.value, self.headers), record_sha256(self.key, self.value, self.headers))
        added: list[tuple[str, bytes | None]] = [
            (REASON, self.reason.encode()),
            (DETAIL, self.detail[:1000].encode()),
            (TOPIC, self.topic.encode()),
            (PARTITION, str(self.partition).encode()),
            (OFFSET, str(self.offset).encode()),
            (READER, self.reader.encode()),
        ]
        if self.value is None:
            added.append((NULL_VALUE, b"1"))
        if cut is not None:
            added += [(CUT, ",".join(cut.parts).encode()), (SIZE, str(cut.size_bytes).encode()), (SHA256, cut.sha256.encode())]
        # A client cannot send a record with neither key nor value; the header NULL_VALUE tells this empty one from none.
        return WireRecord(key, b"" if key is None and value is None else value, (*headers, *added))


def record_sha256(key: bytes | None, value: bytes | None, headers: Headers) -> str:
    """The hash of a record: of its key, its value, and each header's name and value, each with its length before it.

    >>> record_sha256(b"a", b"bc", ()) == record_sha256(b"ab", b"c", ())
    False
    """
    digest = hashlib.sha256()
    for part in (key, value, *(part for name, raw in headers for part in (name.encode(), raw))):
        digest.update(b"-" if part is None else b"%d:" % len(part))
        digest.update(part or b"")
    return digest.hexdigest()


def _weight(key: bytes | None, value: bytes | None, headers: Headers) -> int:
    return record_size(key, value, headers) + _HEADER_BYTES * len(headers)


def _beginning(
    key: bytes | None, value: bytes | None, headers: Headers
) -> tuple[bytes | None, bytes | None, tuple[tuple[str, bytes | None], ...], tuple[str, ...]]:
    """The first bytes of each part, and the names of the parts that lost some."""
    kept: list[tuple[str, bytes | None]] = []
    room = KEPT_BYTES
    for name, raw in headers:
        room -= len(name.encode()) + _HEADER_BYTES
        if room < 0:
            break
        kept.append((name, raw if raw is None else raw[:room]))
        room -= len(raw or b"")
    whole = {"key": len(key or b"") <= KEPT_BYTES, "value": len(value or b"") <= KEPT_BYTES, "headers": kept == [*headers]}
    parts = tuple(name for name, is_whole in whole.items() if not is_whole)
    return key if key is None else key[:KEPT_BYTES], value if value is None else value[:KEPT_BYTES], tuple(kept), parts


@dataclass(frozen=True, slots=True)
class Redriven:
    """A marker: the letter at this partition and offset of the marker's own topic was sent again to where it came from.

    It is written in the transaction that sends the record, into the letter's own partition: whoever reads that partition to
    its end knows what is done, and retention takes a letter before its marker.
    """

    partition: int
    offset: int

    def wire_headers(self) -> list[tuple[str, bytes | None]]:
        """The headers of the marker's record, whose key is none and whose value is empty."""
        return [(REDRIVEN, f"{self.partition}:{self.offset}".encode())]


def read_marker(headers: Sequence[tuple[str, bytes | None]]) -> Redriven | None:
    """The marker that a record of a dead-letter topic is, or None where it is a letter or somebody else's record.

    >>> read_marker(Redriven(0, 17).wire_headers())
    Redriven(partition=0, offset=17)
    """
    # A letter has at least six headers, so one that quotes a marker is still a letter.
    if len(headers) != 1 or headers[0][0] != REDRIVEN:
        return None
    partition, _, offset = (headers[0][1] or b"").decode("ascii", "replace").partition(":")
    return Redriven(int(partition), int(offset)) if partition.isdecimal() and offset.isdecimal() else None


def read(key: bytes | None, value: bytes | None, headers: Headers) -> DeadLetter:
    """The dead letter of a record of a dead-letter topic; raises ValueError where our headers are missing."""
    # Ours are the last ones: an original that was itself a dead letter keeps its own in front of them.
    left, cut = list(headers), None
    if [name for name, _ in left[-3:]] == [CUT, SIZE, SHA256]:
        parts, size, sha256 = (_text(raw) for _, raw in left[-3:])
        cut, left = Cut(tuple(parts.split(",")), int(size), sha256), left[:-3]
    no_value = bool(left) and left[-1][0] == NULL_VALUE
    if no_value:
        left.pop()
    ours = {name: _text(raw) for name, raw in left[-6:] if raw is not None}
    missing = [name for name in (REASON, DETAIL, TOPIC, PARTITION, OFFSET, READER) if name not in ours]
    if missing:
        raise ValueError(f"not a dead letter: headers {', '.join(missing)} are missing")
    return DeadLetter(
        topic=ours[TOPIC],
        partition=int(ours[PARTITION]),
        offset=int(ours[OFFSET]),
        reason=ours[REASON],
        detail=ours[DETAIL],
        reader=ours[READER],
        key=key,
        value=None if no_value else value,
        headers=tuple(left[:-6]),
        cut=cut,
    )


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode()
