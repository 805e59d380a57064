"""The life of a training job as a pure state machine over `TrainingState`; `now` is an argument.

accepted → preparing → training → merging → evaluating → deciding → ended. A runner that takes a job up again goes on
from its phase under a larger fencing token; nothing leaves `ended` but the next attempt of the same command.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from gpu_runner.errors import JobRefused
from gpu_runner.hyperparameters import ResolvedHyperparameters
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.training_state import Lease, Outcome, Phase, TrainingState

_NOTHING_LEFT_OUT: Final[dict[str, object]] = {"rows_too_long": None, "samples_too_long": None}
# What the child calls a phase, and what the job's state calls it.
CHILD_PHASES: Final[dict[str, Phase]] = {"loading": "training", "training": "training", "merging": "merging", "evaluating": "evaluating"}


def accept(
    command: RetrainRequested, before: TrainingState | None, *, version: str, hyperparameters: ResolvedHyperparameters, now: datetime
) -> TrainingState:
    """The accepted record; a later attempt keeps version and hyperparameters, so that it goes on in the same folder and checkpoints."""
    if before is not None and command.attempt <= before.attempt:
        raise ValueError(f"{command.command_id} attempt {command.attempt} is not later than attempt {before.attempt}, which is known")
    return TrainingState(
        job_id=command.command_id,
        model=command.model,
        attempt=command.attempt,
        version=before.version if before else version,
        phase="accepted",
        command=command,
        lease=before.lease if before else None,
        hyperparameters=before.hyperparameters if before else hyperparameters.values,
        hyperparameter_sources=before.hyperparameter_sources if before else dict(hyperparameters.sources),
        accepted_at=now,
        updated_at=now,
    )


def free_at(state: TrainingState, owner: str) -> datetime | None:
    """When another's lease runs out; None where `owner` may take the job now.

    The same owner's name is this machine's last runner, which the lock on `DATA_DIR` shows to be gone.
    """
    if state.lease is None or state.lease.owner == owner:
        return None
    return state.lease.expires_at


def take(state: TrainingState, owner: str, *, now: datetime, lease_s: float) -> TrainingState:
    """The job leased to `owner` under a fencing token larger than any before.

    Raises JobRefused for a job whose command is in no topic any more.
    """
    _not_ended(state)
    if state.command is None:
        raise JobRefused(f"the command of {state.job_id} is in no topic any more (training.state, retrain.requested): ask for a new run")
    free = free_at(state, owner)
    if free is not None and free > now:
        raise ValueError(f"{state.job_id} is leased to {state.lease.owner if state.lease else '?'} until {free.isoformat()}")
    token = (state.lease.token if state.lease else 0) + 1
    phase: Phase = "preparing" if state.phase == "accepted" else state.phase
    lease = Lease(owner=owner, token=token, expires_at=now + timedelta(seconds=lease_s))
    return state.model_copy(update={"lease": lease, "phase": phase, "updated_at": now})


def renew(state: TrainingState, *, now: datetime, lease_s: float) -> TrainingState:
    """The same state under the same token, leased for longer."""
    lease = _lease(state)
    return state.model_copy(update={"lease": lease.model_copy(update={"expires_at": now + timedelta(seconds=lease_s)}), "updated_at": now})


def release(state: TrainingState, *, now: datetime) -> TrainingState:
    """The lease given back at once, its token kept: another runner need not wait."""
    lease = _lease(state)
    return state.model_copy(update={"lease": lease.model_copy(update={"expires_at": now}), "updated_at": now})


def move(state: TrainingState, phase: Phase, *, now: datetime) -> TrainingState:
    """The job in another phase, before its end, without a notice; one that is prepared anew begins anew, and untainted."""
    _not_ended(state)
    anew = {"step": 0, "total_steps": None, "tainted_samples": None, **_NOTHING_LEFT_OUT} if phase == "preparing" else {}
    return state.model_copy(update=anew | {"phase": phase, "notice": None, "updated_at": now})


def notice(state: TrainingState, told: str | None, *, now: datetime) -> TrainingState:
    """The state with what a person should look at, or without it once that is over."""
    _not_ended(state)
    return state.model_copy(update={"notice": told[:2000] if told else None, "updated_at": now})


def taint(state: TrainingState, samples: int) -> TrainingState:
    """The state of a job whose version was trained on so many samples that were taken back since."""
    return state.model_copy(update={"tainted_samples": samples or None})


def left_out(state: TrainingState, *, rows: int | None, samples: int | None) -> TrainingState:
    """The state of a job of which so many rows, and samples with all their rows, were too long to train on."""
    return state.model_copy(update={"rows_too_long": rows, "samples_too_long": samples})


def progress(state: TrainingState, report: dict[str, object], *, now: datetime) -> TrainingState:
    """The state after a progress line of the child; figures that the line lacks stay as they were in the same phase."""
    _not_ended(state)
    phase = CHILD_PHASES.get(str(report.get("phase")), state.phase)
    update: dict[str, object] = {"phase": phase, "updated_at": now}
    if phase != state.phase:
        update |= {"step": 0, "total_steps": None, "eta_s": None}
    step, total = report.get("step"), report.get("total")
    if isinstance(step, int):
        update["step"] = max(step, 0)
    if isinstance(total, int):
        update["total_steps"] = total if total > 0 else None
    for name in ("loss", "tokens_per_s", "eta_s"):
        value = report.get(name)
        if isinstance(value, int | float):
            update[name] = float(value)
    for name in ("memory_bytes", *_NOTHING_LEFT_OUT):
        count = report.get(name)
        if isinstance(count, int):
            update[name] = count
    return state.model_copy(update=update)


def end(state: TrainingState, outcome: Outcome, *, now: datetime, error: str | None = None, retryable: bool = False) -> TrainingState:
    """The terminal state of this attempt; the lease is given back, its token kept for the next one."""
    _not_ended(state)
    lease = state.lease.model_copy(update={"expires_at": now}) if state.lease else None
    return state.model_copy(
        update={
            "phase": "ended",
            "outcome": outcome,
            "retryable": retryable,
            "error": error[:2000] if error else None,
            "lease": lease,
            "eta_s": None,
            "notice": None,
            "updated_at": now,
        }
    )


def _lease(state: TrainingState) -> Lease:
    _not_ended(state)
    if state.lease is None:
        raise ValueError(f"{state.job_id} has no lease to renew")
    return state.lease


def _not_ended(state: TrainingState) -> None:
    if state.phase == "ended":
        raise ValueError(f"{state.job_id} attempt {state.attempt} has ended ({state.outcome}): only a later attempt can follow")
