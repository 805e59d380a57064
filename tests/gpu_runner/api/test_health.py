"""What hangs takes nothing from jobs and other requests: health and the API have threads of their own, and answer in time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from runner_fakes import FakeClock, Installation, until

from gpu_runner.api.app import create_app
from gpu_runner.api.health import Health
from gpu_runner.api.last_answer import Check, LastAnswer
from gpu_runner.supervisor import Supervisor
from gpu_runner.threads.own_threads import OwnThreads, ThreadsBusy
from gpu_runner.threads.request_threads import RequestThreads


class HangingStore:
    """A store of which every call hangs until it is let go, as one behind a network that swallows packets."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.go_on = threading.Event()
        self.calls = 0
        self.hangs = True

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            if self.hangs:
                self.calls += 1
                self.go_on.wait(60)
            return found(*args, **kwargs)

        return call


@pytest.fixture
def hanging(bootstrapped: Installation) -> Iterator[HangingStore]:
    """The installation's store, which hangs from now on."""
    store = HangingStore(bootstrapped.store)
    bootstrapped.store = store  # type: ignore[assignment]
    store.hangs = False
    yield store
    store.go_on.set()


def client_of(supervisor: Supervisor, installation: Installation) -> httpx.AsyncClient:
    """A client of the application; the supervisor is run by the test."""
    app = create_app(supervisor, installation.metrics, on_fatal=lambda _error: None)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app, raise_app_exceptions=False), base_url="http://runner", timeout=60)


async def in_time(seconds: float = 2.0) -> bool:
    """Whether the loop's own threads still take work."""
    try:
        await asyncio.wait_for(asyncio.to_thread(int), seconds)
    except TimeoutError:
        return False
    return True


async def test_k9_health_calls_on_a_hanging_store_take_no_thread_of_the_jobs(bootstrapped: Installation, hanging: HangingStore) -> None:
    """One check is under way however many ask; each answers in time from the last answer, with its age."""
    async with bootstrapped.running() as supervisor:
        await until(lambda: supervisor.log is not None)
        health = Health(supervisor, now=supervisor.now, on_gpus=lambda _gpus: None, within_s=0.5)
        assert (await health.report())["dependencies"]["minio"]["status"] == "healthy"
        hanging.hangs = True
        began = time.monotonic()
        reports = [await health.report() for _ in range(3)] + list(await asyncio.gather(*(health.report() for _ in range(40))))
        assert time.monotonic() - began < 10
        assert hanging.calls == 1
        assert await in_time()
        told = reports[-1]["dependencies"]["minio"]
        assert (reports[-1]["status"], told["status"], told["last_status"]) == ("degraded", "unhealthy", "healthy")
        assert told["age_s"] > 0
        hanging.hangs = False
        hanging.go_on.set()
        await asyncio.sleep(0.2)
        recovered = (await health.report())["dependencies"]["minio"]
        assert (recovered["status"], recovered["age_s"]) == ("healthy", 0.0)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/finetune/start", {"base_model": "org/tiny", "dataset_path": "s3://models/up/eval.jsonl", "hyperparameters": {}}),
        ("POST", "/evaluate", {"model_version": "tiny/v0", "eval_dataset": "s3://models/up/eval.jsonl", "metrics": ["f1"]}),
        ("GET", "/finetune/tainted", None),
    ],
)
async def test_k9_requests_on_a_hanging_store_are_refused_and_take_no_thread_of_the_jobs(
    bootstrapped: Installation, hanging: HangingStore, method: str, path: str, body: dict[str, Any] | None
) -> None:
    """503 within the time, at once where too many hang already; what needs no store is answered."""
    async with bootstrapped.running() as supervisor:
        await until(lambda: supervisor.log is not None)
        supervisor.request_threads = RequestThreads(within_s=0.5)
        async with client_of(supervisor, bootstrapped) as client:
            hanging.hangs = True
            answers = await asyncio.wait_for(asyncio.gather(*(client.request(method, path, json=body) for _ in range(45))), 30)
            assert {answer.status_code for answer in answers} == {503}
            assert {answer.json()["error"]["code"] for answer in answers} == {"store_unavailable"}
            assert {answer.headers["Retry-After"] for answer in answers} == {"5"}
            assert hanging.calls <= 4
            assert await in_time()
            assert (await client.get("/finetune/status", params={"job_id": "x"})).status_code == 404
            unknown = {"job_id": "eval-" + "0" * 24}
            assert (await client.get("/evaluate/status", params=unknown)).status_code == 404


async def test_k9_a_call_that_is_given_up_keeps_its_thread_until_it_ends() -> None:
    """So that their number stays bounded, whatever hangs."""
    go_on, threads = threading.Event(), OwnThreads(2, within_s=0.1)
    for _ in range(2):
        with pytest.raises(ThreadsBusy, match="no answer within"):
            await threads.run(go_on.wait, 60)
    with pytest.raises(ThreadsBusy, match="2 calls"):
        await threads.run(go_on.wait, 60)
    go_on.set()
    await until(lambda: threads.taken == 0)
    assert await threads.run(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await threads.run(lambda: 1 // 0)
    assert threads.taken == 0


async def test_k9_calls_that_come_at_once_wait_for_each_other() -> None:
    """More than there are threads for: each is answered, as none of them hangs; and a time-out of the work's own is its answer."""
    threads = OwnThreads(2, within_s=10)
    assert await asyncio.gather(*(threads.run(time.sleep, 0.01) for _ in range(20))) == [None] * 20
    assert threads.taken == 0

    def broken() -> None:
        raise TimeoutError("the socket's")

    with pytest.raises(TimeoutError, match="the socket's"):
        await threads.run(broken)


async def test_k9_a_check_that_raises_is_an_answer(clock: FakeClock) -> None:
    """What a check did not think of makes the dependency unhealthy, not the endpoint an error."""

    async def broken() -> Check:
        raise KeyError("x")

    assert await LastAnswer(broken, within_s=1).report() == {"status": "unhealthy", "error": "KeyError: 'x'", "age_s": 0.0}
