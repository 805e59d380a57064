"""What `GET /finetune/status` says of a job id: a run's own, or one of a person's request that waits or was merged into a run. Pure."""

from __future__ import annotations

from typing import Any

from gpu_runner.api.reports import report_links
from gpu_runner.event_log.read_model import ReadModel
from gpu_runner.versions.promotion import decision_id
from schemas.events.operator_requested import OperatorRequested
from schemas.events.training_state import TrainingState


def finetune_status(read_model: ReadModel, job_id: str) -> dict[str, Any] | None:
    """The status object, or None for an id that nobody has seen.

    `status` is `pending` (stage 2 has not fired yet), `requested` (it has), a phase, or an outcome.
    """
    run_id = read_model.run_of(job_id)
    if run_id is not None and run_id in read_model.jobs:
        return _of_run(read_model, job_id, read_model.jobs[run_id])
    if run_id is not None:
        command = read_model.commands[run_id]
        return _empty(job_id, command.model, "requested", run_id) | {"requests": list(command.requests), "attempt": command.attempt}
    start = read_model.starts.get(job_id)
    if start is not None:
        return _of_start(read_model, job_id, start)
    return None


def _of_start(read_model: ReadModel, job_id: str, start: OperatorRequested) -> dict[str, Any]:
    cancel = read_model.cancels.get(job_id)
    if cancel is None:
        return _empty(job_id, start.model, "pending", None)
    return _empty(job_id, start.model, "cancelled", None) | {"error": f"cancelled by {cancel.actor} before it started"}


def _of_run(read_model: ReadModel, job_id: str, state: TrainingState) -> dict[str, Any]:
    command = state.command
    decision = read_model.decisions.get(decision_id(state.job_id))
    percent = round(100 * state.step / state.total_steps, 1) if state.total_steps else None
    return _empty(job_id, state.model, state.outcome or state.phase, state.job_id) | {
        "version": state.version,
        "attempt": state.attempt,
        "progress": {
            "phase": state.phase,
            "step": state.step,
            "total_steps": state.total_steps,
            "percent": percent,
            "loss": state.loss,
            "tokens_per_s": state.tokens_per_s,
            "memory_bytes": state.memory_bytes,
            "eta_s": state.eta_s,
        },
        "hyperparameters": {
            name: {"value": value, "source": state.hyperparameter_sources.get(name, "default")}
            for name, value in state.hyperparameters.items()
        },
        "rules": list(command.rules) if command else [],
        "requests": list(command.requests) if command else [],
        "batch": command.batch.number if command else None,
        "error": state.error,
        "notice": state.notice,
        "retryable": state.retryable,
        "rows_too_long": state.rows_too_long or 0,
        "samples_too_long": state.samples_too_long or 0,
        "tainted": bool(state.tainted_samples),
        "tainted_samples": state.tainted_samples or 0,
        "decision": None
        if decision is None
        else {
            "verdict": decision.verdict,
            "applied": decision.applied,
            "reasons": list(decision.reasons),
            "version": decision.version,
            "baseline_version": decision.baseline_version,
            "record_uri": decision.record_uri,
        },
        "reports": None if decision is None else report_links(state.job_id),
        "accepted_at": state.accepted_at.isoformat(),
        "updated_at": state.updated_at.isoformat(),
    }


def _empty(job_id: str, model: str, status: str, run_id: str | None) -> dict[str, Any]:
    return {
        "job_id": job_id,
        "status": status,
        "model": model,
        "run_id": run_id,
        "version": None,
        "attempt": None,
        "progress": None,
        "hyperparameters": {},
        "requests": [],
        "error": None,
        "decision": None,
        "reports": None,
    }
