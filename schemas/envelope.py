"""CloudEvents 1.0 over Kafka: binary mode out, binary and structured mode in (`schemas.structured_mode`).

Binary mode puts the attributes in `ce_*` headers and the JSON data in the value; structured mode puts both into one
JSON object with the content type `application/cloudevents+json`
(CloudEvents Kafka protocol binding 1.0.2, sections 3.2 and 3.3). `traceparent` (W3C trace context) is carried through.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, TypeVar

import msgspec
from pydantic import BaseModel, ValidationError

from schemas.catalogue import Event
from schemas.event_time import FIRST_YEAR, LAST_YEAR, parse_time
from schemas.fields import FORBIDDEN_CHARACTERS
from schemas.reading.json_text import BOM, trouble
from schemas.structured_mode import NotStructured, is_structured, read_structured


class ProvenanceOut(msgspec.Struct, frozen=True, gc=False):
    """Where a sample came from."""

    topic: str
    partition: int
    offset: int


# A header of Kafka may have no value.
Headers = Sequence[tuple[str, bytes | None]]


class WireRecord(msgspec.Struct, frozen=True, gc=False):
    """What goes to Kafka, wherever it goes: key and value bytes, headers in order; without a value it is a tombstone."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()

    @property
    def size(self) -> int:
        """Bytes before compression, as `record_size`."""
        return record_size(self.key, self.value, self.headers)


class Encoded(msgspec.Struct, frozen=True, gc=False):
    """An event of the hot path ready for the log; `topic` is a name of `schemas.topics`."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers


_encode = msgspec.json.Encoder().encode


class RecordEncoder:
    """Binary-mode CloudEvents of one topic and source, from the hot path's structs; the same headers as `schemas.envelope.encode`."""

    def __init__(self, topic: str, source: str) -> None:
        self._topic = topic
        self._source = ("ce_source", source.encode())
        self._type = ("ce_type", event_type(topic).encode())

    def encode(
        self, event: msgspec.Struct, key: str, event_id: str, time: str, traceparent: str | None = None, *, history: bool = False
    ) -> Encoded:
        """The record of an event with its Kafka key and CloudEvents id; `time` is RFC 3339 in UTC, `history` as `Envelope.history`."""
        headers: list[tuple[str, bytes | None]] = [
            SPECIFIED_HEADER,
            ("ce_id", event_id.encode()),
            self._source,
            self._type,
            ("ce_time", time.encode()),
            CONTENT_HEADER,
        ]
        if traceparent is not None:
            headers.append(("traceparent", traceparent.encode()))
        if history:
            headers.append(HISTORY_HEADER)
        return Encoded(self._topic, key.encode(), _encode(event), headers)


EventT = TypeVar("EventT", bound=BaseModel)

CONTENT_TYPE: Final = b"application/json"
SPEC_VERSION: Final = "1.0"
TYPE_PREFIX: Final = "abhyas."
# The two headers that every binary-mode record of ours has alike.
SPECIFIED_HEADER: Final = ("ce_specversion", SPEC_VERSION.encode())
CONTENT_HEADER: Final = ("content-type", CONTENT_TYPE)
# A boolean extension attribute (CloudEvents 1.0, section 3.1), written on events of an imported history and on nothing else.
HISTORY_HEADER: Final = ("ce_history", b"true")


class MalformedEvent(ValueError):
    """The record is not a readable event; the message names the attribute or field and what was expected."""


_decode_time: Final = msgspec.json.Decoder(datetime).decode
# To seconds, milliseconds, microseconds.
_TIME_BYTES: Final = frozenset({20, 24, 27})
_T, _Z = b"TZ"
_FORBIDDEN: Final = re.compile(f"[{FORBIDDEN_CHARACTERS}]")
# W3C trace context, level 1, section 3.2; another one is not ours to pass on, and might say anything.
TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """The attributes of an event: id, source (a URI reference), type, time set once by its originator, trace.

    `time_text` is the time as RFC 3339 in UTC, for events that carry it on. `history` marks an event of an imported history (the
    extension attribute `history`): it says what once happened, not what happens now.
    """

    id: str
    source: str
    type: str
    time: datetime
    traceparent: str | None
    time_text: str
    history: bool = False


def event_type(topic: str) -> str:
    """The `ce_type` of a topic of `schemas.topics`: it does not change with the installation's topic prefix.

    >>> event_type("feedback.submitted.v1")
    'abhyas.feedback.submitted.v1'
    """
    return TYPE_PREFIX + topic


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC; raises ValueError for a time without a zone.

    >>> format_time(datetime.fromisoformat("2026-11-23T09:35:06+05:30"))
    '2026-11-23T04:05:06Z'
    """
    if moment.tzinfo is None:
        raise ValueError("time has no zone: expected an aware datetime")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def encode(event: Event, *, source: str, time: datetime, traceparent: str | None = None, history: bool = False) -> WireRecord:
    """The event as a binary-mode record; `history` marks it as one of an imported history."""
    key = event.key()
    headers = [
        SPECIFIED_HEADER,
        ("ce_id", event.event_id().encode()),
        ("ce_source", source.encode()),
        ("ce_type", event_type(event.TOPIC).encode()),
        ("ce_time", format_time(time).encode()),
        CONTENT_HEADER,
    ]
    if traceparent:
        headers.append(("traceparent", traceparent.encode()))
    if history:
        headers.append(HISTORY_HEADER)
    return WireRecord(None if key is None else key.encode(), event.model_dump_json(exclude_none=True).encode(), tuple(headers))


def decode(value: bytes | None, headers: Headers, model: type[EventT]) -> tuple[Envelope, EventT]:
    """The envelope and event of a record of `model`'s topic.

    Raises MalformedEvent for anything else: no value, attributes missing or of another type, invalid JSON, a field
    that does not hold what the contract says.
    """
    envelope, data = unwrap(value, headers, str(getattr(model, "TOPIC")))  # noqa: B009
    try:
        return envelope, model.model_validate_json(data)
    except ValidationError as error:
        raise MalformedEvent(_explain(error, data)) from None


def unwrap(value: bytes | None, headers: Headers, topic: str) -> tuple[Envelope, bytes]:
    """The envelope of a record of `topic`, and the JSON of its event; raises MalformedEvent as `decode` does.

    About a microsecond for headers as `encode` writes them; anything else goes the long way.
    """
    if value is None:
        raise MalformedEvent("value is absent: expected the JSON of an event")
    if value.startswith(BOM):
        value = value[len(BOM) :]
    envelope = _unwrap_ours(headers, topic)
    return _unwrap_any(value, headers, topic) if envelope is None else (envelope, value)


def _unwrap_ours(headers: Headers, topic: str) -> Envelope | None:
    """The envelope of headers as `encode` writes them, in its order; None for any others, which may be as good."""
    trace = None
    if len(headers) == 7:
        name, raw_trace = headers[6]
        if name != "traceparent" or raw_trace is None:
            return None
        trace = raw_trace.decode("ascii", "replace")
        headers = headers[:6]
    elif len(headers) != 6:
        return None
    specified, (id_name, raw_id), (source_name, raw_source), typed, (time_name, raw_time), content = headers
    type_, kind = _typed(topic)
    if specified != SPECIFIED_HEADER or typed != kind or content != CONTENT_HEADER or id_name != "ce_id" or source_name != "ce_source":
        return None
    if time_name != "ce_time" or not raw_id or not raw_source or not raw_time:
        return None
    # In the form of `format_time`, to milliseconds too; whether it is a time, the decoder says.
    if len(raw_time) not in _TIME_BYTES or raw_time[10] != _T or raw_time[-1] != _Z or b"\\" in raw_time:
        return None
    try:
        moment = _decode_time(b'"%b"' % raw_time)
        carried = trace if trace is not None and TRACEPARENT.fullmatch(trace) else None
        id_, source = raw_id.decode(), raw_source.decode()
        if not (id_.isprintable() and source.isprintable() and FIRST_YEAR <= moment.year <= LAST_YEAR):
            return None
        return Envelope(id_, source, type_, moment, carried, raw_time.decode())
    except ValueError:
        return None


def _unwrap_any(value: bytes, headers: Headers, topic: str) -> tuple[Envelope, bytes]:
    named = {name.lower(): raw for name, raw in headers}
    media_type = _text(named.get("content-type", b""), "content-type").split(";")[0].strip().lower()
    attributes, prefix = {name[3:]: _text(raw, name) for name, raw in named.items() if name.startswith("ce_")}, "ce_"
    try:
        if is_structured(media_type, value, has_attributes="specversion" in attributes):
            (attributes, value), prefix = read_structured(value), ""
    except NotStructured as error:
        raise MalformedEvent(str(error)) from None
    if "traceparent" in named:
        attributes.setdefault("traceparent", _text(named["traceparent"], "traceparent"))
    return _envelope(attributes, topic, prefix), value


@lru_cache(maxsize=64)
def _typed(topic: str) -> tuple[str, tuple[str, bytes]]:
    return event_type(topic), ("ce_type", event_type(topic).encode())


def describe(error: ValidationError) -> str:
    """A validation error in one line: each field and what was expected, without the values (they may be user text)."""
    parts = []
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        place = ".".join(str(step) for step in item["loc"]) or "event"
        parts.append(f"{place}: {item['msg'].removeprefix('Value error, ')}")
    return "; ".join(parts)


def _explain(error: ValidationError, data: bytes) -> str:
    # Of what is no JSON, or a text that is none, our own reader knows the field.
    unread = any(item["type"] == "json_invalid" for item in error.errors(include_url=False, include_context=False, include_input=False))
    return (trouble(data) if unread else None) or describe(error)


def record_size(key: bytes | None, value: bytes | None, headers: Headers) -> int:
    """Bytes of a record's key, value and headers together, before compression: what `schemas.topics.size_limit` limits."""
    return len(key or b"") + len(value or b"") + sum(len(name.encode()) + len(raw or b"") for name, raw in headers)


def _text(raw: bytes | None, name: str) -> str:
    if raw is None:
        raise MalformedEvent(f"{name}: expected a value, and the header has none")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise MalformedEvent(f"{name}: expected UTF-8") from None


def _envelope(attributes: dict[str, str], topic: str, prefix: str) -> Envelope:
    for name in ("specversion", "id", "source", "type", "time"):
        if not attributes.get(name):
            raise MalformedEvent(f"{prefix}{name}: expected, and absent or empty")
        if _FORBIDDEN.search(attributes[name]):
            raise MalformedEvent(f"{prefix}{name}: expected no control characters")
    if attributes["specversion"] != SPEC_VERSION:
        raise MalformedEvent(f"{prefix}specversion: expected {SPEC_VERSION}")
    if attributes["type"] != event_type(topic):
        raise MalformedEvent(f"{prefix}type: expected {event_type(topic)}")
    try:
        time = parse_time(attributes["time"])
    except ValueError as error:
        raise MalformedEvent(f"{prefix}time: {error}") from None
    trace = attributes.get("traceparent", "")
    carried = trace if TRACEPARENT.fullmatch(trace) else None
    return Envelope(
        attributes["id"], attributes["source"], attributes["type"], time, carried, format_time(time), attributes.get("history") == "true"
    )
