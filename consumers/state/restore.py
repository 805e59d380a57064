"""The state of a shard, rebuilt from its changelog partitions up to their ends before the first record is processed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from consumers.errors import StateMismatch
from consumers.stage import OwnedTask
from consumers.state.changelog import apply_changelog
from producers.connection import KafkaConnection

log = structlog.get_logger()

Apply = Callable[[OwnedTask, bytes | None, bytes | None], None]


async def restore(connection: KafkaConnection, changelog: str, tasks: Mapping[int, OwnedTask]) -> int:
    """Fills the tasks (by partition of the changelog, a topic without prefix) and returns how many records it read.

    The caller holds the shard's transactional id already, so nobody else is writing. The end is reached by position, not by
    counting records: transaction markers and aborted records take offsets too.
    """
    topic = connection.topic(changelog)
    consumer = AIOKafkaConsumer(**connection.consumer_options())
    started = time.perf_counter()
    await consumer.start()
    try:
        count = await read_back(consumer, topic, tasks, may_begin_late=not connection.embedded)
    finally:
        await consumer.stop()
    log.info("state restored", changelog=topic, partitions=sorted(tasks), records=count, seconds=round(time.perf_counter() - started, 3))
    return count


async def read_back(
    consumer: Any, topic: str, tasks: Mapping[int, OwnedTask], *, may_begin_late: bool, apply: Apply = apply_changelog
) -> int:
    """Reads the changelog partitions of a topic's full name into their tasks; returns how many records that were."""
    assigned = {TopicPartition(topic, partition): owned for partition, owned in tasks.items()}
    consumer.assign(list(assigned))
    ends = await consumer.end_offsets(list(assigned))
    for tp, begin in (await consumer.beginning_offsets(list(assigned))).items():
        if not may_begin_late and begin > 0:
            raise StateMismatch(
                f"{tp.topic} partition {tp.partition} begins at {begin}: the embedded broker has forgotten state (it keeps about 5 MB "
                "a partition and does not compact); stop the stack and start it anew"
            )
        consumer.seek(tp, begin)
    waiting, count = set(assigned), 0
    while waiting:
        for tp in list(waiting):
            if await consumer.position(tp) >= ends[tp]:
                waiting.discard(tp)
                consumer.pause(tp)
        if not waiting:
            break
        for tp, records in (await consumer.getmany(timeout_ms=200, max_records=10_000)).items():
            count += len(records)
            try:
                for record in records:
                    apply(assigned[tp], record.key, record.value)
            except ValueError as error:
                raise StateMismatch(f"changelog {tp.topic} partition {tp.partition}: {error}") from error
    return count
