"""A whole topic, committed records only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from consumers.state.positions import partition_counts
from producers.connection import KafkaConnection


async def read_all(connection: KafkaConnection, topic: str) -> AsyncIterator[Any]:
    """Every record of a topic (full name) up to its present end, in the order of each partition's log."""
    counts = await partition_counts(connection, [topic])
    places = [TopicPartition(topic, partition) for partition in range(counts[topic])]
    consumer = AIOKafkaConsumer(**connection.consumer_options())
    await consumer.start()
    try:
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        await consumer.seek_to_beginning(*places)
        while places:
            for place in list(places):
                if await consumer.position(place) >= ends[place]:
                    places.remove(place)
                    consumer.pause(place)
            if not places:
                break
            for records in (await consumer.getmany(timeout_ms=200, max_records=10_000)).values():
                for record in records:
                    yield record
    finally:
        await consumer.stop()
