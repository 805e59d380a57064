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
    """At most `most` calls at once, each answered within `within_s`. A call that is given up keeps its place until it has ended."""

    def __init__(self, most: int, *, within_s: float) -> None:
        self._most = most
        self._within_s = within_s
        self._places = asyncio.Semaphore(most)
        self.taken = 0
        self._given_up = 0

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `work` returns or raises; waits for a place. Raises ThreadsBusy after the time, at once where every place is given up."""
        if self._given_up >= self._most:
            raise ThreadsBusy(f"{self._given_up} calls before this one have not ended")
        call: asyncio.Future[T] | None = None
        try:
            async with asyncio.timeout(self._within_s) as limit:
                await self._places.acquire()
                self.taken += 1
                call = in_own_thread(lambda: work(*args, **kwargs), self._free)
                return await asyncio.shield(call)
        except TimeoutError:
            if not limit.expired():
                raise  # the work's own
            if call is not None and not call.done():
                self._given_up += 1
                call.add_done_callback(self._came_back)
            raise ThreadsBusy(f"no answer within {self._within_s:g} s") from None

    def _free(self) -> None:
        self.taken -= 1
        self._places.release()

    def _came_back(self, _call: asyncio.Future[Any]) -> None:
        self._given_up -= 1


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
