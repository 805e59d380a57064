"""How long a shard's consumer waits: alone, and on the embedded broker with a real one."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from consumers.fetch_pace import LISTEN_MS, LONGEST_WAIT_MS, SHORTEST_WAIT_MS, pace
from schemas import topics


class FakeConsumer:
    """Answers in turn; keeps how long it was asked to wait, and the fetch wait at that time."""

    def __init__(self, *answers: dict[str, list[int]]) -> None:
        self._fetcher = SimpleNamespace(_fetch_max_wait_ms=10)
        self.answers, self.asked = list(answers), list[tuple[int, int]]()
        self.getmany: Any = self._getmany

    async def _getmany(self, *_partitions: Any, timeout_ms: int = 0, max_records: int | None = None) -> dict[str, list[int]]:
        self.asked.append((timeout_ms, self._fetcher._fetch_max_wait_ms))
        return self.answers.pop(0)


async def test_a_quiet_log_is_asked_less_and_less_until_a_record_comes() -> None:
    """On the embedded broker the wait grows up to the longest, and a record brings back the shortest, before the next fetch."""
    consumer = FakeConsumer(*[{}] * 20, {"t": [1]}, {"t": [2]})
    pace(consumer, embedded=True)
    assert await consumer.getmany(timeout_ms=10, max_records=5) == {"t": [1]}
    waits = [wait_ms for _, wait_ms in consumer.asked]
    assert waits[0] == SHORTEST_WAIT_MS
    assert waits == sorted(waits)
    assert waits[-2:] == [LONGEST_WAIT_MS] * 2
    # Until then a wait is a fraction of the quiet: records that come one by one are not made to wait for it.
    assert all(wait <= SHORTEST_WAIT_MS + sum(waits[:place]) / 3 for place, wait in enumerate(waits))
    assert consumer._fetcher._fetch_max_wait_ms == SHORTEST_WAIT_MS
    assert await consumer.getmany() == {"t": [2]}
    assert consumer.asked[-1][1] == SHORTEST_WAIT_MS


async def test_kafka_is_listened_to_without_a_pause() -> None:
    """Apache Kafka answers at once where there is a record: its consumer's fetches stay as they are, and no call returns empty."""
    consumer = FakeConsumer({}, {}, {"t": [1]})
    pace(consumer, embedded=False)
    assert await consumer.getmany(timeout_ms=10) == {"t": [1]}
    assert consumer.asked == [(LISTEN_MS, 10)] * 3


async def test_a_record_after_a_long_quiet_is_there_within_the_longest_wait(embedded_topics: Any) -> None:
    """aiokafka takes the waits that it is given while it runs, and a record on a quiet log comes by itself."""
    connection = embedded_topics.connection
    consumer = AIOKafkaConsumer(**connection.consumer_options())
    producer = AIOKafkaProducer(**connection.producer_options())
    place = TopicPartition(connection.topic(topics.CLOCK_TICKED), 0)
    consumer.assign([place])
    await consumer.start()
    await producer.start()
    try:
        pace(consumer, embedded=True)
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
