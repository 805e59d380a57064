"""One check of a dependency: at most one is under way, and where it does not answer in time its last answer is told, with its age."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

Check = dict[str, Any]


def unhealthy(error: str) -> Check:
    """What a check that failed answers."""
    return {"status": "unhealthy", "error": error[:500]}


class LastAnswer:
    """Starts `check` when it is asked and none is under way; whoever asks meanwhile waits for the same one."""

    def __init__(self, check: Callable[[], Awaitable[Check]], *, within_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._check = check
        self._within_s = within_s
        self._clock = clock
        self._under_way: asyncio.Future[Check] | None = None
        self._began = 0.0
        self._last: Check | None = None
        self._last_at = 0.0

    async def report(self) -> Check:
        """The check's answer with `age_s`, 0 for one of now; within `within_s`, and at once where one has hung for longer."""
        if self._under_way is None or self._under_way.done():
            self._began = self._clock()
            self._under_way = asyncio.ensure_future(self._run())
        under_way = self._under_way
        await asyncio.wait({under_way}, timeout=max(self._began + self._within_s - self._clock(), 0.0))
        if under_way.done():
            return under_way.result() | {"age_s": 0.0}
        return self._overdue()

    async def _run(self) -> Check:
        try:
            found = await self._check()
        except Exception as error:  # what a check did not think of is an answer too
            found = unhealthy(f"{type(error).__name__}: {error}")
        self._last, self._last_at = found, self._clock()
        return found

    def _overdue(self) -> Check:
        silent_s = round(self._clock() - self._began, 1)
        told = unhealthy(f"no answer for {silent_s:g} s")
        if self._last is None:
            return told | {"age_s": silent_s}
        age_s = round(self._clock() - self._last_at, 1)
        return self._last | told | {"age_s": age_s, "last_status": self._last["status"]}
