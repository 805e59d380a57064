"""Every event that the runner writes goes through one log: all of a commit or nothing, folded into the read model after."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol, cast

from pydantic import BaseModel

from gpu_runner.event_log.read_model import ReadModel, as_reported
from schemas.catalogue import Event
from schemas.events.training_state import TrainingState

Commit = Callable[[Sequence[Event]], Awaitable[None]]


class EventWriter(Protocol):
    """Writes events in one transaction; raises Fatal when this runner must stop, NotConnected when Kafka can't take it."""

    async def write(self, events: Sequence[Event]) -> None: ...


class EventLog:
    """One writer at a time: what is decided on the read model is written before anyone else decides on it."""

    def __init__(self, writer: EventWriter, read_model: ReadModel) -> None:
        self.read_model = read_model
        self._writer = writer
        self._turn = asyncio.Lock()

    async def commit(self, *events: Event) -> None:
        """Writes the events in one transaction and folds them in."""
        async with self.exclusive() as commit:
            await commit(events)

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[Commit]:
        """The only turn to write: the read model stays as it is until the yielded commit is called."""
        async with self._turn:
            yield self._write

    async def _write(self, events: Sequence[Event]) -> None:
        await to_the_end(self._write_and_fold(tuple(events)))

    async def _write_and_fold(self, events: tuple[Event, ...]) -> None:
        await self._writer.write([as_reported(event) if isinstance(event, TrainingState) else event for event in events])
        for event in events:
            self.read_model.apply(cast(BaseModel, event))


async def to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Runs `work` to its end, however often the caller is cancelled meanwhile: a transaction is never left half done."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({task})
        raise
