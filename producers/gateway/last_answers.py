"""The answer of a request that the gateway's stop cuts off."""

from __future__ import annotations

import asyncio

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runtime.http_errors import error_body

STOPPING = "stopping"
MESSAGE = "the gateway is being stopped: send the request again, with the same ids or Idempotency-Key, because events may have been taken"


class AnswerWhenCutOff:
    """ASGI middleware: who was not answered when the stop's time was up gets 503, and not a closed connection.

    uvicorn cancels the tasks of such requests, and nobody else cancels them. An event of the request may have been published or still
    be: it is sent again under its id, so it counts once.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answering = False

        async def noted(message: Message) -> None:
            nonlocal answering
            answering = True
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except asyncio.CancelledError:
            if answering:
                raise
            headers = {"Retry-After": "1", "Connection": "close"}
            await JSONResponse(error_body(STOPPING, MESSAGE), 503, headers)(scope, receive, send)
