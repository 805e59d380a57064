"""Threads in virtual time: real ones, of which one runs at a time, and each sleeps by the loop's clock.

So blocking code of the product runs as it is, beside the loop, and the same calls in the same order give the same run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import Semaphore, Thread, local
from typing import Any, TypeVar

from bench.simulation.virtual_loop import VirtualLoop

T = TypeVar("T")

_here = local()


class _Over(BaseException):
    """The seed is over: the thread ends where it waits."""


class _Worker:
    """One thread: it runs while the loop waits for it to sleep or to end."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.result: Any = None
        self.error: BaseException | None = None
        self.ended = self.over = False
        self.sleeps_s = 0.0
        self._work = work
        self._go, self._back = Semaphore(0), Semaphore(0)
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def advance(self) -> None:
        """Runs it until it sleeps or ends; called by the loop."""
        self._go.release()
        self._back.acquire()

    def sleep(self, seconds: float) -> None:
        """Called by the thread."""
        self.sleeps_s = seconds
        self._back.release()
        self._go.acquire()
        if self.over:
            raise _Over

    def _run(self) -> None:
        self._go.acquire()
        _here.worker = self
        try:
            if not self.over:
                self.result = self._work()
        except BaseException as error:
            self.error = error
        self.ended = True
        self._back.release()


def sleep(seconds: float) -> None:
    """In a thread of the loop: lets virtual time pass. Anywhere else no time passes."""
    worker: _Worker | None = getattr(_here, "worker", None)
    if worker is not None:
        worker.sleep(seconds)


class ThreadedLoop(VirtualLoop):
    """The loop without time, with threads that take some."""

    def __init__(self) -> None:
        super().__init__()
        self._workers: list[_Worker] = []

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        """Starts a thread. Like a real one it goes on when nobody waits for it any more."""
        done: asyncio.Future[T] = self.create_future()
        worker = _Worker(lambda: func(*args))
        self._workers.append(worker)

        def advance() -> None:
            worker.advance()
            if not worker.ended:
                self.call_later(worker.sleeps_s, advance)
                return
            self._workers.remove(worker)
            if done.cancelled():
                return
            if worker.error is not None:
                done.set_exception(worker.error)
            else:
                done.set_result(worker.result)

        self.call_soon(advance)
        return done

    def bury(self) -> None:
        """Ends what still sleeps."""
        super().bury()
        for worker in self._workers:
            worker.over = True
            worker.advance()
        self._workers.clear()
