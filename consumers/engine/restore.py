"""The state of a shard, rebuilt from its changelog partitions up to their ends before the first record is processed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from consumers.engine.changelog import apply_all, apply_changelog
from consumers.engine.snapshot import Header, Record, Snapshots, UnusableSnapshot
from consumers.engine.stage import OwnedTask, Stage
from consumers.errors import StateMismatch
from consumers.kept_state import Migration
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.read_to_end import read_to_end

log = structlog.get_logger()

# Records fetched at once, and taken back between two turns of the event loop: about 20 ms.
SLICE_RECORDS: Final = 4000

# Takes records of the changelog back into a task: `apply_all`, or what a simulation puts in its place.
Apply = Callable[[OwnedTask, Sequence[Any], Sequence[Migration]], None]


async def restore(connection: KafkaConnection, stage: Stage, tasks: Mapping[int, OwnedTask], *, snapshots: Snapshots | None = None) -> int:
    """Fills a stage's tasks (by partition of its changelog) and returns how many records of the topic it read.

    A task is read on from its `changelog_next`, so a second call costs only what was written since; one that has nothing yet begins
    with its snapshot, where there is one that can be believed. The caller holds the shard's transactional id already, so nobody else
    is writing. The end is reached by position, not by counting records: transaction markers and aborted records take offsets too.
    """
    topic = connection.topic(stage.changelog)
    consumer = AIOKafkaConsumer(**connection.consumer_options())
    started = time.perf_counter()
    await consumer.start()
    try:
        count, held = await read_back(
            consumer, topic, tasks, migrations=stage.migrations, may_begin_late=connection.keeps_logs, snapshots=snapshots
        )
    finally:
        await consumer.stop()
    log.info(
        "state restored",
        changelog=topic,
        partitions=sorted(tasks),
        records=count,
        from_snapshots=held,
        seconds=round(time.perf_counter() - started, 3),
    )
    return count


async def read_back(
    consumer: Any, topic: str, tasks: Mapping[int, OwnedTask], *, migrations: Sequence[Migration], may_begin_late: bool,
    snapshots: Snapshots | None = None, apply: Apply = apply_all,
) -> tuple[int, int]:  # fmt: skip
    """Reads the changelog partitions of a topic's full name into their tasks; returns how many records came from it, and from snapshots."""
    assigned = {TopicPartition(topic, partition): owned for partition, owned in tasks.items()}
    consumer.assign(list(assigned))
    ends, held = await consumer.end_offsets(list(assigned)), 0
    for tp, begin in (await consumer.beginning_offsets(list(assigned))).items():
        if not may_begin_late and begin > 0:
            raise StateMismatch(
                f"{tp.topic} partition {tp.partition} begins at {begin}: the embedded broker has forgotten state (it keeps about 5 MB "
                "a partition and does not compact); stop the stack and start it anew"
            )
        if snapshots is not None and assigned[tp].changelog_next == 0:
            held += await _from_snapshot(snapshots, tp, assigned[tp], begin, ends[tp])
        consumer.seek(tp, max(begin, assigned[tp].changelog_next))
    count = 0
    async for records in read_to_end(consumer, ends, max_records=SLICE_RECORDS):
        partition, count = records[0].partition, count + len(records)
        try:
            apply(tasks[partition], records, migrations)
        except ValueError as error:
            raise StateMismatch(f"changelog {topic} partition {partition}: {error}") from error
    for tp, owned in assigned.items():
        owned.changelog_next = await consumer.position(tp)
    return count, held


async def _from_snapshot(snapshots: Snapshots, tp: TopicPartition, owned: OwnedTask, begin: int, end: int) -> int:
    """Fills a task from its snapshot and returns how many records that were: 0 where there is none to be believed."""
    try:
        found = await asyncio.to_thread(snapshots.read, tp.partition)
        if found is None:
            return 0
        header, records = found
        if not begin <= header.changelog_next <= end:
            raise UnusableSnapshot(f"it reaches up to offset {header.changelog_next}, and the log from {begin} to {end}")
    except UnusableSnapshot as doubt:
        log.warning("snapshot ignored, the whole changelog is read", path=str(snapshots.path(tp.partition)), reason=str(doubt))
        return 0
    await _load_snapshot(owned, header, records, snapshots)
    return len(records)


async def _load_snapshot(owned: OwnedTask, header: Header, records: list[Record], snapshots: Snapshots) -> None:
    owned.version, owned.shards = header.version, {header.shards}
    try:
        for start in range(0, len(records), SLICE_RECORDS):
            for key, value in records[start : start + SLICE_RECORDS]:
                apply_changelog(owned, key, value)
            await asyncio.sleep(0)
    except ValueError as error:
        # Hash, version and identity fit, so this is a mistake of ours: half a state must not be gone on with.
        raise StateMismatch(f"snapshot {snapshots.path(header.partition)}: {error}; delete it and start again") from error
    owned.changelog_next = header.changelog_next
