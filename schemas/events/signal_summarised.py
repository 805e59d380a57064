"""signal.summarised: mergeable integer counts of one input partition and event-day."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import BaseModel, Field

from schemas import topics
from schemas.fields import EVENT_CONFIG, ModelId, Sha256


class SignalSummarised(BaseModel):
    """Counts so far of (model, input, partition, event-day): a later summary of the same four replaces this one.

    Cumulative integers make merging order-free: the sum over partitions of the newest summaries is the same for
    any batching or interleaving. `sequence` grows with every change, so newer means larger.

    `sketch` is that of the day's documents by the drift baseline whose arrays have the sha256 `baseline`: zigzag varints in base64.
    Both are absent for feedback, and for a model without a drift baseline.
    """

    TOPIC: ClassVar[str] = topics.SIGNAL_SUMMARISED
    model_config = EVENT_CONFIG

    model: ModelId
    input: Literal["feedback", "document"]
    partition: int = Field(ge=0)
    event_day: date
    sequence: int = Field(ge=0)
    counts: dict[str, int]
    baseline: Sha256 | None = None
    sketch: str | None = Field(default=None, pattern=r"^[A-Za-z0-9+/]*={0,2}$")

    def key(self) -> str:
        """The Kafka key: the model."""
        return self.model

    def event_id(self) -> str:
        """The summary of this day up to this input offset."""
        return f"{self.model}:{self.input}:{self.partition}:{self.event_day.isoformat()}:{self.sequence}"
