"""Blocking work that can be told to stop: uploads, downloads, hashing and fits look for it between parts and between files.

A thread can't be ended from outside. So whoever starts one runs it under a `Stop`, and everything that takes long calls `look` where
it may be left as a crash would leave it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Event


class WorkStopped(BaseException):
    """The work was told to stop. What it had not finished is not there."""


class Stop:
    """One piece of work's: asked for by whoever waits for it, looked for by the thread that does it."""

    def __init__(self) -> None:
        self._asked = Event()

    def ask(self) -> None:
        """From now on `look` raises where this is active."""
        self._asked.set()

    @property
    def asked(self) -> bool:
        """Whether the work is to stop."""
        return self._asked.is_set()

    @contextmanager
    def active(self) -> Iterator[None]:
        """What runs inside, in this context, is the work."""
        before = _CURRENT.set(self)
        try:
            yield
        finally:
            _CURRENT.reset(before)


@contextmanager
def to_its_end() -> Iterator[None]:
    """What runs inside is short, and half of it would be worse than all or nothing: it is not told to stop."""
    before = _CURRENT.set(None)
    try:
        yield
    finally:
        _CURRENT.reset(before)


_CURRENT: ContextVar[Stop | None] = ContextVar("stop", default=None)


def look() -> None:
    """Raises WorkStopped where the work that runs here is to stop; nothing anywhere else. Costs less than a microsecond."""
    stop = _CURRENT.get()
    if stop is not None and stop.asked:
        raise WorkStopped
