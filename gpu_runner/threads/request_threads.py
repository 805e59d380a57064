"""Where request handlers do what blocks: a store or a disk that hangs answers 503, and jobs and other requests go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from gpu_runner.threads.own_threads import OwnThreads, ThreadsBusy
from runtime.http_errors import ApiError

P = ParamSpec("P")
T = TypeVar("T")

# Four callers at once are more than a runner has. Reading 8 MiB of a named file takes a second at 64 Mbit/s; a caller's own time-out is
# rarely under a minute.
MOST: Final = 4
WITHIN_S: Final = 30.0


class RequestThreads:
    """Threads for the artifact store and, apart from them, for DATA_DIR: one that hangs does not take the other's."""

    def __init__(self, *, within_s: float = WITHIN_S) -> None:
        self._store = OwnThreads(MOST, within_s=within_s)
        self._folder = OwnThreads(MOST, within_s=within_s)

    async def store(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A call that asks the artifact store; raises ApiError 503 `store_unavailable` where it does not answer."""
        return await _run(self._store, "the artifact store", work, *args, **kwargs)

    async def folder(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A call that reads or writes DATA_DIR; raises ApiError 503 `store_unavailable` where that hangs."""
        return await _run(self._folder, "DATA_DIR", work, *args, **kwargs)


async def _run(threads: OwnThreads, place: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return await threads.run(work, *args, **kwargs)
    except ThreadsBusy as error:
        raise ApiError(
            503, "store_unavailable", f"{place} does not answer ({error}): try again later", headers={"Retry-After": "5"}
        ) from error
