"""Reads whole topics from their first record to the end they have now, record by record: for lists, exports and counts."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from ops.errors import OperationFailed, WrongUsage
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.read_to_end import SilentPartition, from_the_beginning, read_to_end
from schemas import topics

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer, TopicPartition

    from runtime.kafka.connection import KafkaConnection


@asynccontextmanager
async def reader(connection: KafkaConnection, **options: Any) -> AsyncIterator[AIOKafkaConsumer]:
    """A connected consumer without a group; raises OperationFailed where the broker does not answer, then or later.

    `options` are AIOKafkaConsumer's, over those of the connection.
    """
    from aiokafka import AIOKafkaConsumer
    from aiokafka.errors import KafkaError

    consumer = AIOKafkaConsumer(**connection.consumer_options() | {"request_timeout_ms": 10_000} | options)
    try:
        await consumer.start()
        yield consumer
    except (KafkaError, OSError) as error:
        raise OperationFailed(
            f"Kafka at {connection.bootstrap_servers} does not answer ({error}): start the installation with `abhyas up`, "
            "or set KAFKA_BOOTSTRAP_SERVERS to where it is"
        ) from None
    finally:
        await consumer.stop()


async def partitions_of(consumer: AIOKafkaConsumer, prefix: str, names: Iterable[str]) -> list[TopicPartition]:
    """Every partition that the contract gives these topics (full names); raises OperationFailed for one that does not exist."""
    from aiokafka import TopicPartition

    wanted = list(names)
    missing = sorted(set(wanted) - await consumer.topics())
    if missing:
        raise OperationFailed(f"topic {', '.join(missing)} does not exist on this broker: run `abhyas topics apply`")
    # The client forgets the metadata of topics that it is not assigned to, so the counts are the contract's.
    counts = {spec.name: spec.partitions for spec in topics.specs(prefix)}
    return [TopicPartition(name, number) for name in wanted for number in range(counts[name])]


def full_name(topic: str, prefix: str) -> str:
    """The full name of a topic given in full, as in the contract, or without its version; raises OperationFailed.

    >>> full_name("feedback.submitted", "abhyas"), full_name("feedback.submitted.dlq", "abhyas")
    ('abhyas.feedback.submitted.v1', 'abhyas.feedback.submitted.v1.dlq')
    """
    known = [spec.name for spec in topics.specs(prefix)]
    stem = topic.removesuffix(topics.DLQ_SUFFIX)
    suffix = topics.DLQ_SUFFIX if stem != topic else ""
    for candidate in (topic, topics.topic(topic, prefix), topics.topic(f"{stem}.v1{suffix}", prefix)):
        if candidate in known:
            return candidate
    short = ", ".join(name.removeprefix(f"{prefix}.").removesuffix(".v1") for name in known if not name.endswith(topics.DLQ_SUFFIX))
    raise WrongUsage(f"topic {topic!r} is not in the contract: expected one of {short}, or one of them with .dlq")


Record: TypeAlias = "ConsumerRecord[bytes | None, bytes | None]"
# The offset behind the last record, by partition.
Ends: TypeAlias = "dict[TopicPartition, int]"

# The years 1 and 9999, a day from their ends, in seconds since 1970.
_FIRST_S: Final = -62_135_510_400
_LAST_S: Final = 253_402_214_400
# How long partitions may stay silent although records are due, before it is said instead of waited for.
SILENCE_S: Final = 30.0


def time_of(record: Record) -> datetime:
    """The record's time; one that its writer set outside the calendar is held at its end."""
    seconds = min(max(record.timestamp / 1000, _FIRST_S), _LAST_S)
    return datetime.fromtimestamp(seconds, UTC)


async def existing_counts(connection: KafkaConnection) -> dict[str, int]:
    """The partition counts of every topic that exists; raises OperationFailed where the broker does not answer."""
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
    return {topic["topic"]: len(topic["partitions"]) for topic in described}


async def existing_partitions(connection: KafkaConnection, names: Sequence[str]) -> list[TopicPartition]:
    """The partitions of those of the topics (full names) that exist; raises OperationFailed where the broker does not answer."""
    counts = await existing_counts(connection)
    return [TopicPartition(name, number) for name in names for number in range(counts.get(name, 0))]


async def ends_with_open(connection: KafkaConnection, names: Sequence[str]) -> Ends:
    """The ends of the topics' partitions, records of open transactions included; raises OperationFailed.

    A reader of committed records is told the end before the first open transaction, and what was committed behind that is hidden
    from it: who has to know everything that was committed by now reads up to these ends.
    """
    places = await existing_partitions(connection, names)
    if not places:
        return {}
    async with reader(connection, isolation_level="read_uncommitted") as consumer:
        consumer.assign(places)
        found: Ends = await consumer.end_offsets(places)
        return found


async def records(
    connection: KafkaConnection, names: Sequence[str], *, until: Ends | None = None, silence_s: float = SILENCE_S
) -> AsyncGenerator[Record, None]:
    """Every committed record of the topics (full names) that exist, each partition in order, up to the ends they have when this starts.

    `until` sets the ends, of the partitions it names and no others. Raises OperationFailed where the broker does not answer, or a
    partition stays silent for `silence_s` although records are due.
    """
    places = await existing_partitions(connection, names) if until is None else sorted(until)
    # Not only for speed: aiokafka 0.14's `stop` fails on a consumer that was never waited for after its start.
    if places:
        async with reader(connection) as consumer:
            async for record in _to_the_end(consumer, places, until, silence_s):
                yield record


async def _to_the_end(
    consumer: AIOKafkaConsumer, places: Sequence[TopicPartition], until: Ends | None, silence_s: float
) -> AsyncGenerator[Record, None]:
    now = await from_the_beginning(consumer, places)
    ends = now if until is None else until
    try:
        async for batch in read_to_end(consumer, ends, max_records=2000, silence_s=silence_s):
            end = ends[TopicPartition(batch[0].topic, batch[0].partition)]
            for record in batch:
                if record.offset < end:
                    yield record
    except SilentPartition as error:
        raise OperationFailed(f"{error}: see the broker's log") from None
