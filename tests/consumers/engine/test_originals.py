"""Records of the inputs read once more: by place, in few reads, patiently."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaConnectionError

from consumers.engine.originals import OriginalReader, OriginalsUnavailable, at_hand
from consumers.records import InputRecord
from runtime.kafka.connection import KafkaConnection
from schemas import topics
from tests.consumers.conftest import Topics

CONNECTION = KafkaConnection("nowhere:1")
TURNS = topics.TURN_COMPLETED
PLACE = TopicPartition(CONNECTION.topic(TURNS), 3)


class FakeConsumer:
    """A partition with records from `begin` on, but for `gaps`; `failures` calls fail before one is answered."""

    def __init__(self, begin: int = 0, end: int = 1000, gaps: frozenset[int] = frozenset(), failures: int = 0) -> None:
        self.begin, self.end, self.gaps, self.failures = begin, end, gaps, failures
        self.at, self.sought, self.assigned, self.started, self.stopped = 0, list[int](), list[Any](), 0, 0

    async def start(self) -> None:
        self.started += 1

    async def stop(self) -> None:
        self.stopped += 1

    def assign(self, places: Any) -> None:
        self.assigned.append(list(places))

    def seek(self, place: TopicPartition, offset: int) -> None:
        assert place == PLACE
        self.sought.append(offset)
        self.at = offset

    async def beginning_offsets(self, places: Any) -> dict[TopicPartition, int]:
        if self.failures:
            self.failures -= 1
            raise KafkaConnectionError
        return {PLACE: self.begin}

    async def end_offsets(self, places: Any) -> dict[TopicPartition, int]:
        return {PLACE: self.end}

    async def position(self, place: TopicPartition) -> int:
        return self.at

    async def getmany(self, place: TopicPartition, *, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[Any]]:
        offsets = [offset for offset in range(self.at, min(self.at + 7, self.end)) if offset not in self.gaps]
        self.at = min(self.at + 7, self.end)
        return {place: [record(offset) for offset in offsets]} if offsets else {}


def record(offset: int) -> Any:
    return SimpleNamespace(offset=offset, key=b"k", value=b"%d" % offset, headers=[("h", b"1")], timestamp=5)


def read(consumer: FakeConsumer, *offsets: int) -> Any:
    reader = OriginalReader(CONNECTION, lambda: consumer, wait_s=0.001)
    return asyncio.run(reader.read(3, [(TURNS, offset) for offset in offsets]))


def test_records_are_read_by_place() -> None:
    """Each as it lies in the log, in one pass for those that lie together, without what comes after being fetched on and on."""
    consumer = FakeConsumer()
    found = read(consumer, 9, 5, 20)
    assert found[TURNS, 9] == InputRecord(TURNS, 3, 9, b"k", b"9", (("h", b"1"),), 5)
    assert sorted(found) == [(TURNS, 5), (TURNS, 9), (TURNS, 20)]
    assert consumer.sought == [5]
    assert consumer.assigned == [[PLACE], []]


def test_places_far_apart_are_sought() -> None:
    """What lies between is not read."""
    consumer = FakeConsumer()
    found = read(consumer, 5, 900)
    assert [one.value for one in found.values()] == [b"5", b"900"]
    assert consumer.sought == [5, 900]


def test_what_is_in_the_log_no_longer_is_none() -> None:
    """In front of its start, behind its end, and where a marker or an aborted record lies."""
    found = read(FakeConsumer(begin=10, end=40, gaps=frozenset(range(20, 30))), 4, 12, 25, 50)
    assert {offset: one and one.offset for (_, offset), one in found.items()} == {4: None, 12: 12, 25: None, 50: None}


def test_a_broker_that_is_away_for_a_moment_is_asked_again() -> None:
    """Over a connection of its own; one that stays away stops the process, which loses nothing."""
    consumer = FakeConsumer(failures=2)
    assert read(consumer, 5)[TURNS, 5].offset == 5
    assert (consumer.started, consumer.stopped) == (3, 2)
    with pytest.raises(OriginalsUnavailable, match=r"turn\.completed\.v1 partition 3"):
        read(FakeConsumer(failures=100), 5)


def test_what_a_batch_holds_is_at_hand() -> None:
    """It is not read once more."""
    batch = [InputRecord(TURNS, 3, 9, b"k", b"v", (), 5)]
    assert at_hand(batch, [(TURNS, 9), (TURNS, 8)]) == {(TURNS, 9): batch[0]}


@pytest.mark.embedded
async def test_the_embedded_broker_gives_them_again(build: Any, embedded_topics: Topics) -> None:
    """A real client reads them by place, one batch after the other."""
    await _rereads(build, embedded_topics)


@pytest.mark.kafka
async def test_kafka_gives_them_again(build: Any, kafka_topics: Topics) -> None:
    """The same on Apache Kafka."""
    await _rereads(build, kafka_topics)


async def _rereads(build: Any, log: Topics) -> None:
    await log.send(*(build.feedback(f"f{number}", user_hash="0a" * 16) for number in range(30)))
    there = await log.read(log.connection.topic(topics.FEEDBACK_SUBMITTED))
    places = [(topics.FEEDBACK_SUBMITTED, one.offset) for one in there]
    values = {one.offset: one.value for one in there}
    reader = OriginalReader(log.connection, lambda: AIOKafkaConsumer(**log.connection.consumer_options()))
    try:
        for chosen in (places[3:5], places[20:], places[:2], [(topics.FEEDBACK_SUBMITTED, 10_000)]):
            found = await reader.read(there[0].partition, chosen)
            assert {at: one and one.value for (_, at), one in found.items()} == {at: values.get(at) for _, at in chosen}
    finally:
        await reader.stop()
