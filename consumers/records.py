"""What goes into and comes out of the pure stages: a record of the log, and the effects of processing some.

Topics are the names of `schemas.topics`, without the installation's prefix: the shell adds it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

import msgspec

from schemas.catalogue import Event
from schemas.dead_letter import DeadLetter
from schemas.envelope import Encoded


class InputRecord(msgspec.Struct, frozen=True, gc=False):
    """A record as it lay in the log; `timestamp_ms` is the broker's."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    timestamp_ms: int = 0


@dataclass(frozen=True, slots=True)
class Emitted:
    """An event to publish, its event time, and the trace that it continues."""

    event: Event
    time: datetime
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something an operator should see in the logs and metrics; `message` says what to do and holds no user text."""

    level: Literal["info", "alert"]
    kind: str
    model: str
    message: str


@dataclass(slots=True)
class Effects:
    """Everything that one processing step asks of the shell: it all happens in one transaction, or not at all.

    `encoded` are events of the hot path in their wire form. `changes` are changelog records by state key (None: a tombstone).
    `outcomes` counts records by (topic, outcome); `joined` are the samples that got their words from a turn, `unjoined` the feedback that
    will get none any more.
    """

    events: list[Emitted] = field(default_factory=list)
    encoded: list[Encoded] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    changes: dict[bytes, bytes | None] = field(default_factory=dict)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    notices: list[Notice] = field(default_factory=list)
    redactions: int = 0
    redacted_corrections: int = 0
    joined: int = 0
    unjoined: int = 0

    def extend(self, more: Effects) -> None:
        """Takes in what the same step asked for afterwards."""
        self.events += more.events
        self.encoded += more.encoded
        self.dead_letters += more.dead_letters
        self.changes |= more.changes
        self.outcomes.update(more.outcomes)
        self.notices += more.notices
        self.redactions += more.redactions
        self.redacted_corrections += more.redacted_corrections
        self.joined += more.joined
        self.unjoined += more.unjoined


# Where a record of the task's own partition lies: its topic without prefix, and its offset.
LogPlace = tuple[str, int]
# Records read once more by their place; None for one that is in the log no longer.
Originals = Mapping[LogPlace, InputRecord | None]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that cannot be taken: a reason of `schemas.dead_letter` and a detail without user text."""

    reason: str
    detail: str

    def dead_letter(self, record: InputRecord, reader: str) -> DeadLetter:
        """The dead letter of the refused record, its bytes as they came."""
        return DeadLetter.of(record, reason=self.reason, detail=self.detail, reader=reader)


# A decoder is a pure function of the record, so whatever it raises it would raise again: the record is poison, not
# the process. Beyond ValueError: integers too large for a float, times outside the calendar, JSON nested too deeply.
DECODING_ERRORS: Final = (ValueError, ArithmeticError, TypeError, RecursionError)
