"""The body of an HTTP request: bounded while it is read, and read as JSON by the one reader."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import Request

from producers.http_errors import ApiError
from schemas.json_text import JsonDocument, UnreadableJson, read_json

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


def _too_large(max_bytes: int) -> ApiError:
    return ApiError(413, "body_too_large", f"the body is larger than {max_bytes} bytes: send smaller batches, or documents by uri")
