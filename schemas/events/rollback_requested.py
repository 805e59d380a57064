"""rollback.requested: stage 2 asks for the version before."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel

from schemas import topics
from schemas.event_time import EventTime
from schemas.fields import EVENT_CONFIG, Identifier, ModelId, Reason, Version


class RollbackRequested(BaseModel):
    """The serving version does worse with users than the one before: go back."""

    TOPIC: ClassVar[str] = topics.ROLLBACK_REQUESTED
    model_config = EVENT_CONFIG

    rollback_id: Identifier
    model: ModelId
    version: Version
    to_version: Version
    requested_at: EventTime
    reason: Reason
    evidence: dict[str, str | int | float] = {}

    def key(self) -> str:
        """The Kafka key: the model."""
        return self.model

    def event_id(self) -> str:
        """Deterministic: one rollback of a version."""
        return self.rollback_id
