"""Every event of the contract, by topic."""

from __future__ import annotations

from typing import ClassVar, Final, Protocol, TypeVar

from pydantic import BaseModel

from schemas.clock import ClockTicked
from schemas.decision import DriftDetected, RetrainRequested, RollbackRequested
from schemas.document import DocumentIngested
from schemas.erasure import UserErased
from schemas.evaluation import EvaluationCompleted, PromotionDecided
from schemas.feedback import FeedbackSubmitted
from schemas.journal import TriggerJournal
from schemas.model import ModelCurrent
from schemas.operator_request import OperatorRequested
from schemas.sample import SampleCollected
from schemas.signal_summary import SignalSummarised
from schemas.training import TrainingState


class Event(Protocol):
    """What every event offers: its topic, its Kafka key (None: any partition) and its deterministic id."""

    TOPIC: ClassVar[str]

    def key(self) -> str | None: ...
    def event_id(self) -> str: ...
    def model_dump_json(self, *, exclude_none: bool = False) -> str: ...


EventT = TypeVar("EventT", bound=BaseModel)

EVENTS: Final[tuple[type[BaseModel], ...]] = (
    FeedbackSubmitted,
    DocumentIngested,
    OperatorRequested,
    UserErased,
    ClockTicked,
    SampleCollected,
    SignalSummarised,
    DriftDetected,
    RetrainRequested,
    RollbackRequested,
    TrainingState,
    EvaluationCompleted,
    PromotionDecided,
    TriggerJournal,
    ModelCurrent,
)

BY_TOPIC: Final[dict[str, type[BaseModel]]] = {getattr(event, "TOPIC"): event for event in EVENTS}  # noqa: B009
