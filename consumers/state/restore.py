"""The state of a shard, rebuilt from its changelog partitions up to their ends before the first record is processed."""

from __future__ import annotations

import time
from collections.abc import Mapping

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from consumers.errors import StateMismatch
from consumers.stage import OwnedTask
from consumers.state.changelog import apply_changelog
from producers.connection import KafkaConnection

log = structlog.get_logger()


async def restore(connection: KafkaConnection, changelog: str, tasks: Mapping[int, OwnedTask]) -> int:
    """Fills the tasks (by partition of the changelog, a topic without prefix) and returns how many records it read.

    The caller holds the shard's transactional id already, so nobody else is writing. The end is reached by position, not by
    counting records: transaction markers and aborted records take offsets too.
    """
    topic = connection.topic(changelog)
    assigned = {TopicPartition(topic, partition): owned for partition, owned in tasks.items()}
    consumer = AIOKafkaConsumer(**connection.consumer_options())
    started, count = time.perf_counter(), 0
    await consumer.start()
    try:
        consumer.assign(list(assigned))
        ends = await consumer.end_offsets(list(assigned))
        for tp, begin in (await consumer.beginning_offsets(list(assigned))).items():
            if connection.embedded and begin > 0:
                raise StateMismatch(
                    f"{tp.topic} partition {tp.partition} begins at {begin}: the embedded broker has forgotten state (it keeps about 5 MB "
                    "a partition and does not compact); stop the stack and start it anew"
                )
            consumer.seek(tp, begin)
        waiting = set(assigned)
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
                        apply_changelog(assigned[tp], record.key, record.value)
                except ValueError as error:
                    raise StateMismatch(f"changelog {tp.topic} partition {tp.partition}: {error}") from error
    finally:
        await consumer.stop()
    log.info("state restored", changelog=topic, partitions=sorted(tasks), records=count, seconds=round(time.perf_counter() - started, 3))
    return count
