"""An event loop without time and without threads: what is due runs, then the clock jumps to what is due next.

Everything that a simulated process schedules carries the process in its context, so the loop can do to it what a
machine does: SIGKILL (nothing of it runs any more, no `finally`, no abort), SIGSTOP (it waits) and SIGCONT (it goes on
where it was). The same calls in the same order give the same run: there is no selector, no clock and no thread.
"""

from __future__ import annotations

import asyncio
import heapq
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any, TypeVar

T = TypeVar("T")

# A seed that gets here has two parts that wake each other for ever; no seed of the tests takes a tenth of it.
MOST_STEPS = 2_000_000


class Process:
    """A process of the simulation. `generation` of a restarted one is a new Process: nothing of the old one comes back."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.stopped = False
        self.parked: list[asyncio.Handle] = []
        # What was scheduled is kept to the end of the seed: freed at once, its `finally` blocks would run after the kill.
        self.buried: list[asyncio.Handle] = []


_CURRENT: ContextVar[Process | None] = ContextVar("process", default=None)


class SeedStuck(RuntimeError):
    """The seed did not come to an end."""


class VirtualLoop:
    """The part of a loop that asyncio's tasks, futures and timers call; `failures` are exceptions that nobody took."""

    def __init__(self) -> None:
        self.now = 0.0
        self.steps = 0
        self.over = False
        self.failures: list[str] = []
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._sequence = 0
        self._tasks: list[asyncio.Task[Any]] = []
        # As asyncio takes it: there is no protocol of what it needs of a loop.
        self._loop: Any = self

    # what asyncio asks of a loop

    def time(self) -> float:
        return self.now

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self._loop)

    def create_task(self, coro: Any, *, name: str | None = None, context: Context | None = None) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self._loop, name=name or "task", context=context)
        # A killed process leaves its tasks pending; that is what it is for.
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        self._tasks.append(task)
        return task

    def call_soon(self, callback: Callable[..., Any], *args: Any, context: Context | None = None) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self._loop, context)
        self._ready.append(handle)
        return handle

    def call_later(self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None) -> asyncio.TimerHandle:
        return self.call_at(self.now + max(delay, 0.0), callback, *args, context=context)

    def call_at(self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self._loop, context)
        self._sequence += 1
        heapq.heappush(self._timers, (when, self._sequence, handle))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """A cancelled timer is passed over when it comes up."""

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        """Blocking work happens at one moment, a millisecond later: there are no threads."""
        done: asyncio.Future[T] = self.create_future()

        def work() -> None:
            if done.cancelled():
                return
            try:
                done.set_result(func(*args))
            except BaseException as error:  # also work that was told to stop
                done.set_exception(error)

        self.call_later(0.001, work)
        return done

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.failures.append(f"{context.get('message')}: {context.get('exception')!r}")

    # what the simulation asks of it

    def start(self, process: Process | None, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Runs a coroutine, and whatever it starts, as a part of `process` (None: of the world, which nothing kills)."""
        if self.over:
            work.close()
            raise SeedStuck("the seed is over")
        context = copy_context()
        context.run(_CURRENT.set, process)
        return self.create_task(work, name=name, context=context)

    def kill(self, process: Process) -> None:
        """SIGKILL: nothing of the process runs any more."""
        process.alive = False
        process.buried += process.parked
        process.parked = []

    def stop_process(self, process: Process) -> None:
        """SIGSTOP: what becomes due waits."""
        process.stopped = True

    def continue_process(self, process: Process) -> None:
        """SIGCONT: everything that became due meanwhile runs now, in that order."""
        process.stopped = False
        self._ready.extend(process.parked)
        process.parked = []

    def bury(self) -> None:
        """Lets go of everything that never finished; the caller silences what Python says of such coroutines."""
        self.over = True
        self._tasks.clear()
        self._timers.clear()
        self._ready.clear()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs until `work` is done; raises SeedStuck where nothing is left that could finish it."""
        events._set_running_loop(self._loop)
        try:
            main = self.start(None, work, "main")
            while not main.done():
                self._step()
            return main.result()  # type: ignore[no-any-return]
        finally:
            events._set_running_loop(None)

    def _step(self) -> None:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise SeedStuck(f"more than {MOST_STEPS} steps at {self.now:.3f} s")
        if not self._ready:
            if not self._timers:
                raise SeedStuck(f"nothing is left to happen at {self.now:.3f} s")
            when, _, timer = heapq.heappop(self._timers)
            self.now = max(self.now, when)
            self._ready.append(timer)
            return
        handle = self._ready.popleft()
        if handle.cancelled():
            return
        process = handle._context.get(_CURRENT)  # type: ignore[attr-defined]
        if process is not None and not process.alive:
            process.buried.append(handle)
        elif process is not None and process.stopped:
            process.parked.append(handle)
        else:
            handle._run()
