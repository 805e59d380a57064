"""What stage 2 decides: drift.detected, retrain.requested, rollback.requested."""

from __future__ import annotations

from typing import ClassVar

from pydantic import AwareDatetime, BaseModel, Field

from schemas import topics
from schemas.fields import EVENT_CONFIG, Hyperparameters, Identifier, ModelId, Reason, Rule, SampleRef, Sha256, Version


class DriftEvidence(BaseModel):
    """One detector's view: its statistic against its threshold, and the effect in the signal's own units."""

    model_config = EVENT_CONFIG
    signal: str
    detector: str
    statistic: float
    threshold: float
    effect: float


class DriftDetected(BaseModel):
    """A drift of one model's signals, with what shows it."""

    TOPIC: ClassVar[str] = topics.DRIFT_DETECTED
    model_config = EVENT_CONFIG

    drift_id: Identifier
    model: ModelId
    detected_at: AwareDatetime
    evidence: tuple[DriftEvidence, ...] = Field(min_length=1)

    def key(self) -> str:
        """The Kafka key: the model."""
        return self.model

    def event_id(self) -> str:
        """Deterministic: a replay detects the same drift under the same id."""
        return self.drift_id


class LeasedBatch(BaseModel):
    """The numbered batch that a command leases: references only, the text stays in `sample.collected`.

    `sha256` is over the sorted lines `<sample id>:<revision>` of samples, then documents.
    """

    model_config = EVENT_CONFIG
    number: int = Field(ge=1)
    sha256: Sha256
    samples: tuple[SampleRef, ...] = ()
    documents: tuple[SampleRef, ...] = ()


class RetrainRequested(BaseModel):
    """The one command of a batch; a retry after an infrastructure failure has the same id and the next attempt.

    `rules` says everything that was due when it fired. `requests` lists the job ids of persons' requests that this
    run answers; where there is one, the first of them is the command's own id.
    """

    TOPIC: ClassVar[str] = topics.RETRAIN_REQUESTED
    model_config = EVENT_CONFIG

    command_id: Identifier
    attempt: int = Field(default=1, ge=1, le=3)
    model: ModelId
    serving_version: Version
    requested_at: AwareDatetime
    rules: tuple[Rule, ...] = Field(min_length=1)
    evidence: dict[str, str | int | float] = {}
    batch: LeasedBatch
    requests: tuple[Identifier, ...] = ()
    base_model: str | None = None
    dataset_path: str | None = None
    hyperparameters: Hyperparameters = Hyperparameters()

    def key(self) -> str:
        """The Kafka key: the model."""
        return self.model

    def event_id(self) -> str:
        """Deterministic: command and attempt."""
        return f"{self.command_id}:{self.attempt}"


class RollbackRequested(BaseModel):
    """The serving version does worse with users than the one before: go back."""

    TOPIC: ClassVar[str] = topics.ROLLBACK_REQUESTED
    model_config = EVENT_CONFIG

    rollback_id: Identifier
    model: ModelId
    version: Version
    to_version: Version
    requested_at: AwareDatetime
    reason: Reason
    evidence: dict[str, str | int | float] = {}

    def key(self) -> str:
        """The Kafka key: the model."""
        return self.model

    def event_id(self) -> str:
        """Deterministic: one rollback of a version."""
        return self.rollback_id
