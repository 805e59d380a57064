"""The broker as the watch sees it, over clients of its own: what a shard's consumer believes may be what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from runtime.kafka.connection import KafkaConnection
from runtime.kafka.requests import DescribeProducers, ListTransactions
from runtime.kafka.topic_metadata import Topic, connected, described

Offsets = dict[TopicPartition, int]


class View(Protocol):
    """What the watch asks of the broker; raises KafkaError."""

    async def starts(self, places: Sequence[TopicPartition]) -> Offsets: ...
    async def ends(self, places: Sequence[TopicPartition]) -> Offsets: ...
    async def stable_ends(self, places: Sequence[TopicPartition]) -> Offsets: ...
    async def topics(self, names: Iterable[str]) -> dict[str, Topic]: ...
    async def holder(self, place: TopicPartition, leader: int) -> str: ...


class BrokerView:
    """Three connections: one sees what is committed, one everything, one asks what aiokafka's consumer does not."""

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection
        self._committed = AIOKafkaConsumer(**connection.consumer_options())
        uncommitted = connection.consumer_options() | {"isolation_level": "read_uncommitted"}
        self._uncommitted = AIOKafkaConsumer(**uncommitted) if connection.tells_open_transactions else self._committed
        self._client: Any = None

    async def start(self) -> None:
        """Connects."""
        await self._committed.start()
        if self._connection.tells_open_transactions:
            await self._uncommitted.start()
            self._client = await connected(self._connection)

    async def stop(self) -> None:
        """Gives the connections back."""
        await self._committed.stop()
        if self._uncommitted is not self._committed:
            await self._uncommitted.stop()
        if self._client is not None:
            await self._client.close()

    async def starts(self, places: Sequence[TopicPartition]) -> Offsets:
        """Where the logs begin."""
        return dict(await self._committed.beginning_offsets(list(places)))

    async def ends(self, places: Sequence[TopicPartition]) -> Offsets:
        """The high watermarks: where the logs end, records of open transactions included."""
        return dict(await self._uncommitted.end_offsets(list(places)))

    async def stable_ends(self, places: Sequence[TopicPartition]) -> Offsets:
        """The last stable offsets: where the first open transaction begins, else the log's end."""
        return dict(await self._committed.end_offsets(list(places)))

    async def topics(self, names: Iterable[str]) -> dict[str, Topic]:
        """Those of the topics (full names) that exist, as they are now."""
        return await described(self._client, names)

    async def holder(self, place: TopicPartition, leader: int) -> str:
        """Whose open transaction is the oldest in a partition, as far as the broker tells."""
        try:
            answer = await self._client.send(leader, DescribeProducers(place.topic, place.partition))
            producers = [producer for _, partitions, _ in answer.topics for _, _, _, found, _ in partitions for producer in found or ()]
            open_ones = [(first_offset, producer_id) for producer_id, _, _, _, _, first_offset, _ in producers if first_offset >= 0]
            if not open_ones:
                return "a transaction that has just ended"
            producer_id = min(open_ones)[1]
            for broker in self._client.cluster.brokers():
                listed = await self._client.send(broker.nodeId, ListTransactions([producer_id]))
                for transactional_id, *_ in listed.transactions:
                    return f"the open transaction of {transactional_id}"
            return f"the open transaction of producer id {producer_id}"
        except (KafkaError, NotImplementedError) as error:
            return f"an open transaction (whose, the broker does not tell: {type(error).__name__})"
