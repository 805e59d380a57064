"""How long a shard's consumer waits and what it asks for: alone, on the embedded broker and on Apache Kafka."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from consumers.engine.fetch_pace import (
    GATHER_BYTES,
    GATHER_MS,
    KAFKA_WAIT_MS,
    LISTEN_MS,
    LONGEST_WAIT_MS,
    REST_AFTER_MS,
    SHORTEST_WAIT_MS,
)
from consumers.engine.shard_consumer import ShardConsumer
from schemas import topics

PLACE = TopicPartition("t", 0)


class Told:
    """A ShardConsumer that answers in turn; keeps how long it listened and what a fetch would have said then."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: list[int], embedded: bool) -> None:
        self.answers, self.asked = list(answers), list[tuple[int, int, int]]()
        self.consumer = ShardConsumer(wakes_fetches=not embedded)
        self.fetcher = SimpleNamespace(_fetch_max_wait_ms=0, _fetch_min_bytes=0)
        monkeypatch.setattr(self.consumer, "_fetcher", self.fetcher)
        monkeypatch.setattr(self.consumer, "_closed", True)
        monkeypatch.setattr(AIOKafkaConsumer, "getmany", self._answer)

    async def _answer(self, *_partitions: Any, timeout_ms: int, max_records: int | None) -> dict[TopicPartition, list[Any]]:
        self.asked.append((timeout_ms, *self.next_fetch()))
        return {PLACE: [SimpleNamespace(offset=offset) for offset in found]} if (found := self.answers.pop(0)) else {}

    def next_fetch(self) -> tuple[int, int]:
        return self.fetcher._fetch_max_wait_ms, self.fetcher._fetch_min_bytes


async def test_a_quiet_log_is_asked_less_and_less_until_a_record_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the embedded broker the wait grows up to the longest, and a record brings back the shortest, before the next fetch."""
    told = Told(monkeypatch, *[[]] * 20, [1], [2], embedded=True)
    assert [record.offset for record in (await told.consumer.getmany(timeout_ms=10, max_records=5))[PLACE]] == [1]
    waits = [wait_ms for wait_ms, *_ in told.asked]
    assert waits[0] == SHORTEST_WAIT_MS
    assert waits == sorted(waits)
    assert waits[-2:] == [LONGEST_WAIT_MS] * 2
    # Until then a wait is a fraction of the quiet: records that come one by one are not made to wait for it.
    assert all(wait <= SHORTEST_WAIT_MS + sum(waits[:place]) / 3 for place, wait in enumerate(waits))
    assert told.next_fetch() == (SHORTEST_WAIT_MS, 1)
    await told.consumer.getmany()
    assert told.asked[-1] == (SHORTEST_WAIT_MS, SHORTEST_WAIT_MS, 1)


async def test_kafka_is_listened_to_without_a_pause_and_gathers_while_records_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """At rest a fetch ends with the first record; after one it gathers, and after a quiet it rests again. No call returns empty."""
    told = Told(monkeypatch, [], [], [1], [2, 3], [], [4], embedded=False)
    rest, gathering = (LISTEN_MS, KAFKA_WAIT_MS, 1), (REST_AFTER_MS, GATHER_MS, GATHER_BYTES)
    await told.consumer.getmany(timeout_ms=10)
    assert told.asked == [rest] * 3
    assert told.next_fetch() == (GATHER_MS, GATHER_BYTES)
    await told.consumer.getmany(timeout_ms=10)
    assert told.consumer.handed == {PLACE: 4}
    await told.consumer.getmany(timeout_ms=10)
    assert told.asked[3:] == [gathering, gathering, rest]


async def test_a_record_after_a_long_quiet_is_there_within_the_longest_wait(embedded_topics: Any) -> None:
    """aiokafka takes the waits that it is given while it runs, and a record on a quiet log comes by itself."""
    connection = embedded_topics.connection
    consumer = ShardConsumer(wakes_fetches=False, **connection.consumer_options())
    producer = AIOKafkaProducer(**connection.producer_options())
    place = TopicPartition(connection.topic(topics.CLOCK_TICKED), 0)
    consumer.assign([place])
    await consumer.start()
    await producer.start()
    try:
        reading = asyncio.create_task(consumer.getmany(timeout_ms=10))
        async with asyncio.timeout(30):
            while consumer._fetcher._fetch_max_wait_ms < LONGEST_WAIT_MS:  # noqa: ASYNC110 - aiokafka tells nobody
                await asyncio.sleep(0.05)
        assert not reading.done()
        await producer.send_and_wait(place.topic, b"{}", partition=0)
        found = await asyncio.wait_for(reading, 30)
        assert [record.value for record in found[place]] == [b"{}"]
        assert consumer._fetcher._fetch_max_wait_ms == SHORTEST_WAIT_MS
    finally:
        await producer.stop()
        await consumer.stop()


async def test_records_that_come_one_by_one_are_handed_out_together(kafka_topics: Any) -> None:
    """On Apache Kafka a steady stream comes in fewer answers than records, nothing is left behind, and a quiet ends it."""
    connection = kafka_topics.connection
    consumer = ShardConsumer(wakes_fetches=True, **connection.consumer_options())
    producer = AIOKafkaProducer(**connection.producer_options())
    place = TopicPartition(connection.topic(topics.CLOCK_TICKED), 0)
    consumer.assign([place])
    await consumer.start()
    await producer.start()

    async def send() -> None:
        for number in range(100):
            await producer.send_and_wait(place.topic, str(number).encode(), partition=0)
            await asyncio.sleep(0.01)

    sending, began = asyncio.create_task(send()), time.monotonic()
    try:
        async with asyncio.timeout(60):
            got: list[list[bytes]] = []
            while sum(map(len, got)) < 100:
                got.append([record.value for record in (await consumer.getmany())[place]])
            assert [value for values in got for value in values] == [str(number).encode() for number in range(100)]
            # However slowly they come: an answer gathers for its time.
            assert len(got) <= (time.monotonic() - began) * 1000 / GATHER_MS + 2
            await sending
            reading = asyncio.create_task(consumer.getmany())
            while consumer._fetcher._fetch_max_wait_ms < KAFKA_WAIT_MS:  # noqa: ASYNC110 - aiokafka tells nobody
                await asyncio.sleep(0.05)
            await producer.send_and_wait(place.topic, b"again", partition=0)
            assert [record.value for record in (await reading)[place]] == [b"again"]
    finally:
        sending.cancel()
        await producer.stop()
        await consumer.stop()
