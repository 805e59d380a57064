"""Work in threads belongs to its session: joined before the next one begins, stopped at its next part when nobody wants it any more."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from runner_fakes import BOOTSTRAP, Installation, request, until

from gpu_runner.event_log.commit import to_the_end
from gpu_runner.threads.session_threads import in_thread
from runtime.artifacts.local import LocalStore
from runtime.artifacts.stopping import WorkStopped, look
from runtime.artifacts.store import MANIFEST
from schemas.events.model_current import ModelCurrent
from schemas.events.retrain_requested import RetrainRequested

Maker = Callable[..., RetrainRequested]
VERSION = "finetuned/tiny/v1"


class SlowStore(LocalStore):
    """A store in which some keys take `seconds` in parts; it knows what began, and how many threads were in such a key at once."""

    def __init__(self, root: Path, slow: str, seconds: float) -> None:
        super().__init__(root)
        self.slow, self.seconds = slow, seconds
        self.begun: list[str] = []
        self.most = self.inside = 0
        self._counting = threading.Lock()

    @contextmanager
    def _taking_long(self, key: str) -> Iterator[None]:
        if not key.startswith(self.slow):
            yield
            return
        with self._counting:
            self.begun.append(key)
            self.inside += 1
            self.most = max(self.most, self.inside)
        try:
            for _ in range(round(self.seconds / 0.01)):
                look()
                time.sleep(0.01)
            yield
        finally:
            with self._counting:
                self.inside -= 1

    def read_file(self, key: str, path: Path) -> None:
        with self._taking_long(key):
            super().read_file(key, path)

    def write_file(self, key: str, path: Path) -> None:
        with self._taking_long(key):
            super().write_file(key, path)

    def write_folder(self, key: str, files: Any, manifest: bytes) -> None:
        with self._taking_long(key):
            super().write_folder(key, files, manifest)


def slowed(installation: Installation, slow: str, seconds: float) -> SlowStore:
    """The installation with a slow store."""
    installation.store = SlowStore(installation.settings.artifacts_root(), slow, seconds)
    return installation.store


async def blip(installation: Installation) -> None:
    """The broker is away for 0.3 s."""
    installation.topics.up = False
    await asyncio.sleep(0.3)
    installation.topics.up = True


async def test_k9_a_thread_never_outlives_whoever_waits_for_it() -> None:
    """Cancelled twice, its caller ends when the thread has come to its next part, and not before."""
    began, ended = threading.Event(), threading.Event()

    def work() -> None:
        try:
            while True:
                began.set()
                time.sleep(0.2)
                look()
        except WorkStopped:
            time.sleep(0.2)
            ended.set()
            raise

    task = asyncio.create_task(in_thread(work))
    await until(began.is_set)
    task.cancel()
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_k9_work_in_a_thread_returns_and_raises_as_it_is() -> None:
    """Nobody cancels: a result is a result, an error is an error, and what is short is not stopped."""
    assert await in_thread(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await in_thread(divmod, 7, 0)


async def test_k9_a_transaction_comes_to_its_end_however_often_its_caller_is_cancelled() -> None:
    """The session ends and then the service stops: the second cancel does not leave it behind either."""
    ended: list[int] = []

    async def transaction() -> None:
        await asyncio.sleep(0.2)
        ended.append(1)

    task = asyncio.create_task(to_the_end(transaction()))
    for _ in range(3):
        await asyncio.sleep(0.02)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [1]


async def test_k9_three_blips_during_an_upload_make_one_upload_at_a_time(bootstrapped: Installation, make_command: Maker) -> None:
    """Each session stops its upload before the next begins, and the last one uploads the version once."""
    store = slowed(bootstrapped, VERSION, 1.0)
    # What is being decided is finished before anything is read: the lease's renewal is what meets the broker then.
    bootstrapped.settings = bootstrapped.settings.model_copy(update={"lease_renew_s": 0.1})
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        for number in range(1, 4):
            await until(lambda number=number: len(store.begun) == number)
            await blip(bootstrapped)
        await until(lambda: bootstrapped.states()[-1].phase == "ended")
    assert (bootstrapped.states()[-1].outcome, bootstrapped.states()[-1].attempt) == ("promoted", 1)
    assert store.most == 1
    assert store.inside == 0
    assert bootstrapped.starts() == 1


async def test_k9_a_blip_during_the_preparation_leaves_one_preparer(bootstrapped: Installation, make_command: Maker) -> None:
    """Two in one folder failed the job."""
    store = slowed(bootstrapped, "eval_data/tiny/registered", 1.0)
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: store.begun)
        await blip(bootstrapped)
        await until(lambda: bootstrapped.states()[-1].phase == "ended")
    assert (bootstrapped.states()[-1].outcome, bootstrapped.states()[-1].attempt) == ("promoted", 1)
    assert store.most == 1


async def test_k9_a_cancelled_job_stops_uploading(bootstrapped: Installation, make_command: Maker) -> None:
    """It ends at the next part, and no folder of the version appears."""
    store = slowed(bootstrapped, VERSION, 30.0)
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: store.begun)
        bootstrapped.topics.requests.append(request("cancel", job_id="cmd-1"))
        await until(lambda: bootstrapped.states()[-1].phase == "ended", 5)
    assert bootstrapped.states()[-1].outcome == "cancelled"
    assert store.inside == 0
    assert not store.exists(f"{VERSION}/{MANIFEST}")
    assert store.list(VERSION) == ()


async def test_k9_a_service_that_is_stopped_does_not_wait_for_an_upload(bootstrapped: Installation, make_command: Maker) -> None:
    """It gives the lease back within STOP_GRACE_S, and the next runner uploads."""
    store = slowed(bootstrapped, VERSION, 30.0)
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: store.begun)
        stopped_at = time.monotonic()
    assert time.monotonic() - stopped_at < bootstrapped.settings.stop_grace_s + 1
    assert store.inside == 0
    assert bootstrapped.states()[-1].outcome is None
    store.seconds = 0.0
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states()[-1].phase == "ended")
    assert bootstrapped.states()[-1].outcome == "promoted"


async def test_k9_a_bootstrap_is_stopped_and_done_again(installation: Installation) -> None:
    """It is not waited for at a stop, and nothing was decided."""
    store = slowed(installation, "up/documents", 30.0)
    installation.topics.requests.append(request("bootstrap", **BOOTSTRAP))
    async with installation.running():
        await until(lambda: store.begun)
        stopped_at = time.monotonic()
    assert time.monotonic() - stopped_at < 5
    assert installation.topics.transactions == []
    store.seconds = 0.0
    async with installation.running():
        await until(lambda: installation.topics.events(ModelCurrent))
    assert store.most == 1
