"""Who owns which partitions: a shard's transactional id, and the number of shards that a changelog partition belongs under.

An owner fences its predecessor by the transactional id. Two numbers of shards side by side share partitions but no id,
so nobody would be fenced: each changelog partition holds the number it was written under, and another one is refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from consumers.engine.changelog import migration_records
from consumers.engine.positions import partition_counts
from consumers.engine.stage import OwnedTask, Stage, shard_partitions
from consumers.errors import StateMismatch
from consumers.state_keys import SHARDS_KEY
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.read_to_end import from_the_beginning, read_to_end
from runtime.kafka.transaction import TransactionalWriter
from schemas import topics
from schemas.envelope import WireRecord

log = structlog.get_logger()

# About as long as Kafka takes to write a transaction's markers.
VISIBLE_WITHIN_S: Final = 0.02


def transactional_id(prefix: str, stage: str, number: int, shards: int) -> str:
    """The static id of one shard. It names the number of shards, so that a process set to another one fences nobody before it is refused.

    >>> transactional_id("abhyas", "stage1", 0, 4)
    'abhyas-stage1-0-of-4'
    """
    return f"{prefix}-{stage}-{number}-of-{shards}"


async def claim(writer: TransactionalWriter, changelog: str, partitions: Iterable[int], shards: int) -> None:
    """Writes the number of shards to changelog partitions (of the full topic name) that have none yet."""
    await writer.commit({(changelog, partition): [WireRecord(SHARDS_KEY, str(shards).encode())] for partition in partitions})


async def bring_up_to_date(writer: TransactionalWriter, connection: KafkaConnection, stage: Stage, tasks: Mapping[int, OwnedTask]) -> None:
    """Writes the version to changelog partitions that do not have this release's, with their state in its form, in one transaction.

    After `check_shards`: nobody of another number of shards is at work on the state that was read.
    """
    version, changelog = stage.version, connection.topic(stage.changelog)
    older = {partition: owned for partition, owned in tasks.items() if owned.version != version}
    if not older:
        return
    await writer.commit({(changelog, partition): migration_records(owned, version) for partition, owned in older.items()})
    for partition, owned in older.items():
        if owned.outdated:
            log.info("state migrated", changelog=changelog, partition=partition, from_version=owned.version or 1, to_version=version)
        owned.version, owned.outdated = version, set()
        owned.changelog_next = writer.reached.get((changelog, partition), owned.changelog_next)


async def claimed(
    read_back: Callable[[], Awaitable[Mapping[int, OwnedTask]]], writer: TransactionalWriter, changelog: str, shards: int
) -> Mapping[int, OwnedTask]:
    """The tasks that `read_back` restores, every partition of theirs (of the full topic name) claimed; for `check_shards` to judge.

    A new claim is read back, so that of two first starts with different numbers at least one sees both. A commit is answered before
    its markers are written: until they are, nobody sees the claim.
    """
    tasks = await read_back()
    unclaimed = [partition for partition, owned in tasks.items() if not owned.shards]
    if unclaimed:
        await claim(writer, changelog, unclaimed, shards)
    while any(not owned.shards for owned in tasks.values()):
        await asyncio.sleep(VISIBLE_WITHIN_S)
        tasks = await read_back()
    return tasks


def check_shards(stage: Stage, tasks: Mapping[int, OwnedTask], shards: int) -> None:
    """Raises StateMismatch where a claimed changelog partition was written under another number of shards."""
    for partition, owned in tasks.items():
        if owned.shards == {shards}:
            continue
        where, change = f"{stage.changelog} partition {partition}", f"stop every instance and run abhyas shards {stage.name} {shards}"
        if len(owned.shards) > 1:
            numbers = " and of ".join(str(number) for number in sorted(owned.shards))
            raise StateMismatch(f"{where} was claimed by instances of {numbers} shards, which would not fence each other: {change}")
        (found,) = owned.shards
        variable = f"{stage.name.upper()}_SHARDS"
        raise StateMismatch(f"{where} was written under {found} shards and {variable} is {shards}: set it to {found}, or {change}")


async def recorded_shards(connection: KafkaConnection, stage: str) -> dict[int, set[int]]:
    """The numbers of shards that claim each changelog partition: none before the first start, one in order, two after a mistake.

    Reads the changelog to its end, so it costs what a restore costs.
    """
    changelog = connection.topic(topics.CHANGELOGS[stage])
    counts = await partition_counts(connection, [changelog])
    assigned = [TopicPartition(changelog, partition) for partition in range(counts[changelog])]
    found: dict[int, set[int]] = {tp.partition: set() for tp in assigned}
    consumer = AIOKafkaConsumer(**connection.consumer_options())
    await consumer.start()
    try:
        async for records in read_to_end(consumer, await from_the_beginning(consumer, assigned), max_records=10_000):
            for record in records:
                if record.key == SHARDS_KEY and record.value is None:
                    found[record.partition].clear()
                elif record.key == SHARDS_KEY:
                    found[record.partition].add(int(record.value))
    finally:
        await consumer.stop()
    return found


async def change_shards(connection: KafkaConnection, stage: str, shards: int) -> None:
    """Puts every changelog partition of a stage under `shards`; whoever still runs under another number is fenced and stops.

    All instances have to be stopped: one that starts meanwhile under the old number is fenced too, but not before it may have worked.
    Raises FatalError for more shards than partitions.
    """
    recorded = await recorded_shards(connection, stage)
    shard_partitions(len(recorded), shards)
    former = sorted(set().union(*recorded.values()) - {shards})
    await _fence(connection, stage, former)
    writer = TransactionalWriter(connection, f"{connection.topic_prefix}-{stage}-shards")
    await writer.start()
    try:
        # The tombstone says that the change is meant: two numbers without one are two instances at odds.
        records = [WireRecord(SHARDS_KEY, None), WireRecord(SHARDS_KEY, str(shards).encode())]
        await writer.commit({(connection.topic(topics.CHANGELOGS[stage]), partition): records for partition in recorded})
    finally:
        await writer.stop()
    await _fence(connection, stage, former)


async def _fence(connection: KafkaConnection, stage: str, numbers: Iterable[int]) -> None:
    for shards in numbers:
        for number in range(shards):
            writer = TransactionalWriter(connection, transactional_id(connection.topic_prefix, stage, number, shards))
            await writer.start()
            await writer.stop()
