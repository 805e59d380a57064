"""Reads topics without a group: nothing is committed, nobody else is disturbed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from ops.errors import OperationFailed, WrongUsage
from schemas import topics

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer, TopicPartition

    from producers.connection import KafkaConnection


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
