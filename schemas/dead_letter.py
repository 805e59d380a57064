"""The shape of a dead letter: the original key, value and headers, and beside them why and where from.

The added headers start with `dlq_`, so the original ones can be told apart and the record sent again as it came. Beside
the letters of a topic lie markers, each of which says that one letter of the same topic was sent again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

PREFIX: Final = "dlq_"

REASON: Final = "dlq_reason"
DETAIL: Final = "dlq_detail"
TOPIC: Final = "dlq_topic"
PARTITION: Final = "dlq_partition"
OFFSET: Final = "dlq_offset"
READER: Final = "dlq_reader"
# Kafka headers cannot say that a key or value was null, and sending an empty one again would be another record.
NULL_VALUE: Final = "dlq_null_value"
# The one header of a marker: which letter was sent again, as `<partition>:<offset>` in the marker's own topic.
REDRIVEN: Final = "dlq_redriven"

# Bounded: these are label values of a metric.
MALFORMED: Final = "malformed"
TOO_LARGE: Final = "too_large"
UNKNOWN_MODEL: Final = "unknown_model"
TOO_LATE: Final = "too_late"
FUTURE_DATED: Final = "future_dated"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that a reader could not take, as it came, with the reason (one of this module's) and a detail without user text."""

    topic: str
    partition: int
    offset: int
    reason: str
    detail: str
    reader: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]

    def wire_headers(self) -> list[tuple[str, bytes | None]]:
        """The original headers, then ours."""
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
        return [*self.headers, *added]


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


def read(key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]]) -> DeadLetter:
    """The dead letter of a record of a dead-letter topic; raises ValueError where our headers are missing."""
    ours: dict[str, str] = {}
    # Ours are the last ones: an original that was itself a dead letter keeps its own in front of them.
    for name, raw in headers[-7:] if headers and headers[-1][0] == NULL_VALUE else headers[-6:]:
        if name.startswith(PREFIX) and raw is not None:
            ours[name] = raw.decode()
    missing = [name for name in (REASON, DETAIL, TOPIC, PARTITION, OFFSET, READER) if name not in ours]
    if missing:
        raise ValueError(f"not a dead letter: headers {', '.join(missing)} are missing")
    count = 7 if NULL_VALUE in ours else 6
    return DeadLetter(
        topic=ours[TOPIC],
        partition=int(ours[PARTITION]),
        offset=int(ours[OFFSET]),
        reason=ours[REASON],
        detail=ours[DETAIL],
        reader=ours[READER],
        key=key,
        value=None if NULL_VALUE in ours else value,
        headers=tuple(headers[:-count]),
    )
