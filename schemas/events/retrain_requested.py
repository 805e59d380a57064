"""What stage 2 decides: drift.detected, retrain.requested, rollback.requested."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, Field

from schemas import topics
from schemas.event_time import EventTime
from schemas.fields import EVENT_CONFIG, Hyperparameters, Identifier, ModelId, Rule, SampleRef, Sha256, Version


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
    requested_at: EventTime
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
