"""From a raw record to a valid event."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.collect.decode import Received, receive
from consumers.records import InputRecord, Refusal
from schemas import dead_letter, topics
from schemas.envelope import event_type

HEADERS = (
    ("ce_specversion", b"1.0"),
    ("ce_id", b"f1:0"),
    ("ce_source", b"chat"),
    ("ce_type", event_type(topics.FEEDBACK_SUBMITTED).encode()),
    ("ce_time", b"2026-11-23T04:00:00Z"),
    ("content-type", b"application/json"),
)


def raw(value: bytes | None, headers: Any = HEADERS) -> InputRecord:
    return InputRecord(topics.FEEDBACK_SUBMITTED, 2, 7, b"k", value, headers, 0)


def test_too_large_is_refused_unread(build: Any) -> None:
    """A value over our limit is refused for its size, with the limit named, whatever it holds."""
    refused = receive(raw(b"{" * (topics.MAX_FEEDBACK_BYTES + 1)), build.intake_policy())
    assert isinstance(refused, Refusal)
    assert refused.reason == dead_letter.TOO_LARGE
    assert str(topics.MAX_FEEDBACK_BYTES) in refused.detail
    document = build.record(build.document())
    assert isinstance(receive(document, build.intake_policy(max_document_bytes=10)), Refusal)
    assert isinstance(receive(document, build.intake_policy()), Received)


STRUCTURED = tuple((name, b"application/cloudevents+json") if name == "content-type" else (name, value) for name, value in HEADERS)


@pytest.mark.parametrize(
    "record",
    [
        raw(None),
        raw(b""),
        raw(b"\xff\xfe"),
        raw(b"[]"),
        raw(b'{"feedback_id":"f1"}'),
        raw(b'{"feedback_id":"f1","query":"q","rating":{"scale":"smileys","value":3}}'),
        raw(b'{"feedback_id":"f1","query":"q","rating":{"scale":"stars_1_5","value":1' + b"0" * 400 + b"}}"),
        raw(b'{"feedback_id":"f1","query":"q"}', HEADERS[1:]),
        raw(b"{}", (*HEADERS[:4], ("ce_time", b"0001-01-01T00:00:00+14:00"), HEADERS[5])),
        raw(b"{}", (*HEADERS[:2], ("ce_source", None), *HEADERS[3:])),
        raw(b'{"data": ' + b"[" * 100_000, STRUCTURED),
        raw(b'{"specversion":"1.0","data":"\\ud800"}', STRUCTURED),
    ],
    ids=lambda record: repr(record.value)[:30],
)
def test_poison_is_refused_with_a_reason(build: Any, record: InputRecord) -> None:
    """Whatever cannot be read is refused as malformed with a detail, and its dead letter holds the bytes as they came."""
    refused = receive(record, build.intake_policy())
    assert isinstance(refused, Refusal)
    assert refused.reason == dead_letter.MALFORMED
    assert refused.detail
    letter = refused.dead_letter(record, "stage1")
    assert (letter.key, letter.value, letter.headers, letter.offset) == (record.key, record.value, record.headers, 7)


def said(**fields: Any) -> bytes:
    return json.dumps({"feedback_id": "f1", "query": "q", "correction": "c"} | fields).encode()


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        (said(query="\ud800"), "query: holds half of a surrogate pair"),
        (said(feedback_id="a\udfff"), "feedback_id: holds half of a surrogate pair"),
        (said(tags=["a", "\ud800"]), "tags[1]: holds half of a surrogate pair"),
        (said(feedback_id="a\x85b"), "feedback_id: expected no white space and no control characters"),
        (said(conversation_id="a\x7f"), "conversation_id: expected no white space and no control characters"),
        (said(rating={"scale": "stars_1_5", "value": 0}).replace(b'"value": 0', b'"value": ' + b"9" * 5000), "rating.value: "),
        (said().replace(b'"c"', b"[" * 50_000 + b"]" * 50_000), "correction: expected"),
        (said().replace(b'"c"', b"NaN"), "correction: not a number"),
        (said(rating={"scale": "thumbs", "value": 1}), "rating.value 1.0 is not on the scale thumbs: expected 'up', 'down', true or false"),
        (said(rating={"scale": "thumbs", "value": None}), "rating.value null is not on the scale thumbs: expected 'up', 'down', true"),
        (said(model="नदी"), "model: expected a model's name"),
        (said().decode().encode("utf-16"), "the text is UTF-16"),
        (said().replace(b'"c"', b'"\xff"'), "not UTF-8 at byte"),
        (b'{"feedback_id"', "not JSON at line 1 column 15"),
        (b"", "empty: expected JSON"),
    ],
)
def test_k6_what_cannot_be_read_of_a_direct_event_is_named_by_its_field(build: Any, value: bytes, detail: str) -> None:
    """An event that never passed the gateway is told what is wrong with it as the gateway would tell it, without its values."""
    refused = receive(raw(value), build.intake_policy())
    assert isinstance(refused, Refusal)
    assert (refused.reason, refused.detail[: len(detail)]) == (dead_letter.MALFORMED, detail)
    assert len(refused.detail) < 400


@pytest.mark.parametrize(("name", "slug"), [("llama3.1:8b", "llama3.1-8b"), ("openai/gpt-4o", "gpt-4o"), ("Tiny-Llama", "tiny-llama")])
def test_k6_a_direct_event_names_its_model_as_servers_do(build: Any, name: str, slug: str) -> None:
    """Feedback and documents: the sample is the slug's, as through the gateway."""
    found = receive(raw(said(model=name)), build.intake_policy())
    assert isinstance(found, Received)
    assert found.model == slug
    document = build.record(build.document())
    document = msgspec.structs.replace(document, value=document.value.replace(b'"doc_id"', b'"model":"%b","doc_id"' % name.encode()))
    found = receive(document, build.intake_policy())
    assert isinstance(found, Received)
    assert found.model == slug


def test_k6_a_direct_event_with_a_bom_or_in_structured_mode_is_taken(build: Any) -> None:
    """The same readers as everywhere."""
    assert isinstance(receive(raw(b"\xef\xbb\xbf" + said()), build.intake_policy()), Received)
    whole = {name[3:]: value.decode() for name, value in HEADERS if name.startswith("ce_")} | {"data": json.loads(said())}
    assert isinstance(receive(raw(json.dumps(whole).encode(), ()), build.intake_policy()), Received)


@given(value=st.binary(max_size=200), name=st.text(max_size=10), header=st.none() | st.binary(max_size=20))
def test_no_bytes_break_decoding(build: Any, value: bytes, name: str, header: bytes | None) -> None:
    """Random bytes and headers are refused, never raised over."""
    assert isinstance(receive(raw(value, (*HEADERS, (name, header))), build.intake_policy()), Refusal)


def test_values_of_users_stay_out_of_details(build: Any) -> None:
    """A refusal's detail names the field and not what the user wrote."""
    refused = receive(raw(json.dumps({"feedback_id": "f1", "query": ["गुप्त secret"]}).encode()), build.intake_policy())
    assert isinstance(refused, Refusal)
    assert "query" in refused.detail
    assert "secret" not in refused.detail
