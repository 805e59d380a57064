"""Brings records out of partitions that somebody added to an input of a stage, where nobody reads them, to those that are read.

Each transaction holds records as they came; once it is committed they are deleted where they lay. Stopped between the two, a second run
sends some again: the readers know them by their ids. Whoever starts fences whoever is at it.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from confluent_kafka import KafkaException
from confluent_kafka import TopicPartition as UpTo
from confluent_kafka.admin import AdminClient

from ops.dead_letters.redrive import OPEN_TRANSACTION_S
from ops.errors import OperationFailed, WrongUsage
from ops.topic_reader import Ends, Record, ends_with_open, existing_counts, records
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.transaction import TransactionalWriter, partition_of
from runtime.kafka.used_partitions import used_partitions
from schemas import topics
from schemas.envelope import WireRecord

# At most so many records, and about so many bytes, in one transaction.
TRANSACTION_RECORDS: Final = 500
TRANSACTION_BYTES: Final = 8 * 1024 * 1024
TIMEOUT_S: Final = 30.0


@dataclass(slots=True)
class Drained:
    """How many partitions of the topic are read, which were added, and how many records lay in those."""

    used: int
    added: tuple[int, ...]
    records: int = 0


async def drain(connection: KafkaConnection, topic: str) -> Drained:
    """Empties the added partitions of a topic (full name); raises WrongUsage, OperationFailed. What comes meanwhile is left."""
    if topic not in {topics.topic(name, connection.topic_prefix) for name in topics.READ_WITH}:
        raise WrongUsage(f"{topic} is no input that a stage reads by partition: nothing to drain")
    counts = await existing_counts(connection)
    if topic not in counts:
        raise OperationFailed(f"topic {topic} does not exist on this broker: run `abhyas topics apply`")
    used = used_partitions(counts, connection.topic_prefix)[topic]
    drained = Drained(used, tuple(range(used, counts[topic])))
    if drained.added:
        writer = TransactionalWriter(connection, f"{connection.topic_prefix}-drain")
        try:
            await writer.start()
            await _drain(connection, topic, drained, writer)
        except (KafkaError, KafkaException, OSError) as error:
            raise OperationFailed(
                f"{drained.records} records were sent; then Kafka at {connection.bootstrap_servers} failed "
                f"({type(error).__name__}: {error}): run it again"
            ) from None
        finally:
            await writer.stop()
    return drained


async def _drain(connection: KafkaConnection, topic: str, drained: Drained, writer: TransactionalWriter) -> None:
    ends = {place: end for place, end in (await ends_with_open(connection, [topic])).items() if place.partition in drained.added}
    pending: list[Record] = []
    size_bytes = 0
    async with aclosing(records(connection, [topic], until=ends, silence_s=OPEN_TRANSACTION_S)) as found:
        async for record in found:
            pending.append(record)
            size_bytes += len(record.key or b"") + len(record.value or b"")
            if len(pending) >= TRANSACTION_RECORDS or size_bytes >= TRANSACTION_BYTES:
                await _send(connection, pending, drained, writer)
                size_bytes = 0
    await _send(connection, pending, drained, writer)
    # Markers and aborted records too: what is left of a log counts as unread.
    await _delete(connection, ends)


async def _send(connection: KafkaConnection, pending: list[Record], drained: Drained, writer: TransactionalWriter) -> None:
    routed: dict[tuple[str, int], list[WireRecord]] = {}
    for record in pending:
        number = record.partition % drained.used if record.key is None else partition_of(record.key, drained.used)
        routed.setdefault((record.topic, number), []).append(WireRecord(record.key, record.value, tuple(record.headers)))
    if routed:
        await writer.commit(routed)
        drained.records += len(pending)
        await _delete(connection, {TopicPartition(record.topic, record.partition): record.offset + 1 for record in pending})
    pending.clear()


async def _delete(connection: KafkaConnection, up_to: Ends) -> None:
    # The client must outlive its futures.
    admin = AdminClient(connection.librdkafka_options())
    asked = admin.delete_records([UpTo(place.topic, place.partition, offset) for place, offset in up_to.items()], request_timeout=TIMEOUT_S)
    for future in asked.values():
        await asyncio.to_thread(future.result, TIMEOUT_S)
