"""The events that every contender reads: feedback as the gateway writes it, encoded once, fast, the same for the same number.

About 450 bytes of JSON each, Devanagari, CloudEvents headers; one in five is negative; no identity numbers in it. So that last revision
wins has something to decide, of 200 events 4 are revisions, 2 duplicates and 1 a retraction of an earlier event of the same user.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from aiokafka import AIOKafkaProducer

from runtime.kafka.connection import KafkaConnection
from runtime.kafka.transaction import partition_of
from schemas import topics
from schemas.envelope import event_type

SOURCE: Final = "abhyas/gateway"
MODELS: Final = ("llama-3.1-8b-instruct-awq", "qwen2.5-7b-instruct", "gemma-2-9b-it", "airavata")
PLACES: Final = (
    "सालार जंग संग्रहालय", "सांची का स्तूप", "कोणार्क", "अजंता", "हम्पी", "अभिलेखागार", "विक्टोरिया स्मारक", "खजुराहो", "महाबलीपुरम", "नालंदा",
)  # fmt: skip
ANSWERS: Final = ("दिल्ली में।", "हैदराबाद में।", "राजा ने।", "यह मध्य प्रदेश में है।")
CORRECTION: Final = "भोपाल के पास।"
GROUPS: Final = 500
BATCH_BYTES: Final = 64 * 1024


class Wire(NamedTuple):
    """One record as it goes to its partition of feedback.submitted."""

    partition: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Stream:
    """`count` events of `users` users from number `first` on, spread evenly over the `days` before `until`.

    `poison_every` n replaces every n-th record by one that no reader can take (0: none); they are not counted in `count`'s samples.
    `models` of a number of models other than four are named model-00000 on.
    """

    count: int
    until: datetime
    users: int = 2_000
    models: Sequence[str] = MODELS
    poison_every: int = 0
    first: int = 0
    days: float = 3.0

    def records(self) -> Iterator[Wire]:
        """The records in the order in which they are published."""
        users = _users(self.users)
        begin = self.until - timedelta(days=self.days)
        step_us = self.days * 86_400_000_000 / max(1, self.count)
        for number in range(self.first, self.first + self.count):
            time = begin + timedelta(microseconds=step_us * (number - self.first))
            yield self._record(number, time, users)

    def _record(self, number: int, time: datetime, users: Sequence[tuple[int, bytes, str]]) -> Wire:
        original, revision, retracted = origin(number)
        mixed = _mix(original)
        partition, key, user_json = users[original % len(users)]
        feedback_id = f"fb-{original:09d}"
        headers = _headers(f"{feedback_id}:{revision}", time)
        if self.poison_every and number % self.poison_every == self.poison_every - 1:
            return Wire(partition, key, b'{"feedback_id":"' + feedback_id.encode() + b'","rating":{"scale":"hearts"', headers)
        group = mixed // 7 % GROUPS
        place = PLACES[group % len(PLACES)]
        negative = (mixed >> 20) % 5 == 0 if not revision else (mixed >> 20) % 5 != 0
        value = (
            f'{{"feedback_id":"{feedback_id}","revision":{revision},"retracted":{"true" if retracted else "false"},'
            f'"model":"{self.models[(mixed >> 9) % len(self.models)]}","model_version":"v3",{user_json},'
            f'"conversation_id":"c-{mixed % 99_991}","language":"hi","query":"{place} कहाँ है?",'
            f'"response":"{ANSWERS[mixed % 4]}",{_judgement(negative)},"source_group":"hi-museum-{group}","tags":[]}}'
        )
        return Wire(partition, key, value.encode(), headers)


def origin(number: int) -> tuple[int, int, bool]:
    """Which event the record `number` speaks of, its revision, and whether it takes it back.

    >>> origin(10), origin(49), origin(77), origin(150)
    ((10, 0, False), (24, 1, False), (47, 0, False), (90, 0, True))
    """
    if number % 50 == 49:
        return number - 25, 1, False
    if number % 100 == 77:
        return number - 30, 0, False
    if number % 200 == 150:
        return number - 60, 0, True
    return number, 0, False


async def publish(connection: KafkaConnection, stream: Stream) -> int:
    """Puts the stream on feedback.submitted in large lz4 batches and returns the bytes of its values."""
    topic = connection.topic(topics.FEEDBACK_SUBMITTED)
    producer = AIOKafkaProducer(**connection.producer_options(), max_batch_size=BATCH_BYTES)
    await producer.start()
    batches = {partition: producer.create_batch() for partition in range(topics.INPUT_PARTITIONS)}
    size = 0
    try:
        for wire in stream.records():
            size += len(wire.value)
            batch = batches[wire.partition]
            if batch.append(key=wire.key, value=wire.value, timestamp=None, headers=list(wire.headers)) is None:
                await producer.send_batch(batch, topic, partition=wire.partition)
                batch = batches[wire.partition] = producer.create_batch()
                batch.append(key=wire.key, value=wire.value, timestamp=None, headers=list(wire.headers))
        for partition, batch in batches.items():
            if batch.record_count():
                await producer.send_batch(batch, topic, partition=partition)
        await producer.flush()
    finally:
        await producer.stop()
    return size


def _users(count: int) -> list[tuple[int, bytes, str]]:
    """Partition, key and JSON of each user."""
    found = []
    for number in range(count):
        user_hash = hashlib.sha256(f"user-{number}".encode()).hexdigest()
        found.append(
            (partition_of(user_hash.encode(), topics.INPUT_PARTITIONS), user_hash.encode(), f'"user_hash":{json.dumps(user_hash)}')
        )
    return found


def _judgement(negative: bool) -> str:
    if negative:
        return f'"correction":"{CORRECTION}","rating":{{"scale":"stars_1_5","value":2.0,"score":-0.5}}'
    return '"rating":{"scale":"stars_1_5","value":5.0,"score":1.0}'


def _headers(event_id: str, time: datetime) -> tuple[tuple[str, bytes], ...]:
    return (
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id.encode()),
        ("ce_source", SOURCE.encode()),
        ("ce_type", event_type(topics.FEEDBACK_SUBMITTED).encode()),
        ("ce_time", time.astimezone(UTC).isoformat().replace("+00:00", "Z").encode()),
        ("content-type", b"application/json"),
    )


def _mix(number: int) -> int:
    """A fixed scrambling of a number to 48 bits, so that users, groups and ratings are spread without a generator's state."""
    number = (number + 1) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    return (number ^ number >> 27) & 0xFFFFFFFFFFFF
