"""What stage 2 decides: drift.detected, retrain.requested, rollback.requested."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, Field

from schemas import topics
from schemas.event_time import EventTime
from schemas.fields import EVENT_CONFIG, Hyperparameters, Identifier, ModelId, Reason, Rule, SampleRef, Sha256, Version


class DriftEvidence(BaseModel):
    """One detector's view: its statistic against its threshold, and the effect in the signal's own units.

    `window_events` documents or ratings since `since` show it (the change lies there or before); `language` where it is of one language's
    alone. `fired`: confirmed by events after the alarm; a second opinion never fires by itself.
    """

    model_config = EVENT_CONFIG
    signal: str
    detector: str
    statistic: float
    threshold: float
    effect: float
    language: str | None = None
    fired: bool = False
    window_events: int | None = Field(default=None, ge=1)
    since: EventTime | None = None


class DriftTerm(BaseModel):
    """A term that rose or fell: the shares of documents that have it in the baseline and in the newest documents.

    `kind` says whose rise it is: the word's own, that of its family of `spellings`, or that of all unseen words of its shape.
    """

    model_config = EVENT_CONFIG
    term: str
    kind: Literal["word", "family", "shape"]
    before: float = Field(ge=0, le=1)
    after: float = Field(ge=0, le=1)
    z: float
    spellings: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()


class DriftShare(BaseModel):
    """The share of documents of a cluster or a language, in the baseline and in the window."""

    model_config = EVENT_CONFIG
    name: str
    before: float = Field(ge=0, le=1)
    after: float = Field(ge=0, le=1)


class DriftHistogram(BaseModel):
    """The shares of documents in the bins of a feature; `edges` are the upper edges of all bins but the last."""

    model_config = EVENT_CONFIG
    feature: str
    edges: tuple[float, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]


class DriftDetected(BaseModel):
    """A confirmed drift of one model's signals, with what shows it.

    For drift of documents the rest explains it: terms in the `term_documents` newest documents against the baseline `baseline`, and shares
    and histograms of the window that fired.
    """

    TOPIC: ClassVar[str] = topics.DRIFT_DETECTED
    model_config = EVENT_CONFIG

    drift_id: Identifier
    model: ModelId
    detected_at: EventTime
    evidence: tuple[DriftEvidence, ...] = Field(min_length=1)
    baseline: Sha256 | None = None
    term_documents: int | None = Field(default=None, ge=0)
    rose: tuple[DriftTerm, ...] = ()
    fell: tuple[DriftTerm, ...] = ()
    clusters: tuple[DriftShare, ...] = ()
    languages: tuple[DriftShare, ...] = ()
    histograms: tuple[DriftHistogram, ...] = ()

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
