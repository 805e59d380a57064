"""The ledger knows what is open, whatever it reads twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from gpu_runner.event_log.read_model import Ledger
from gpu_runner.hyperparameters import resolve
from gpu_runner.jobs import state as jobs
from gpu_runner.settings import RunnerSettings
from schemas.events.model_current import ModelCurrent
from schemas.events.operator_requested import OperatorRequested
from schemas.events.promotion_decided import PromotionDecided
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.rollback_requested import RollbackRequested
from schemas.events.training_state import TrainingState
from schemas.fields import Hyperparameters

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
KNOBS = resolve(Hyperparameters(), RunnerSettings())


def accept(command: RetrainRequested, version: str = "v1") -> TrainingState:
    """The accepted record of a command."""
    return jobs.accept(command, None, version=version, knobs=KNOBS, now=NOW)


def asked(action: str, **fields: object) -> OperatorRequested:
    """A person's request."""
    return OperatorRequested.model_validate({"request_id": f"r-{action}", "action": action, "model": "tiny", "actor": "asha"} | fields)


def test_reading_everything_twice_changes_nothing(
    make_command: Callable[..., RetrainRequested], make_serving: Callable[..., ModelCurrent]
) -> None:
    """A runner that starts again sees the same open work."""
    command = make_command()
    events = [command, accept(command), make_serving(), asked("promote", version="v1"), asked("cancel", job_id="cmd-1")]
    once, twice = Ledger(), Ledger()
    for event in events:
        once.apply(event)
    for event in [*events, *events]:
        twice.apply(event)
    assert once == twice
    assert (once.new_commands(), len(once.open_jobs()), len(once.open_requests())) == ([], 1, 1)


def test_a_later_attempt_is_a_new_command(make_command: Callable[..., RetrainRequested]) -> None:
    """An attempt that is accepted is not new; the next one is; an earlier one read later is not."""
    ledger = Ledger()
    ledger.apply(accept(make_command()))
    assert ledger.new_commands() == []
    ledger.apply(make_command(attempt=2))
    ledger.apply(make_command(attempt=1))
    assert [command.attempt for command in ledger.new_commands()] == [2]


def test_commands_are_accepted_in_the_order_they_were_asked(make_command: Callable[..., RetrainRequested]) -> None:
    """Partitions are read in any order; the time of the request decides."""
    ledger = Ledger()
    ledger.apply(make_command("late", requested_at=NOW + timedelta(minutes=1)))
    ledger.apply(make_command("early"))
    assert [command.command_id for command in ledger.new_commands()] == ["early", "late"]


def test_a_merged_request_leads_to_its_run(make_command: Callable[..., RetrainRequested]) -> None:
    """A person's job id is answered by the run that took it along, and cancelling it cancels that run."""
    ledger = Ledger()
    ledger.apply(make_command("job-a", requests=("job-a", "job-b"), rules=("operator",)))
    assert (ledger.run_of("job-a"), ledger.run_of("job-b"), ledger.run_of("job-c")) == ("job-a", "job-a", None)
    assert not ledger.is_cancelled("job-a")
    ledger.apply(asked("cancel", job_id="job-b"))
    assert ledger.is_cancelled("job-a")


def test_a_decided_request_is_done(make_command: Callable[..., RetrainRequested]) -> None:
    """A request with a decision under its id is not answered again, also a refused one."""
    ledger = Ledger()
    rollback = RollbackRequested(rollback_id="rb-1", model="tiny", version="v1", to_version="v0", requested_at=NOW, reason="worse")
    for request in (asked("rollback"), asked("start", job_id="job-a"), rollback):
        ledger.apply(request)
    assert [request.event_id() for request in ledger.open_requests()] == ["r-rollback", "rb-1"]
    for decision_id in ("r-rollback", "rb-1"):
        decided = PromotionDecided(
            decision_id=decision_id,
            model="tiny",
            version="v1",
            verdict="rollback",
            applied=False,
            reasons=("no",),
            actor="x",
            decided_at=NOW,
        )
        ledger.apply(decided)
    assert ledger.open_requests() == []


def test_what_got_furthest_goes_on_first(make_command: Callable[..., RetrainRequested]) -> None:
    """After a restart a decision is finished before another training begins."""
    ledger = Ledger()
    for name, phase in (("a", "accepted"), ("b", "deciding"), ("c", "training")):
        state = accept(make_command(name))
        ledger.apply(state.model_copy(update={"phase": phase}))
    ledger.apply(jobs.end(accept(make_command("d")), "cancelled", now=NOW))
    assert [state.job_id for state in ledger.open_jobs()] == ["b", "c", "a"]


def test_every_mentioned_version_is_known(make_command: Callable[..., RetrainRequested], make_serving: Callable[..., ModelCurrent]) -> None:
    """A version name is never given twice: jobs, decisions and what served count, of this model alone."""
    ledger = Ledger()
    ledger.apply(accept(make_command(), "v4"))
    ledger.apply(accept(make_command("other", model="huge"), "v9"))
    ledger.apply(make_serving(version="v2", previous_version="v1"))
    assert ledger.versions("tiny") == {"v4", "v2", "v1"}
