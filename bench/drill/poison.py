"""Bad records of many kinds, which must end among the dead letters as they came."""

from __future__ import annotations

import json
import random
from datetime import datetime
from typing import Final

from bench.drill.sent import POISON_HEADER, SOURCE, Sent
from schemas import envelope, topics
from schemas.events.feedback_submitted import FeedbackSubmitted
from schemas.rating import Rating, normalise

POISON_TOPICS: Final = (
    topics.FEEDBACK_SUBMITTED, topics.TURN_COMPLETED, topics.DOCUMENT_INGESTED, topics.SAMPLE_COLLECTED, topics.OPERATOR_REQUESTED,
)  # fmt: skip


def make_poison(number: int, source: random.Random) -> Sent:
    """The bad record `number`, of one of many kinds, for one of POISON_TOPICS."""
    topic = POISON_TOPICS[number % len(POISON_TOPICS)]
    wire = envelope.encode(_healthy(number, source), source=SOURCE, time=datetime.fromisoformat("2026-01-01T00:00:00+00:00"))
    body = json.loads(wire.value or b"")
    headers = dict[str, bytes | None](wire.headers) | {"ce_type": envelope.event_type(topic).encode()}
    # Their number and that of the topics have no common divisor, so that each topic has each kind.
    kinds: tuple[tuple[bytes | None, dict[str, bytes | None]], ...] = (
        (b"{not json", {}),
        (b"", {}),
        (None, {}),
        (b"[1, 2]", {}),
        (b'"text"', {}),
        (b"\xff\xfe\x00", {}),
        (b"[" * 5_000, {}),
        (json.dumps({"feedback_id": "a b", "doc_id": "a b", "sample_id": 1, "request_id": "a b", "turn_id": "a b"}).encode(), {}),
        (json.dumps({"turn_id": f"nobody-{number}", "query": "Who was it?", "response": "Nobody."}).encode(), {}),
        (wire.value, {"ce_type": b"abhyas.something.else.v1"}),
        (wire.value, {"ce_id": b""}),
        (wire.value, {"ce_source": None}),
        (wire.value, {"ce_specversion": b"0.3"}),
        (wire.value, {"ce_time": b"yesterday"}),
        (wire.value, {"ce_time": b"2026-01-01T00:00:00"}),
        (wire.value, {"ce_time": b"9999-12-31T23:59:59-12:00"}),
        (wire.value, {"ce_source": b"\xff\xff"}),
        (json.dumps(body | {"revision": -1, "version": -1, "sample_id": "x"}).encode(), {}),
        (json.dumps(body | {"revision": 10**400, "version": 10**400}).encode(), {}),
        (json.dumps(body | {"query": "", "correction": "", "rating": None}).encode(), {}),
        (json.dumps(body | {"rating": {"scale": "stars_1_5", "value": 17}}).encode(), {}),
        (json.dumps(body | {"query": "NUL \x00"}).encode(), {}),
        (b'{"specversion": "1.0", "id"', {"content-type": b"application/cloudevents+json"}),
        (b'{"specversion": "1.0", "id": "1"}', {"content-type": b"application/cloudevents+json"}),
        (json.dumps(body | {"query": "x" * 20_000}).encode(), {}),
        (b'{"x": "' + b"y" * (topics.MAX_DOCUMENT_BYTES + 1) + b'"}', {}),
    )
    value, changed = kinds[number % len(kinds)]
    key = None if number % 7 == 0 else f"poison-{number}".encode()
    if key is None and value is None:
        # A record of neither cannot be sent by this client.
        key = b""
    return Sent(topic, key, value, (*(headers | changed).items(), (POISON_HEADER, str(number).encode())))


def _healthy(number: int, source: random.Random) -> FeedbackSubmitted:
    stars = source.choice((1, 2, 3, 4, 5))
    return FeedbackSubmitted(
        feedback_id=f"poison-{number}",
        query=f"Where is monument {number}?",
        response=f"Answer {number}",
        rating=Rating(scale="stars_1_5", value=float(stars), score=normalise("stars_1_5", stars)),
    )
