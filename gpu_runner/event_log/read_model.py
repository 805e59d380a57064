"""What the topics say, folded in log order: jobs, commands, requests, decisions, serving versions, what was taken back. Pure.

Folding a record twice changes nothing that matters, so a runner may read everything from the beginning at each start.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import BaseModel

from gpu_runner.event_log.withdrawals import Erasure, Fact, Retraction, Withdrawals
from schemas.events.evaluation_completed import EvaluationCompleted
from schemas.events.model_current import ModelCurrent
from schemas.events.operator_requested import RUNNER_ACTIONS, OperatorRequested
from schemas.events.promotion_decided import PromotionDecided
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.rollback_requested import RollbackRequested
from schemas.events.training_state import TrainingState


def as_reported(state: TrainingState) -> TrainingState:
    """What is written of a state: with the command where a job begins, is given back or ends, without it in between.

    A command of 2,000 samples is a quarter of a megabyte, and a run tells its progress every two seconds.
    """
    given_back = state.lease is not None and state.lease.expires_at <= state.updated_at
    if state.command is None or state.phase in ("accepted", "ended") or given_back:
        return state
    return state.model_copy(update={"command": None})


@dataclass
class ReadModel:
    """Everything the runner knows of the topics. Maps keep the order of first appearance."""

    jobs: dict[str, TrainingState] = field(default_factory=dict)
    current: dict[str, ModelCurrent] = field(default_factory=dict)
    decisions: dict[str, PromotionDecided] = field(default_factory=dict)
    commands: dict[str, RetrainRequested] = field(default_factory=dict)
    starts: dict[str, OperatorRequested] = field(default_factory=dict)
    requests: dict[str, OperatorRequested] = field(default_factory=dict)
    rollbacks: dict[str, RollbackRequested] = field(default_factory=dict)
    cancels: dict[str, OperatorRequested] = field(default_factory=dict)
    withdrawals: Withdrawals = field(default_factory=Withdrawals)
    _run_of: dict[str, str] = field(default_factory=dict)

    def apply(self, event: BaseModel | Fact) -> None:
        """Folds one event in; kinds that the runner does not follow are passed over."""
        if isinstance(event, Erasure | Retraction):
            self.withdrawals.apply(event)
        elif isinstance(event, TrainingState):
            self._apply_state(event)
        elif isinstance(event, ModelCurrent):
            self.current[event.model] = event
        elif isinstance(event, PromotionDecided):
            self.decisions.setdefault(event.decision_id, event)
        elif isinstance(event, RetrainRequested):
            self._apply_command(event)
        elif isinstance(event, RollbackRequested):
            self.rollbacks.setdefault(event.rollback_id, event)
        elif isinstance(event, OperatorRequested):
            self._apply_request(event)
        elif isinstance(event, EvaluationCompleted):
            return

    def run_of(self, job_id: str) -> str | None:
        """The command that answers a job id: its own, or the run that a person's request was merged into."""
        if job_id in self.commands or job_id in self.jobs:
            return job_id
        return self._run_of.get(job_id)

    def is_cancelled(self, command_id: str) -> bool:
        """Whether a person cancelled this run, by its id or that of a request merged into it."""
        return any(self.run_of(job_id) == command_id for job_id in self.cancels)

    def versions(self, model: str) -> set[str]:
        """Every version name of a model that an event mentions."""
        found = {state.version for state in self.jobs.values() if state.model == model}
        found |= {decision.version for decision in self.decisions.values() if decision.model == model}
        serving = self.current.get(model)
        if serving is not None:
            found |= {serving.version} | ({serving.previous_version} if serving.previous_version else set())
        return found

    def new_commands(self) -> list[RetrainRequested]:
        """Commands that are not accepted yet, oldest first."""
        waiting = [
            command
            for command in self.commands.values()
            if command.command_id not in self.jobs or self.jobs[command.command_id].attempt < command.attempt
        ]
        return sorted(waiting, key=lambda command: (command.requested_at, command.command_id))

    def open_jobs(self) -> list[TrainingState]:
        """Jobs that have not ended, those that got furthest first, then the oldest."""
        order = ("deciding", "evaluating", "merging", "training", "preparing", "accepted")
        running = [state for state in self.jobs.values() if state.phase != "ended"]
        return sorted(running, key=lambda state: (order.index(state.phase), state.accepted_at, state.job_id))

    def open_requests(self) -> list[OperatorRequested | RollbackRequested]:
        """Bootstrap, promote and rollback requests without a decision, in the order they were read."""
        people = [request for request in self.requests.values() if request.request_id not in self.decisions]
        machine = [request for request in self.rollbacks.values() if request.rollback_id not in self.decisions]
        return [*people, *machine]

    def _apply_state(self, state: TrainingState) -> None:
        """A state without its command, as progress is written, gets the one that is known; that may also come later."""
        if state.command is not None:
            self._apply_command(state.command)
        before = self.jobs.get(state.job_id)
        known = before.command if before is not None and before.command is not None else self.commands.get(state.job_id)
        self.jobs[state.job_id] = _completed(state, known)

    def _apply_command(self, command: RetrainRequested) -> None:
        known = self.commands.get(command.command_id)
        if known is None or command.attempt > known.attempt:
            self.commands[command.command_id] = command
        for job_id in command.requests:
            self._run_of.setdefault(job_id, command.command_id)
        job = self.jobs.get(command.command_id)
        if job is not None:
            self.jobs[command.command_id] = _completed(job, command)

    def _apply_request(self, request: OperatorRequested) -> None:
        if request.action == "start" and request.job_id is not None:
            self.starts.setdefault(request.job_id, request)
        elif request.action == "cancel" and request.job_id is not None:
            self.cancels.setdefault(request.job_id, request)
        elif request.action in RUNNER_ACTIONS:
            self.requests.setdefault(request.request_id, request)


def _completed(state: TrainingState, command: RetrainRequested | None) -> TrainingState:
    if state.command is not None or command is None:
        return state
    return state.model_copy(update={"command": command.model_copy(update={"attempt": state.attempt})})
