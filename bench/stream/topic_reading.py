"""A whole topic, committed records only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from consumers.engine.positions import partition_counts
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.read_to_end import from_the_beginning, read_to_end


async def read_all(connection: KafkaConnection, topic: str) -> AsyncIterator[Any]:
    """Every record of a topic (full name) up to its present end, in the order of each partition's log."""
    async for records in read_batches(connection, topic):
        for record in records:
            yield record


async def read_batches(connection: KafkaConnection, topic: str) -> AsyncIterator[Sequence[Any]]:
    """The same in the batches of raw `getmany`, each of one partition."""
    counts = await partition_counts(connection, [topic])
    places = [TopicPartition(topic, partition) for partition in range(counts[topic])]
    consumer = AIOKafkaConsumer(**connection.consumer_options())
    await consumer.start()
    try:
        async for records in read_to_end(consumer, await from_the_beginning(consumer, places), max_records=10_000):
            yield records
    finally:
        await consumer.stop()
