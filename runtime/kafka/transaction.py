"""One transaction of a writer with a static id: what it sends is whole or not there, and a former writer is fenced."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec
import structlog
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import MessageSizeTooLargeError, ProducerFenced
from aiokafka.partitioner import murmur2
from aiokafka.structs import OffsetAndMetadata

from runtime.kafka.connection import KafkaConnection
from runtime.kafka.epoch import REQUEST_TIMEOUT_S, Epoch
from schemas import dead_letter
from schemas.envelope import Encoded, ProvenanceOut, WireRecord, record_size

log = structlog.get_logger()


class _Made(msgspec.Struct, frozen=True):
    """An event that names the record that it was made of."""

    provenance: ProvenanceOut


# By full topic name and partition.
Routed = dict[tuple[str, int], list[WireRecord | Encoded]]

_NO_HEADERS: Final[list[tuple[str, bytes | None]]] = []
# Uncompressed bytes of a record batch: a record larger than this still goes, in a batch of its own. The broker's limit
# of 1 MiB is on the compressed batch, and what does not compress grows by less than the difference; dead letters have room for twice that.
BATCH_BYTES: Final = 1000 * 1024
# The least CPU for an event of stage 1: zstd halves the bytes for 0.6 µs more here and more at each reader, and aiokafka's lz4 is the
# slow, high one (level 9): 6 µs more, and no smaller.
COMPRESSION: Final = "snappy"


@lru_cache(maxsize=4096)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition that Java's and aiokafka's default partitioner gives a key: all writers of a topic have to agree.

    >>> partition_of(b"tiny-llama", 4) == partition_of(b"tiny-llama", 4)
    True
    """
    return int(murmur2(key) & 0x7FFFFFFF) % partitions


async def _delivered(delivery: asyncio.Future[Any], place: tuple[str, int], records: Sequence[WireRecord | Encoded]) -> Any:
    """What the broker answers; one that refuses a batch for its size is told with the largest record and where that came from."""
    try:
        return await delivery
    except MessageSizeTooLargeError:
        topic, partition = place
        largest = max(records, key=lambda record: record_size(record.key, record.value, record.headers))
        size = record_size(largest.key, largest.value, largest.headers)
        raise MessageSizeTooLargeError(
            f"{topic} partition {partition} does not take a record of {size} bytes{_origin(largest)}: raise its max.message.bytes "
            "(`abhyas topics plan` says where it is below the contract's); nothing was written, and the next start comes to it again"
        ) from None


def _origin(record: WireRecord | Encoded) -> str:
    """Where the input lies that a record was made of, as far as the record says so."""
    named = {name: raw or b"" for name, raw in record.headers}
    if dead_letter.TOPIC in named:
        place = (dead_letter.TOPIC, dead_letter.PARTITION, dead_letter.OFFSET)
        topic, partition, offset = (named.get(name, b"").decode() for name in place)
        return f", the dead letter of {topic} partition {partition} offset {offset}"
    try:
        origin = msgspec.json.decode(record.value or b"", type=_Made).provenance
    except msgspec.DecodeError:
        return f", key {(record.key or b'')[:100].decode(errors='backslashreplace')}"
    return f", made of {origin.topic} partition {origin.partition} offset {origin.offset}"


class TransactionalWriter:
    """The producer of one shard. Its static transactional id fences whoever held the shard before.

    Any failure is final: the caller stops the process, and the broker aborts what was open. Where a commit was done but a copy of
    its request may still be under way, the next transaction has an epoch of its own (`runtime.kafka.epoch`).
    """

    def __init__(
        self, connection: KafkaConnection, transactional_id: str, *, timeout_s: float = 60, compression: str = COMPRESSION
    ) -> None:
        options: dict[str, Any] = connection.producer_options() | {
            "transactional_id": transactional_id,
            "transaction_timeout_ms": round(timeout_s * 1000),
            "linger_ms": 0,
            "max_batch_size": BATCH_BYTES,
            "compression_type": compression,
        }
        self.producer = AIOKafkaProducer(**options)
        self._epoch = Epoch(self.producer, transactional_id, timeout_s=timeout_s)
        self.transactional_id = transactional_id
        # The offset behind the newest committed record, by full topic name and partition written to; transaction markers come after it.
        self.reached: dict[tuple[str, int], int] = {}

    async def start(self) -> None:
        """Gets the producer id: fences and aborts the former owner. Before the state is restored, so that it is the last."""
        await self.producer.start()

    async def stop(self) -> None:
        """Closes the connection; an open transaction is left for the broker to abort."""
        await self.producer.stop()

    async def commit(
        self,
        routed: Mapping[tuple[str, int], Sequence[WireRecord | Encoded]],
        *,
        offsets: Mapping[TopicPartition, int] | None = None,
        group: str | None = None,
    ) -> float:
        """Writes everything in one transaction and returns the seconds it took.

        `offsets` go to the consumer group `group` for tools that show lag; nothing of ours reads them.
        """
        batches = [(place, self._batches(records)) for place, records in sorted(routed.items())]
        # aiokafka queues one batch of a partition at a time: all partitions' first ones go together, then what is left.
        rounds = range(max((len(made) for _, made in batches), default=0))
        started = time.perf_counter()
        await self._epoch.renew()
        await self.producer.begin_transaction()
        try:
            sent = [
                (place, made[number], await self.producer.send_batch(made[number], place[0], partition=place[1]))
                for number in rounds
                for place, made in batches
                if number < len(made)
            ]
            if offsets and group:
                await self.producer.send_offsets_to_transaction({tp: OffsetAndMetadata(next_, "") for tp, next_ in offsets.items()}, group)
            delivered = await asyncio.gather(*(_delivered(delivery, place, routed[place]) for place, _, delivery in sent))
        except BaseException as error:
            await self._abort(error)
            raise
        ending = time.perf_counter()
        await self.producer.commit_transaction()
        if time.perf_counter() - ending >= REQUEST_TIMEOUT_S:
            self._epoch.slow()
        for (place, batch, _), metadata in zip(sent, delivered, strict=True):
            if metadata is not None:
                self.reached[place] = metadata.offset + batch.record_count()
        return time.perf_counter() - started

    async def _abort(self, cause: BaseException) -> None:
        """Where it can't, the cause is what to tell; but who was replaced has to know that, whatever else went wrong."""
        try:
            await asyncio.wait_for(self.producer.abort_transaction(), timeout=5)
        except Exception as error:
            # Left open, it ends with transaction.timeout.ms or with the next owner's start.
            log.warning("transaction not aborted", transactional_id=self.transactional_id, error=repr(error))
            if isinstance(error, ProducerFenced) and isinstance(cause, Exception):
                raise error from cause

    def _batches(self, records: Iterable[WireRecord | Encoded]) -> list[Any]:
        batches: list[Any] = []
        append: Any = None
        for record in records:
            headers = record.headers
            # aiokafka's batch takes a list alone.
            if not isinstance(headers, list):
                headers = list(headers) if headers else _NO_HEADERS
            if append is None or append(timestamp=None, key=record.key, value=record.value, headers=headers) is None:
                batches.append(self.producer.create_batch())
                append = batches[-1].append
                # The first record of a batch is taken whatever its size; the broker's limit is what refuses it then.
                append(timestamp=None, key=record.key, value=record.value, headers=headers)
        return batches
