"""An accepted event beside what is remembered of its sample: under its id, or under those that it had in the release before. Pure."""

from __future__ import annotations

import msgspec

from consumers.collect.decode import Received
from consumers.collect.deduplication import Freshness, Mark, freshness, freshness_of_former
from consumers.collect.watermark import Watermark
from consumers.records import InputRecord
from schemas.identity import former_ids

Marked = dict[bytes, Mark]
_NONE: Marked = {}


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """An event, the state key of its sample, and the mark that is known of it.

    `time_s` and `said_ms` are the event time in seconds and milliseconds since 1970 UTC, `remembered_s` is the time that its mark is
    forgotten by. `former` are the marks under former ids, by state key; `known` is then the
    newest of them.
    """

    received: Received
    watermark: Watermark
    key: bytes
    time_s: int
    said_ms: int
    remembered_s: int
    known: Mark | None
    former: Marked

    def freshness(self) -> Freshness:
        """How it stands to what is known under its own id; one that is known under former ids alone is new."""
        received = self.received
        return "new" if self.former else freshness(self.known, received.revision, received.retracted, self.said_ms, received.content)

    def freshness_to_former(self, contribution: tuple[int, ...]) -> Freshness:
        """How it stands to what is known under former ids; `contribution` is what it would add to the counts."""
        if self.known is None:
            return "new"
        return freshness_of_former(self.known, self.received.revision, self.received.retracted, self.time_s, contribution)

    def former_ids(self) -> tuple[str, ...]:
        """The ids that its sample had in the release before."""
        return former_ids(self.watermark.kind, self.received.envelope.source, self.received.identifier)


def arrive(received: Received, record: InputRecord, watermark: Watermark, time_s: int) -> Arrival:
    """An event of a record, with what its watermark remembers of it."""
    envelope, key = received.envelope, watermark.state_key(received.sample)
    known, former = watermark.marks.get(key, watermark.time.watermark_s), _NONE
    if known is None and watermark.former:
        # A document of a source of its own has the id that it had, and its mark lies under the former letter all the same.
        ids = former_ids(watermark.kind, envelope.source, received.identifier) or (received.sample.hex(),)
        former = watermark.former_marks(ids, received.user)
        known = max(former.values(), key=lambda mark: (mark.revision, mark.retracted, mark.time_s), default=None)
    # What a history brings is remembered from when the broker took it.
    remembered_s = max(time_s, watermark.time.newest_s, record.timestamp_ms // 1000) if envelope.history else time_s
    if known is not None and known.time_s > remembered_s:
        remembered_s = known.time_s
    said_ms = time_s * 1000 + envelope.time.microsecond // 1000
    return Arrival(received, watermark, key, time_s, said_ms, remembered_s, known, former)
