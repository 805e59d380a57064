"""A request's body, bounded while it is read, and the items in it."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from pydantic_core import from_json

from producers.http_errors import ApiError


async def read_items(request: Request, *, max_bytes: int, max_items: int) -> list[Any]:
    """The one object of the body, or those of `{"items": […]}`; raises ApiError (400, 413, 415, 422)."""
    _check_headers(request)
    whole = _object(await _read(request, max_bytes))
    if "items" not in whole:
        return [whole]
    items = whole["items"]
    unknown = sorted(str(name)[:60] for name in whole if name != "items")[:20]
    if unknown:
        details = [(name, "not allowed beside items") for name in unknown]
        raise ApiError(422, "invalid_request", "the body of a batch has only the field items", details)
    if not isinstance(items, list) or not items:
        raise ApiError(422, "invalid_request", "items: expected a list of at least one object", [("items", "expected a non-empty list")])
    if len(items) > max_items:
        message = f"items: {len(items)} are too many, expected at most {max_items}: send several batches"
        raise ApiError(413, "too_many_items", message, [("items", f"expected at most {max_items}")])
    return items


async def read_optional_object(request: Request, *, max_bytes: int) -> dict[str, Any]:
    """The one object of the body, an empty one where there is no body; raises ApiError (400, 413, 415)."""
    body = await _read(request, max_bytes)
    if not body:
        return {}
    _check_headers(request)
    return _object(body)


def _check_headers(request: Request) -> None:
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != "application/json":
        raise ApiError(415, "unsupported_media_type", "Content-Type: expected application/json")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise ApiError(415, "unsupported_media_type", "Content-Encoding: expected none, bodies are sent uncompressed")


def _object(body: bytes) -> dict[str, Any]:
    try:
        # It refuses NaN, lone surrogates and deep nesting, which the standard library's reader lets through.
        whole = from_json(body, allow_inf_nan=False)
    except ValueError:
        raise ApiError(400, "malformed_json", "the body is not JSON: send one JSON object in UTF-8") from None
    if not isinstance(whole, dict):
        raise ApiError(400, "malformed_json", 'the body is no JSON object: send one object, or {"items": [objects]}')
    return whole


async def _read(request: Request, max_bytes: int) -> bytes:
    # By Content-Length first, so that an honest client need not send what will be refused; then by what really comes.
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > max_bytes:
        raise _too_large(max_bytes)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise _too_large(max_bytes)
    return bytes(body)


def _too_large(max_bytes: int) -> ApiError:
    return ApiError(413, "body_too_large", f"the body is larger than {max_bytes} bytes: send smaller batches, or documents by uri")
