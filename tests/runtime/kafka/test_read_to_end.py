"""Reading up to the ends: by position, nothing lost for who reads on, and no waiting for ever."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from ops.stack.brokers.embedded import EmbeddedBroker
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.read_to_end import SilentPartition, from_the_beginning, read_to_end

FIRST, SECOND = TopicPartition("t", 0), TopicPartition("t", 1)


class FakeConsumer:
    """Hands out what it is given, one poll after the other: partition, offsets, the position after them."""

    def __init__(self, *polls: tuple[TopicPartition, Sequence[int], int]) -> None:
        self._polls = list(polls)
        self._positions = {FIRST: 0, SECOND: 0}
        self.asked: list[set[TopicPartition]] = []

    async def position(self, place: TopicPartition) -> int:
        return self._positions[place]

    async def getmany(self, *places: TopicPartition, timeout_ms: int, max_records: int | None = None) -> dict[TopicPartition, Any]:
        self.asked.append(set(places))
        if not self._polls:
            return {}
        place, offsets, after = self._polls.pop(0)
        self._positions[place] = after
        return {place: [SimpleNamespace(offset=offset) for offset in offsets]} if offsets else {}


async def offsets(consumer: FakeConsumer, ends: dict[TopicPartition, int], **options: Any) -> list[list[int]]:
    return [[record.offset for record in batch] async for batch in read_to_end(consumer, ends, **options)]


async def test_the_end_is_reached_by_position() -> None:
    """A marker behind the last record takes an offset too; a partition that is done is asked for nothing more."""
    consumer = FakeConsumer((FIRST, [0, 1], 2), (SECOND, [0], 1), (FIRST, [], 3), (SECOND, [1, 2], 3))
    assert await offsets(consumer, {FIRST: 3, SECOND: 3}) == [[0, 1], [0], [1, 2]]
    assert consumer.asked == [{FIRST, SECOND}] * 3 + [{SECOND}]


async def test_nothing_due_is_not_waited_for() -> None:
    """Empty partitions, and none at all."""
    consumer = FakeConsumer()
    assert await offsets(consumer, {FIRST: 0, SECOND: 0}) == await offsets(consumer, {}) == []
    assert consumer.asked == []


async def test_silence_where_records_are_due_is_told() -> None:
    """With the partition; without a limit it would be waited for."""
    consumer = FakeConsumer((FIRST, [0], 1), (SECOND, [0], 1))
    with pytest.raises(SilentPartition, match=r"t partition 1 has been silent for 0\.05 s"):
        await offsets(consumer, {FIRST: 1, SECOND: 2}, silence_s=0.05)
    assert len(consumer.asked) > 2


async def test_who_reads_on_misses_nothing(embedded_broker: EmbeddedBroker) -> None:
    """What is written after the ends were asked for comes with the last batch, or with the next read."""
    topic = f"t{uuid4().hex[:8]}"
    embedded_broker.create_topics({topic: 2})
    connection = KafkaConnection(embedded_broker.bootstrap_servers, embedded=True)
    consumer = AIOKafkaConsumer(**connection.consumer_options())
    found: list[tuple[int, bytes]] = []
    async with AIOKafkaProducer(**connection.producer_options()) as producer:
        await consumer.start()
        await producer.send_and_wait(topic, b"0", partition=0)
        ends = await from_the_beginning(consumer, [TopicPartition(topic, 0), TopicPartition(topic, 1)])
        for number in range(1, 5):
            await producer.send_and_wait(topic, b"%d" % number, partition=number % 2)
        async for batch in read_to_end(consumer, ends, max_records=1):
            found += [(record.partition, record.value) for record in batch]
        assert found[0] == (0, b"0")
        while len(found) < 5:
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                found += [(record.partition, record.value) for record in batch]
    await consumer.stop()
    assert sorted(found) == [(0, b"0"), (0, b"2"), (0, b"4"), (1, b"1"), (1, b"3")]
