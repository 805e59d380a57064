"""clock.ticked: the only source of time for decisions."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, Field

from schemas import topics
from schemas.event_time import EventTime
from schemas.fields import EVENT_CONFIG


class ClockTicked(BaseModel):
    """The time now, and how far apart ticks are; written by one ticker, never going backwards."""

    TOPIC: ClassVar[str] = topics.CLOCK_TICKED
    model_config = EVENT_CONFIG

    now: EventTime
    interval_s: float = Field(gt=0)

    def key(self) -> None:
        """No key: the topic has one partition."""
        return

    def event_id(self) -> str:
        """The tick's own time."""
        return self.now.isoformat()
