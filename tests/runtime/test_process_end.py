"""A service's end: bounded, whatever does not want to stop."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from producers.gateway.last_answers import AnswerWhenCutOff
from runtime.process_end import cancelled

LEAVES = """
import asyncio, threading, time
from runtime.process_end import leave

async def main():
    asyncio.get_running_loop().run_in_executor(None, time.sleep, 600)
    threading.Thread(target=time.sleep, args=(600,)).start()
    print("said", end="")
    leave(7)

asyncio.run(main())
"""


@pytest.mark.process
def test_threads_do_not_hold_up_the_end() -> None:
    """A thread of asyncio's executor and one of Python's own are left behind; what was printed is written, the code is the one given."""
    ended = subprocess.run([sys.executable, "-c", LEAVES], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (7, "said")


async def test_a_task_that_will_not_be_cancelled_is_left_behind() -> None:
    """The others have ended, and the caller goes on."""
    release = asyncio.Event()

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    willing, unwilling = asyncio.create_task(asyncio.sleep(600)), asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        assert await cancelled([willing, unwilling], 0.05) is False
        assert willing.cancelled()
        assert not unwilling.done()
        release.set()
        await unwilling
        assert await cancelled([willing, unwilling], 0.05) is True
        assert await cancelled([], 0.05) is True


@pytest.mark.parametrize("answering", [False, True])
async def test_only_who_has_no_answer_yet_is_given_one(answering: bool) -> None:
    """A request that is cut off gets one whole answer: 503 before its own began, and nothing after that."""
    sent: list[dict] = []

    async def app(_scope, _receive, send) -> None:
        if answering:
            await send({"type": "http.response.start", "status": 202, "headers": []})
        await asyncio.sleep(600)

    async def send(message) -> None:
        sent.append(message)

    task = asyncio.create_task(AnswerWhenCutOff(app)({"type": "http", "method": "POST", "headers": []}, None, send))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled() is answering
    assert [message["status"] for message in sent if message["type"] == "http.response.start"] == [202 if answering else 503]
