"""The hot path's own form of the contract: msgspec structs of what is read and written for each event.

`schemas/` is the contract; these structs read and write the same JSON several times faster. Tests hold the two against each other:
what stage 1 takes here `schemas` takes too, and everything written here is read by `schemas`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from schemas.envelope import CONTENT_HEADER, HISTORY_HEADER, SPECIFIED_HEADER, event_type

Count = Annotated[int, Meta(ge=0)]
ShortText = Annotated[str, Meta(min_length=1, max_length=200)]
ModelName = Annotated[str, Meta(min_length=1, max_length=100)]
TagText = Annotated[str, Meta(min_length=1, max_length=100)]


class RatingIn(msgspec.Struct, frozen=True, gc=False):
    """A rating as it came; `schemas.rating.normalise` scores it."""

    scale: str
    value: bool | float | str | None
    score: float | None = None


class FeedbackIn(msgspec.Struct, frozen=True, gc=False):
    """feedback.submitted: sizes and types checked while decoding, the patterns of names in `consumers.core.intake`."""

    feedback_id: ShortText
    revision: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    retracted: bool = False
    model: Annotated[str, Meta(max_length=300)] | None = None
    model_version: Annotated[str, Meta(max_length=100)] | None = None
    user_hash: Annotated[str, Meta(max_length=64)] | None = None
    conversation_id: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    language: Annotated[str, Meta(max_length=35)] | None = None
    query: Annotated[str, Meta(max_length=16_384)] = ""
    response: Annotated[str, Meta(max_length=32_768)] = ""
    correction: Annotated[str, Meta(max_length=32_768)] | None = None
    rating: RatingIn | None = None
    source_group: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    tags: Annotated[tuple[TagText, ...], Meta(max_length=20)] = ()


class ProvenanceOut(msgspec.Struct, frozen=True, gc=False):
    """Where a sample came from."""

    topic: str
    partition: int
    offset: int


class SampleOut(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """sample.collected as stage 1 writes it; `occurred_at` is RFC 3339 in UTC."""

    sample_id: str
    kind: Literal["feedback", "document"]
    revision: int
    model: str
    occurred_at: str
    source: str
    provenance: ProvenanceOut
    group: str
    retracted: bool = False
    language: str | None = None
    negative: bool = False
    quarantine: Literal["holdout"] | None = None
    model_version: str | None = None
    user_hash: str | None = None
    conversation_id: str | None = None
    query: str = ""
    response: str = ""
    correction: str | None = None
    score: float | None = None
    content: str | None = None
    correction_redactions: int = 0
    doc_id: str | None = None
    title: str | None = None
    text: str | None = None
    uri: str | None = None
    content_sha256: str | None = None
    publisher: str | None = None
    former_ids: tuple[str, ...] = ()
    moved: bool = False


class SampleIn(msgspec.Struct, frozen=True, gc=False):
    """What stage 2 decides on of a sample.collected; the text of a document explains a drift."""

    sample_id: Annotated[str, Meta(min_length=64, max_length=64)]
    kind: Literal["feedback", "document"]
    revision: Count
    model: ModelName
    retracted: bool = False
    negative: bool = False
    quarantine: str | None = None
    user_hash: str | None = None
    conversation_id: str | None = None
    group: str = ""
    text: str | None = None
    publisher: str | None = None
    content: str | None = None
    former_ids: tuple[str, ...] = ()
    moved: bool = False


class SummaryOut(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """signal.summarised, written by stage 1 and read by stage 2."""

    model: ModelName
    input: Literal["feedback", "document"]
    partition: Count
    event_day: date
    sequence: Count
    counts: dict[str, int]
    baseline: str | None = None
    sketch: str | None = None


class JournalEntryOut(msgspec.Struct, frozen=True, gc=False):
    """One entry of trigger.journal; `fields` is the input's own struct."""

    kind: str
    topic: str
    partition: int
    offset: int
    fields: msgspec.Struct


class JournalOut(msgspec.Struct, frozen=True):
    """trigger.journal as stage 2 writes it."""

    model: str
    first_sequence: int
    entries: Sequence[JournalEntryOut]


class Encoded(msgspec.Struct, frozen=True, gc=False):
    """A record ready for the log; `topic` is a name of `schemas.topics`."""

    topic: str
    key: bytes
    value: bytes
    headers: Sequence[tuple[str, bytes | None]]


_encode = msgspec.json.Encoder().encode


class RecordEncoder:
    """Binary-mode CloudEvents of one topic and source, from the hot path's structs; the same headers as `schemas.envelope.encode`."""

    def __init__(self, topic: str, source: str) -> None:
        self._topic = topic
        self._source = ("ce_source", source.encode())
        self._type = ("ce_type", event_type(topic).encode())

    def encode(
        self, event: msgspec.Struct, key: str, event_id: str, time: str, traceparent: str | None = None, *, history: bool = False
    ) -> Encoded:
        """The record of an event with its Kafka key and CloudEvents id; `time` is RFC 3339 in UTC, `history` as `Envelope.history`."""
        headers: list[tuple[str, bytes | None]] = [
            SPECIFIED_HEADER,
            ("ce_id", event_id.encode()),
            self._source,
            self._type,
            ("ce_time", time.encode()),
            CONTENT_HEADER,
        ]
        if traceparent is not None:
            headers.append(("traceparent", traceparent.encode()))
        if history:
            headers.append(HISTORY_HEADER)
        return Encoded(self._topic, key.encode(), _encode(event), headers)
