"""feedback.submitted: what a user said of an answer."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import BaseModel, Field, model_validator

from schemas import topics
from schemas.fields import EVENT_CONFIG, Answer, Group, Identifier, Language, Query, Tag, UserHash, Version
from schemas.model_name import NamedModel
from schemas.rating import Rating


class FeedbackSubmitted(BaseModel):
    """A rating, a correction or both, of one answer; a later revision replaces it, a retraction takes it back.

    The event time is the envelope's `ce_time`. `source_group` names what the answer was about (a document, an
    article, a monument): the holdout is assigned by it, and by the normalised query where it is absent.
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

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.retracted:
            return self
        if not self.query.strip():
            raise ValueError("query is empty: expected the user's question")
        if self.rating is None and not (self.correction or "").strip():
            raise ValueError("rating and correction are both absent: expected at least one of them, or retracted=true")
        return self

    def key(self) -> str:
        """The Kafka key: the user hash, else the feedback id."""
        return self.user_hash or self.feedback_id

    def event_id(self) -> str:
        """The same for every retry of this revision, so that a retry is a duplicate and not a second event."""
        return f"{self.feedback_id}:{self.revision}"
