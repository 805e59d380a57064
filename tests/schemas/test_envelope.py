"""The envelope: what goes out comes in, and nothing else than MalformedEvent comes of what does not."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.envelope import MalformedEvent, decode, encode, record_size, unwrap
from schemas.events.feedback_submitted import FeedbackSubmitted
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
        (b'{"data": {"query": "\\ud800"}}', "data.query: holds half of a surrogate pair"),
        (b'{"data": NaN}', "data: not a number"),
        (b"[1]", "value: a batch of CloudEvents"),
    ],
)
def test_hostile_json_is_malformed_in_structured_mode(value: bytes, message: str) -> None:
    """Deep nesting, lone surrogates and NaN are refused, by the field where there is one."""
    with pytest.raises(MalformedEvent, match=message):
        decode(value, [("content-type", b"application/cloudevents+json")], FeedbackSubmitted)


EVENT = {"feedback_id": "f", "query": "q", "correction": "c"}
ATTRIBUTES = {"specversion": "1.0", "id": "f:0", "source": "/s", "type": "abhyas.feedback.submitted.v1", "time": "2026-11-23T04:05:06Z"}
WHOLE = ATTRIBUTES | {"data": EVENT}
CLOUD_EVENT = b"application/cloudevents+json"


@pytest.mark.parametrize("content_type", [None, b"application/json", b"text/plain", b"application/json; charset=utf-8", CLOUD_EVENT])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_k6_a_structured_event_is_taken_whatever_its_content_type(content_type: bytes | None, mark: bytes) -> None:
    """A body that names its specversion, with no attributes in the headers, is an event in structured mode."""
    headers = [] if content_type is None else [("content-type", content_type)]
    envelope, event = decode(mark + json.dumps(WHOLE).encode(), headers, FeedbackSubmitted)
    assert (envelope.id, envelope.time, event.query) == ("f:0", NOW, "q")


@pytest.mark.parametrize("value", [json.dumps(EVENT), json.dumps(EVENT).encode("utf-8-sig").decode()])
def test_k6_data_in_base64_is_taken(value: str) -> None:
    """The JSON format's other form of data."""
    whole = ATTRIBUTES | {"data_base64": base64.b64encode(value.encode()).decode()}
    assert decode(json.dumps(whole).encode(), [("content-type", CLOUD_EVENT)], FeedbackSubmitted)[1].query == "q"


@pytest.mark.parametrize(
    ("whole", "content_type", "message"),
    [
        ([WHOLE], b"application/cloudevents-batch+json", "content-type: a batch of CloudEvents: expected one event a record"),
        ([WHOLE], CLOUD_EVENT, "value: a batch of CloudEvents: expected one event a record"),
        ([WHOLE], b"application/json", "value: a batch of CloudEvents: expected one event a record"),
        (WHOLE, b"application/cloudevents+avro", "content-type: a CloudEvent that is not JSON"),
        ("x", CLOUD_EVENT, "value: expected the JSON object of a structured-mode CloudEvent, found a text"),
        (WHOLE | {"data": json.dumps(EVENT)}, CLOUD_EVENT, "data: expected the JSON object of an event, found a text"),
        (WHOLE | {"data": [EVENT]}, CLOUD_EVENT, "data: expected the JSON object of an event, found an array"),
        (WHOLE | {"data": None}, CLOUD_EVENT, "data: expected the JSON object of an event, found null"),
        (ATTRIBUTES, CLOUD_EVENT, "data: expected in a structured-mode CloudEvent"),
        (WHOLE | {"data_base64": "e30="}, CLOUD_EVENT, "data, data_base64: expected one of them, found both"),
        (ATTRIBUTES | {"data_base64": "e3 0"}, CLOUD_EVENT, "data_base64: expected the event's JSON in Base64"),
        (ATTRIBUTES | {"data_base64": "हिन्दी"}, CLOUD_EVENT, "data_base64: expected the event's JSON in Base64"),
        (ATTRIBUTES | {"data_base64": {}}, CLOUD_EVENT, "data_base64: expected the event's JSON in Base64"),
        (ATTRIBUTES | {"data_base64": "/w=="}, CLOUD_EVENT, "not UTF-8 at byte 1"),
        (WHOLE | {"specversion": 1.0}, CLOUD_EVENT, "^specversion: expected a text, found a number"),
        (WHOLE | {"specversion": "0.3"}, CLOUD_EVENT, "^specversion: expected 1.0"),
        (WHOLE | {"id": None}, CLOUD_EVENT, "^id: expected, and absent or empty"),
        (WHOLE | {"id": "a\nb"}, CLOUD_EVENT, "^id: expected no control characters"),
        (WHOLE | {"time": "2026-W48-1T04:05:06Z"}, CLOUD_EVENT, "^time: expected an RFC 3339 time"),
        (WHOLE | {"datacontenttype": "text/xml"}, CLOUD_EVENT, "datacontenttype: expected application/json"),
    ],
)
def test_k6_a_cloud_event_of_another_form_is_named_for_what_it_is(whole: object, content_type: bytes, message: str) -> None:
    """Batches, other formats, data that is no object, attributes that are no text: each says what was expected instead."""
    with pytest.raises(MalformedEvent, match=message):
        decode(json.dumps(whole).encode(), [("content-type", content_type)], FeedbackSubmitted)


def test_k6_binary_mode_passes_a_bom_over_and_names_what_is_no_text() -> None:
    """The value is read by the same rules as every other JSON."""
    record = encode(FeedbackSubmitted(feedback_id="f", query="q", correction="c"), source="/s", time=NOW)
    assert decode(b"\xef\xbb\xbf" + record.value, record.headers, FeedbackSubmitted)[1].query == "q"
    for value, message in (
        (rb'{"feedback_id": "f", "query": "\ud800"}', "query: holds half of a surrogate pair"),
        (record.value.decode().encode("utf-16"), "the text is UTF-16"),
        (b'{"feedback_id"', "not JSON at line 1 column 15"),
    ):
        with pytest.raises(MalformedEvent, match=message):
            decode(value, record.headers, FeedbackSubmitted)


PARTS = st.sampled_from(
    [*"0123456789-:.,+TtZz ", "2026-11-23", "T04:05:06", "T24:00:00", "T23:59:60", "+05:30", "+0530", ".123", "\\", '"']
)
SLIPS = st.tuples(st.integers(0, 27), st.integers(0, 2), PARTS)


@given(st.sampled_from(["2026-11-23T04:05:06Z", "2026-11-23T04:05:06.123Z", "2026-11-23T04:05:06.123456Z"]), st.lists(SLIPS, max_size=3))
def test_k6_both_ways_through_the_envelope_read_the_same_times(text: str, slips: list[tuple[int, int, str]]) -> None:
    """A time is taken in headers as ours exactly where it is taken in any other order, and is the same one."""
    for at, gone, put in slips:
        text = text[:at] + put + text[at + gone :]
    record = encode(FeedbackSubmitted(feedback_id="f", query="q", correction="c"), source="/s", time=NOW)
    headers = [(name, text.encode() if name == "ce_time" else raw) for name, raw in record.headers]
    found = []
    for tried in (headers, headers[::-1]):
        try:
            found.append(unwrap(record.value, tried, FeedbackSubmitted.TOPIC)[0].time)
        except MalformedEvent as error:
            found.append(str(error))
    assert found[0] == found[1]


@pytest.mark.parametrize("name", ["ce_id", "ce_source"])
def test_attributes_with_control_characters_are_malformed(name: str) -> None:
    """CloudEvents allows none, and a log or an id with a line break in it would say something else than it is; other scripts are taken."""
    record = encode(FeedbackSubmitted(feedback_id="f", query="q", correction="c"), source="/s", time=NOW)
    for raw, taken in (("a\nb", False), ("a\x00", False), ("\x85", False), ("मंत्रालय", True), ("a\u00a0b c", True)):
        headers = [(one, raw.encode() if one == name else value) for one, value in record.headers]
        if taken:
            assert raw in getattr(decode(record.value, headers, FeedbackSubmitted)[0], name[3:])
            continue
        with pytest.raises(MalformedEvent, match=f"{name}: expected no control characters"):
            decode(record.value, headers, FeedbackSubmitted)


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
        ({"ce_time": b"2026-11-23T04:05:06"}, "ce_time: expected an RFC 3339 time with its zone"),
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


def test_the_mark_of_a_history_goes_over_the_wire() -> None:
    """In binary mode with and without a trace, in structured mode as the JSON boolean that CloudEvents has for it; else there is none."""
    event = FeedbackSubmitted(feedback_id="f", query="q", correction="c")
    for trace in (None, "00-" + "1" * 32 + "-" + "2" * 16 + "-01"):
        for history in (True, False):
            record = encode(event, source="chat", time=NOW, traceparent=trace, history=history)
            envelope, again = decode(record.value, record.headers, FeedbackSubmitted)
            assert (envelope.history, envelope.traceparent, again) == (history, trace, event)
    for marked in (True, "true", False, "yes", 1, None):
        whole = {
            "specversion": "1.0", "id": "1", "source": "chat", "type": "abhyas.feedback.submitted.v1", "time": "2026-11-23T04:05:06Z",
            "history": marked, "data": event.model_dump(mode="json", exclude_none=True),
        }  # fmt: skip
        envelope, _ = decode(json.dumps(whole).encode(), (("content-type", b"application/cloudevents+json"),), FeedbackSubmitted)
        assert envelope.history == (marked is True or marked == "true")


def test_the_size_of_a_record_counts_everything_that_is_sent() -> None:
    """Key, value, and header names and values, in bytes."""
    assert record_size("क".encode(), b"1234", (("ab", b"123"),)) == 3 + 4 + 5
    assert record_size(None, b"", ()) == 0
