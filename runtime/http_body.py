"""The body of an HTTP request: bounded while it is read, read as JSON by the one reader, and described for OpenAPI."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from runtime.http_errors import ApiError, Details, summary, validation_details
from schemas.reading.json_text import JsonDocument, Problem, UnreadableJson, read_json

ModelT = TypeVar("ModelT", bound=BaseModel)

# A larger body is read off the event loop: one that is made to be slow takes seconds.
_SMALL_BYTES: Final = 64 * 1024
# A Content-Length of more digits is none that a server takes, and Python reads no number of any length.
_LENGTH_DIGITS: Final = 19


async def read_body(request: Request, max_bytes: int) -> bytes:
    """The bytes of the body; raises ApiError 413 over `max_bytes`."""
    # By Content-Length first, so that an honest client need not send what will be refused; then by what really comes.
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > _LENGTH_DIGITS or int(declared) > max_bytes):
        raise _too_large(max_bytes)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise _too_large(max_bytes)
    return bytes(body)


async def read_json_body(body: bytes) -> JsonDocument:
    """The JSON of a body; raises ApiError 400 that says what a body is that is none."""
    try:
        return read_json(body) if len(body) <= _SMALL_BYTES else await asyncio.to_thread(read_json, body)
    except UnreadableJson as error:
        raise ApiError(400, "malformed_json", f"the body is not JSON: {error}: send one JSON object in UTF-8") from None


def submitted(model: type[ModelT], *, max_bytes: int) -> Callable[[Request], Awaitable[ModelT]]:
    """A dependency that reads the body as `model`; it raises ApiError (400, 413, 415, 422) that names each field."""

    async def read(request: Request) -> ModelT:
        media_type = request.headers.get("content-type", "application/json").split(";")[0].strip().lower()
        if media_type != "application/json" and not media_type.endswith("+json"):
            raise ApiError(415, "unsupported_media_type", "Content-Type: expected application/json")
        found = await read_json_body(await read_body(request, max_bytes))
        details = problem_details(found.problems)
        try:
            if not details:
                return model.model_validate(found.value)
        except ValidationError as error:
            details = validation_details(error)
        raise ApiError(422, "invalid_request", summary(details), details)

    return read


def problem_details(problems: tuple[Problem, ...], after: int = 0) -> Details:
    """(field, message) of each value that can't be taken, the field named from the step `after` on."""
    return [(problem.place(after) or "item", problem.message) for problem in problems]


def described_body(schema: Mapping[str, Any], *, required: bool = True) -> dict[str, Any]:
    """The request body for OpenAPI: we read it ourselves, so FastAPI cannot know it."""
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of a model in one piece, without references."""
    whole = model.model_json_schema()
    definitions = whole.pop("$defs", {})
    inlined: dict[str, Any] = _inline(whole, definitions)
    return inlined


def _inline(schema: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(schema, dict):
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return _inline(definitions[reference.rsplit("/", 1)[1]], definitions)
        return {name: _inline(part, definitions) for name, part in schema.items()}
    return [_inline(part, definitions) for part in schema] if isinstance(schema, list) else schema


def _too_large(max_bytes: int) -> ApiError:
    return ApiError(413, "body_too_large", f"the body is larger than {max_bytes} bytes: send smaller batches, or documents by uri")
