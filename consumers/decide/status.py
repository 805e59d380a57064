"""What a model's trigger looks like from outside: the JSON of `GET /state`, and the log's lines."""

from __future__ import annotations

from typing import Any

from consumers.decide.inputs import from_ms
from consumers.decide.model_drift import round_to_six
from consumers.decide.trigger import ModelTrigger
from consumers.drift.rates.detector import DetectorStatus
from schemas.catalogue import Event
from schemas.events.drift_detected import DriftDetected
from schemas.events.retrain_requested import RetrainRequested


def summary(trigger: ModelTrigger) -> dict[str, Any]:
    """The standing of one model in plain values; times are ISO 8601 in UTC."""
    model_state, command = trigger.model_state, trigger.command()
    cooling = model_state.now_ms is not None and model_state.cool_down_until_ms > model_state.now_ms
    return {
        "pending_negatives": trigger.buffer.pending_negatives,
        "counted_negatives": trigger.buffer.counted_negatives,
        "trainable_negatives": trigger.buffer.trainable_negatives,
        "min_trainable": trigger.policy.min_trainable,
        "tried_negatives": trigger.buffer.tried_negatives,
        "distinct_users": trigger.buffer.distinct_users,
        "trainable_users": trigger.buffer.trainable_users,
        "min_users": trigger.policy.min_users,
        "pending_documents": trigger.buffer.pending_documents,
        "parked": trigger.buffer.parked,
        "praised": trigger.buffer.praised,
        "threshold": trigger.policy.threshold,
        "quarantined": trigger.buffer.quarantined,
        "paused": model_state.paused,
        "running": command.command_id if command else None,
        "attempt": command.attempt if command else None,
        "batch": command.batch.number if command else None,
        "waiting_requests": [request.job_id for request in trigger.requests.waiting],
        "cool_down_until": _iso(model_state.cool_down_until_ms) if cooling else None,
        "next_schedule_at": _iso(trigger.next_schedule_ms()),
        "serving_version": model_state.serving_version,
        "drift": [_detector_status(one) for one in trigger.drift.statuses()],
        "drift_baseline": _baseline(trigger),
        "blocked_because": trigger.blocked_because(),
        "last_tick": _iso(model_state.now_ms),
    }


def _detector_status(one: DetectorStatus) -> dict[str, Any]:
    return {
        "signal": one.signal,
        "detector": one.detector,
        "language": one.language,
        "statistic": round_to_six(one.statistic),
        "threshold": round_to_six(one.threshold),
        "alarm": one.alarm,
        "since": _iso(one.since_ms),
        "learning": None if one.learning is None else {"events": one.learning[0], "of": one.learning[1]},
    }


def _baseline(trigger: ModelTrigger) -> dict[str, Any]:
    """What documents are held against, or why they are not watched."""
    found = trigger.drift.documents.baseline
    if found is None:
        return {"sha256": None, "documents": None, "because": trigger.drift.documents.unwatched_because()}
    return {"sha256": found[0], "documents": found[1].documents, "because": None}


def _iso(moment_ms: int | None) -> str | None:
    return None if moment_ms is None else from_ms(moment_ms).isoformat()


def log_line(event: Event) -> tuple[str, dict[str, Any]] | None:
    """What the log says of what stage 2 publishes: the line and the fields beside it."""
    if isinstance(event, RetrainRequested):
        return "command published", {
            "job_id": event.command_id,
            "attempt": event.attempt,
            "model": event.model,
            "rules": list(event.rules),
            "batch": event.batch.number,
            "samples": len(event.batch.samples),
            "documents": len(event.batch.documents),
        }
    if isinstance(event, DriftDetected):
        return "drift detected", {"drift_id": event.drift_id, "model": event.model}
    return None
