"""What a model's trigger looks like from outside: the JSON of `GET /state`."""

from __future__ import annotations

from typing import Any

from consumers.core.inputs import from_ms
from consumers.core.trigger import ModelTrigger


def summary(trigger: ModelTrigger) -> dict[str, Any]:
    """The standing of one model in plain values; times are ISO 8601 in UTC."""
    clock, command = trigger.clock, trigger.command()
    cooling = clock.now_ms is not None and clock.cool_down_until_ms > clock.now_ms
    return {
        "pending_negatives": trigger.buffer.pending_negatives,
        "counted_negatives": trigger.buffer.counted_negatives,
        "distinct_users": trigger.buffer.distinct_users,
        "min_users": trigger.policy.min_users,
        "pending_documents": trigger.buffer.pending_documents,
        "parked": trigger.buffer.parked,
        "threshold": trigger.policy.threshold,
        "quarantined": trigger.buffer.quarantined,
        "paused": clock.paused,
        "running": command.command_id if command else None,
        "attempt": command.attempt if command else None,
        "batch": command.batch.number if command else None,
        "waiting_requests": [request.job_id for request in trigger.requests.waiting],
        "cool_down_until": _iso(clock.cool_down_until_ms) if cooling else None,
        "next_schedule_at": _iso(trigger.next_schedule_ms()),
        "serving_version": clock.serving_version,
        "drift": [
            {"signal": item.signal, "detector": item.detector, "statistic": item.statistic, "threshold": item.threshold, "alarm": alarm}
            for item, alarm in trigger.drift.evidence()
        ],
        "blocked_because": trigger.blocked_because(),
        "last_tick": _iso(clock.now_ms),
    }


def _iso(moment_ms: int | None) -> str | None:
    return None if moment_ms is None else from_ms(moment_ms).isoformat()
