"""`training.state` carries a job's command once where it begins and once where it ends: progress is small, and nothing is lost by it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from runner_fakes import START, FakeChannel, FakeTopics, Installation, sha, until

from gpu_runner.api.finetune_status import finetune_status
from gpu_runner.errors import JobRefused
from gpu_runner.event_log.commit import EventLog
from gpu_runner.event_log.read_model import ReadModel
from gpu_runner.hyperparameters import ResolvedHyperparameters
from gpu_runner.jobs import state as jobs
from schemas.envelope import encode
from schemas.events.retrain_requested import LeasedBatch, RetrainRequested
from schemas.events.training_state import TrainingState
from schemas.fields import SampleRef

Maker = Callable[..., RetrainRequested]
SAMPLES = 100


@pytest.fixture
def large(make_command: Maker) -> RetrainRequested:
    """A command of a hundred samples."""
    refs = tuple(SampleRef(sample_id=sha(str(number)), revision=0, partition=number % 12, offset=number) for number in range(SAMPLES))
    return make_command(batch=LeasedBatch(number=7, sha256="a" * 64, samples=refs), requests=("job-1",))


def a_run(command: RetrainRequested, steps: int) -> list[TrainingState]:
    """The states of a run, as the runner makes them."""
    state = jobs.accept(
        command, None, version="v1", hyperparameters=ResolvedHyperparameters({"epochs": 3}, {"epochs": "default"}), now=START
    )
    found = [state, jobs.take(state, "runner-a", now=START, lease_s=45)]
    for step in range(1, steps + 1):
        now = START + timedelta(seconds=2 * step)
        report: dict[str, object] = {
            "phase": "training",
            "step": step,
            "total": steps,
            "loss": 1.0,
            "tokens_per_s": 9.5,
            "memory_bytes": 1 << 30,
        }
        found.append(jobs.renew(jobs.progress(found[-1], report, now=now), now=now, lease_s=45))
    return [*found, jobs.end(found[-1], "promoted", now=now)]


def size_bytes(event: TrainingState) -> int:
    """What it takes on the wire."""
    record = encode(event, source="/test", time=START)
    return len(record.value or b"")


async def written(states: list[TrainingState]) -> list[TrainingState]:
    """What the event log writes of them."""
    topics = FakeTopics()
    log = EventLog(FakeChannel(topics), ReadModel())
    for state in states:
        await log.commit(state)
    found: list[TrainingState] = topics.events(TrainingState)
    return found


async def test_k9_progress_carries_no_command(large: RetrainRequested) -> None:
    """The bytes of a run do not grow with the size of its batch times its steps."""
    states = a_run(large, 200)
    told = await written(states)
    assert [state.step for state in told if state.command is not None] == [0, 200]
    assert [state.phase for state in told if state.command is not None] == ["accepted", "ended"]
    assert max(size_bytes(state) for state in told if state.command is None) < 1000
    assert sum(map(size_bytes, told)) < sum(map(size_bytes, states)) / 10


async def test_k9_a_lease_that_is_given_back_carries_the_command(large: RetrainRequested) -> None:
    """Whoever takes the job up next, a runner of the release before too, needs nothing but this record."""
    working = a_run(large, 3)[-2]
    now = working.updated_at
    told = await written([working, jobs.release(working, now=now), jobs.notice(working, "silent", now=now)])
    assert [state.command is not None for state in told] == [False, True, False]


@pytest.mark.parametrize("order", ["as written", "compacted, the command later", "compacted, the command first"])
async def test_k9_the_ledger_completes_progress(large: RetrainRequested, order: str) -> None:
    """With the record before it, or with `retrain.requested`, whichever is read first; an attempt keeps its own number."""
    second = large.model_copy(update={"attempt": 2})
    states = await written(a_run(second, 3)[:-1])
    sequences: dict[str, list[BaseModel]] = {
        "as written": [*states],
        "compacted, the command later": [states[-1], large],
        "compacted, the command first": [large, states[-1]],
    }
    read_model = ReadModel()
    for event in sequences[order]:
        read_model.apply(event)
    (found,) = read_model.open_jobs()
    assert found.accepted_command() == second
    assert found.step == 3
    assert read_model.run_of("job-1") == large.command_id
    assert read_model.new_commands() == []


async def test_k9_a_job_whose_command_is_nowhere_is_refused(large: RetrainRequested) -> None:
    """It can't be run: it ends with the reason, its status can be asked for, and nothing raises on the way."""
    (*_, progress, _) = await written(a_run(large, 3))
    read_model = ReadModel()
    read_model.apply(progress)
    with pytest.raises(ValueError, match="carries no command"):
        progress.accepted_command()
    with pytest.raises(JobRefused, match="is in no topic any more"):
        jobs.take(read_model.jobs[large.command_id], "runner-a", now=START, lease_s=45)
    assert jobs.end(progress, "failed", now=progress.updated_at).command is None
    status = finetune_status(read_model, large.command_id)
    assert status is not None
    assert (status["status"], status["rules"], status["batch"]) == ("training", [], None)


def test_k9_records_of_the_release_before_are_read(large: RetrainRequested) -> None:
    """There every record carried the command."""
    for state in a_run(large, 2):
        assert TrainingState.model_validate_json(state.model_dump_json(exclude_none=True)) == state
    with pytest.raises(ValidationError):
        TrainingState.model_validate({"job_id": "x"})


async def test_k9_a_killed_run_goes_on_after_compaction(bootstrapped: Installation, make_command: Maker, monkeypatch: Any) -> None:
    """Nothing but the last progress is left of the job: the next runner finds the command and trains on its samples."""
    bootstrapped.behaviour = "hang"
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].step == 2)
    states = [state for state in bootstrapped.states() if state.command is None]
    assert states[-1].phase == "training"
    others = [transaction for transaction in bootstrapped.topics.transactions if not isinstance(transaction[0], TrainingState)]
    bootstrapped.topics.transactions[:] = [*others, (states[-1],)]
    bootstrapped.behaviour = ""
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states()[-1].phase == "ended", seconds=60)
    last = bootstrapped.states()[-1]
    assert (last.outcome, last.version) == ("promoted", "v1")
    assert last.accepted_command().batch == bootstrapped.samples.batch()
