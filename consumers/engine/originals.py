"""Records of a shard's inputs read once more, for tasks whose state says where they lie and not what is in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from consumers.errors import FatalError
from consumers.records import InputRecord, LogPlace, Originals
from runtime.kafka.connection import KafkaConnection

log = structlog.get_logger()

# A broker that does not answer is asked again; the batch waits meanwhile, nothing of it is committed yet.
ANSWER_WITHIN_S: Final = 10.0
TRIES: Final = 5
FIRST_WAIT_S: Final = 0.2
WAIT_MS: Final = 100
# Records between two that are wanted: reading them costs less than asking for another place.
READ_OVER: Final = 200


class OriginalsUnavailable(FatalError):
    """Records that lie in the log could not be read again; nothing of the batch was committed, and the next start reads it once more."""


class ReadsOriginals(Protocol):
    """Where a shard's tasks get records from that they have seen before."""

    async def read(self, partition: int, places: Sequence[LogPlace]) -> Originals:
        """The records at these places of a partition; None for one that is in the log no longer."""
        ...

    async def stop(self) -> None: ...


class OriginalReader:
    """A consumer of its own, made at the first use: the shard's own goes on where it is. `client` makes one that is not started.

    A broker that gives no answer is asked again after `wait_s`, and after twice as long from time to time.
    """

    def __init__(self, connection: KafkaConnection, client: Callable[[], Any], *, wait_s: float = FIRST_WAIT_S) -> None:
        self._connection = connection
        self._client = client
        self._wait_s = wait_s
        self._consumer: Any = None

    async def read(self, partition: int, places: Sequence[LogPlace]) -> dict[LogPlace, InputRecord | None]:
        """Committed records alone; raises OriginalsUnavailable where the broker gives no answer for a time."""
        offsets: dict[str, list[int]] = {}
        for topic, offset in places:
            offsets.setdefault(topic, []).append(offset)
        found: dict[LogPlace, InputRecord | None] = {}
        for topic, wanted in offsets.items():
            place = TopicPartition(self._connection.topic(topic), partition)
            for offset, record in (await self._persistently(place, sorted(set(wanted)))).items():
                found[topic, offset] = record and InputRecord(
                    topic, partition, offset, record.key, record.value, tuple(record.headers), record.timestamp
                )
        return found

    async def stop(self) -> None:
        """Closes its connection."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.stop()

    async def _persistently(self, place: TopicPartition, offsets: Sequence[int]) -> dict[int, Any]:
        wait_s = self._wait_s
        for attempt in range(1, TRIES + 1):
            try:
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    return await self._read(place, offsets)
            except (KafkaError, TimeoutError) as error:
                log.warning("originals not read yet", topic=place.topic, partition=place.partition, attempt=attempt, error=repr(error))
                await self._given_up()
            await asyncio.sleep(wait_s)
            wait_s *= 2
        raise OriginalsUnavailable(
            f"{place.topic} partition {place.partition}: the broker gave no answer to {TRIES} reads of records that lie in it. "
            "Look whether it is reachable, and start again: nothing is lost"
        )

    async def _given_up(self) -> None:
        try:
            async with asyncio.timeout(1.0):
                await self.stop()
        except (KafkaError, TimeoutError):
            # What does not close in order is left behind; the next try has a connection of its own.
            return

    async def _read(self, place: TopicPartition, offsets: Sequence[int]) -> dict[int, Any]:
        if self._consumer is None:
            consumer = self._client()
            await consumer.start()
            self._consumer = consumer
        consumer = self._consumer
        consumer.assign([place])
        begin, end = (await consumer.beginning_offsets([place]))[place], (await consumer.end_offsets([place]))[place]
        found: dict[int, Any] = dict.fromkeys(offsets)
        left = [offset for offset in reversed(offsets) if begin <= offset < end]
        at = -1
        try:
            while left:
                if at < 0 or left[-1] - at > READ_OVER:
                    consumer.seek(place, left[-1])
                records = (await consumer.getmany(place, timeout_ms=WAIT_MS, max_records=READ_OVER)).get(place, ())
                found |= {record.offset: record for record in records if record.offset in found}
                # By position: markers and aborted records take offsets too.
                at = await consumer.position(place)
                while left and left[-1] < at:
                    left.pop()
        finally:
            # It would go on fetching what comes after.
            consumer.assign([])
        return found


def at_hand(records: Iterable[InputRecord], places: Sequence[LogPlace]) -> dict[LogPlace, InputRecord | None]:
    """Those of the places that lie among the records of a batch."""
    by_place = {(record.topic, record.offset): record for record in records}
    return {place: by_place[place] for place in places if place in by_place}
