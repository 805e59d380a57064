"""Where each input is read on from, checked against the log before the first record and while running."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from consumers.engine.changelog import changelog_records
from consumers.engine.stage import InputPartition, OwnedTask, Stage
from consumers.errors import StateMismatch
from consumers.state_keys import topic_id_key
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.transaction import TransactionalWriter
from schemas.envelope import WireRecord

log = structlog.get_logger()

NO_IDS: Final[Mapping[str, str]] = {}


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
    """The number of partitions of a stage's changelog; raises StateMismatch where a keyed input has fewer.

    Where it has more, somebody added some: `refuse_unread` says whether anything lies there.
    """
    expected = counts[connection.topic(stage.changelog)]
    for name in stage.keyed:
        found = counts[connection.topic(name)]
        if found < expected:
            raise StateMismatch(
                f"topic {connection.topic(name)} has {found} partitions and {connection.topic(stage.changelog)} has {expected}: "
                "state belongs to partitions, so they must be equal; make the topics anew (abhyas topics plan shows what is expected)"
            )
    return expected


async def refuse_unread(consumer: AIOKafkaConsumer, connection: KafkaConnection, stage: Stage, counts: Mapping[str, int]) -> None:
    """Raises StateMismatch where partitions that somebody added to a keyed input hold records: nobody would read them."""
    used = counts[connection.topic(stage.changelog)]
    for name in stage.keyed:
        topic = connection.topic(name)
        added = [TopicPartition(topic, number) for number in range(used, counts[topic])]
        if added:
            starts, ends = await consumer.beginning_offsets(added), await consumer.end_offsets(added)
            records = sum(ends[tp] - starts[tp] for tp in added)
            if records:
                raise StateMismatch(unread(topic, counts[topic], used, records))


def places(stage: Stage, connection: KafkaConnection, counts: Mapping[str, int], partitions: Iterable[int]) -> list[InputPartition]:
    """What a shard of these partitions reads, by topic without prefix."""
    keyed = [(name, partition) for name in stage.keyed for partition in partitions]
    return keyed + [(name, partition) for name in stage.whole for partition in range(counts[connection.topic(name)])]


async def start_offsets(
    consumer: AIOKafkaConsumer,
    connection: KafkaConnection,
    stage: Stage,
    reads: Iterable[InputPartition],
    tasks: Iterable[OwnedTask],
    *,
    skip_lost: bool,
    topic_ids: Mapping[str, str] = NO_IDS,
) -> dict[InputPartition, int]:
    """The offset from which each place is read on: the smallest that a task of the shard still wants.

    Raises StateMismatch where the log begins after it: records that were never read are gone, and the stage may not lose
    them (`Stage.may_lose`); a place never read before starts at the log's beginning. Raises it too where the topic is
    another one than the position is of, by its id (`topic_ids` are those of now, by topic without prefix) or because it ends
    before. With `skip_lost` both start at the log's beginning: nothing that still exists is passed over.
    """
    owned = list(tasks)
    by_tp = {TopicPartition(connection.topic(name), partition): (name, partition) for name, partition in reads}
    starts: dict[InputPartition, int] = {}
    ends = await consumer.end_offsets(list(by_tp))
    for tp, begin in (await consumer.beginning_offsets(list(by_tp))).items():
        place = by_tp[tp]
        wanted = _readers(stage, owned, place)
        known = [offset for task in wanted if (offset := task.next.get(place)) is not None]
        start = min(known) if len(known) == len(wanted) and known else begin
        if start > ends[tp] or any(is_anew(task, place[0], topic_ids) for task in wanted):
            if not skip_lost:
                raise StateMismatch(made_anew(tp.topic))
            log.warning("topic was made anew: read from its beginning", topic=tp.topic, partition=tp.partition)
            start = begin
        if start < begin:
            if place[0] not in stage.may_lose and not skip_lost:
                raise StateMismatch(gone(tp, start, begin))
            log.warning("records left the log unread", topic=tp.topic, partition=tp.partition, lost=begin - start)
            start = begin
        starts[place] = start
    return starts


async def write_starts(
    writer: TransactionalWriter,
    connection: KafkaConnection,
    stage: Stage,
    tasks: Mapping[int, OwnedTask],
    starts: Mapping[InputPartition, int],
    *,
    topic_ids: Mapping[str, str] = NO_IDS,
) -> None:
    """Writes what `start_offsets` found and the changelog does not have: first positions, those after a jump, the ids of the topics.

    So a jump has to be allowed for one start only, and the records behind a first position can be missed if they go unread. A
    changelog that names no ids takes those of now.
    """
    moves: dict[int, dict[InputPartition, int]] = {}
    ids: dict[int, dict[str, str]] = {}
    for place, start in starts.items():
        for owned in _readers(stage, tasks.values(), place):
            known = owned.next.get(place)
            # A task may be further than its shard in a topic that is read whole; where the topic is another one, no task is.
            if known is None or known < start or (known != start and (place[0] not in stage.whole or is_anew(owned, place[0], topic_ids))):
                moves.setdefault(owned.task.partition, {})[place] = start
    for number, owned in tasks.items():
        new = {name: topic_ids[name] for name in (*stage.keyed, *stage.whole) if name in topic_ids}
        ids[number] = {name: found for name, found in new.items() if owned.topic_ids.get(name) != found}
    changelog = connection.topic(stage.changelog)
    routed = {}
    for number in tasks:
        records = changelog_records({}, moves.get(number, {})) + [
            WireRecord(topic_id_key(name), found.encode()) for name, found in ids[number].items()
        ]
        if records:
            routed[changelog, number] = [*records]
    if not routed:
        return
    await writer.commit(routed)
    for _, number in routed:
        owned = tasks[number]
        owned.next.update(moves.get(number, {}))
        owned.topic_ids.update(ids[number])
        owned.changelog_next = writer.reached.get((changelog, number), owned.changelog_next)


def is_anew(owned: OwnedTask, topic: str, topic_ids: Mapping[str, str]) -> bool:
    """Whether a topic (without prefix) is another one than the task's positions are of."""
    before, now = owned.topic_ids.get(topic), topic_ids.get(topic)
    return before is not None and now is not None and before != now


def made_anew(topic: str) -> str:
    """What to say of a topic that is not the one that the positions are of."""
    return (
        f"{topic} was made anew: the positions of the state are of the topic before it, and records of the new one would be passed over. "
        "Start the consumers once with SKIP_LOST_RECORDS=true: they read the new topic from its beginning and keep their state"
    )


def unread(topic: str, partitions: int, used: int, records: int) -> str:
    """What to say of records in partitions that somebody added."""
    return (
        f"{topic} has {partitions} partitions and the first {used} are read: {records} records lie in the others. Whoever wrote them "
        f"has to write to the first {used} alone, as our publishers do; `abhyas topics drain {topic}` brings them to where they are read"
    )


def gone(tp: TopicPartition, position: int, begin: int) -> str:
    """What to say when the log begins after the position."""
    return (
        f"{tp.topic} partition {tp.partition}: offsets {position} to {begin - 1} left the log before they were read. "
        "On the embedded broker, stop the stack and start it anew (it keeps about 5 MB a partition); "
        "on Kafka, start once with SKIP_LOST_RECORDS=true: reading goes on from the log's start without them"
    )


def _readers(stage: Stage, tasks: Iterable[OwnedTask], place: InputPartition) -> list[OwnedTask]:
    return [owned for owned in tasks if place[0] in stage.whole or owned.task.partition == place[1]]
