"""trigger.journal: what stage 2 saw, in the order it saw it, so that its decisions can be made again."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, Field

from schemas import topics
from schemas.fields import EVENT_CONFIG, ModelId


class JournalEntry(BaseModel):
    """One input of the trigger: where it lay, its kind, and the fields that the decision used; never user text."""

    model_config = EVENT_CONFIG
    kind: str
    topic: str
    partition: int = Field(ge=0)
    offset: int = Field(ge=0)
    fields: dict[str, str | int | float | bool | None]


class TriggerJournal(BaseModel):
    """A run of inputs of one model, numbered without gaps."""

    TOPIC: ClassVar[str] = topics.TRIGGER_JOURNAL
    model_config = EVENT_CONFIG

    model: ModelId
    first_sequence: int = Field(ge=0)
    entries: tuple[JournalEntry, ...] = Field(min_length=1)

    def key(self) -> str:
        """The Kafka key: the model."""
        return self.model

    def event_id(self) -> str:
        """The model and the number of its first entry."""
        return f"{self.model}:{self.first_sequence}"
