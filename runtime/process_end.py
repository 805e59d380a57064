"""How a service ends: what it stops is given a time each, and nothing that cannot be stopped holds the process up after it.

asyncio waits for the threads of its executor before it lets a program go, and Python for those of every other: a text that is being
redacted, a folder that is being swept. On a busy machine that took longer than whoever stops a service waits before it kills it.
What must be written is written by then, and what must be one thing is a transaction or a rename, so the threads are left behind.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    import uvicorn


async def cancelled(tasks: Iterable[asyncio.Future[Any]], within_s: float) -> bool:
    """Cancels the tasks and waits at most so long for their end; whether all have ended. What they raise is theirs to tell."""
    waited = set(tasks)
    for task in waited:
        task.cancel()
    if not waited:
        return True
    # Not `wait_for`: it waits for what it cancels, however long that takes.
    done, left = await asyncio.wait(waited, timeout=within_s)
    for task in done:
        if not task.cancelled():
            task.exception()  # seen
    return not left


def leave(code: int) -> NoReturn:
    """Ends the process now, with what it has logged and printed written; threads and tasks go with it."""
    with suppress(OSError, ValueError):
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def serve(server: uvicorn.Server, exit_code: Callable[[], int]) -> NoReturn:
    """Serves until SIGTERM or SIGINT, or until the server's `should_exit`, and ends the process with the code of then."""
    # uvicorn raises the signal again once it has stopped: being asked to stop is no failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: setattr(server, "should_exit", True))
    with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
        runner.run(_serve(server, exit_code))
    sys.exit(exit_code())


async def _serve(server: uvicorn.Server, exit_code: Callable[[], int]) -> None:
    await server.serve()
    leave(exit_code())
