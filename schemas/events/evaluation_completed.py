"""evaluation.completed: the scores of a version."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, Field

from schemas import topics
from schemas.event_time import EventTime
from schemas.fields import EVENT_CONFIG, Identifier, ModelId, Sha256, Version


def _is_none(value: object) -> bool:
    return value is None


class Score(BaseModel):
    """One figure: a metric of one side on one set (and language, where split), with its item count.

    `low` and `high` are read and no longer written: no release ever had an interval to put there.
    """

    model_config = EVENT_CONFIG
    metric: str
    value: float
    low: float | None = Field(default=None, exclude_if=_is_none)
    high: float | None = Field(default=None, exclude_if=_is_none)
    side: Literal["baseline", "candidate"] = "candidate"
    item_set: str = "all"
    language: str | None = None
    items: int = Field(ge=0)


class EvaluationCompleted(BaseModel):
    """An evaluation ended: of a candidate for the gate, or one that a person asked for."""

    TOPIC: ClassVar[str] = topics.EVALUATION_COMPLETED
    model_config = EVENT_CONFIG

    job_id: Identifier
    model: ModelId
    version: Version
    purpose: Literal["gate", "request"]
    baseline_version: Version | None = None
    items_sha256: Sha256
    scores: tuple[Score, ...]
    report_dir: str
    completed_at: EventTime

    def key(self) -> str:
        """The Kafka key: the model."""
        return self.model

    def event_id(self) -> str:
        """One evaluation a job."""
        return f"{self.job_id}:evaluation"
