"""feedback.submitted: what a user said of an answer."""

from __future__ import annotations

import operator
from typing import ClassVar, Self

from pydantic import BaseModel, Field, model_validator

from schemas import topics
from schemas.conversation import Comment, Messages, Passages, Preferred, Reasons, last_user_turn
from schemas.fields import EVENT_CONFIG, Answer, Group, Identifier, Language, Query, Tag, UserHash, Version
from schemas.model_name import NamedModel
from schemas.rating import Rating


class FeedbackSubmitted(BaseModel):
    """A rating, a correction, a preferred answer, of one answer; a later revision replaces it, a retraction takes it back.

    The event time is the envelope's `ce_time`. `source_group` names what the answer was about (a document, an
    article, a monument): the holdout is assigned by it, and by the normalised query where it is absent. `messages` are what the model
    was given before the answer, `passages` what was retrieved for it; `query` is the last user turn of `messages` where it is absent.
    Feedback with a `turn_id` and no `response` gets all of these words from its `turn.completed`. `comment` is never trained on.
    """

    TOPIC: ClassVar[str] = topics.FEEDBACK_SUBMITTED
    model_config = EVENT_CONFIG

    feedback_id: Identifier
    revision: int = Field(default=0, ge=0, le=1_000_000)
    retracted: bool = False
    model: NamedModel | None = None
    model_version: Version | None = None
    user_hash: UserHash | None = None
    conversation_id: Identifier | None = None
    language: Language | None = None
    query: Query = ""
    response: Answer = ""
    correction: Answer | None = None
    rating: Rating | None = None
    source_group: Group | None = None
    tags: tuple[Tag, ...] = Field(default=(), max_length=20)
    messages: Messages = Field(default=(), exclude_if=operator.not_)
    passages: Passages = Field(default=(), exclude_if=operator.not_)
    turn_id: Identifier | None = None
    preferred: Preferred | None = None
    reasons: Reasons = Field(default=(), exclude_if=operator.not_)
    comment: Comment | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.turn_id is not None and self.user_hash is None and self.conversation_id is None:
            raise ValueError("turn_id needs user_hash or conversation_id beside it: expected one of them, a turn is found by it")
        if self.retracted:
            return self
        if not (self.waits_for_turn or self.query.strip() or last_user_turn(self.messages).strip()):
            raise ValueError("query is empty: expected the user's question, in query or as the last user turn of messages, or a turn_id")
        if self.rating is None and self.preferred is None and not (self.correction or "").strip():
            raise ValueError("rating and correction are both absent, and preferred too: expected at least one of them, or retracted=true")
        return self

    @property
    def waits_for_turn(self) -> bool:
        """Whether its words are those of a turn: it names one, and brings no response of its own."""
        return self.turn_id is not None and not self.retracted and not self.response.strip()

    def key(self) -> str:
        """The Kafka key: the user hash; else the conversation id where it names a turn, which is keyed so; else the feedback id."""
        return self.user_hash or (self.conversation_id if self.turn_id else None) or self.feedback_id

    def event_id(self) -> str:
        """The same for every retry of this revision, so that a retry is a duplicate and not a second event."""
        return f"{self.feedback_id}:{self.revision}"
