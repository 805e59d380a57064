"""evaluation.completed and promotion.decided: the scores, and what was made of them."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, Field

from schemas import topics
from schemas.event_time import EventTime
from schemas.fields import EVENT_CONFIG, Identifier, ModelId, Reason, Sha256, Version

Verdict = Literal["promote", "reject", "inconclusive", "void", "bootstrap", "rollback", "operator"]


class PromotionDecided(BaseModel):
    """A verdict on a version, with its reasons; the immutable record lies beside the artifact under the same id.

    `rows_too_long` and `samples_too_long` are those of the job's state: what the version did not learn of its batch. `broken` is true where
    an inconclusive verdict stands for scores, items or a baseline that are missing, corrupt or another: somebody has to look.
    """

    TOPIC: ClassVar[str] = topics.PROMOTION_DECIDED
    model_config = EVENT_CONFIG

    decision_id: Identifier
    model: ModelId
    version: Version
    baseline_version: Version | None = None
    job_id: Identifier | None = None
    verdict: Verdict
    applied: bool
    reasons: tuple[Reason, ...]
    policy: dict[str, str | float | int | bool | None] = {}
    artifact_sha256: Sha256 | None = None
    items_sha256: Sha256 | None = None
    batch_sha256: Sha256 | None = None
    rows_too_long: int | None = Field(default=None, ge=0)
    samples_too_long: int | None = Field(default=None, ge=0)
    broken: bool | None = None
    actor: Identifier
    record_uri: str | None = None
    decided_at: EventTime

    def key(self) -> str:
        """The Kafka key: the model."""
        return self.model

    def event_id(self) -> str:
        """Deterministic: one decision a job, or a request."""
        return self.decision_id
