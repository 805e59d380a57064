"""sample.collected: a validated, redacted, deduplicated sample with its provenance."""

from __future__ import annotations

import operator
from typing import ClassVar, Literal

from pydantic import BaseModel, Field

from schemas import topics
from schemas.conversation import Messages, Passages, Preferred, Reasons
from schemas.event_time import EventTime
from schemas.fields import (
    EVENT_CONFIG,
    Answer,
    Group,
    Identifier,
    Language,
    ModelId,
    Provenance,
    Query,
    Sha256,
    UserHash,
    Version,
)

NegativeClass = Literal["correction", "preference", "answerable", "bare"]
LeftOut = Literal["complaint", "equals_response", "says_nothing", "other_language", "too_long", "special_tokens", "needs_context"]


class SampleCollected(BaseModel):
    """One sample of a model: a user's feedback, or a document.

    `sample_id` is the hash of `schemas.identity`: of an id the last revision wins, by (revision, retracted, time, `content`), and a
    retracted one drops out. `content` is the hash of what was said, `former_ids` are the ids that the same words had in a release
    before. `moved` is a retraction that says only that the words are another model's now. `negative` says whether it counts towards
    the threshold; a sample with `quarantine` set never counts and never trains ("holdout": its group belongs to the holdout for ever).
    `correction_redactions` counts the marks of redaction in the correction.

    `negative_class` says what a negative is worth: it holds what was right (`correction`, `preference`), the passages in which a right
    answer could be found (`answerable`), or neither (`bare`); None in samples of a release before. `left_out` is why a correction that
    was given is not one to train on; its words are then in `comment`. `messages` and `passages` are what the model was given before the
    answer, `turn_id` names the turn that the words are from.
    """

    TOPIC: ClassVar[str] = topics.SAMPLE_COLLECTED
    model_config = EVENT_CONFIG

    sample_id: Sha256
    kind: Literal["feedback", "document"]
    revision: int = Field(ge=0)
    retracted: bool = False
    model: ModelId
    occurred_at: EventTime
    source: str
    provenance: Provenance
    group: Group
    language: Language | None = None
    negative: bool = False
    quarantine: Literal["holdout"] | None = None
    content: str | None = Field(default=None, pattern=r"^[0-9a-f]{16}$")
    former_ids: tuple[Sha256, ...] = Field(default=(), max_length=10, exclude_if=operator.not_)
    moved: bool = Field(default=False, exclude_if=operator.not_)
    correction_redactions: int = Field(default=0, ge=0, exclude_if=operator.not_)
    negative_class: NegativeClass | None = Field(default=None, exclude_if=operator.not_)
    left_out: LeftOut | None = Field(default=None, exclude_if=operator.not_)

    model_version: Version | None = None
    user_hash: UserHash | None = None
    conversation_id: Identifier | None = None
    query: Query = ""
    response: Answer = ""
    correction: Answer | None = None
    score: float | None = Field(default=None, ge=-1, le=1)
    turn_id: Identifier | None = Field(default=None, exclude_if=operator.not_)
    messages: Messages = Field(default=(), exclude_if=operator.not_)
    passages: Passages = Field(default=(), exclude_if=operator.not_)
    preferred: Preferred | None = Field(default=None, exclude_if=operator.not_)
    reasons: Reasons = Field(default=(), exclude_if=operator.not_)
    comment: Answer | None = Field(default=None, exclude_if=operator.not_)

    doc_id: Identifier | None = None
    title: str | None = None
    text: str | None = None
    uri: str | None = None
    content_sha256: Sha256 | None = None
    publisher: str | None = None

    def key(self) -> str:
        """The Kafka key: the model."""
        return self.model

    def event_id(self) -> str:
        """The same whenever the same input record is processed again."""
        return f"{self.sample_id}:{self.revision}" + (f":{self.content}" if self.content else "")
