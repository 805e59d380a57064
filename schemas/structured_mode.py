"""CloudEvents in structured mode: one JSON object with the attributes and, as `data` or `data_base64`, the event (JSON format 1.0.2)."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

import msgspec

from schemas.reading.json_text import BOM, UnreadableJson, listed, read_json

STRUCTURED: Final = "application/cloudevents+json"
_ANY_FORM: Final = "application/cloudevents"
_BATCH: Final = "application/cloudevents-batch"
_ONE_EVENT: Final = f"a batch of CloudEvents: expected one event a record, as {STRUCTURED}"
_KINDS: Final = {dict: "an object", list: "an array", str: "a text", bool: "a boolean", type(None): "null"}


class NotStructured(ValueError):
    """The record is no event in structured mode; the message names the attribute or field and what was expected."""


def is_structured(media_type: str, value: bytes, *, has_attributes: bool) -> bool:
    """Whether the value is a whole CloudEvent: its content type says so, or there are no attributes beside it and it names its specversion.

    Raises NotStructured for a content type of CloudEvents in another form: a batch, or another format than JSON.
    """
    if not media_type.startswith(_ANY_FORM):
        return not has_attributes and b'"specversion"' in value
    if media_type.startswith(_BATCH):
        raise NotStructured(f"content-type: {_ONE_EVENT}")
    if media_type != STRUCTURED:
        raise NotStructured(f"content-type: a CloudEvent that is not JSON: expected {STRUCTURED}")
    return True


def read_structured(value: bytes) -> tuple[dict[str, str], bytes]:
    """The attributes and the JSON of the event; raises NotStructured that names the attribute or field."""
    try:
        found = read_json(value)
    except UnreadableJson as error:
        raise NotStructured(f"value: expected the JSON object of a structured-mode CloudEvent: {error}") from None
    if found.problems:
        raise NotStructured(listed(found.problems))
    whole = found.value
    if isinstance(whole, list):
        raise NotStructured(f"value: {_ONE_EVENT}")
    if not isinstance(whole, dict):
        raise NotStructured(f"value: expected the JSON object of a structured-mode CloudEvent, found {kind_of(whole)}")
    attributes = {name: _as_header(value) for name, value in whole.items() if isinstance(value, str | bool) and name != "data"}
    for name in ("specversion", "id", "source", "type", "time"):
        if not isinstance(whole.get(name), str | None):
            raise NotStructured(f"{name}: expected a text, found {kind_of(whole[name])}")
    media_type = attributes.get("datacontenttype", "application/json").split(";")[0].strip().lower()
    if media_type.rpartition("/")[2] != "json" and not media_type.endswith("+json"):
        raise NotStructured("datacontenttype: expected application/json")
    return attributes, _data(whole)


def kind_of(value: Any) -> str:
    """What a JSON value is, in words.

    >>> kind_of([]), kind_of(1.5)
    ('an array', 'a number')
    """
    return _KINDS.get(type(value), "a number")


def _as_header(value: str | bool) -> str:
    return value if isinstance(value, str) else str(value).lower()


def _data(whole: dict[str, Any]) -> bytes:
    encoded = whole.get("data_base64")
    if encoded is None:
        if "data" not in whole:
            raise NotStructured("data: expected in a structured-mode CloudEvent")
        if not isinstance(whole["data"], dict):
            raise NotStructured(f"data: expected the JSON object of an event, found {kind_of(whole['data'])}")
        return msgspec.json.encode(whole["data"])
    if whole.get("data") is not None:
        raise NotStructured("data, data_base64: expected one of them, found both")
    try:
        # A text that is no ASCII is a ValueError too.
        return base64.b64decode(encoded, validate=True).removeprefix(BOM)
    except (TypeError, ValueError, binascii.Error):
        raise NotStructured("data_base64: expected the event's JSON in Base64") from None
