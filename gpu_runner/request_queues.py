"""Persons' and stage 2's requests, answered beside each other: a rollback waits for nothing that takes long.

A queue answers one request after the other: the rollbacks of a model, its promotions, and all bootstraps, which read whole corpora.
Promotions of a model wait while a rollback of it is asked for. What is written stays one after the other, in the event log's turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from gpu_runner.errors import Fatal
from schemas.events.operator_requested import OperatorRequested
from schemas.events.rollback_requested import RollbackRequested

Request = OperatorRequested | RollbackRequested
RequestQueue = tuple[str, str]


def queue_of(request: Request) -> RequestQueue:
    """The kind of a request and the model that it waits for others of.

    >>> lane_of(OperatorRequested(request_id="r", action="promote", model="m", actor="a", version="v2"))
    ('promote', 'm')
    """
    if isinstance(request, RollbackRequested):
        return "rollback", request.model
    return (request.action, "") if request.action == "bootstrap" else (request.action, request.model)


def next_ones(requests: Sequence[Request], busy: set[RequestQueue]) -> dict[RequestQueue, Request]:
    """The first request of each queue that is free, of those that were read in this order."""
    rolling_back = {queue[1] for queue in busy if queue[0] == "rollback"} | {
        request.model for request in requests if queue_of(request)[0] == "rollback"
    }
    found: dict[RequestQueue, Request] = {}
    for request in requests:
        queue = queue_of(request)
        waits = queue[0] == "promote" and request.model in rolling_back
        if queue not in busy and not waits:
            found.setdefault(queue, request)
    return found


async def answer_all(
    wake: asyncio.Event, open_requests: Callable[[], Sequence[Request]], answer: Callable[[Request], Awaitable[None]]
) -> None:
    """Answers what is open whenever it is woken, for ever. Raises what an answer raises, Fatal first, and leaves none under way behind."""
    under_way: dict[RequestQueue, asyncio.Future[None]] = {}
    try:
        while True:
            wake.clear()
            for queue, request in next_ones(open_requests(), set(under_way)).items():
                under_way[queue] = asyncio.ensure_future(answer(request))
            await _first(wake, set(under_way.values()))
            for queue in [queue for queue, task in under_way.items() if task.done()]:
                under_way.pop(queue).result()
    finally:
        for task in under_way.values():
            task.cancel()
        for outcome in await asyncio.gather(*under_way.values(), return_exceptions=True):
            if isinstance(outcome, Fatal):
                raise outcome


async def _first(wake: asyncio.Event, under_way: set[asyncio.Future[None]]) -> None:
    woken: asyncio.Future[Any] = asyncio.ensure_future(wake.wait())
    waited: set[asyncio.Future[Any]] = {woken, *under_way}
    try:
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
    finally:
        woken.cancel()
