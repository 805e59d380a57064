"""The one error format of every HTTP endpoint of every service.

`{"error": {"code": "snake_case", "message": "…", "details": [{"field": "…", "message": "…"}]}}`: the message names the
thing, what was expected and what to do; the details name each field. No value that a caller sent is repeated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from schemas.reading.json_text import shown_name

log = structlog.get_logger()

MOST_DETAILS: Final = 100

Details = Sequence[tuple[str, str]]


class ApiError(Exception):
    """What a handler raises to answer with `status`, a `code` to act on, a message, and details as (field, message)."""

    def __init__(self, status: int, code: str, message: str, details: Details = (), *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = tuple(details)
        self.headers = dict(headers or {})


def error_body(code: str, message: str, details: Details = ()) -> dict[str, Any]:
    """The body of an error answer."""
    return {"error": {"code": code, "message": message, "details": [{"field": field, "message": text} for field, text in details]}}


def validation_details(error: ValidationError | RequestValidationError, prefix: str = "") -> tuple[tuple[str, str], ...]:
    """Each wrong field and what was expected, without the values; `body`, `query` and `path` are left out of the names.

    A name that may be a user's words (an unknown field's) is shown as `…`; of more than 100 details the first 100.
    """
    found = []
    # What is left is told by the answer to the next try; a body of nothing but unknown names must not be answered in full.
    for item in error.errors()[:MOST_DETAILS]:
        steps = item["loc"][1:] if isinstance(error, RequestValidationError) and len(item["loc"]) > 1 else item["loc"]
        place = _place((prefix, *steps) if prefix else steps)
        message = str(item["msg"]).removeprefix("Value error, ")
        if item["type"] == "model_type":  # pydantic would name our class
            found.append((place or "item", "expected a JSON object"))
            continue
        # A rule over several fields has no place of its own; its message starts with the field it is about.
        found.append((place or message.split(" ", 1)[0], message))
    return tuple(found)


def _place(steps: Sequence[str | int]) -> str:
    """A field by its way, as `schemas.reading.json_text.field_path` writes it, but whole.

    >>> _place(("messages", 3, "content"))
    'messages[3].content'
    """
    written = "".join(f"[{step}]" if isinstance(step, int) else f".{shown_name(step)}" for step in steps)
    return written.removeprefix(".")


def install_error_handlers(app: FastAPI) -> None:
    """Makes every error of the application answer in the one format; what nobody expected is logged and says 500."""

    @app.exception_handler(ApiError)
    async def on_api_error(_request: Request, error: ApiError) -> JSONResponse:
        return JSONResponse(error_body(error.code, error.message, error.details), error.status, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        # FastAPI reports a body that is no JSON as a validation error too.
        if any(item["type"] == "json_invalid" for item in error.errors()):
            return JSONResponse(error_body("malformed_json", "the body is not JSON: send one JSON object as application/json"), 400)
        details = validation_details(error)
        return JSONResponse(error_body("invalid_request", summary(details), details), 422)

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> JSONResponse:
        messages = {
            404: ("not_found", f"no such endpoint: {request.method} {request.url.path}; see /openapi.json"),
            405: ("method_not_allowed", f"{request.method} is not allowed on {request.url.path}; see /openapi.json"),
        }
        fallback = (HTTPStatus(error.status_code).phrase.lower().replace(" ", "_").replace("-", "_"), str(error.detail))
        # A handler's own HTTPException(404, "…") says more than the router's bare "Not Found".
        bare = error.detail == HTTPStatus(error.status_code).phrase
        code, message = messages.get(error.status_code, fallback) if bare else fallback
        return JSONResponse(error_body(code, message), error.status_code, headers=dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def on_surprise(request: Request, error: Exception) -> JSONResponse:
        # The route's own path: in the address a user's id may stand.
        path = getattr(request.scope.get("route"), "path", request.url.path)
        log.error("request failed", method=request.method, path=path, error=type(error).__name__, exc_info=error)
        return JSONResponse(error_body("internal_error", "the service failed to answer: see its log for the cause"), 500)


def summary(details: Details) -> str:
    """One sentence that names the fields."""
    fields = ", ".join(dict.fromkeys(field for field, _ in details))
    return f"the request is not valid: {fields}" if fields else "the request is not valid"
