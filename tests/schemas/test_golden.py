"""The golden wire examples: what was once put on a topic stays readable, and is written the same way today."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from schemas.catalogue import BY_TOPIC
from schemas.conversation import Message, Passage
from schemas.envelope import decode, encode
from schemas.generate import schema_of

GOLDEN = Path(__file__).parents[2] / "schemas" / "golden"
# By name: the topic of each binary example. Beside the one of each event: feedback with every field of a conversation.
CONVERSATION = "feedback.submitted.v1.conversation"
EXAMPLES = {topic: topic for topic in BY_TOPIC} | {CONVERSATION: "feedback.submitted.v1"}


def golden(name: str) -> tuple[bytes | None, bytes, tuple[tuple[str, bytes], ...]]:
    record = json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))
    headers = tuple((header, text.encode()) for header, text in record["headers"])
    return None if record["key"] is None else record["key"].encode(), record["value"].encode(), headers


def test_every_event_has_an_example() -> None:
    """schemas/golden holds a binary example of each event, a second one of feedback, and one in structured mode."""
    assert {path.stem for path in GOLDEN.glob("*.json")} == {*EXAMPLES, "feedback.submitted.v1.structured"}


def test_the_example_of_a_conversation_leaves_no_field_out() -> None:
    """Each optional field of feedback stands in one of its two examples, those of messages and passages in this one."""
    said = [json.loads(golden(name)[1]) for name in ("feedback.submitted.v1", CONVERSATION)]
    assert set(BY_TOPIC["feedback.submitted.v1"].model_fields) == {*said[0], *said[1]}
    assert set(Message.model_fields) == {field for message in said[1]["messages"] for field in message}
    assert set(Passage.model_fields) == {field for passage in said[1]["passages"] for field in passage}


@pytest.mark.parametrize(("name", "topic"), EXAMPLES.items())
def test_an_example_decodes_and_encodes_to_the_same_bytes(name: str, topic: str) -> None:
    """Key, headers in order and value come out byte for byte as they went in."""
    key, value, headers = golden(name)
    envelope, event = decode(value, headers, BY_TOPIC[topic])
    again = encode(event, source=envelope.source, time=envelope.time, traceparent=envelope.traceparent)
    assert (again.key, again.value, again.headers) == (key, value, headers)
    assert envelope.id == event.event_id()


@pytest.mark.parametrize(("name", "topic"), EXAMPLES.items())
def test_an_example_is_what_its_json_schema_says(name: str, topic: str) -> None:
    """The value on the wire is valid by the committed JSON Schema (draft 2020-12), formats included."""
    _, value, _ = golden(name)
    validator = jsonschema.Draft202012Validator(schema_of(topic), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    assert list(validator.iter_errors(json.loads(value))) == []


def test_the_structured_example_is_the_binary_one() -> None:
    """Structured mode, with another zone in its time, decodes to the same envelope and event, and is written in binary mode."""
    topic = "feedback.submitted.v1"
    _, value, headers = golden(f"{topic}.structured")
    envelope, event = decode(value, headers, BY_TOPIC[topic])
    binary_key, binary_value, binary_headers = golden(topic)
    assert (envelope, event) == decode(binary_value, binary_headers, BY_TOPIC[topic])
    again = encode(event, source=envelope.source, time=envelope.time, traceparent=envelope.traceparent)
    assert (again.key, again.value, again.headers) == (binary_key, binary_value, binary_headers)


def test_hindi_is_written_as_itself() -> None:
    """Devanagari goes on the wire as UTF-8, not as escapes that make it three times as long."""
    _, value, _ = golden("feedback.submitted.v1")
    assert "सालार जंग संग्रहालय कहाँ है?".encode() in value
