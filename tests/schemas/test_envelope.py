"""The envelope: what goes out comes in, and nothing else than MalformedEvent comes of what does not."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.envelope import MalformedEvent, WireRecord, decode, encode, record_size
from schemas.feedback import FeedbackSubmitted
from schemas.rating import Rating

NOW = datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200)
IDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)
TIMES = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)).map(lambda moment: moment.replace(tzinfo=timezone(timedelta(hours=5.5))))


@st.composite
def feedbacks(draw: st.DrawFn) -> FeedbackSubmitted:
    rating = draw(
        st.none()
        | st.floats(1, 5).map(lambda value: {"scale": "stars_1_5", "value": value})
        | st.sampled_from(["up", "down", True, False]).map(lambda value: {"scale": "thumbs", "value": value})
        | st.floats(-1, 1).map(lambda value: {"scale": "signed_unit", "value": value})
    )
    return FeedbackSubmitted(
        feedback_id=draw(IDS),
        revision=draw(st.integers(0, 1_000_000)),
        query="प्रश्न " + draw(TEXT),
        response=draw(TEXT),
        correction="उत्तर " + draw(TEXT) if rating is None else draw(st.none() | TEXT),
        rating=None if rating is None else Rating.model_validate(rating),
        user_hash=draw(st.none() | st.just("ab" * 32)),
        tags=tuple(draw(st.lists(TEXT.filter(lambda tag: 0 < len(tag) <= 100), max_size=3))),
    )


@given(feedbacks(), TIMES, IDS)
def test_binary_mode_round_trips(event: FeedbackSubmitted, time: datetime, source: str) -> None:
    """decode(encode(x)) is x, the time is kept to the microsecond in UTC, and encoding again gives the same bytes."""
    record = encode(event, source=source, time=time)
    envelope, again = decode(record.value, record.headers, FeedbackSubmitted)
    assert again == event
    assert (envelope.id, envelope.source, envelope.time) == (event.event_id(), source, time)
    assert encode(again, source=envelope.source, time=envelope.time) == record


@given(feedbacks(), TIMES)
def test_structured_mode_is_read_as_binary_mode_is(event: FeedbackSubmitted, time: datetime) -> None:
    """The same attributes and data in one JSON object decode to the same envelope and event."""
    record = encode(event, source="/s", time=time)
    whole = {name[3:]: raw.decode() for name, raw in record.headers if name.startswith("ce_")} | {"data": json.loads(record.value)}
    structured = json.dumps(whole).encode()
    headers = [("Content-Type", b"application/cloudevents+json; charset=utf-8")]
    assert decode(structured, headers, FeedbackSubmitted) == decode(record.value, record.headers, FeedbackSubmitted)


HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["ce_id", "ce_source", "ce_type", "ce_time", "ce_specversion", "content-type", "traceparent", "x"]),
        st.none()
        | st.binary(max_size=20)
        | st.sampled_from([b"1.0", b"abhyas.feedback.submitted.v1", b"application/cloudevents+json", b"0001-01-01T00:00:00+23:00"]),
    ),
    max_size=8,
)
VALUES = (
    st.none()
    | st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers(-(10**400), 10**400) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["data", "id", "rating", "scale", "value", "score", "query", "time", "type"]), inner, max_size=5
            )
        ),
        max_leaves=12,
    ).map(lambda value: json.dumps(value).encode())
)


@given(VALUES, HEADERS)
def test_whatever_comes_is_an_event_or_malformed(value: bytes | None, headers: list[tuple[str, bytes | None]]) -> None:
    """No record of a topic can raise anything but MalformedEvent: any other error would stop the reader for good."""
    good = encode(FeedbackSubmitted(feedback_id="f", query="q", correction="c"), source="/s", time=NOW).headers
    for tried in (headers, [*good, *headers]):
        with suppress(MalformedEvent):
            decode(value, tried, FeedbackSubmitted)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"[" * 100_000, "value: expected"),
        (b'{"data": {"query": "\\ud800"}}', "value: expected"),
        (b'{"data": NaN}', "value: expected"),
        (b"[1]", "data: expected"),
    ],
)
def test_hostile_json_is_malformed_in_structured_mode(value: bytes, message: str) -> None:
    """Deep nesting, lone surrogates and NaN are refused like any other broken JSON."""
    with pytest.raises(MalformedEvent, match=message):
        decode(value, [("content-type", b"application/cloudevents+json")], FeedbackSubmitted)


def test_an_integer_of_any_length_is_malformed() -> None:
    """A rating that no float can hold is off its scale, not an overflow."""
    event = {"feedback_id": "f", "query": "q", "rating": {"scale": "stars_1_5", "value": 10**400, "score": 10**400}}
    good = encode(FeedbackSubmitted(feedback_id="f", query="q", correction="c"), source="/s", time=NOW)
    with pytest.raises(MalformedEvent, match="rating"):
        decode(json.dumps(event).encode(), good.headers, FeedbackSubmitted)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ce_type": b"abhyas.document.ingested.v1"}, "ce_type: expected abhyas.feedback.submitted.v1"),
        ({"ce_time": b"2026-11-23T04:05:06"}, "ce_time: expected a zone"),
        ({"ce_time": b"0001-01-01T00:00:00+23:00"}, "ce_time: expected an RFC 3339 time"),
        ({"ce_specversion": b"0.3"}, "ce_specversion: expected 1.0"),
        ({"ce_id": b""}, "ce_id: expected"),
        ({"ce_source": b"\xff"}, "ce_source: expected UTF-8"),
        ({"ce_source": None}, "ce_source: expected a value"),
    ],
)
def test_a_wrong_attribute_is_named(change: dict[str, bytes | None], message: str) -> None:
    """Each attribute that does not hold what it should is named with what was expected."""
    record = encode(FeedbackSubmitted(feedback_id="f", query="q", correction="c"), source="/s", time=NOW)
    headers = [(name, change.get(name, raw)) for name, raw in record.headers]
    with pytest.raises(MalformedEvent, match=message):
        decode(record.value, headers, FeedbackSubmitted)


def test_a_wrong_field_is_named_without_its_value() -> None:
    """The message names the field and what was expected; what the user wrote is not repeated."""
    record = encode(FeedbackSubmitted(feedback_id="f", query="q", correction="c"), source="/s", time=NOW)
    value = json.dumps(
        {"feedback_id": "my secret words", "query": "q", "correction": "c", "rating": {"scale": "a secret scale of mine", "value": 1}}
    )
    with pytest.raises(MalformedEvent) as refused:
        decode(value.encode(), record.headers, FeedbackSubmitted)
    assert "feedback_id: String should match pattern" in str(refused.value)
    assert "rating" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_the_size_of_a_record_counts_everything_that_is_sent() -> None:
    """Key, value, and header names and values, in bytes."""
    assert record_size(WireRecord("क".encode(), b"1234", (("ab", b"123"),))) == 3 + 4 + 5
    assert record_size(WireRecord(None, b"", ())) == 0
