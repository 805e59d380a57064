"""Where each input is read on from."""

from __future__ import annotations

from typing import Any

import pytest
from aiokafka import TopicPartition

from consumers.decide.decider import Decider
from consumers.engine.positions import (
    check_partitions,
    partition_counts,
    places,
    refuse_unread,
    start_offsets,
    write_starts,
)
from consumers.engine.stage import InputPartition, OwnedTask
from consumers.errors import StateMismatch
from consumers.settings import ConsumerSettings
from consumers.stages import stage2
from runtime.kafka.connection import KafkaConnection
from schemas import topics
from schemas.topics import specs

CONNECTION = KafkaConnection("nowhere:1")
STAGE = stage2(ConsumerSettings(holdout_key="k"))
COUNTS = {spec.name: spec.partitions for spec in specs()}
SAMPLES, TICKS = (topics.SAMPLE_COLLECTED, 1), (topics.CLOCK_TICKED, 0)


class FakeLog:
    """The ends of some logs, by place."""

    def __init__(self, **bounds: tuple[int, int]) -> None:
        self.bounds = bounds

    async def beginning_offsets(self, tps: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {tp: self.bounds[self._name(tp)][0] for tp in tps}

    async def end_offsets(self, tps: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {tp: self.bounds[self._name(tp)][1] for tp in tps}

    def _name(self, tp: TopicPartition) -> str:
        return "ticks" if "clock" in tp.topic else "samples"


async def starts(build: Any, log: FakeLog, *tasks: dict[InputPartition, int], skip_lost: bool = False) -> dict[InputPartition, int]:
    owned = [OwnedTask(Decider(partition, build.trigger_policy()), next_) for partition, next_ in enumerate(tasks, start=1)]
    return await start_offsets(log, CONNECTION, STAGE, [SAMPLES, TICKS], owned, skip_lost=skip_lost)  # type: ignore[arg-type]


async def test_new_installation_starts_at_the_logs_beginning(build: Any) -> None:
    """Without a position, a place is read from the first record that the log still has."""
    assert await starts(build, FakeLog(samples=(7, 20), ticks=(3, 9)), {}) == {SAMPLES: 7, TICKS: 3}


async def test_restored_positions_are_where_reading_goes_on(build: Any) -> None:
    """A keyed place goes on at its task's position, a whole one at the smallest that a task of the shard still wants."""
    log = FakeLog(samples=(0, 20), ticks=(0, 9))
    assert await starts(build, log, {SAMPLES: 11, TICKS: 8}, {TICKS: 5}) == {SAMPLES: 11, TICKS: 5}
    assert await starts(build, log, {SAMPLES: 11, TICKS: 8}, {}) == {SAMPLES: 11, TICKS: 0}


async def test_lost_records_are_fatal_unless_asked_otherwise(build: Any) -> None:
    """Records that left the log unread stop the start with a way out; ticks may be lost."""
    log = FakeLog(samples=(7, 20), ticks=(3, 9))
    with pytest.raises(StateMismatch, match="SKIP_LOST_RECORDS"):
        await starts(build, log, {SAMPLES: 5, TICKS: 5})
    assert await starts(build, log, {SAMPLES: 5, TICKS: 1}, skip_lost=True) == {SAMPLES: 7, TICKS: 3}
    assert await starts(build, log, {SAMPLES: 8, TICKS: 1}) == {SAMPLES: 8, TICKS: 3}


async def test_position_past_the_end_is_fatal(build: Any) -> None:
    """A log that ends before the position was made anew under an old changelog: going on would skip what comes."""
    log = FakeLog(samples=(0, 4), ticks=(0, 9))
    with pytest.raises(StateMismatch, match="made anew"):
        await starts(build, log, {SAMPLES: 5})
    assert await starts(build, log, {SAMPLES: 5}, skip_lost=True) == {SAMPLES: 0, TICKS: 0}


async def test_k1_another_topic_is_known_by_its_id(build: Any) -> None:
    """A position of another topic is refused though the log has that offset; allowed, the new topic is read from its beginning."""
    log, owned = FakeLog(samples=(2, 20), ticks=(0, 9)), OwnedTask(Decider(1, build.trigger_policy()), {SAMPLES: 11, TICKS: 8})

    async def found(*, skip_lost: bool = False, **ids: str) -> dict[InputPartition, int]:
        given = {topics.SAMPLE_COLLECTED: ids["samples"], topics.CLOCK_TICKED: "ticks-1"}
        reads = [SAMPLES, TICKS]
        return await start_offsets(log, CONNECTION, STAGE, reads, [owned], skip_lost=skip_lost, topic_ids=given)  # type: ignore[arg-type]

    # State of releases that kept no ids adopts those of now.
    assert await found(samples="id-2") == {SAMPLES: 11, TICKS: 8}
    owned.topic_ids[topics.SAMPLE_COLLECTED] = "id-1"
    assert await found(samples="id-1") == {SAMPLES: 11, TICKS: 8}
    with pytest.raises(StateMismatch, match=r"abhyas\.sample\.collected\.v1 was made anew.*SKIP_LOST_RECORDS"):
        await found(samples="id-2")
    assert await found(samples="id-2", skip_lost=True) == {SAMPLES: 2, TICKS: 8}


class KeepingWriter:
    """Keeps each transaction."""

    def __init__(self) -> None:
        self.committed: list[Any] = []
        self.reached = {(CONNECTION.topic(topics.STAGE2_CHANGELOG), 1): 7}

    async def commit(self, routed: Any) -> float:
        self.committed.append({place: {record.key: record.value for record in records} for place, records in routed.items()})
        return 0.0


async def test_k1_new_starts_are_written_at_once(build: Any) -> None:
    """First positions, those after a jump and the ids go into the changelog before a record is read, so the next start needs no leave;
    what is there already is not written again, and a task that is further in a whole topic stays there."""
    writer, decider = KeepingWriter(), Decider(1, build.trigger_policy())
    tasks = {1: OwnedTask(decider, {TICKS: 8}), 2: OwnedTask(Decider(2, build.trigger_policy()), {TICKS: 5})}
    given = {"tasks": tasks, "starts": {SAMPLES: 7, TICKS: 5}, "topic_ids": {topics.CLOCK_TICKED: "id-1"}}
    await write_starts(writer, CONNECTION, STAGE, **given)  # type: ignore[arg-type]
    changelog, ticks_id = CONNECTION.topic(topics.STAGE2_CHANGELOG), b"i|clock.ticked.v1"
    assert writer.committed == [
        {
            (changelog, 1): {b"p|sample.collected.v1|1": b"7", ticks_id: b"id-1"},
            (changelog, 2): {ticks_id: b"id-1"},
        }
    ]
    assert (tasks[1].next, tasks[1].changelog_next) == ({TICKS: 8, SAMPLES: 7}, 7)
    await write_starts(writer, CONNECTION, STAGE, **given)  # type: ignore[arg-type]
    assert len(writer.committed) == 1
    # The topic is another one: its first offset is the start, however far the tasks were in the one before it.
    await write_starts(writer, CONNECTION, STAGE, tasks, {SAMPLES: 7, TICKS: 0}, topic_ids={topics.CLOCK_TICKED: "id-2"})  # type: ignore[arg-type]
    again = {b"p|clock.ticked.v1|0": b"0", ticks_id: b"id-2"}
    assert writer.committed[1] == {(changelog, 1): again, (changelog, 2): again}


def test_partition_counts_must_agree() -> None:
    """A keyed input with fewer partitions than the changelog is refused by name; with more, the changelog's number is in use."""
    assert check_partitions(STAGE, CONNECTION, COUNTS) == topics.MODEL_PARTITIONS
    with pytest.raises(StateMismatch, match=r"operator\.requested"):
        check_partitions(STAGE, CONNECTION, COUNTS | {CONNECTION.topic(topics.OPERATOR_REQUESTED): 3})
    assert check_partitions(STAGE, CONNECTION, COUNTS | {CONNECTION.topic(topics.SAMPLE_COLLECTED): 6}) == topics.MODEL_PARTITIONS


async def test_k1_records_in_added_partitions_refuse_the_start() -> None:
    """Added partitions are no matter while they are empty, however far their offsets are; one record there refuses the start."""
    counts = COUNTS | {CONNECTION.topic(topics.SAMPLE_COLLECTED): 6}
    await refuse_unread(FakeLog(samples=(5, 5)), CONNECTION, STAGE, counts)  # type: ignore[arg-type]
    with pytest.raises(StateMismatch, match=r"6 partitions and the first 4 are read: 2 records lie in the others\..*abhyas topics drain"):
        await refuse_unread(FakeLog(samples=(5, 6)), CONNECTION, STAGE, counts)  # type: ignore[arg-type]


def test_a_shard_reads_its_partitions_and_the_whole_topics() -> None:
    """Keyed topics are read by partition, whole ones entirely."""
    read = places(STAGE, CONNECTION, COUNTS, [1, 3])
    assert {partition for topic, partition in read if topic == topics.SAMPLE_COLLECTED} == {1, 3}
    assert {partition for topic, partition in read if topic == topics.TRAINING_STATE} == {0, 1, 2, 3}
    assert len(read) == len(set(read)) == 2 * 4 + 4 + 8 + 1


async def test_counts_come_from_the_broker(embedded_topics: Any) -> None:
    """The broker tells the counts; topics that do not exist are named with the command that makes them."""
    connection = embedded_topics.connection
    wanted = [spec.name for spec in specs(connection.topic_prefix)]
    found = await partition_counts(connection, wanted)
    assert {name: found[name] for name in wanted} == {spec.name: spec.partitions for spec in specs(connection.topic_prefix)}
    with pytest.raises(StateMismatch, match="abhyas topics apply"):
        await partition_counts(connection, ["not.a.topic"])
