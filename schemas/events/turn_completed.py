"""turn.completed: an answered turn, as the model saw it."""

from __future__ import annotations

import operator
from typing import ClassVar, Self

from pydantic import BaseModel, Field, model_validator

from schemas import topics
from schemas.conversation import Messages, Passages, last_user_turn
from schemas.fields import EVENT_CONFIG, Answer, Group, Identifier, Language, Query, Tag, UserHash, Version
from schemas.model_name import NamedModel


class TurnCompleted(BaseModel):
    """One answer with everything that the model was given for it; feedback that carries only its `turn_id` gets its words from here.

    The event time is the envelope's `ce_time`. A turn is said once: the same id again with other words is a conflict. `query` is the last
    user turn of `messages` where it is absent. `latency_ms` and the tokens are what the serving side measured.
    """

    TOPIC: ClassVar[str] = topics.TURN_COMPLETED
    model_config = EVENT_CONFIG

    turn_id: Identifier
    model: NamedModel | None = None
    model_version: Version | None = None
    user_hash: UserHash | None = None
    conversation_id: Identifier | None = None
    language: Language | None = None
    messages: Messages = Field(default=(), exclude_if=operator.not_)
    query: Query = Field(default="", exclude_if=operator.not_)
    passages: Passages = Field(default=(), exclude_if=operator.not_)
    response: Answer
    source_group: Group | None = None
    latency_ms: float | None = Field(default=None, ge=0, le=86_400_000, allow_inf_nan=False)
    prompt_tokens: int | None = Field(default=None, ge=0, le=100_000_000)
    completion_tokens: int | None = Field(default=None, ge=0, le=100_000_000)
    tags: tuple[Tag, ...] = Field(default=(), max_length=20, exclude_if=operator.not_)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.user_hash is None and self.conversation_id is None:
            raise ValueError("user_hash and conversation_id are both absent: expected at least one of them, a turn is found by it")
        if not (self.query.strip() or last_user_turn(self.messages).strip()):
            raise ValueError("query is empty, and messages hold no turn of the user: expected the user's question")
        return self

    def key(self) -> str:
        """The Kafka key: the user hash, else the conversation id."""
        return self.user_hash or self.conversation_id or ""

    def event_id(self) -> str:
        """The same for every retry."""
        return self.turn_id
