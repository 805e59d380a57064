"""The gateway's turns, and feedback with a conversation: taken, refused by field or by size, described."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import jsonschema
import pytest
from starlette.testclient import TestClient

from producers.errors import KafkaAway
from producers.gateway.app import create_app
from producers.gateway.settings import GatewaySettings
from producers.submissions import hash_user
from schemas import topics
from schemas.conversation import MESSAGE_CHARACTERS

ASKED = [{"role": "system", "content": "केवल अनुच्छेदों से।"}, {"role": "user", "content": [{"type": "text", "text": "कब बना?"}]}]
TURN = {"turn_id": "t1", "conversation_id": "c1", "messages": ASKED, "response": "1591", "passages": [{"text": "चारमीनार 1591 में बना।"}]}
DOWN = {"scale": "thumbs", "value": "down"}


def metric(client: TestClient, line: str) -> float:
    found = [row for row in client.get("/metrics").text.splitlines() if row.startswith(line + " ")]
    return float(found[0].rsplit(" ", 1)[1]) if found else 0.0


def large(times: int) -> list[dict[str, str]]:
    """Messages that are in bounds each, and with the last one or two beyond an event's 256 KiB."""
    return [{"role": "user", "content": "x" * (MESSAGE_CHARACTERS - 100)}] * times


def test_a_turn_is_published_and_acknowledged(client, publisher) -> None:
    """202 with the event's place; keyed by the user where there is one, and counted by its topic and endpoint."""
    body = TURN | {"user": "asha", "occurred_at": "2026-11-20T10:00:00+05:30", "latency_ms": 120.5, "source": "web"}
    answer = client.post("/v1/turns", json=body)
    place = {"index": 0, "id": "t1", "event_id": "t1", "topic": "abhyas.turn.completed.v1", "partition": 0, "offset": 0}
    assert (answer.status_code, answer.json()) == (202, {"accepted": [place], "refused": [], "redactions": {}})
    ((event, time, _),) = publisher.events
    assert event.key() == hash_user(b"a key", "asha")
    assert [message.content for message in event.messages] == ["केवल अनुच्छेदों से।", "कब बना?"]
    assert (time, publisher.sources) == (datetime(2026, 11, 20, 4, 30, tzinfo=UTC), ["web"])
    assert metric(client, 'gateway_events_published_total{topic="turn.completed.v1"}') == 1
    assert metric(client, 'gateway_requests_total{endpoint="/v1/turns",status="202"}') == 1


def test_a_turn_and_its_feedback_have_one_key(client, publisher) -> None:
    """So that they lie in partitions of one number: by user, else by conversation."""
    for who in ({"user": "asha"}, {"user_hash": "ab" * 16}, {"conversation_id": "c9"}):
        turn = {"turn_id": "t", "query": "q", "response": "r"} | who
        assert client.post("/v1/turns", json=turn).status_code == 202
        assert client.post("/v1/feedback", json={"turn_id": "t", "rating": DOWN} | who).status_code == 202
    keys = [event.key() for event, _, _ in publisher.events]
    assert keys[0::2] == keys[1::2] == [hash_user(b"a key", "asha"), "ab" * 16, "c9"]


def test_a_batch_of_turns_takes_what_it_can(client, publisher) -> None:
    """Each refused one is listed by its index, code and field; one over 256 KiB is too large, as a document over its limit is."""
    items = [TURN, {"turn_id": "t2", "query": "q", "response": "r"}, TURN | {"turn_id": "t3", "messages": large(2)}, TURN | {"mood": "x"}]
    answer = client.post("/v1/turns", json={"items": items})
    assert answer.status_code == 202
    assert [item["id"] for item in answer.json()["accepted"]] == ["t1"]
    refused = answer.json()["refused"]
    assert [(item["index"], item["code"]) for item in refused] == [(1, "invalid"), (2, "too_large"), (3, "invalid")]
    assert [item["details"][0]["field"] for item in refused if item["details"]] == ["user", "mood"]
    assert metric(client, 'gateway_refused_total{endpoint="/v1/turns",reason="too_large"}') == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [("/v1/turns", TURN), ("/v1/feedback", {"feedback_id": "f1", "rating": DOWN, "query": "q", "messages": ASKED})],
)
def test_an_event_over_256_kib_is_413(client, publisher, path: str, body: dict) -> None:
    """By its size on the wire, though each of its texts is in bounds; nothing of it is published, and half of it is taken."""
    answer = client.post(path, json=body | {"messages": large(2)})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    assert f"at most {topics.MAX_TURN_BYTES}" in answer.json()["error"]["message"]
    assert publisher.events == []
    assert client.post(path, json=body | {"messages": large(1)}).status_code == 202


def test_the_largest_event_fits_into_the_usual_body() -> None:
    """However JSON escapes it: six bytes for what takes two on the wire."""
    assert GatewaySettings().gateway_max_body_bytes >= 6 * topics.MAX_TURN_BYTES


def test_a_message_of_a_conversation_is_named_in_the_answer(client) -> None:
    """By its number and field; in a batch that has nothing else, by the item too."""
    wrong = TURN | {"messages": [*ASKED, {"role": "user", "content": [{"type": "image_url"}]}]}
    one = client.post("/v1/turns", json=wrong)
    assert (one.status_code, one.json()["error"]["details"][0]["field"]) == (422, "messages[2].content")
    batch = client.post("/v1/turns", json={"items": [wrong, wrong]})
    fields = [detail["field"] for detail in batch.json()["error"]["details"]]
    assert fields == ["items[0].messages[2].content", "items[1].messages[2].content"]


def test_a_repeated_request_is_the_same_turn(client, publisher) -> None:
    """A turn has its own id, so the key changes nothing; feedback without an id has it of the key and the conversation too."""
    said = {"items": [{"messages": ASKED, "rating": DOWN}, {"messages": [*ASKED[:1], {"role": "user", "content": "?"}], "rating": DOWN}]}
    for _ in range(2):
        client.post("/v1/turns", json=TURN, headers={"Idempotency-Key": "k"})
        client.post("/v1/feedback", json=said, headers={"Idempotency-Key": "k"})
    ids = [event.event_id() for event, _, _ in publisher.events]
    assert ids[:3] == ids[3:]
    assert len(set(ids)) == 3


def test_turns_are_not_collected_where_feedback_is_not(gateway_settings: GatewaySettings, publisher) -> None:
    """FEEDBACK_COLLECTION_ENABLED=false refuses both with 403: they are a user's words alike."""
    settings = gateway_settings.model_copy(update={"feedback_collection_enabled": False})
    with TestClient(create_app(settings, publisher)) as client:
        answer = client.post("/v1/turns", json=TURN)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "collection_disabled")
    assert "turns are not collected here" in answer.json()["error"]["message"]
    assert publisher.events == []


def test_a_turn_waits_for_kafka_as_feedback_does(client, publisher) -> None:
    """503 with the time to try again; the turn's id makes the next try the same event."""
    publisher.away = KafkaAway("no Kafka at nowhere:1")
    answer = client.post("/v1/turns", json=TURN)
    assert (answer.status_code, answer.json()["error"]["code"], answer.headers["retry-after"]) == (503, "kafka_unavailable", "1")


def test_the_description_says_what_a_conversation_is(client) -> None:
    """The schema of either body takes what the gateway takes: content in parts, null tool calls; and what it refuses is refused."""
    paths = client.get("/openapi.json").json()["paths"]
    for path, good in (("/v1/turns", TURN), ("/v1/feedback", {"messages": ASKED, "rating": DOWN, "reasons": ["Not helpful"]})):
        schema = paths[path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        validator = jsonschema.Draft202012Validator(schema)
        assert list(validator.iter_errors(good)) == []
        assert list(validator.iter_errors(good | {"messages": [{"role": "user", "content": 7}]})) != []
        assert "$ref" not in json.dumps(schema)
