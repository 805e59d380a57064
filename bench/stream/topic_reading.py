"""A whole topic, committed records only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from consumers.engine.positions import partition_counts
from runtime.kafka.connection import KafkaConnection


async def read_all(connection: KafkaConnection, topic: str) -> AsyncIterator[Any]:
    """Every record of a topic (full name) up to its present end, in the order of each partition's log."""
    async for records in read_to_end(connection, topic):
        for record in records:
            yield record


async def read_to_end(connection: KafkaConnection, topic: str) -> AsyncIterator[Sequence[Any]]:
    """The same in the batches of raw `getmany`, each of one partition."""
    counts = await partition_counts(connection, [topic])
    waiting = [TopicPartition(topic, partition) for partition in range(counts[topic])]
    consumer = AIOKafkaConsumer(**connection.consumer_options())
    await consumer.start()
    try:
        consumer.assign(waiting)
        ends = await consumer.end_offsets(waiting)
        await consumer.seek_to_beginning(*waiting)
        while waiting:
            for place in list(waiting):
                if await consumer.position(place) >= ends[place]:
                    waiting.remove(place)
                    consumer.pause(place)
            if not waiting:
                break
            for records in (await consumer.getmany(timeout_ms=200, max_records=10_000)).values():
                yield records
    finally:
        await consumer.stop()
