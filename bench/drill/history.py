"""The history that the drill publishes, from a seed: feedback of many users and models, duplicates, revisions, retractions, poison."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from runtime.kafka.transaction import partition_of
from schemas import envelope, topics
from schemas.catalogue import Event
from schemas.events.document_ingested import DocumentIngested
from schemas.events.feedback_submitted import FeedbackSubmitted
from schemas.rating import Rating, normalise

SOURCE: Final = "drill"
USERS: Final = 2_000
DUPLICATES: Final = 0.30
REVISIONS: Final = 0.06
RETRACTIONS: Final = 0.02
DOCUMENTS: Final = 0.03
# Event times run over these days up to an hour ago; each is off by at most JITTER, well within any allowed lateness.
DAYS: Final = 3.0
JITTER_H: Final = 2.0
# A duplicate or a revision comes at most this many records after (a revision: or before) what it belongs to.
REACH: Final = 400
# Which a poison record carries beside whatever else it has, so that the judge knows it again.
POISON_HEADER: Final = "drill-poison"
POISON_TOPICS: Final = (topics.FEEDBACK_SUBMITTED, topics.DOCUMENT_INGESTED, topics.SAMPLE_COLLECTED, topics.OPERATOR_REQUESTED)


@dataclass(frozen=True, slots=True)
class Sent:
    """A record to publish; the topic is without prefix."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]

    @property
    def poison(self) -> bool:
        """Whether it must end among the dead letters."""
        return any(name == POISON_HEADER for name, _ in self.headers)


def model_names() -> list[str]:
    """Two models for each partition of the topics that are keyed by model, so that every shard of stage 2 has work.

    >>> len(model_names())
    8
    """
    names: dict[int, list[str]] = {partition: [] for partition in range(topics.MODEL_PARTITIONS)}
    for number in range(1_000):
        found = names[partition_of(f"model-{number}".encode(), topics.MODEL_PARTITIONS)]
        if len(found) < 2:
            found.append(f"model-{number}")
    return sorted(name for found in names.values() for name in found)


def make_history(events: int, *, seed: int, poison: int, now: datetime) -> list[Sent]:
    """`events` healthy records, DUPLICATES of them sent before, with `poison` bad ones between; the same for the same arguments.

    `now` is the newest event time that is possible, an hour is taken off.
    """
    source = random.Random(seed)
    fresh = list(_fresh(round(events * (1 - DUPLICATES)), source, now))
    placed: list[tuple[float, Sent]] = [(place + (source.uniform(-REACH, REACH) if moved else 0), sent) for place, sent, moved in fresh]
    for _ in range(events - len(fresh)):
        place, sent = placed[source.randrange(len(fresh))]
        placed.append((place + source.uniform(0, REACH), sent))
    placed += [(source.uniform(0, len(fresh)), make_poison(number, source)) for number in range(poison)]
    placed.sort(key=lambda item: item[0])
    return [sent for _, sent in placed]


def _fresh(count: int, source: random.Random, now: datetime) -> Iterator[tuple[int, Sent, bool]]:
    """Each record with its place, and whether it is shuffled among its neighbours."""
    models, said = model_names(), list[FeedbackSubmitted]()
    documents: dict[str, int] = {}
    for number in range(count):
        age = timedelta(days=DAYS * (1 - number / count), hours=1 + source.uniform(0, JITTER_H))
        draw = source.random()
        event: Event
        if said and draw < REVISIONS + RETRACTIONS:
            event = _revised(source.choice(said[-REACH:]), source, retracted=draw < RETRACTIONS)
        elif draw < REVISIONS + RETRACTIONS + DOCUMENTS:
            name = f"doc-{source.randrange(max(1, count // 50))}"
            documents[name] = documents.get(name, 0) + 1
            text = f"अनुच्छेद {number} of {name}. " + "The monument is old. " * source.randrange(1, 5)
            sha256 = hashlib.sha256(text.encode()).hexdigest()
            event = DocumentIngested(doc_id=name, version=documents[name], model=source.choice(models), text=text, sha256=sha256)
            # A document keeps its model over its versions: a sample that moves is another matter than faults.
            event = event.model_copy(update={"model": models[int(hashlib.sha256(name.encode()).hexdigest(), 16) % len(models)]})
        else:
            event = _feedback(number, source, source.choice(models))
            said.append(event)
        # To the millisecond: two revisions of one number that were said at the same moment would be a conflict, which is another matter.
        time = now - age
        wire = envelope.encode(event, source=SOURCE, time=time.replace(microsecond=time.microsecond // 1000 * 1000))
        yield number, Sent(event.TOPIC, wire.key, wire.value, wire.headers), draw < REVISIONS + RETRACTIONS


_WORDS: Final = {
    "hi": ("स्मारक {} कहाँ है?", "उत्तर {}", "यह आगरा {} में है।"),
    "en": ("Where is monument {}?", "Answer {}", "It is in Agra {}."),
}


def _feedback(number: int, source: random.Random, model: str) -> FeedbackSubmitted:
    stars = source.choice((1, 1, 2, 3, 4, 5))
    language = source.choice(("hi", "en"))
    query, response, correction = _WORDS[language]
    return FeedbackSubmitted(
        feedback_id=f"f{number}",
        model=model,
        user_hash=f"{source.randrange(USERS):032x}",
        language=language,
        query=query.format(number),
        response=response.format(number),
        correction=correction.format(number) if stars < 3 and source.random() < 0.9 else None,
        rating=Rating(scale="stars_1_5", value=float(stars), score=normalise("stars_1_5", stars)),
    )


def _revised(before: FeedbackSubmitted, source: random.Random, *, retracted: bool) -> FeedbackSubmitted:
    revision = before.revision + source.choice((1, 1, 2))
    if retracted:
        return before.model_copy(update={"revision": revision, "retracted": True})
    stars = source.choice((1, 2, 4, 5))
    rating = Rating(scale="stars_1_5", value=float(stars), score=normalise("stars_1_5", stars))
    return before.model_copy(update={"revision": revision, "rating": rating, "correction": None})


def make_poison(number: int, source: random.Random) -> Sent:
    """The bad record `number`, of one of many kinds, for one of POISON_TOPICS."""
    topic = POISON_TOPICS[number % len(POISON_TOPICS)]
    healthy = _feedback(10**9 + number, source, model_names()[0])
    wire = envelope.encode(healthy, source=SOURCE, time=datetime.fromisoformat("2026-01-01T00:00:00+00:00"))
    body = json.loads(wire.value or b"")
    headers = dict[str, bytes | None](wire.headers) | {"ce_type": envelope.event_type(topic).encode()}
    kinds: tuple[tuple[bytes | None, dict[str, bytes | None]], ...] = (
        (b"{not json", {}),
        (b"", {}),
        (None, {}),
        (b"[1, 2]", {}),
        (b'"text"', {}),
        (b"\xff\xfe\x00", {}),
        (b"[" * 5_000, {}),
        (json.dumps({"feedback_id": "a b", "doc_id": "a b", "sample_id": 1, "request_id": "a b"}).encode(), {}),
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
