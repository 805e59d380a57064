"""drift.detected: what a drift is made of, and what shows it."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, Field

from schemas import topics
from schemas.event_time import EventTime
from schemas.fields import EVENT_CONFIG, Identifier, ModelId, Sha256


class DriftEvidence(BaseModel):
    """One detector's view: its statistic against its threshold, and the effect in the signal's own units.

    `window_events` documents or ratings since `since` show it (the change lies there or before); `language` where it is of one language's
    alone. `fired`: confirmed by events after the alarm; a shadow detector never fires by itself.
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
