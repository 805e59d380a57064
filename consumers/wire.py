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

from schemas.conversation import MESSAGE_CHARACTERS, MOST_MESSAGES, MOST_PASSAGES, MOST_TOOL_CALLS, ReasonCode
from schemas.envelope import ProvenanceOut
from schemas.events.sample_collected import LeftOut, NegativeClass

Count = Annotated[int, Meta(ge=0)]
ShortText = Annotated[str, Meta(min_length=1, max_length=200)]
ModelName = Annotated[str, Meta(min_length=1, max_length=100)]
TagText = Annotated[str, Meta(min_length=1, max_length=100)]


class RatingIn(msgspec.Struct, frozen=True, gc=False):
    """A rating as it came; `schemas.rating.normalise` scores it."""

    scale: str
    value: bool | float | str | None
    score: float | None = None


class ToolFunctionText(msgspec.Struct, frozen=True, gc=False):
    """The function that an assistant's tool call names."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    arguments: Annotated[str, Meta(max_length=MESSAGE_CHARACTERS)] = ""


class ToolCallText(msgspec.Struct, frozen=True, gc=False):
    """One tool call of an assistant's message."""

    id: Annotated[str, Meta(min_length=1, max_length=200)]
    function: ToolFunctionText
    type: Literal["function"] = "function"


class MessageText(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One message, read and written alike; `schemas.conversation.Message` is its contract."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Annotated[str, Meta(max_length=MESSAGE_CHARACTERS)] | None = None
    name: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    tool_calls: Annotated[tuple[ToolCallText, ...], Meta(max_length=MOST_TOOL_CALLS)] = ()
    tool_call_id: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


class PassageText(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One retrieved passage, read and written alike; `schemas.conversation.Passage` is its contract."""

    text: Annotated[str, Meta(min_length=1, max_length=32_768)]
    id: ShortText | None = None
    doc_id: ShortText | None = None
    rank: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    score: float | None = None
    cited: bool = False


class PreferredText(msgspec.Struct, frozen=True, gc=False):
    """The answer that was chosen instead, read and written alike."""

    answer: Annotated[str, Meta(min_length=1, max_length=32_768)]
    how: Literal["arena", "regenerated", "edited"]


class ReasonText(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A reason of the user, read and written alike; the codes are those of `schemas.conversation.ReasonCode`."""

    code: ReasonCode
    raw: Annotated[str, Meta(max_length=200)] | None = None


MessagesIn = Annotated[tuple[MessageText, ...], Meta(max_length=MOST_MESSAGES)]
PassagesIn = Annotated[tuple[PassageText, ...], Meta(max_length=MOST_PASSAGES)]


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
    messages: MessagesIn = ()
    passages: PassagesIn = ()
    turn_id: ShortText | None = None
    preferred: PreferredText | None = None
    reasons: Annotated[tuple[ReasonText, ...], Meta(max_length=20)] = ()
    comment: Annotated[str, Meta(max_length=8_192)] | None = None


class TurnIn(msgspec.Struct, frozen=True, gc=False):
    """turn.completed, checked as `FeedbackIn` is."""

    turn_id: ShortText
    response: Annotated[str, Meta(max_length=32_768)]
    model: Annotated[str, Meta(max_length=300)] | None = None
    model_version: Annotated[str, Meta(max_length=100)] | None = None
    user_hash: Annotated[str, Meta(max_length=64)] | None = None
    conversation_id: ShortText | None = None
    language: Annotated[str, Meta(max_length=35)] | None = None
    messages: MessagesIn = ()
    query: Annotated[str, Meta(max_length=16_384)] = ""
    passages: PassagesIn = ()
    source_group: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    latency_ms: Annotated[float, Meta(ge=0, le=86_400_000)] | None = None
    prompt_tokens: Annotated[int, Meta(ge=0, le=100_000_000)] | None = None
    completion_tokens: Annotated[int, Meta(ge=0, le=100_000_000)] | None = None
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
    negative_class: NegativeClass | None = None
    left_out: LeftOut | None = None
    turn_id: str | None = None
    messages: tuple[MessageText, ...] = ()
    passages: tuple[PassageText, ...] = ()
    preferred: PreferredText | None = None
    reasons: tuple[ReasonText, ...] = ()
    comment: str | None = None


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
    score: float | None = None
    negative_class: NegativeClass | None = None
    left_out: LeftOut | None = None


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
