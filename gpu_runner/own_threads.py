"""Threads for what may hang, apart from the event loop's own: a store that does not answer takes none of those that jobs work in.

The loop's threads are few (six on two cores) and shared by everything that blocks. A call that hangs keeps its thread for ever, so
callers from outside get their own, bounded in number and in time. Daemon threads: a process that ends does not wait for them.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

from gpu_runner.errors import RunnerError

P = ParamSpec("P")
T = TypeVar("T")


class ThreadsBusy(RunnerError):
    """Every thread is taken by a call that has not ended, or this one did not end in time."""


class OwnThreads:
    """At most `most` calls at once, each waited for at most `within_s`. A call that is given up keeps its place until it has ended."""

    def __init__(self, most: int, *, within_s: float) -> None:
        self._most = most
        self._within_s = within_s
        self.taken = 0

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `work` returns or raises; raises ThreadsBusy at once where no thread is free, or after the time."""
        if self.taken >= self._most:
            raise ThreadsBusy(f"{self.taken} calls before this one have not ended")
        self.taken += 1
        try:
            return await asyncio.wait_for(asyncio.shield(in_own_thread(lambda: work(*args, **kwargs), self._free)), self._within_s)
        except TimeoutError:
            raise ThreadsBusy(f"no answer within {self._within_s:g} s") from None

    def _free(self) -> None:
        self.taken -= 1


def in_own_thread(work: Callable[[], T], ended: Callable[[], None] = lambda: None) -> asyncio.Future[T]:
    """A future of `work` in a new thread; `ended` is called in the loop when it has ended, whoever waits for it then."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: Any, error: BaseException | None) -> None:
        ended()
        if future.done():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
            future.exception()  # seen, where nobody waits any more

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as raised:
            error = raised
        with suppress(RuntimeError):  # the loop is gone
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, daemon=True).start()
    return future
