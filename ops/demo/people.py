"""The demo's users: what they send to the gateway, and what goes wrong on the way, as it does in life."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ops.demo.material import Page, Question
from schemas import envelope, topics

USERS: Final = 40
QUESTIONS_EACH: Final = 3
NEGATIVES: Final = USERS * QUESTIONS_EACH


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record that some other producer put on a topic without asking the gateway."""

    what: str
    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


def feedback(number: int, question: Question, response: str, *, right: bool, model: str, version: str) -> dict[str, Any]:
    """What a user's client sends: a good rating, or a bad one with the correction; every third user has thumbs, not stars."""
    user = number % USERS
    rating: dict[str, Any] = (
        {"scale": "thumbs", "value": "up" if right else "down"}
        if user % 3 == 0
        else {"scale": "stars_1_5", "value": 5 if right else 1 + user % 2}
    )
    body: dict[str, Any] = {
        "feedback_id": f"demo-{number}",
        "user": f"user-{user}",
        "conversation_id": f"talk-{user}",
        "model": model,
        "model_version": version,
        "language": question.language,
        "query": question.text,
        "response": response,
        "rating": rating,
        "source_group": question.group,
    }
    return body if right else body | {"correction": question.answer}


def document(page: Page, model: str) -> dict[str, Any]:
    """What the document pipeline sends."""
    body: dict[str, Any] = {
        "doc_id": page.doc_id,
        "text": page.text,
        "language": page.language,
        "model": model,
        "source_group": page.doc_id,
    }
    return body | ({"title": page.title} if page.title else {})


def refused_at_the_door(good: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Bodies that the gateway must answer with a 4xx: (what is wrong, body)."""
    yield "not JSON", b'{"feedback_id": "half'
    yield (
        "an unknown rating scale",
        json.dumps(good | {"feedback_id": "demo-scale", "rating": {"scale": "stars_1_10", "value": 7}}).encode(),
    )
    yield "a field that does not exist", json.dumps(good | {"feedback_id": "demo-field", "stars": 1}).encode()
    yield (
        "no rating and no correction",
        json.dumps({key: value for key, value in good.items() if key not in ("rating", "correction")}).encode(),
    )
    yield "an answer of two million letters", json.dumps(good | {"feedback_id": "demo-long", "response": "x" * 2_000_000}).encode()


def past_the_gateway(good: dict[str, Any], now: datetime, prefix: str) -> Iterator[RawRecord]:
    """Records that reach the topic without the gateway and must end in the dead-letter topic, byte for byte."""
    body = {key: value for key, value in good.items() if key != "user"}
    topic = topics.topic(topics.FEEDBACK_SUBMITTED, prefix)

    def record(what: str, number: int, value: bytes, *, attributes: bool = True) -> RawRecord:
        headers = [
            ("ce_specversion", b"1.0"),
            ("ce_id", f"raw-{number}:0".encode()),
            ("ce_source", b"/demo/stranger"),
            ("ce_type", envelope.event_type(topics.FEEDBACK_SUBMITTED).encode()),
            ("ce_time", envelope.format_time(now).encode()),
            ("content-type", b"application/json"),
        ]
        return RawRecord(what, topic, f"raw-{number}".encode(), value, tuple(headers) if attributes else ())

    def event(number: int, **changes: object) -> bytes:
        return json.dumps(body | {"feedback_id": f"raw-{number}"} | changes, ensure_ascii=False).encode()

    yield record("not JSON", 0, b"\xff\xfe half an event")
    yield record("half a JSON object", 1, event(1)[:-20])
    yield record("an unknown rating scale", 2, event(2, rating={"scale": "stars_1_10", "value": 7}))
    yield record("stars beyond the scale", 3, event(3, rating={"scale": "stars_1_5", "value": 11}))
    yield record("no CloudEvents headers", 4, event(4), attributes=False)
    yield record(
        "an event over our limit",
        5,
        event(5, tags=["demo"], response="अ" * 30_000, comment="क" * 8_000, messages=[{"role": "user", "content": "ज" * 70_000}]),
    )
