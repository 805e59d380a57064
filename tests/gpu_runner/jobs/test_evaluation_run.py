"""An evaluation that a person asked for holds nothing else up: it has a limit, a cancel and a watch on silence, and its queue an index."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from runner_fakes import FakeClock, Installation, request, until

from gpu_runner.jobs.evaluation import EvaluationJobs, EvaluationRequest
from gpu_runner.jobs.evaluation_run import EvaluationRun
from gpu_runner.json_files import read_json
from gpu_runner.settings import RunnerSettings
from gpu_runner.supervisor import Supervisor
from schemas.events.retrain_requested import RetrainRequested


def asked(number: int, clock: FakeClock) -> EvaluationRequest:
    """A request for what serves, with the items of the bootstrap."""
    at = (clock() + timedelta(seconds=number)).isoformat()
    return EvaluationRequest(f"eval-{number:024x}", "tiny", "v0", "s3://models/up/eval.jsonl", ("f1",), None, at)


def accept(supervisor: Supervisor, one: EvaluationRequest) -> str:
    """As the endpoint does it."""
    supervisor.evaluations.accept(one)
    supervisor.evaluation_accepted()
    return one.job_id


async def test_k9_an_evaluation_child_that_hangs_lets_training_go_on(
    bootstrapped: Installation, make_command: Callable[..., RetrainRequested], clock: FakeClock
) -> None:
    """It is told of, ended, and waits again behind the training."""
    bootstrapped.behaviour = "evaluation_hangs"
    bootstrapped.settings = bootstrapped.settings.model_copy(update={"child_silence_s": 6.0})
    notices: list[str] = []
    async with bootstrapped.running() as supervisor:
        await until(lambda: supervisor.log is not None)
        job_id = accept(supervisor, asked(1, clock))
        await until(lambda: supervisor.evaluations.status(job_id).get("step") == 1)
        bootstrapped.ask(make_command)
        await until(lambda: supervisor.evaluations.status(job_id).get("notice"))
        notices.append(supervisor.evaluations.status(job_id)["notice"])
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].phase == "ended", seconds=60)
        assert bootstrapped.states()[-1].outcome == "promoted"
        assert supervisor.evaluations.status(job_id)["attempt"] < 3
    assert "has said nothing" in notices[0]


async def test_k9_an_evaluation_can_be_cancelled(bootstrapped: Installation, clock: FakeClock) -> None:
    """`abhyas operator cancel --job-id` of its id ends its child within seconds, and it is not taken up again."""
    bootstrapped.behaviour = "evaluation_hangs"
    async with bootstrapped.running() as supervisor:
        await until(lambda: supervisor.log is not None)
        job_id = accept(supervisor, asked(1, clock))
        await until(lambda: supervisor.evaluations.status(job_id).get("step") == 1)
        bootstrapped.topics.requests.append(request("cancel", job_id=job_id, reason="wrong file"))
        await until(lambda: supervisor.evaluations.status(job_id)["status"] == "cancelled", seconds=10)
        assert supervisor.evaluations.status(job_id)["error"] == "cancelled by asha: wrong file"
        assert supervisor.evaluations.waiting() == []
        await until(lambda: b'evaluation_jobs_total{status="cancelled"} 1.0' in bootstrapped.metrics.text())


async def test_k9_an_evaluation_has_a_limit_that_restarts_do_not_extend(bootstrapped: Installation, clock: FakeClock) -> None:
    """EVALUATION_MAX_HOURS counts from its first start."""
    bootstrapped.behaviour, bootstrapped.clock = "evaluation_hangs", clock
    async with bootstrapped.running() as supervisor:
        await until(lambda: supervisor.log is not None)
        job_id = accept(supervisor, asked(1, clock))
        await until(lambda: supervisor.evaluations.status(job_id).get("step") == 1)
    clock.pass_s(6 * 3600)
    async with bootstrapped.running() as supervisor:
        await until(lambda: supervisor.evaluations.status(job_id)["status"] == "failed", seconds=10)
        assert "EVALUATION_MAX_HOURS=6" in supervisor.evaluations.status(job_id)["error"]


def test_k9_an_evaluation_that_waits_again_asks_with_the_date_of_its_request(bootstrapped: Installation, clock: FakeClock) -> None:
    """What the models are told of today is the job's, in every attempt."""
    jobs = EvaluationJobs(bootstrapped.settings.evaluations_dir(), clock)
    first = jobs.accept(asked(1, clock))
    assert jobs.waiting() == [first]
    clock.pass_s(3 * 24 * 3600)
    jobs.queue_again(first.job_id)
    again = jobs.waiting()[0]
    assert again.accepted_at != first.accepted_at
    log: Any = None  # files alone are prepared
    run = EvaluationRun(
        again, jobs=jobs, store=bootstrapped.store, settings=bootstrapped.settings, log=log, metrics=bootstrapped.metrics,
        child_arguments=(), child_environment={}, now=clock,
    )  # fmt: skip
    run.prepare()
    assert (read_json(jobs.folder(first.job_id).spec) or {})["date"] == first.accepted_at


def test_a_server_and_a_judge_are_in_the_spec_without_their_keys(bootstrapped: Installation, clock: FakeClock) -> None:
    """And the version's weights are not fetched: nobody here loads them."""
    servers = {
        "evaluation_engine_url": "http://engine/v1", "evaluation_engine_model": "m", "evaluation_engine_api_key": SecretStr("secret-1"),
        "judge_url": "http://judge/v1", "judge_model": "j", "judge_api_key": SecretStr("secret-2"), "judge_samples": 3,
    }  # fmt: skip
    jobs = EvaluationJobs(bootstrapped.settings.evaluations_dir(), clock)
    request = jobs.accept(asked(1, clock))
    log: Any = None  # files alone are prepared
    EvaluationRun(
        request, jobs=jobs, store=bootstrapped.store, settings=bootstrapped.settings.model_copy(update=servers), log=log,
        metrics=bootstrapped.metrics, child_arguments=(), child_environment={}, now=clock,
    ).prepare()  # fmt: skip
    written = jobs.folder(request.job_id).spec.read_text(encoding="utf-8")
    spec = json.loads(written)
    assert spec["engine"] == {"url": "http://engine/v1", "model": "m", "timeout_s": 120, "at_once": 8}
    assert (spec["judge"]["model"], spec["judge"]["samples"], spec["model"]["path"]) == ("j", 3, "")
    assert "secret-" not in written
    with pytest.raises(ValidationError, match="JUDGE_URL is set without JUDGE_MODEL"):
        RunnerSettings(judge_url="http://judge/v1")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every JSON file that the queue reads."""
    found: list[Path] = []

    def counted(path: Path) -> Any:
        found.append(path)
        return read_json(path)

    monkeypatch.setattr("gpu_runner.jobs.evaluation.read_json", counted)
    return found


def test_k9_old_evaluations_are_read_once_and_not_before_every_job(tmp_path: Path, clock: FakeClock, reads: list[Path]) -> None:
    """However many ended ones lie there: what waits is remembered, and what is accepted, queued again and ended changes it."""
    jobs = EvaluationJobs(tmp_path, clock)
    for number in range(50):
        jobs.accept(asked(number, clock))
        jobs.set_status(asked(number, clock).job_id, status="completed")
    first, second = (jobs.accept(asked(number, clock)) for number in (100, 101))
    jobs = EvaluationJobs(tmp_path, clock)  # another runner
    assert jobs.waiting() == [first, second]
    reads.clear()
    assert [jobs.waiting() for _ in range(20)] == [[first, second]] * 20
    assert reads == []
    clock.pass_s(1000)
    jobs.queue_again(first.job_id)
    third = jobs.accept(asked(102, clock))
    jobs.set_status(second.job_id, status="failed")
    assert [one.job_id for one in jobs.waiting()] == [first.job_id, third.job_id]
    assert EvaluationJobs(tmp_path, clock).waiting() == jobs.waiting()
    for one in (first, third):
        jobs.set_status(one.job_id, status="cancelled")
    assert jobs.waiting() == []
