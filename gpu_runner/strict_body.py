"""Request bodies read by the project's one reader of JSON: what can't be taken is refused by field before a model looks at it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from producers.http_errors import ApiError
from schemas.json_text import UnreadableJson, read_json


class StrictBody(APIRoute):
    """A route whose body is whole UTF-8 JSON of bounded depth and digits; 400 for what is no JSON, 422 with the fields for values."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler behind the check."""
        handler = super().get_route_handler()

        async def checked(request: Request) -> Response:
            raw = await request.body()
            if raw:
                _check(raw)
            return await handler(request)

        return checked


def _check(raw: bytes) -> None:
    try:
        problems = read_json(raw).problems
    except UnreadableJson as error:
        raise ApiError(400, "malformed_json", f"the body can't be read: {error}; send one JSON object as application/json") from None
    if problems:
        details = [(problem.place() or "body", problem.message) for problem in problems[:100]]
        fields = ", ".join(dict.fromkeys(name for name, _ in details))
        raise ApiError(422, "invalid_request", f"the request is not valid: {fields}", details)
