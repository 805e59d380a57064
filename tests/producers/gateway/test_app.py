"""The gateway over a publisher that keeps what it is given: what is accepted, what is refused and how it is said."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from producers.errors import EventTooLarge, KafkaAway, Overloaded
from producers.gateway.app import create_app
from producers.gateway.settings import GatewaySettings
from producers.submissions import FeedbackSubmission, hash_user
from schemas.identity import normalise_group

UNKNOWN = "the stream processor at http://127.0.0.1:9 does not answer"
DOWN = {"scale": "thumbs", "value": "down"}
GOOD = {"query": "सालार जंग संग्रहालय कहाँ है?", "response": "दिल्ली", "correction": "हैदराबाद", "rating": DOWN}


def metric(client: TestClient, line: str) -> float:
    for found in client.get("/metrics").text.splitlines():
        if found.startswith(line + " "):
            return float(found.rsplit(" ", 1)[1])
    return 0.0


def test_one_feedback_is_published_and_acknowledged(client, publisher) -> None:
    """202 with the event's place; the event has the caller's id, time and trace."""
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    body = GOOD | {"feedback_id": "f1", "revision": 3, "occurred_at": "2026-11-20T10:00:00+05:30", "source_group": "salar-jung"}
    answer = client.post("/v1/feedback", json=body, headers={"traceparent": trace})
    assert answer.status_code == 202
    place = {"index": 0, "id": "f1", "event_id": "f1:3", "topic": "abhyas.feedback.submitted.v1", "partition": 0, "offset": 0}
    assert answer.json() == {"accepted": [place], "refused": [], "redactions": {}}
    ((event, time, carried),) = publisher.events
    assert (event.feedback_id, event.revision, event.correction, event.source_group) == ("f1", 3, "हैदराबाद", "salar-jung")
    assert time == datetime(2026, 11, 20, 4, 30, tzinfo=UTC)
    assert carried == trace


def test_without_a_time_the_event_happened_now(client, publisher) -> None:
    """`occurred_at` is optional."""
    before = datetime.now(UTC)
    client.post("/v1/feedback", json=GOOD)
    assert before <= publisher.events[0][1] <= datetime.now(UTC)


def test_a_retry_with_the_same_key_is_the_same_event(client, publisher) -> None:
    """Idempotency-Key gives items without an id theirs, one for each place in a batch; without a key each is new."""
    for key in ("retry-1", "retry-1", "retry-2", None, None):
        client.post("/v1/feedback", json={"items": [GOOD, GOOD]}, headers={"Idempotency-Key": key} if key else {})
    ids = [event.event_id() for event, _, _ in publisher.events]
    assert ids[0:2] == ids[2:4]
    assert len(set(ids)) == 8


def test_a_batch_takes_what_it_can(client, publisher) -> None:
    """Good items are published, each refused one is listed with its index, code and field."""
    publisher.failures["f4:0"] = EventTooLarge("the event has 999 bytes on the wire: feedback.submitted.v1 takes at most 10")
    items = [
        GOOD | {"feedback_id": "f0"},
        GOOD | {"feedback_id": "f1", "rating": {"scale": "stars_1_10", "value": 7}},
        GOOD | {"feedback_id": "f2", "mood": "angry"},
        GOOD | {"feedback_id": "f3", "rating": {"scale": "stars_1_5", "value": 9}},
        GOOD | {"feedback_id": "f4"},
    ]
    answer = client.post("/v1/feedback", json={"items": items})
    assert answer.status_code == 202
    assert [item["id"] for item in answer.json()["accepted"]] == ["f0"]
    refused = answer.json()["refused"]
    assert [(item["index"], item["code"]) for item in refused] == [(1, "invalid"), (2, "invalid"), (3, "invalid"), (4, "too_large")]
    assert [item["details"][0]["field"] for item in refused[:3]] == ["rating.scale", "mood", "rating.value"]
    assert "expected a number from 1 to 5" in refused[2]["details"][0]["message"]
    assert metric(client, 'gateway_refused_total{endpoint="/v1/feedback",reason="invalid"}') == 3
    assert metric(client, 'gateway_refused_total{endpoint="/v1/feedback",reason="too_large"}') == 1
    assert metric(client, 'gateway_events_published_total{topic="feedback.submitted.v1"}') == 1


def test_a_batch_of_nothing_but_errors_is_422(client, publisher) -> None:
    """The details name every item's field."""
    answer = client.post("/v1/feedback", json={"items": [{"query": "q"}, 7, GOOD | {"rating": {"scale": "x", "value": 1}}]})
    assert answer.status_code == 422
    fields = [detail["field"] for detail in answer.json()["error"]["details"]]
    assert fields == ["items[0].rating", "items[1].item", "items[2].rating.scale"]
    assert publisher.events == []


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        (GOOD | {"colour": "red"}, "colour", "Extra inputs are not permitted"),
        (GOOD | {"rating": {"scale": "stars_1_10", "value": 7}}, "rating.scale", "'stars_1_5', 'thumbs', 'unit_interval' or 'signed_unit'"),
        (
            GOOD | {"rating": {"scale": "thumbs", "value": None}},
            "rating.value",
            "null is not on the scale thumbs: expected 'up', 'down', true or false",
        ),
        (GOOD | {"rating": 5}, "rating", "expected a JSON object"),
        (GOOD | {"feedback_id": "two words"}, "feedback_id", "String should match pattern"),
        (GOOD | {"occurred_at": "2026-11-20T10:00:00"}, "occurred_at", "expected an RFC 3339 time with its zone"),
        (GOOD | {"query": " "}, "query", "expected the user's question"),
        ({"query": "q"}, "rating", "expected at least one of them, or retracted=true"),
        (GOOD | {"user": "u", "user_hash": "ab" * 16}, "user", "expected one of them"),
    ],
)
def test_an_invalid_feedback_is_422_with_its_field(client, publisher, body: dict, field: str, message: str) -> None:
    """Each wrong field is named with what was expected, in the one error format."""
    answer = client.post("/v1/feedback", json=body)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "details"}
    assert error["code"] == "invalid"
    assert field in error["message"]
    assert error["details"][0]["field"] == field
    assert message in error["details"][0]["message"]
    assert publisher.events == []


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b'{"query": ', "application/json", 400, "malformed_json"),
        (b"[1, 2]", "application/json", 400, "malformed_json"),
        (b'{"query": NaN}', "application/json", 422, "invalid"),
        (b'{"query": "\\ud800"}', "application/json", 422, "invalid"),
        (b'{"items": [{"query": "q"}], "\\ud800": 1}', "application/json", 422, "invalid_request"),
        ('{"query": "q"}'.encode("utf-16"), "application/json", 400, "malformed_json"),
        (b"", "application/json", 400, "malformed_json"),
        (b'{"specversion": "1.0"}', "application/cloudevents+json", 415, "unsupported_media_type"),
        (b"[" * 50_000, "application/json", 400, "malformed_json"),
        (b"query=q", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b'{"items": []}', "application/json", 422, "invalid_request"),
        (b'{"items": {"a": 1}}', "application/json", 422, "invalid_request"),
        (b'{"items": [{}], "more": 1}', "application/json", 422, "invalid_request"),
        (b'{"items": [1,2,3,4,5,6]}', "application/json", 413, "too_many_items"),
    ],
)
def test_a_malformed_request_is_4xx_and_counted(client, content: bytes, content_type: str, status: int, code: str) -> None:
    """No JSON, another media type, no items, too many: each has its code, and its reason is counted."""
    answer = client.post("/v1/feedback", content=content, headers={"content-type": content_type})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert metric(client, f'gateway_refused_total{{endpoint="/v1/feedback",reason="{code}"}}') == 1
    assert metric(client, f'gateway_requests_total{{endpoint="/v1/feedback",status="{status}"}}') == 1


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_k6_a_bom_and_a_charset_are_passed_over(client, publisher, content_type: str, mark: bytes) -> None:
    """JSON is UTF-8, whatever else is said of it."""
    answer = client.post("/v1/feedback", content=mark + json.dumps(GOOD).encode(), headers={"content-type": content_type})
    assert answer.status_code == 202
    assert len(publisher.events) == 1


@pytest.mark.parametrize(
    ("item", "field", "message"),
    [
        (r'{"query": "\ud800", "correction": "c"}', "query", "half of a surrogate pair"),
        (r'{"feedback_id": "\udc00", "query": "q", "correction": "c"}', "feedback_id", "half of a surrogate pair"),
        (r'{"query": "q", "correction": "c", "tags": ["a", "\ud800"]}', "tags[1]", "half of a surrogate pair"),
        (r'{"query": "q", "correction": "c", "\ud800": 1}', "item", "half of a surrogate pair"),
        ('{"query": "q", "rating": {"scale": "stars_1_5", "value": %s}}' % ("1" * 5000), "rating.value", "too many digits"),
        ('{"query": "q", "rating": {"scale": "stars_1_5", "value": 1e999}}', "rating.value", "out of range"),
        (
            '{"query": "q", "correction": "c", "tags": %s}' % ("[" * 100_000 + "]" * 100_000),
            "tags[0][0][0][0][0][0][0]…",
            "nested too deeply",
        ),
        ('{"query": "q", "correction": NaN}', "correction", "not a number"),
        ('{"query": "q", "correction": "c", "revision": 1e2000}', "revision", "out of range"),
        ('{"query": "q", "correction": "c", "revision": %s}' % ("9" * 4000), "revision", "less than or equal"),
        ('{"query": "q", "correction": "c", "occurred_at": "0001-01-01T00:00:00+05:30"}', "occurred_at", "RFC 3339"),
        ('{"query": "q", "correction": "c", "occurred_at": "9999-12-31T23:59:59-05:00"}', "occurred_at", "RFC 3339"),
        ('{"query": "q", "rating": {"scale": "thumbs", "value": 1}}', "rating.value", "'up', 'down', true or false"),
        ('{"query": "q", "rating": {"scale": "thumbs", "value": -1}}', "rating.value", "'up', 'down', true or false"),
        ('{"query": "q", "rating": {"scale": "thumbs", "value": null}}', "rating.value", "'up', 'down', true or false"),
        ('{"specversion": "1.0", "id": "1", "data": {"query": "q"}}', "specversion", "the object of its data alone"),
        ("null", "item", "expected a JSON object"),
        ("NaN", "item", "not a number"),
    ],
)
def test_k6_what_one_item_cannot_be_read_of_costs_that_item_alone(client, publisher, item: str, field: str, message: str) -> None:
    """The item is refused by its field, the others of the batch are accepted; alone it is 422."""
    good = json.dumps(GOOD)
    answer = client.post("/v1/feedback", content=f'{{"items": [{good}, {item}, {good}]}}', headers={"content-type": "application/json"})
    assert answer.status_code == 202
    assert [found["index"] for found in answer.json()["accepted"]] == [0, 2]
    (refused,) = answer.json()["refused"]
    assert (refused["index"], refused["code"], refused["details"][0]["field"]) == (1, "invalid", field)
    assert message in refused["details"][0]["message"]
    assert len(publisher.events) == 2
    alone = client.post("/v1/feedback", content=item, headers={"content-type": "application/json"})
    assert alone.status_code == (422 if item.startswith("{") else 400)
    assert set(alone.json()["error"]) == {"code", "message", "details"}


def test_k6_model_names_are_taken_as_servers_have_them(client, publisher) -> None:
    """A tag, an organisation, capitals: the event names the slug."""
    items = [GOOD | {"model": name} for name in ("llama3.1:8b", "openai/gpt-4o", "GPT-4o")]
    assert client.post("/v1/feedback", json={"items": items}).json()["refused"] == []
    assert [event.model for event, _, _ in publisher.events] == ["llama3.1-8b", "gpt-4o", "gpt-4o"]


def test_names_that_may_be_words_are_not_repeated(client) -> None:
    """An unknown field whose name is no name is shown as …; thousands of them do not make an answer of thousands."""
    answer = client.post("/v1/feedback", json=GOOD | {"call 98765 43210": 1} | {f"x{number}": 1 for number in range(5000)})
    details = answer.json()["error"]["details"]
    assert (answer.status_code, len(details), details[0]["field"]) == (422, 100, "…")
    assert "98765" not in answer.text


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(10**30), 10**30) | st.text(st.characters(), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*FeedbackSubmission.model_fields, "items", "scale", "value", "\ud800"]), inner, max_size=4)
    ),
    max_leaves=12,
)
BODIES = st.binary(max_size=60) | ANYTHING.map(lambda value: json.dumps(value).encode())


@given(BODIES, st.sampled_from(["feedback", "documents"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_k6_no_body_is_a_500(client, body: bytes, kind: str) -> None:
    """Whatever comes is accepted or is a 4xx in the one format."""
    answer = client.post(f"/v1/{kind}", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in {202, 400, 413, 422}
    assert answer.status_code == 202 or set(answer.json()["error"]) == {"code", "message", "details"}


@pytest.mark.parametrize("length", ["9" * 5000, "9" * 19, "-1", "abc"])
def test_a_content_length_is_no_way_to_a_500(client, length: str) -> None:
    """A length of any digits is too large or is not asked."""
    answer = client.post("/v1/feedback", content=json.dumps(GOOD), headers={"content-type": "application/json", "content-length": length})
    assert answer.status_code in {202, 413}


def test_a_body_is_counted_while_it_is_read(client, publisher) -> None:
    """413 for a declared length over the limit, and for a chunked body that never says how long it is."""
    chunks_sent = 0

    def endless():
        nonlocal chunks_sent
        for _ in range(100):
            chunks_sent += 1
            yield b" " * 100_000

    declared = client.post("/v1/feedback", content=b" " * 700_000, headers={"content-type": "application/json"})
    chunked = client.post("/v1/feedback", content=endless(), headers={"content-type": "application/json"})
    for answer in (declared, chunked):
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")
        assert "600000 bytes" in answer.json()["error"]["message"]


def test_one_event_too_large_is_413(client, publisher) -> None:
    """What fits the body limit and not the topic's is refused with the topic's limit."""
    publisher.failures["f1:0"] = EventTooLarge("the event has 200000 bytes on the wire: feedback.submitted.v1 takes at most 131072")
    answer = client.post("/v1/feedback", json=GOOD | {"feedback_id": "f1"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    assert "at most 131072" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("error", "code"),
    [(KafkaAway("no Kafka at nowhere:1"), "kafka_unavailable"), (Overloaded("the readers are behind", 1.0), "overloaded")],
)
def test_what_may_succeed_later_is_503_with_retry_after(client, publisher, error, code: str) -> None:
    """Kafka away and a used-up budget ask for another try; nothing is accepted."""
    publisher.away = error
    answer = client.post("/v1/feedback", json={"items": [GOOD, {"query": ""}]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, code)
    assert answer.headers["retry-after"] == "1"


def test_202_never_comes_before_the_acknowledgement(client, publisher) -> None:
    """A broker that takes the event and does not answer in time is a 503, not an acceptance."""
    publisher.silent = True
    answer = client.post("/v1/feedback", json=GOOD)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "kafka_unavailable")
    assert "did not acknowledge within 0.05 s" in answer.json()["error"]["message"]


def test_users_are_hashed_and_texts_redacted_before_publishing(client, publisher, caplog) -> None:
    """The raw user and the numbers in the text are neither published, nor answered, nor logged; redactions are counted."""
    caplog.set_level(logging.DEBUG)
    body = GOOD | {"user": "asha@example.org", "query": "मेरा आधार २३४१ २३४१ २३४६ है, संग्रहालय कहाँ है?"}
    answer = client.post("/v1/feedback", json=body)
    event = publisher.events[0][0]
    assert event.user_hash == hash_user(b"a key", "asha@example.org")
    assert event.query == "मेरा आधार [AADHAAR] है, संग्रहालय कहाँ है?"
    assert answer.json()["redactions"] == {"aadhaar": 1}
    assert metric(client, 'gateway_redactions_total{kind="aadhaar"}') == 1
    seen = event.model_dump_json() + answer.text + caplog.text
    assert "asha" not in seen
    assert "२३४१" not in seen


def test_a_wrong_value_is_not_repeated_in_the_answer(client) -> None:
    """An error names the field, never what the user wrote."""
    wrong = {"language": "my secret", "user_hash": "my secret", "rating": {"scale": "my secret", "value": 1}}
    answer = client.post("/v1/feedback", json=GOOD | wrong)
    assert answer.status_code == 422
    assert "secret" not in answer.text


def test_documents_are_published_by_text_or_reference(client, publisher) -> None:
    """Each with the hash of what is published; the id is the caller's."""
    answer = client.post(
        "/v1/documents",
        json={"items": [{"doc_id": "d1", "text": "सालार जंग"}, {"doc_id": "d2", "uri": "s3://docs/d2.txt", "sha256": "1" * 64}]},
    )
    assert answer.status_code == 202
    assert [item["id"] for item in answer.json()["accepted"]] == ["d1", "d2"]
    assert [event.TOPIC for event, _, _ in publisher.events] == ["document.ingested.v1"] * 2
    refused = client.post("/v1/documents", json={"doc_id": "d3", "uri": "http://example.org/x", "sha256": "1" * 64})
    assert (refused.status_code, refused.json()["error"]["details"][0]["field"]) == (422, "uri")
    both = client.post("/v1/documents", json={"doc_id": "d3", "text": "t", "uri": "s3://a/b", "sha256": "1" * 64})
    assert both.status_code == 422


def test_an_idempotency_key_that_is_none_is_400(client) -> None:
    """A key with spaces, or an empty one, would not survive a proxy."""
    for key in ("two words", "k" * 201, ""):
        answer = client.post("/v1/feedback", json=GOOD, headers={"Idempotency-Key": key})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_idempotency_key")


def test_collection_can_be_switched_off(gateway_settings: GatewaySettings, publisher) -> None:
    """FEEDBACK_COLLECTION_ENABLED=false refuses feedback with 403 and takes documents."""
    settings = gateway_settings.model_copy(update={"feedback_collection_enabled": False})
    with TestClient(create_app(settings, publisher)) as client:
        refused = client.post("/v1/feedback", json=GOOD)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "collection_disabled")
        assert client.post("/v1/documents", json={"doc_id": "d1", "text": "t"}).status_code == 202


def test_health_and_readiness_follow_kafka(client, publisher) -> None:
    """Health stays 200 and says degraded; readiness is 503 with the reason."""
    assert client.get("/health").json()["status"] == "healthy"
    assert client.get("/ready").json() == {"status": "ready"}
    publisher.away = KafkaAway("Kafka does not answer at nowhere:1")
    health = client.get("/health")
    assert health.status_code == 200
    body = health.json()
    assert set(body) == {"status", "service", "version", "uptime_seconds", "timestamp", "dependencies"}
    assert (body["status"], body["service"], body["dependencies"]["kafka"]["status"]) == ("degraded", "gateway", "unhealthy")
    ready = client.get("/ready")
    assert (ready.status_code, ready.json()["error"]["message"]) == (503, "Kafka does not answer at nowhere:1")


def test_unknown_paths_and_methods_have_the_one_format(client) -> None:
    """404 and 405 too, and unknown paths do not make labels."""
    for answer, code in ((client.get("/v1/nothing"), "not_found"), (client.get("/v1/feedback"), "method_not_allowed")):
        assert answer.json()["error"]["code"] == code
    assert metric(client, 'gateway_requests_total{endpoint="other",status="404"}') == 1


def test_the_description_shows_the_fields(client) -> None:
    """OpenAPI has both bodies, single and batch, without dangling references; no page loads anything from elsewhere."""
    description = client.get("/openapi.json").json()
    schema = description["paths"]["/v1/feedback"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema["oneOf"][0]["properties"]["rating"]["anyOf"][0]["properties"]["scale"]["enum"][0] == "stars_1_5"
    assert schema["oneOf"][1]["required"] == ["items"]
    assert "$ref" not in json.dumps(description["paths"])
    assert client.get("/docs").status_code == 404


def test_stopping_flushes_the_publisher(gateway_settings, publisher) -> None:
    """The lifespan's end stops the publisher; one that is not connected yet is connected by its start."""
    publisher.started = False
    with TestClient(create_app(gateway_settings, publisher)) as client:
        client.get("/health")
        assert publisher.started
        assert not publisher.stopped
    assert publisher.stopped


def test_an_erasure_is_published_under_the_users_hash(client, publisher) -> None:
    """The raw id is hashed as feedback's is, so that the key, and with it the partition number, is that of the user's feedback."""
    client.post("/v1/feedback", json=GOOD | {"user": "asha/7@x"})
    answer = client.delete("/v1/users/asha%2F7@x")
    user_hash = hash_user(b"a key", "asha/7@x")
    assert answer.status_code == 202
    place = {"topic": "abhyas.user.erased.v1", "partition": 0, "offset": 1}
    own = {"user_hash": user_hash, "event_id": f"erase:{user_hash}"} | place
    assert answer.json() == own | {"erasures": [own], "samples_met": None, "samples_met_unknown_because": UNKNOWN}
    (feedback, _, _), (erased, at, _) = publisher.events
    assert erased.key() == feedback.key() == user_hash
    assert (erased.actor, erased.reason) == ("api", "")
    assert abs((datetime.now(UTC) - at).total_seconds()) < 60
    assert metric(client, 'gateway_events_published_total{topic="user.erased.v1"}') == 1
    assert metric(client, 'gateway_requests_total{endpoint="/v1/users/{user}",status="202"}') == 1


def test_an_erasure_says_who_asked_and_why(client, publisher) -> None:
    """The body is optional; what identifies a person is taken out of the reason, which is kept as long as the erasure."""
    body = {"actor": "desk-3", "reason": "asked by asha@example.org"}
    answer = client.request("DELETE", f"/v1/users/{'a' * 64}", params={"hashed": "true"}, json=body)
    assert answer.status_code == 202
    erased = publisher.events[0][0]
    assert (erased.user_hash, erased.actor) == ("a" * 64, "desk-3")
    assert erased.reason.startswith("asked by ")
    assert "asha" not in erased.reason


def test_k6_an_id_with_a_line_break_is_a_users_id(client, publisher) -> None:
    """Its erasure is published as any other, not answered with 404 and the id in its words."""
    answer = client.delete("/v1/users/asha%0A7")
    assert answer.status_code == 202
    assert publisher.events[0][0].user_hash == hash_user(b"a key", "asha\n7")


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/v1/users/", {}, (422, ["user"])),
        ("/v1/users/asha?hashed=true", {}, (422, ["user_hash"])),
        ("/v1/users/asha", {"why": "x"}, (422, ["why"])),
        ("/v1/users/asha", {"actor": "asha@example.org"}, (422, ["actor"])),
        ("/v1/users/asha", ["x"], (400, [])),
        ("/v1/users/%FF%FE", {}, (422, ["user"])),
        ("/v1/users/asha", {"actor": "a\x85"}, (422, ["actor"])),
        ("/v1/users/asha?hashed=perhaps", {}, (422, ["hashed"])),
    ],
)
def test_an_erasure_that_is_not_valid_is_refused(client, publisher, path, body, expected) -> None:
    """4xx names the field, and nothing is published."""
    answer = client.request("DELETE", path, json=body)
    assert (answer.status_code, [item["field"] for item in answer.json()["error"]["details"]]) == expected
    assert publisher.events == []


def test_an_erasure_is_not_accepted_before_the_broker_has_it(client, publisher) -> None:
    """A broker that is away, or silent, is 503 and not a promise."""
    publisher.away = KafkaAway("Kafka does not answer")
    assert client.delete("/v1/users/asha").status_code == 503
    publisher.away, publisher.silent = None, True
    answer = client.delete("/v1/users/asha")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


def test_without_a_key_only_hashes_can_be_erased(gateway_settings, publisher) -> None:
    """Another key would make another hash, and the erasure would reach nobody."""
    app = create_app(gateway_settings.model_copy(update={"user_hash_key": None}), publisher)
    with TestClient(app) as client:
        assert client.delete("/v1/users/asha").json()["error"]["details"][0]["field"] == "user"
        assert client.delete(f"/v1/users/{'b' * 64}?hashed=true").status_code == 202


def test_the_gateway_describes_its_erasures(client) -> None:
    """OpenAPI has the path, the optional body and both parameters."""
    described = client.get("/openapi.json").json()["paths"]["/v1/users/{user}"]["delete"]
    assert {parameter["name"] for parameter in described["parameters"]} == {"user", "hashed"}
    assert described["requestBody"]["required"] is False
    assert set(described["requestBody"]["content"]["application/json"]["schema"]["properties"]) == {"actor", "reason"}


def test_k3_erasure_reaches_every_hash_that_a_name_may_have(client, publisher) -> None:
    """A name with U+095B is one user with U+091C U+093C, and the hashes of the release before, which hashed as written, are erased too."""
    written, decomposed = "\u095bमाल", "\u091c\u093cमाल"
    client.post("/v1/feedback", json=GOOD | {"user": f" {written}"})
    answer = client.delete(f"/v1/users/{decomposed}")
    (feedback, _, _), *erasures = publisher.events
    hashes = [event.user_hash for event, _, _ in erasures]
    assert answer.json()["user_hash"] == feedback.user_hash == hashes[0]
    former = {hmac.new(b"a key", name.encode(), hashlib.sha256).hexdigest() for name in (written, decomposed)}
    assert former <= set(hashes)
    assert [told["user_hash"] for told in answer.json()["erasures"]] == hashes


def test_k3_erasure_says_how_many_samples_it_met(gateway_settings, publisher, consumers_at) -> None:
    """The stream processor is asked before the erasure goes out; one that runs a part of the shards cannot say."""
    user_hash = hash_user(b"a key", "asha")
    consumers_at.answers[f"/users/{user_hash}"] = {"remembered": 2, "buffered": 7, "complete": True}
    settings = gateway_settings.model_copy(update={"consumers_url": consumers_at.url})
    with TestClient(create_app(settings, publisher)) as client:
        assert client.delete("/v1/users/asha").json()["samples_met"] == {"remembered": 2, "buffered": 7}
        consumers_at.answers[f"/users/{user_hash}"]["complete"] = False
        answer = client.delete("/v1/users/asha").json()
    assert answer["samples_met"] is None
    assert "a part of the shards" in answer["samples_met_unknown_because"]


def test_k3_blank_user_is_refused(client, publisher) -> None:
    """White space is nobody's id: it would make one user of many."""
    assert client.post("/v1/feedback", json=GOOD | {"user": " \t"}).status_code == 422
    assert client.delete("/v1/users/%20").status_code == 422
    assert publisher.events == []


def test_k3_source_is_the_frontends_and_ids_are_from_content(client, publisher) -> None:
    """A named source goes on as it is; under one key an item keeps its id when others before it are left out."""
    mine = GOOD | {"source": "https://chat.example.in"}
    other = GOOD | {"query": "सांची कहाँ है?"}
    for items in ([mine, other, other], [other, other]):
        assert client.post("/v1/feedback", json={"items": items}, headers={"Idempotency-Key": "k"}).status_code == 202
    assert publisher.sources == ["https://chat.example.in", None, None, None, None]
    ids = [event.feedback_id for event, _, _ in publisher.events]
    assert ids[1:3] == ids[3:5]
    assert len(set(ids)) == 3
    assert client.post("/v1/feedback", json=GOOD | {"source": "a b"}).status_code == 422


def test_k4_redaction_inside_a_correction_is_told_by_item(client) -> None:
    """What a correction lost cannot be learnt from it, so the answer says which item it was."""
    items = [GOOD, GOOD | {"correction": "पूछें: +91 98765 43210"}]
    accepted = client.post("/v1/feedback", json={"items": items}).json()["accepted"]
    assert [item.get("correction_redactions") for item in accepted] == [None, 1]


def test_k5_groups_with_numbers_stay_apart(client, publisher, gateway_settings) -> None:
    """Three groups named by telephone numbers are three, none of them holds a digit, and without the key they are refused."""
    names = ["counter 98765 43210", "counter 98765 43211", "Counter  98765 43212", "counter 98765 43212", "counter 7"]
    answer = client.post("/v1/feedback", json={"items": [GOOD | {"source_group": name} for name in names]})
    assert answer.status_code == 202
    groups = [event.source_group for event, _, _ in publisher.events]
    assert len(set(groups[:3])) == 3
    assert normalise_group(groups[2]) == normalise_group(groups[3])
    assert groups[4] == "counter 7"
    assert not any(character.isdigit() for group in groups[:4] for character in group)
    keyless = create_app(gateway_settings.model_copy(update={"holdout_key": None}), publisher)
    answer = TestClient(keyless).post("/v1/feedback", json=GOOD | {"source_group": names[0]})
    assert (answer.status_code, answer.json()["error"]["details"][0]["field"]) == (422, "source_group")
