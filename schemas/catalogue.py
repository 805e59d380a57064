"""Every event of the contract, by topic."""

from __future__ import annotations

from typing import ClassVar, Final, Protocol, TypeVar

from pydantic import BaseModel

from schemas.events.clock_ticked import ClockTicked
from schemas.events.document_ingested import DocumentIngested
from schemas.events.drift_detected import DriftDetected
from schemas.events.evaluation_completed import EvaluationCompleted
from schemas.events.feedback_submitted import FeedbackSubmitted
from schemas.events.model_current import ModelCurrent
from schemas.events.operator_requested import OperatorRequested
from schemas.events.promotion_decided import PromotionDecided
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.rollback_requested import RollbackRequested
from schemas.events.sample_collected import SampleCollected
from schemas.events.signal_summarised import SignalSummarised
from schemas.events.training_state import TrainingState
from schemas.events.trigger_journal import TriggerJournal
from schemas.events.turn_completed import TurnCompleted
from schemas.events.user_erased import UserErased


class Event(Protocol):
    """What every event offers: its topic, its Kafka key (None: any partition) and its deterministic id."""

    TOPIC: ClassVar[str]

    def key(self) -> str | None: ...
    def event_id(self) -> str: ...
    def model_dump_json(self, *, exclude_none: bool = False) -> str: ...


EventT = TypeVar("EventT", bound=BaseModel)

EVENTS: Final[tuple[type[BaseModel], ...]] = (
    FeedbackSubmitted,
    TurnCompleted,
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
