"""The order of a shard's start, whoever runs it: fenced, restored, claimed, checked, migrated, positioned."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Final

from consumers.engine.originals import ReadsOriginals
from consumers.engine.positions import places, refuse_unread, start_offsets, write_starts
from consumers.engine.shard import Shard
from consumers.engine.sharding import bring_up_to_date, check_shards, claimed
from consumers.engine.stage import OwnedTask, Stage
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.transaction import TransactionalWriter
from runtime.kafka.used_partitions import used_partitions


@dataclass(frozen=True, slots=True)
class StartClients:
    """What a start needs of the broker.

    `writer` is not started yet; `read_back` reads the changelog into tasks, from where it stopped the time before; `looks` opens a consumer
    that reads no records; `originals` reads records once more, where the stage's tasks join.
    """

    writer: TransactionalWriter
    read_back: Callable[[Mapping[int, OwnedTask]], Awaitable[None]]
    looks: Callable[[], AbstractAsyncContextManager[Any]]
    originals: ReadsOriginals | None = None


@dataclass(frozen=True, slots=True)
class StartSteps:
    """The steps that judge what lies in the logs, and what a start ends in. The simulation plants its faults here."""

    refuse_unread: Callable[..., Awaitable[None]] = refuse_unread
    start_offsets: Callable[..., Awaitable[dict[tuple[str, int], int]]] = start_offsets
    write_starts: Callable[..., Awaitable[None]] = write_starts
    shard: Callable[..., Shard] = Shard


@dataclass(frozen=True, slots=True)
class Ownership:
    """Which shard of how many: `number` of `shards`, and its tasks by partition, empty."""

    number: int
    shards: int
    tasks: Mapping[int, OwnedTask]


PRODUCT_STEPS: Final = StartSteps()


async def open_shard(
    stage: Stage, owned: Ownership, connection: KafkaConnection, clients: StartClients, *,
    counts: Mapping[str, int], topic_ids: Mapping[str, str], skip_lost: bool, metrics: Any, failed: Callable[[BaseException], None],
    steps: StartSteps = PRODUCT_STEPS,
) -> Shard:  # fmt: skip
    """A shard that can be subscribed: nobody else commits for it any more, its state is that of the changelog, its positions are written.

    `counts` are the partitions by full topic name, `topic_ids` Kafka's ids of the inputs by the contract's. `failed` is told what stops it
    later. Raises FatalError: StateMismatch and LostRecords among them.
    """
    writer = clients.writer
    await writer.start()

    async def read_on() -> Mapping[int, OwnedTask]:
        await clients.read_back(owned.tasks)
        return owned.tasks

    await claimed(read_on, writer, connection.topic(stage.changelog), owned.shards)
    check_shards(stage, owned.tasks, owned.shards)
    await bring_up_to_date(writer, connection, stage, owned.tasks)
    async with clients.looks() as consumer:
        await steps.refuse_unread(consumer, connection, stage, counts)
        reads = places(stage, connection, counts, list(owned.tasks))
        start = await steps.start_offsets(
            consumer, connection, stage, reads, owned.tasks.values(), skip_lost=skip_lost, topic_ids=topic_ids
        )
    await steps.write_starts(writer, connection, stage, owned.tasks, start, topic_ids=topic_ids)
    used = {**counts, **used_partitions(counts, connection.topic_prefix)}
    return steps.shard(stage, owned.number, owned.tasks, start, writer, connection, used, metrics, failed, clients.originals)
