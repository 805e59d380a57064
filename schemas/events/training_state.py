"""training.state: where a job stands, compacted by job."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import BaseModel, Field, model_validator

from schemas import topics
from schemas.event_time import EventTime
from schemas.events.retrain_requested import RetrainRequested
from schemas.fields import EVENT_CONFIG, Identifier, ModelId, Reason, Version

Phase = Literal["accepted", "preparing", "training", "merging", "evaluating", "deciding", "ended"]
Outcome = Literal["promoted", "rejected", "inconclusive", "void", "no_data", "failed", "cancelled"]


class Lease(BaseModel):
    """Who runs the job: the owner's name, its fencing token (each new owner has a larger one), and until when."""

    model_config = EVENT_CONFIG
    owner: str
    token: int = Field(ge=1)
    expires_at: EventTime


class TrainingState(BaseModel):
    """The newest state of a job. `outcome` is set exactly when the phase is `ended`.

    The command is in the acceptance, in a lease that is given back and in the end. Progress carries none: whoever needs it keeps the one
    that was read before, or takes that of `retrain.requested` with this job's id, where compaction left nothing but progress.
    `outcome="failed"` with `retryable` is an infrastructure failure of this attempt: stage 2 may ask for the next one.
    `tainted_samples` counts the samples that its version was trained on and that were retracted or erased since; an ended
    job's state is published again when that number grows, and changes in nothing else.
    `notice` is what a person should look at while the job runs, such as a child that says nothing; it goes when it is over.
    `rows_too_long` counts the training rows that were longer than `max_seq_length` and taught nothing, `samples_too_long` the samples of
    which all rows were: they are not among the trained ones. Both are absent where nothing was left out, or nobody looked yet.
    `baseline_version` is the version that the job's own was trained from and compared with; absent before the decision.
    """

    TOPIC: ClassVar[str] = topics.TRAINING_STATE
    model_config = EVENT_CONFIG

    job_id: Identifier
    model: ModelId
    attempt: int = Field(ge=1)
    version: Version
    phase: Phase
    outcome: Outcome | None = None
    retryable: bool = False
    command: RetrainRequested | None = None
    lease: Lease | None = None
    step: int = Field(default=0, ge=0)
    total_steps: int | None = Field(default=None, ge=0)
    loss: float | None = None
    tokens_per_s: float | None = None
    memory_bytes: int | None = None
    eta_s: float | None = None
    error: Reason | None = None
    notice: Reason | None = None
    hyperparameters: dict[str, float | int] = {}
    hyperparameter_sources: dict[str, str] = {}
    tainted_samples: int | None = Field(default=None, ge=0)
    rows_too_long: int | None = Field(default=None, ge=0)
    samples_too_long: int | None = Field(default=None, ge=0)
    baseline_version: Version | None = None
    accepted_at: EventTime
    updated_at: EventTime

    @model_validator(mode="after")
    def _outcome_at_the_end(self) -> Self:
        if (self.phase == "ended") != (self.outcome is not None):
            raise ValueError(f"outcome {self.outcome!r} with phase {self.phase!r}: expected an outcome exactly when the phase is 'ended'")
        return self

    def accepted_command(self) -> RetrainRequested:
        """The command of a job whose command is known; raises ValueError for a record of progress that nobody completed."""
        if self.command is None:
            raise ValueError(f"{self.job_id}: this record carries no command: expected one that the ledger completed")
        return self.command

    def key(self) -> str:
        """The Kafka key: the job."""
        return self.job_id

    def event_id(self) -> str:
        """The job's state at this time; an ended one that became tainted since is another event."""
        tainted = f":tainted-{self.tainted_samples}" if self.tainted_samples else ""
        return f"{self.job_id}:{self.attempt}:{self.phase}:{self.updated_at.isoformat()}{tainted}"
