"""Where each input is read on from, checked against the log before the first record and while running."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from consumers.errors import StateMismatch
from consumers.stage import OwnedTask, Place, Stage
from producers.connection import KafkaConnection
from schemas import topics

log = structlog.get_logger()


async def partition_counts(connection: KafkaConnection, names: Iterable[str]) -> dict[str, int]:
    """The partition counts of full topic names; raises StateMismatch for topics that do not exist."""
    admin = AIOKafkaAdminClient(**connection.client_options())
    await admin.start()
    try:
        described = await admin.describe_topics()
    finally:
        await admin.close()
    counts = {topic["topic"]: len(topic["partitions"]) for topic in described}
    missing = sorted(name for name in names if not counts.get(name))
    if missing:
        raise StateMismatch(f"topics {', '.join(missing)} do not exist: create them (abhyas topics apply) and start again")
    return counts


def check_partitions(stage: Stage, connection: KafkaConnection, counts: Mapping[str, int]) -> int:
    """The number of partitions of a stage's changelog; raises StateMismatch where a keyed input has another."""
    expected = counts[connection.topic(stage.changelog)]
    for name in stage.keyed:
        found = counts[connection.topic(name)]
        if found != expected:
            raise StateMismatch(
                f"topic {connection.topic(name)} has {found} partitions and {connection.topic(stage.changelog)} has {expected}: "
                "state belongs to partitions, so they must be equal; make the topics anew (abhyas topics plan shows what is expected)"
            )
    return expected


def places(stage: Stage, connection: KafkaConnection, counts: Mapping[str, int], partitions: Iterable[int]) -> list[Place]:
    """What a shard of these partitions reads, by topic without prefix."""
    keyed = [(name, partition) for name in stage.keyed for partition in partitions]
    return keyed + [(name, partition) for name in stage.whole for partition in range(counts[connection.topic(name)])]


async def start_offsets(
    consumer: AIOKafkaConsumer,
    connection: KafkaConnection,
    stage: Stage,
    reads: Iterable[Place],
    tasks: Iterable[OwnedTask],
    *,
    skip_lost: bool,
) -> dict[Place, int]:
    """The offset from which each place is read on: the smallest that a task of the shard still wants.

    Raises StateMismatch where the log begins after it: records that were never read are gone. Ticks may be gone, since
    only the newest one matters; a place never read before starts at the log's beginning.
    """
    owned = list(tasks)
    by_tp = {TopicPartition(connection.topic(name), partition): (name, partition) for name, partition in reads}
    starts: dict[Place, int] = {}
    ends = await consumer.end_offsets(list(by_tp))
    for tp, begin in (await consumer.beginning_offsets(list(by_tp))).items():
        place = by_tp[tp]
        wanted = [task.next.get(place) for task in owned if place[0] in stage.whole or task.task.partition == place[1]]
        known = [offset for offset in wanted if offset is not None]
        start = min(known) if len(known) == len(wanted) and known else begin
        if start > ends[tp]:
            raise StateMismatch(
                f"{tp.topic} partition {tp.partition} ends at {ends[tp]}, before the position {start} of the state: "
                "the topic was made anew under an old changelog; make the changelog anew with it"
            )
        if start < begin:
            if place[0] != topics.CLOCK_TICKED and not skip_lost:
                raise StateMismatch(gone(tp, start, begin))
            log.warning("records left the log unread", topic=tp.topic, partition=tp.partition, lost=begin - start)
            start = begin
        starts[place] = start
    return starts


def gone(tp: TopicPartition, position: int, begin: int) -> str:
    """What to say when the log begins after the position."""
    return (
        f"{tp.topic} partition {tp.partition}: offsets {position} to {begin - 1} left the log before they were read. "
        "On the embedded broker, stop the stack and start it anew (it keeps about 5 MB a partition); "
        "on Kafka, SKIP_LOST_RECORDS=true goes on from the log's start without them"
    )
