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

from schemas.envelope import ProvenanceOut

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
    """feedback.submitted: sizes and types checked while decoding, the patterns of names in `consumers.collect.decode`."""

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
