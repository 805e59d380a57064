"""What the drill takes away from the log, kept for the judge: records that were read, and topics."""

from __future__ import annotations

from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.drill.clients import read_topic
from producers.connection import KafkaConnection


class Archive:
    """Taken records by the full name of their topic, in the order in which they were taken."""

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection
        self._taken: dict[str, list[Any]] = {}

    async def take_until(self, tp: TopicPartition, position: int) -> int:
        """Keeps a partition's records below a position; returns the offset of the first record behind it.

        Only transaction markers and aborted records lie between the two. What is still open counts as the end.
        """
        consumer = AIOKafkaConsumer(**self._connection.consumer_options())
        await consumer.start()
        try:
            consumer.assign([tp])
            await consumer.seek_to_beginning(tp)
            end = (await consumer.end_offsets([tp]))[tp]
            kept = self._taken.setdefault(tp.topic, [])
            while await consumer.position(tp) < end:
                for record in (await consumer.getmany(timeout_ms=200)).get(tp, ()):
                    if record.offset >= position:
                        return int(record.offset)
                    kept.append(record)
            return int(end)
        finally:
            await consumer.stop()

    async def take_all(self, topic: str) -> None:
        """Keeps everything of a topic that is about to be deleted."""
        self._taken.setdefault(topic, []).extend(await read_topic(self._connection, topic))

    async def read(self, topic: str, partitions: int) -> list[Any]:
        """Every record that a topic ever had in its first `partitions` partitions, each partition in the order of its log."""
        there = self._taken.get(topic, []) + await read_topic(self._connection, topic)
        # A stable sort: what was taken first lay in front.
        return sorted((record for record in there if record.partition < partitions), key=lambda record: record.partition)
