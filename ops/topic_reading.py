"""Reads whole topics from their first record to the end they have now, record by record: for lists, exports and counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from ops.errors import OperationFailed
from ops.follow import reader
from producers.connection import KafkaConnection

Record: TypeAlias = "ConsumerRecord[bytes | None, bytes | None]"

# How long partitions may stay silent although records are due, before it is said instead of waited for.
SILENCE_S: Final = 30.0


async def existing_partitions(connection: KafkaConnection, names: Sequence[str]) -> list[TopicPartition]:
    """The partitions of those of the topics (full names) that exist; raises OperationFailed where the broker does not answer."""
    # Not the consumer's own view: it knows only the topics that it is assigned to.
    admin = AIOKafkaAdminClient(**connection.client_options())
    try:
        await admin.start()
        described = await admin.describe_topics()
    except (KafkaError, OSError) as error:
        raise OperationFailed(
            f"Kafka at {connection.bootstrap_servers} does not answer ({type(error).__name__}): start the installation with `abhyas up`, "
            "or set KAFKA_BOOTSTRAP_SERVERS to where it is"
        ) from None
    finally:
        await admin.close()
    counts = {topic["topic"]: len(topic["partitions"]) for topic in described}
    return [TopicPartition(name, number) for name in names for number in range(counts.get(name, 0))]


async def records(connection: KafkaConnection, names: Sequence[str]) -> AsyncIterator[Record]:
    """Every record of the topics (full names) that exist, each partition in order, up to the ends they have when this starts.

    Raises OperationFailed where the broker does not answer, or a partition stays silent for 30 s.
    """
    places = await existing_partitions(connection, names)
    # Not only for speed: aiokafka 0.14's `stop` fails on a consumer that was never waited for after its start.
    if places:
        async with reader(connection) as consumer:
            async for record in _to_the_end(consumer, places):
                yield record


async def _to_the_end(consumer: AIOKafkaConsumer, places: Sequence[TopicPartition]) -> AsyncIterator[Record]:
    consumer.assign(list(places))
    starts: dict[Any, int] = await consumer.beginning_offsets(list(places))
    ends: dict[Any, int] = await consumer.end_offsets(list(places))
    for place in places:
        consumer.seek(place, starts[place])
    due = {place for place in places if starts[place] < ends[place]}
    clock = asyncio.get_running_loop().time
    heard = clock()
    while due:
        for place, batch in (await consumer.getmany(*due, timeout_ms=200, max_records=2000)).items():
            heard = clock()
            for record in batch:
                if record.offset < ends[place]:
                    yield record
        # By position, not by the last record: transaction markers and aborted records take offsets too.
        due = {place for place in due if await consumer.position(place) < ends[place]}
        if due and clock() - heard > SILENCE_S:
            place = sorted(due)[0]
            raise OperationFailed(f"{place.topic} partition {place.partition} has been silent for {SILENCE_S:g} s: see the broker's log")
