"""Follows a child to its end, within a limit of time and of silence: nothing that was started can make everything else wait for ever.

A child speaks at least as often as `train.heartbeat` lets it while it works. One that is silent for half of the limit is told of,
one that is silent for all of it is ended by whoever follows it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from gpu_runner.child.process import Child
from gpu_runner.errors import RunnerError

# A process that has ended may have left lines in the pipe; one of its own children may hold the pipe open for ever.
_LAST_LINES_S: Final = 2.0
_LOOK_EVERY_S: Final = 1.0
_ENDING_S: Final = 0.05

Take = Callable[[dict[str, Any]], Awaitable[None]]
# Told how long a child has been silent, in seconds; None once it speaks again.
Tell = Callable[[float | None], Awaitable[None]]


class ChildSilent(RunnerError):
    """The child said nothing for as long as it may: it hangs, or the machine does. Another start may go well."""


class ChildTooLong(RunnerError):
    """The child has run for as long as it may."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a child may run and be silent, in seconds, and the names of the settings that say so."""

    silence_s: float
    run_s: float
    silence_name: str = "CHILD_SILENCE_S"
    run_name: str = "RUN_MAX_HOURS"


async def follow(child: Child, limits: Limits, *, take: Take, tell: Tell) -> int:
    """Hands every event of the child to `take` and returns the exit code. The child is left running where this raises.

    Raises ChildSilent, ChildTooLong, and whatever `take` and `tell` raise.
    """
    return await _Following(child, limits, take, tell).to_the_end()


class _Following:
    """One child's last sign of life, and when what is due."""

    def __init__(self, child: Child, limits: Limits, take: Take, tell: Tell) -> None:
        self._child, self._limits, self._take, self._tell = child, limits, take, tell
        self._clock = asyncio.get_running_loop().time
        self._began = self._last_sign = self._clock()
        self._reported = False

    async def to_the_end(self) -> int:
        lines = self._child.events()
        line: asyncio.Future[dict[str, Any]] = asyncio.ensure_future(anext(lines))
        try:
            while await self._next_line(line):
                await self._take_line(line.result())
                line = asyncio.ensure_future(anext(lines))
        finally:
            line.cancel()
            await asyncio.gather(line, return_exceptions=True)
        while not self._child.has_ended():  # its output is closed, and it runs on: that is silence too
            await asyncio.sleep(_ENDING_S)
            await self._look()
        return await self._child.wait()

    async def _next_line(self, line: asyncio.Future[dict[str, Any]]) -> bool:
        """Waits for a line; False where none comes any more."""
        while not line.done() and not self._child.has_ended():
            # At most so long at a time: an end is no line.
            await asyncio.wait({line}, timeout=min(max(min(self._due()) - self._clock(), 0.0), _LOOK_EVERY_S))
            if not line.done():
                await self._look()
        if not line.done():
            await asyncio.wait({line}, timeout=_LAST_LINES_S)
        if not line.done():
            return False
        with suppress(StopAsyncIteration):
            line.result()
            return True
        return False

    async def _take_line(self, event: dict[str, Any]) -> None:
        self._last_sign = self._clock()
        if self._reported:
            self._reported = False
            await self._tell(None)
        await self._take(event)

    def _due(self) -> tuple[float, float]:
        """When it will have been silent for too long, and when it will have run for too long."""
        silent_at = self._last_sign + self._limits.silence_s * (1.0 if self._reported else 0.5)
        return silent_at, self._began + self._limits.run_s

    async def _look(self) -> None:
        """Does what is due."""
        now, (silent_at, ends_at) = self._clock(), self._due()
        if now >= ends_at:
            raise ChildTooLong(f"the child ran for {self._limits.run_s:g} s: no longer is allowed by {self._limits.run_name}")
        if now < silent_at:
            return
        silent_s = now - self._last_sign
        if self._reported:
            raise ChildSilent(f"the child said nothing for {silent_s:.0f} s and was ended ({self._limits.silence_name})")
        self._reported = True
        await self._tell(silent_s)
