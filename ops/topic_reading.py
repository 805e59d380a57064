"""Reads whole topics from their first record to the end they have now, record by record: for lists, exports and counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from ops.errors import OperationFailed

Record: TypeAlias = "ConsumerRecord[bytes | None, bytes | None]"

# How long partitions may stay silent although records are due, before it is said instead of waited for.
SILENCE_S: Final = 30.0


async def existing_partitions(consumer: AIOKafkaConsumer, names: Sequence[str]) -> list[TopicPartition]:
    """The partitions of those of the topics (full names) that exist."""
    known = await consumer.topics()
    return [TopicPartition(name, number) for name in names if name in known for number in sorted(consumer.partitions_for_topic(name) or ())]


async def records(consumer: AIOKafkaConsumer, places: Sequence[TopicPartition]) -> AsyncIterator[Record]:
    """Every record of the partitions, each partition in order, up to the ends they have when this starts.

    Raises OperationFailed where a partition stays silent for 30 s.
    """
    if not places:
        return
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
