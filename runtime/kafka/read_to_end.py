"""Partitions read up to where they end now: for whatever is restored, listed or counted; who wants to may read on after that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Final

from aiokafka import TopicPartition

# Short: a fetch that holds a transaction's marker alone moves the position and wakes nobody.
WAIT_MS: Final = 50


class SilentPartition(Exception):
    """A partition gave nothing for a time although records of it are due."""


async def from_the_beginning(consumer: Any, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """Assigns the partitions to a connected consumer, each at its first record, and returns the ends of now; raises KafkaError."""
    consumer.assign(places)
    for place, begin in (await consumer.beginning_offsets(places)).items():
        consumer.seek(place, begin)
    ends: dict[TopicPartition, int] = await consumer.end_offsets(places)
    return ends


async def read_to_end(
    consumer: Any, ends: Mapping[TopicPartition, int], *, max_records: int | None = None, silence_s: float | None = None
) -> AsyncGenerator[list[Any], None]:
    """The records of assigned partitions from their positions up to the ends, in batches of one partition, each in log order.

    The last batch of a partition may go beyond its end; what comes after that batch is left to the next read of the consumer.
    `max_records` are fetched at once. Raises KafkaError, and SilentPartition after `silence_s` without a record that is due.
    """
    due, clock = set(ends), asyncio.get_running_loop().time
    heard = clock()
    while True:
        # By position, not by the last record: transaction markers and aborted records take offsets too.
        due = {place for place in due if await consumer.position(place) < ends[place]}
        if not due:
            return
        if silence_s is not None and clock() - heard > silence_s:
            place = min(due)
            raise SilentPartition(f"{place.topic} partition {place.partition} has been silent for {silence_s:g} s")
        for batch in (await consumer.getmany(*due, timeout_ms=WAIT_MS, max_records=max_records)).values():
            yield batch
            # After the records are taken: however long that takes, it is no silence of the broker's.
            heard = clock()
        # getmany does not wait while it has records: the rest of the process would.
        await asyncio.sleep(0)
