"""Blocking work of a session, in threads that never outlive whoever waits for them.

`asyncio.to_thread` leaves its thread running when its caller is cancelled: a session that lost Kafka began another one while the
upload of the first went on, and both wrote the same version. Here the thread is told to stop, and its caller ends after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Final, ParamSpec, TypeVar

import structlog

from runtime.artifacts.stopping import Stop, WorkStopped

_log = structlog.get_logger(__name__)

# A job, a request, a sweep and a command at once need fewer. Not the loop's own: requests at the API that wait for a store fill that.
_POOL: Final = ThreadPoolExecutor(max_workers=16, thread_name_prefix="session")
# How long a thread may take to its next part before that is told.
_TOLD_AFTER_S: Final = 15.0

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `work` returns or raises. Cancelled, it tells the thread to stop at its next part and raises CancelledError when it has.

    However often it is cancelled, it does not end before the thread.
    """
    stop, context = Stop(), copy_context()
    future = asyncio.get_running_loop().run_in_executor(_POOL, partial(context.run, _under, stop, partial(work, *args, **kwargs)))
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        stop.ask()
        await _joined(future, work)
        raise


def _under(stop: Stop, work: Callable[[], T]) -> T:
    with stop.active():
        return work()


async def _joined(future: asyncio.Future[T], work: Callable[..., object]) -> None:
    name = getattr(work, "__qualname__", repr(work))
    while not future.done():
        try:
            if not (await asyncio.wait({future}, timeout=_TOLD_AFTER_S))[0]:
                _log.warning("waiting for work that was told to stop to come to its next part", work=name)
        except asyncio.CancelledError:
            continue  # told already: its end is what is waited for
    error = future.exception()
    if error is not None and not isinstance(error, WorkStopped):
        _log.warning("work that was told to stop failed", work=name, error=f"{type(error).__name__}: {error}")
