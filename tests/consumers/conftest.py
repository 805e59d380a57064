"""Builders of the records that the consumers' tests feed, wire form included."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from consumers.core.adwin import adwin_policy
from consumers.core.intake import IntakePolicy
from consumers.core.records import InputRecord
from consumers.core.trigger_state import TriggerPolicy
from producers.redact import redact
from schemas import envelope, topics
from schemas.catalogue import Event
from schemas.clock import ClockTicked
from schemas.decision import LeasedBatch, RetrainRequested
from schemas.document import DocumentIngested
from schemas.feedback import FeedbackSubmitted
from schemas.fields import Provenance
from schemas.model import ModelCurrent
from schemas.operator_request import OperatorRequested
from schemas.rating import Rating, normalise
from schemas.sample import SampleCollected
from schemas.signal_summary import SignalSummarised
from schemas.training import TrainingState

START = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
MODEL = "tiny-llama"


class Build:
    """Events with sensible fields, and records of them; every method takes what a test wants to differ."""

    start = START
    model = MODEL

    def record(self, event: Event, *, partition: int = 0, offset: int = 0, source: str = "chat", time: datetime = START) -> InputRecord:
        wire = envelope.encode(event, source=source, time=time)
        return InputRecord(event.TOPIC, partition, offset, wire.key, wire.value, wire.headers, round(time.timestamp() * 1000))

    def feedback(self, name: str = "f1", *, stars: float | None = 1, **fields: Any) -> FeedbackSubmitted:
        rating = None if stars is None else Rating(scale="stars_1_5", value=float(stars), score=normalise("stars_1_5", stars))
        said: dict[str, Any] = {"feedback_id": name, "query": f"ताजमहल कहाँ है? {name}", "response": "पता नहीं", "rating": rating}
        return FeedbackSubmitted(**(said | fields))

    def document(self, name: str = "d1", text: str = "ताजमहल आगरा में है।", **fields: Any) -> DocumentIngested:
        return DocumentIngested(doc_id=name, text=text, sha256=hashlib.sha256(text.encode()).hexdigest(), **fields)

    def sample(self, name: str, *, negative: bool = True, document: bool = False, **fields: Any) -> SampleCollected:
        given: dict[str, Any] = {
            "sample_id": hashlib.sha256(name.encode()).hexdigest(),
            "kind": "document" if document else "feedback",
            "revision": 0,
            "model": MODEL,
            "occurred_at": START,
            "source": "chat",
            "provenance": Provenance(topic=topics.FEEDBACK_SUBMITTED, partition=0, offset=0),
            "group": name,
            "negative": negative and not document,
        }
        return SampleCollected(**(given | fields))

    def summary(
        self, day_shift: int = 0, *, sequence: int = 1, kind: str = "feedback", partition: int = 0, **counts: int
    ) -> SignalSummarised:
        day = (START + timedelta(days=day_shift)).date()
        return SignalSummarised(
            model=MODEL,
            input="feedback" if kind == "feedback" else "document",
            partition=partition,
            event_day=day,
            sequence=sequence,
            counts=counts,
        )

    def serving(self, version: str = "v0", cause: str = "bootstrap", **fields: Any) -> ModelCurrent:
        given: dict[str, Any] = {
            "model": MODEL,
            "version": version,
            "artifact_uri": "base/tiny-llama",
            "artifact_sha256": "0" * 64,
            "cause": cause,
            "decision_id": f"decision-{version}",
            "base_model": "abhyas/tiny-llama",
            "holdout_key_id": "0" * 8,
            "holdout_percent": 10,
            "since": START,
        }
        return ModelCurrent(**(given | fields))

    def tick(self, seconds: float = 0) -> ClockTicked:
        return ClockTicked(now=START + timedelta(seconds=seconds), interval_s=10)

    def request(self, action: str, request_id: str = "r1", **fields: Any) -> OperatorRequested:
        given: dict[str, Any] = {"request_id": request_id, "action": action, "model": MODEL, "actor": "asha"}
        return OperatorRequested(**(given | fields))

    def job(self, job_id: str, *, attempt: int = 1, outcome: str | None = "promoted", **fields: Any) -> TrainingState:
        batch = LeasedBatch(number=1, sha256="0" * 64)
        command = RetrainRequested(
            command_id=job_id, attempt=attempt, model=MODEL, serving_version="v0", requested_at=START, rules=("count",), batch=batch
        )
        given: dict[str, Any] = {
            "job_id": job_id,
            "model": MODEL,
            "attempt": attempt,
            "version": "v1",
            "phase": "ended" if outcome else "training",
            "outcome": outcome,
            "command": command,
            "accepted_at": START,
            "updated_at": START,
        }
        return TrainingState(**(given | fields))

    def intake_policy(self, **fields: Any) -> IntakePolicy:
        given: dict[str, Any] = {"default_model": MODEL, "holdout_key": b"a key", "holdout_percent": 0, "redact": redact}
        return IntakePolicy(**(given | fields))

    def trigger_policy(self, **fields: Any) -> TriggerPolicy:
        drift = adwin_policy(delta=0.002, min_bucket_events=20, window_days=30)
        return TriggerPolicy(**({"drift": drift, "threshold": 3} | fields))


@pytest.fixture(scope="session")
def build() -> Build:
    """The builders; they hold nothing, so one serves the whole session."""
    return Build()
