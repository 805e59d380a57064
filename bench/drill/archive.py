"""What the drill takes away from the log, kept for the judge: records that were read, and topics."""

from __future__ import annotations

from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.drill.clients import read_topic
from bench.drill.places import Deletion
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.read_to_end import from_the_beginning, read_to_end


class Archive:
    """Taken records by the full name of their topic: of topics that are gone, and of those that are there by partition and offset.

    A broker that is killed may forget, of its last minute, that records were deleted: then they lie in the log again.
    """

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection
        # In their order; of topics that are there.
        self.deletions: list[Deletion] = []
        self._gone: dict[str, list[Any]] = {}
        self._deleted: dict[str, dict[tuple[int, int], Any]] = {}

    async def take_until(self, tp: TopicPartition, position: int) -> int:
        """Keeps a partition's records below a position; returns the offset of the first record behind it.

        Only transaction markers and aborted records lie between the two. What is still open counts as the end.
        """
        consumer = AIOKafkaConsumer(**self._connection.consumer_options())
        await consumer.start()
        try:
            ends = await from_the_beginning(consumer, [tp])
            kept = self._deleted.setdefault(tp.topic, {})
            async for records in read_to_end(consumer, ends):
                for record in records:
                    if record.offset >= position:
                        return int(record.offset)
                    kept[record.partition, record.offset] = record
            return int(ends[tp])
        finally:
            await consumer.stop()

    async def take_all(self, topic: str) -> None:
        """Keeps everything of a topic that is about to be deleted."""
        self._gone.setdefault(topic, []).extend(await self._there(topic))
        self._deleted.pop(topic, None)

    async def read(self, topic: str, partitions: int) -> list[Any]:
        """Every record that a topic ever had in its first `partitions` partitions, each partition in the order of its log."""
        every = self._gone.get(topic, []) + await self._there(topic)
        # A stable sort: the topic that is gone came first.
        return sorted((record for record in every if record.partition < partitions), key=lambda record: record.partition)

    async def _there(self, topic: str) -> list[Any]:
        """What the topic of now has, with what was deleted of it, each record once."""
        found = {(record.partition, record.offset): record for record in await read_topic(self._connection, topic)}
        return [record for _, record in sorted({**self._deleted.get(topic, {}), **found}.items())]
