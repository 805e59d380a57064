"""The items in a request's body: what can't be read of one is that item's own error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request

from runtime.http_body import problem_details, read_body, read_json_body
from runtime.http_errors import ApiError, Details, summary
from schemas.reading.json_text import JsonDocument, Problem

_ONE_OBJECT: Final = 'the body is no JSON object: send one object, or {"items": [objects]}'


@dataclass(frozen=True, slots=True)
class BodyItem:
    """One submission as it came, and (field, message) of each value in it that can't be taken."""

    value: Any
    problems: Details = ()


async def read_items(request: Request, *, max_bytes: int, max_items: int) -> list[BodyItem]:
    """The one object of the body, or those of `{"items": […]}`; raises ApiError (400, 413, 415, 422)."""
    _check_headers(request)
    found = await read_json_body(await read_body(request, max_bytes))
    whole = _object(found)
    if "items" not in whole:
        return [BodyItem(whole, problem_details(found.problems))]
    items = whole["items"]
    unknown = sorted(str(name)[:60] for name in whole if name != "items")[:20]
    if unknown:
        details = [(name, "not allowed beside items") for name in unknown]
        raise ApiError(422, "invalid_request", "the body of a batch has only the field items", details)
    outside = tuple(problem for problem in found.problems if len(problem.steps) < 2)
    if outside:
        raise ApiError(422, "invalid_request", "the body of a batch has only the field items", problem_details(outside))
    if not isinstance(items, list) or not items:
        raise ApiError(422, "invalid_request", "items: expected a list of at least one object", [("items", "expected a non-empty list")])
    if len(items) > max_items:
        message = f"items: {len(items)} are too many, expected at most {max_items}: send several batches"
        raise ApiError(413, "too_many_items", message, [("items", f"expected at most {max_items}")])
    problems: dict[Any, list[Problem]] = {}
    for problem in found.problems:
        problems.setdefault(problem.steps[1], []).append(problem)
    return [BodyItem(item, problem_details(tuple(problems.get(index, ())), after=2)) for index, item in enumerate(items)]


async def read_optional_object(request: Request, *, max_bytes: int) -> dict[str, Any]:
    """The one object of the body, an empty one where there is no body; raises ApiError (400, 413, 415, 422)."""
    body = await read_body(request, max_bytes)
    if not body:
        return {}
    _check_headers(request)
    found = await read_json_body(body)
    whole = _object(found)
    if found.problems:
        details = problem_details(found.problems)
        raise ApiError(422, "invalid_request", summary(details), details)
    return whole


def _check_headers(request: Request) -> None:
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type.startswith("application/cloudevents"):
        message = "Content-Type: a CloudEvent is for the topics: expected application/json, and the object of its data alone"
        raise ApiError(415, "unsupported_media_type", message)
    if media_type != "application/json":
        raise ApiError(415, "unsupported_media_type", "Content-Type: expected application/json")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise ApiError(415, "unsupported_media_type", "Content-Encoding: expected none, bodies are sent uncompressed")


def _object(found: JsonDocument) -> dict[str, Any]:
    if not isinstance(found.value, dict):
        raise ApiError(400, "malformed_json", _ONE_OBJECT)
    return found.value
