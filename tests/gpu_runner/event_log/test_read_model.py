"""The read model knows what is open, whatever it reads twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from gpu_runner.event_log.read_model import ReadModel
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
    return jobs.accept(command, None, version=version, hyperparameters=KNOBS, now=NOW)


def asked(action: str, **fields: object) -> OperatorRequested:
    """A person's request."""
    return OperatorRequested.model_validate({"request_id": f"r-{action}", "action": action, "model": "tiny", "actor": "asha"} | fields)


def test_reading_everything_twice_changes_nothing(
    make_command: Callable[..., RetrainRequested], make_serving: Callable[..., ModelCurrent]
) -> None:
    """A runner that starts again sees the same open work."""
    command = make_command()
    events = [command, accept(command), make_serving(), asked("promote", version="v1"), asked("cancel", job_id="cmd-1")]
    once, twice = ReadModel(), ReadModel()
    for event in events:
        once.apply(event)
    for event in [*events, *events]:
        twice.apply(event)
    assert once == twice
    assert (once.new_commands(), len(once.open_jobs()), len(once.open_requests())) == ([], 1, 1)


def test_a_later_attempt_is_a_new_command(make_command: Callable[..., RetrainRequested]) -> None:
    """An attempt that is accepted is not new; the next one is; an earlier one read later is not."""
    read_model = ReadModel()
    read_model.apply(accept(make_command()))
    assert read_model.new_commands() == []
    read_model.apply(make_command(attempt=2))
    read_model.apply(make_command(attempt=1))
    assert [command.attempt for command in read_model.new_commands()] == [2]


def test_commands_are_accepted_in_the_order_they_were_asked(make_command: Callable[..., RetrainRequested]) -> None:
    """Partitions are read in any order; the time of the request decides."""
    read_model = ReadModel()
    read_model.apply(make_command("late", requested_at=NOW + timedelta(minutes=1)))
    read_model.apply(make_command("early"))
    assert [command.command_id for command in read_model.new_commands()] == ["early", "late"]


def test_a_merged_request_leads_to_its_run(make_command: Callable[..., RetrainRequested]) -> None:
    """A person's job id is answered by the run that took it along, and cancelling it cancels that run."""
    read_model = ReadModel()
    read_model.apply(make_command("job-a", requests=("job-a", "job-b"), rules=("operator",)))
    assert (read_model.run_of("job-a"), read_model.run_of("job-b"), read_model.run_of("job-c")) == ("job-a", "job-a", None)
    assert not read_model.is_cancelled("job-a")
    read_model.apply(asked("cancel", job_id="job-b"))
    assert read_model.is_cancelled("job-a")


def test_a_decided_request_is_done(make_command: Callable[..., RetrainRequested]) -> None:
    """A request with a decision under its id is not answered again, also a refused one."""
    read_model = ReadModel()
    rollback = RollbackRequested(rollback_id="rb-1", model="tiny", version="v1", to_version="v0", requested_at=NOW, reason="worse")
    for request in (asked("rollback"), asked("start", job_id="job-a"), rollback):
        read_model.apply(request)
    assert [request.event_id() for request in read_model.open_requests()] == ["r-rollback", "rb-1"]
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
        read_model.apply(decided)
    assert read_model.open_requests() == []


def test_what_got_furthest_goes_on_first(make_command: Callable[..., RetrainRequested]) -> None:
    """After a restart a decision is finished before another training begins."""
    read_model = ReadModel()
    for name, phase in (("a", "accepted"), ("b", "deciding"), ("c", "training")):
        state = accept(make_command(name))
        read_model.apply(state.model_copy(update={"phase": phase}))
    read_model.apply(jobs.end(accept(make_command("d")), "cancelled", now=NOW))
    assert [state.job_id for state in read_model.open_jobs()] == ["b", "c", "a"]


def test_every_mentioned_version_is_known(make_command: Callable[..., RetrainRequested], make_serving: Callable[..., ModelCurrent]) -> None:
    """A version name is never given twice: jobs, decisions and what served count, of this model alone."""
    read_model = ReadModel()
    read_model.apply(accept(make_command(), "v4"))
    read_model.apply(accept(make_command("other", model="huge"), "v9"))
    read_model.apply(make_serving(version="v2", previous_version="v1"))
    assert read_model.versions("tiny") == {"v4", "v2", "v1"}
