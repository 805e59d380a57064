"""Folds events into what the page shows. No I/O and no clock: the same events give the same board."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from pydantic import BaseModel

from schemas.events.drift_detected import DriftDetected, DriftEvidence
from schemas.events.model_current import ModelCurrent
from schemas.events.promotion_decided import PromotionDecided
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.rollback_requested import RollbackRequested
from schemas.events.training_state import TrainingState

DECISIONS_SHOWN: Final = 8
REASONS_SHOWN: Final = 6
# Detectors that are told beside the others and never fire.
SECOND_OPINIONS: Final = ("adwin", "page_hinkley")
# Enough for a curve 600 pixels wide; beyond it every second point goes.
CURVE_POINTS: Final = 400


class ModelBoard:
    """One model: what serves, its newest job with the loss curve, the job that ended last, drift, and what happened, newest first.

    The job that ended last stays while the next one runs: whether it trained at all, and why not, is what a person looks for.
    """

    def __init__(self) -> None:
        self.serving: ModelCurrent | None = None
        self.job: TrainingState | None = None
        self.ended: TrainingState | None = None
        self.decisions: dict[str, PromotionDecided] = {}  # by job id: the newest few
        self.curve: list[tuple[int, float]] = []
        self.happened: list[dict[str, Any]] = []
        self.drift: DriftDetected | None = None
        self._seen: set[str] = set()

    def fold(self, event: BaseModel) -> None:
        """Takes one event of this model; one that was seen before changes nothing."""
        match event:
            case ModelCurrent():
                if self.serving is None or event.since >= self.serving.since:
                    self.serving = event
            case TrainingState():
                self._fold_job(event)
                if event.phase == "ended" and (self.ended is None or event.updated_at >= self.ended.updated_at):
                    self.ended = event
            case PromotionDecided():
                self._decided(event)
                self._happen(event.decision_id, _decision(event))
            case RetrainRequested():
                self._happen(event.event_id(), _command(event))
            case DriftDetected():
                if self.drift is None or event.detected_at >= self.drift.detected_at:
                    self.drift = event
                self._happen(event.drift_id, _drift(event))
            case RollbackRequested():
                self._happen(event.rollback_id, _rollback(event))
            case _:
                raise TypeError(f"the board does not show {type(event).__name__}")

    def _fold_job(self, event: TrainingState) -> None:
        if self.job is not None and event.updated_at < self.job.updated_at:
            return
        if self.job is None or (event.job_id, event.attempt) != (self.job.job_id, self.job.attempt):
            self.curve = []
        self.job = event
        if event.loss is not None and event.phase == "training" and (not self.curve or event.step > self.curve[-1][0]):
            self.curve.append((event.step, event.loss))
            if len(self.curve) > CURVE_POINTS:
                self.curve = [*self.curve[::2], self.curve[-1]] if len(self.curve) % 2 == 0 else self.curve[::2]

    def _decided(self, event: PromotionDecided) -> None:
        if event.job_id is None:
            return
        self.decisions[event.job_id] = event
        for job_id in sorted(self.decisions, key=lambda name: self.decisions[name].decided_at)[:-DECISIONS_SHOWN]:
            del self.decisions[job_id]

    def _happen(self, identity: str, what: dict[str, Any]) -> None:
        if identity in self._seen:
            return
        self._seen.add(identity)
        self.happened.append(what)
        self.happened.sort(key=lambda item: str(item["at"]), reverse=True)
        del self.happened[DECISIONS_SHOWN:]

    def as_json(self) -> dict[str, Any]:
        """What the page takes."""
        serving, job = self.serving, self.job
        return {
            "serving": None
            if serving is None
            else {
                "version": serving.version,
                "sha256": serving.artifact_sha256,
                "previous": serving.previous_version,
                "cause": serving.cause,
                "since": serving.since.isoformat(),
                "base_model": serving.base_model,
            },
            "job": None
            if job is None
            else {
                "id": job.job_id,
                "version": job.version,
                "attempt": job.attempt,
                "phase": job.phase,
                "outcome": job.outcome,
                "step": job.step,
                "total_steps": job.total_steps,
                "loss": job.loss,
                "tokens_per_s": job.tokens_per_s,
                "memory_bytes": job.memory_bytes,
                "eta_s": job.eta_s,
                "error": job.error,
                "updated_at": job.updated_at.isoformat(),
                "curve": self.curve,
            },
            "last_job": None if self.ended is None else self._last_job(self.ended),
            "drift": None if self.drift is None else self.drift.model_dump(mode="json", exclude_none=True),
            "happened": self.happened,
        }

    def _last_job(self, ended: TrainingState) -> dict[str, Any]:
        """How it ended, when and why: its error, else the reasons of its decision."""
        decision = self.decisions.get(ended.job_id)
        reasons = [ended.error] if ended.error else list(decision.reasons) if decision is not None else []
        return {
            "id": ended.job_id,
            "version": ended.version,
            "attempt": ended.attempt,
            "outcome": ended.outcome,
            "retryable": ended.retryable,
            "ended_at": ended.updated_at.isoformat(),
            "reasons": reasons[:REASONS_SHOWN],
        }


class Board:
    """Every model, and the dead letters by topic and reason."""

    def __init__(self) -> None:
        self.models: dict[str, ModelBoard] = {}
        self.dead_letters: Counter[tuple[str, str]] = Counter()
        self.unreadable = 0

    def fold(self, event: BaseModel) -> None:
        """Takes one event that names its model."""
        model = str(getattr(event, "model"))  # noqa: B009
        self.models.setdefault(model, ModelBoard()).fold(event)

    def count_dead_letter(self, topic: str, reason: str) -> None:
        """Counts a dead letter of an input topic (name of the contract)."""
        self.dead_letters[topic, reason] += 1

    def as_json(self) -> dict[str, Any]:
        """What the page takes."""
        return {
            "models": {name: model.as_json() for name, model in sorted(self.models.items())},
            "dead_letters": [
                {"topic": topic, "reason": reason, "count": count} for (topic, reason), count in sorted(self.dead_letters.items())
            ],
            "unreadable": self.unreadable,
        }


def _decision(event: PromotionDecided) -> dict[str, Any]:
    return {
        "kind": "decision",
        "at": event.decided_at.isoformat(),
        "title": f"{event.verdict} {event.version}",
        "applied": event.applied,
        "verdict": event.verdict,
        "reasons": list(event.reasons),
        "by": event.actor,
    }


def _command(event: RetrainRequested) -> dict[str, Any]:
    batch = event.batch
    return {
        "kind": "command",
        "at": event.requested_at.isoformat(),
        "title": f"training asked for, batch {batch.number}" + (f", attempt {event.attempt}" if event.attempt > 1 else ""),
        "reasons": [f"due: {', '.join(event.rules)}", f"{len(batch.samples)} samples, {len(batch.documents)} documents"],
    }


def _drift(event: DriftDetected) -> dict[str, Any]:
    return {
        "kind": "drift",
        "at": event.detected_at.isoformat(),
        "title": "drift detected",
        "reasons": [_evidence(seen) for seen in event.evidence],
    }


def _evidence(seen: DriftEvidence) -> str:
    of = f"{seen.signal} in {seen.language}" if seen.language else seen.signal
    said = "second opinion" if seen.detector in SECOND_OPINIONS else "fired" if seen.fired else "alarm"
    return f"{of} ({seen.detector}): {seen.statistic:.3g} over {seen.threshold:.3g}, {said}, {seen.effect:+.3g}"


def _rollback(event: RollbackRequested) -> dict[str, Any]:
    return {
        "kind": "rollback",
        "at": event.requested_at.isoformat(),
        "title": f"rollback of {event.version} to {event.to_version} asked for",
        "reasons": [event.reason],
    }
