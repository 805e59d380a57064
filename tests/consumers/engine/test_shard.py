"""One shard: what reaches its tasks, what a failure leaves behind."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from faststream.exceptions import StopConsume

from consumers.engine.shard import Shard
from consumers.engine.stage import OwnedTask, Stage
from consumers.metrics import ConsumerMetrics
from consumers.records import Effects, InputRecord
from runtime.kafka.connection import KafkaConnection
from schemas import topics
from schemas.topics import specs

CONNECTION = KafkaConnection("nowhere:1")
COUNTS = {spec.name: spec.partitions for spec in specs()}


class FakeTask:
    """Keeps what it is given; each record touches one state key."""

    def __init__(self, partition: int) -> None:
        self.partition, self.state_keys, self.seen = partition, 0, list[InputRecord]()

    def load(self, key: bytes, value: bytes | None) -> None:
        raise AssertionError(f"nothing to restore: {key} {value!r}")

    def save(self) -> Iterator[tuple[bytes, bytes]]:
        return iter(())

    def status(self) -> dict[str, Any]:
        return {}

    def process(self, records: Iterable[InputRecord]) -> Effects:
        taken = list(records)
        self.seen += taken
        return Effects(changes={f"k{record.offset}".encode(): b"1" for record in taken})


class FakeWriter:
    """Keeps each committed transaction, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.committed, self.offsets = error, list[dict[Any, Any]](), list[Any]()
        self.reached: dict[tuple[str, int], int] = {}

    async def commit(self, routed: Any, *, offsets: Any = (), group: str = "") -> float:
        if self.error is not None:
            raise self.error
        self.committed.append(dict(routed))
        self.offsets.append((group, dict(offsets)))
        return 0.001


class FakeConsumer:
    def __init__(self) -> None:
        self.sought: dict[TopicPartition, int] = {}
        self.handed: dict[TopicPartition, int] = {}
        self.at: dict[TopicPartition, int] = {}

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self.sought[tp] = offset

    async def position(self, tp: TopicPartition) -> int:
        return self.at.get(tp, 0)


def raw(topic: str, partition: int, offset: int) -> Any:
    return SimpleNamespace(
        topic=CONNECTION.topic(topic), partition=partition, offset=offset, key=b"k", value=b"v", headers=(), timestamp=1000 + offset
    )


def batch(*records: Any) -> Any:
    return records


def shard(
    writer: FakeWriter, *, whole: dict[int, int] | None = None, positioned: bool = True
) -> tuple[Shard, dict[int, FakeTask], list[Any]]:
    stage = Stage("stage2", topics.STAGE2_CHANGELOG, (topics.SAMPLE_COLLECTED,), (topics.CLOCK_TICKED,), FakeTask)
    tasks = {partition: FakeTask(partition) for partition in (0, 2)}
    owned = {partition: OwnedTask(task) for partition, task in tasks.items()}
    for partition, offset in (whole or {}).items():
        owned[partition].next[topics.CLOCK_TICKED, 0] = offset
    start = {(topics.SAMPLE_COLLECTED, 0): 5, (topics.SAMPLE_COLLECTED, 2): 0, (topics.CLOCK_TICKED, 0): 0}
    failures: list[Any] = []
    made = Shard(stage, 0, owned, start, writer, CONNECTION, COUNTS, ConsumerMetrics(), failures.append)  # type: ignore[arg-type]
    made._subscriber = SimpleNamespace(consumer=FakeConsumer())
    if positioned:
        made.position_once()
    return made, tasks, failures


async def test_batch_before_the_seek_is_dropped() -> None:
    """What was fetched before the restored position was sought is not processed; the seek happens once."""
    writer = FakeWriter()
    made, tasks, _ = shard(writer, positioned=False)
    await made.handle(batch(raw(topics.SAMPLE_COLLECTED, 0, 0)))
    assert (tasks[0].seen, writer.committed) == ([], [])
    assert made.consumer.sought[TopicPartition(CONNECTION.topic(topics.SAMPLE_COLLECTED), 0)] == 5
    assert made.position_once() is False


async def test_records_reach_the_task_of_their_partition_once() -> None:
    """Records below the position are skipped, others reach their partition's task, and one transaction holds its changelog."""
    writer = FakeWriter()
    made, tasks, _ = shard(writer)
    await made.handle(batch(raw(topics.SAMPLE_COLLECTED, 0, 4), raw(topics.SAMPLE_COLLECTED, 0, 5), raw(topics.SAMPLE_COLLECTED, 2, 0)))
    assert ([record.offset for record in tasks[0].seen], [record.offset for record in tasks[2].seen]) == ([5], [0])
    (committed,) = writer.committed
    changelog = CONNECTION.topic(topics.STAGE2_CHANGELOG)
    assert [(record.key, record.value) for record in committed[changelog, 0]] == [(b"k5", b"1"), (b"p|sample.collected.v1|0", b"6")]
    assert made.positions()[topics.SAMPLE_COLLECTED, 0] == 6
    await made.handle(batch(raw(topics.SAMPLE_COLLECTED, 0, 5)))
    assert len(writer.committed) == 1


async def test_topics_read_whole_reach_each_task_by_its_own_position() -> None:
    """A record of a whole topic goes to every task that has not had it: tasks may come from shards that were elsewhere."""
    writer = FakeWriter()
    made, tasks, _ = shard(writer, whole={2: 1})
    await made.handle(batch(raw(topics.CLOCK_TICKED, 0, 0), raw(topics.CLOCK_TICKED, 0, 1)))
    assert [record.offset for record in tasks[0].seen] == [0, 1]
    assert [record.offset for record in tasks[2].seen] == [1]
    assert writer.offsets[0][1] == {}


SAMPLES = TopicPartition(CONNECTION.topic(topics.SAMPLE_COLLECTED), 0)


async def test_k1_positions_stand_behind_markers_that_came_with_the_records() -> None:
    """A commit writes where the consumer is once it was handed everything: behind the marker of the transaction that it read."""
    writer = FakeWriter()
    made, _, _ = shard(writer)
    made.consumer.at[SAMPLES], made.consumer.handed[SAMPLES] = 7, 6
    await made.handle(batch(raw(topics.SAMPLE_COLLECTED, 0, 5)))
    assert [record.value for record in writer.committed[0][CONNECTION.topic(topics.STAGE2_CHANGELOG), 0]] == [b"1", b"7"]
    assert made.positions()[topics.SAMPLE_COLLECTED, 0] == 7


async def test_k1_nothing_is_passed_that_was_handed_out_and_not_processed() -> None:
    """Where the consumer has handed out more than is processed, the position is that of what is processed."""
    writer = FakeWriter()
    made, _, _ = shard(writer)
    made.consumer.at[SAMPLES], made.consumer.handed[SAMPLES] = 9, 9
    assert (await made.reached())[SAMPLES] == 5
    await made.write_reached()
    assert writer.committed == []
    await made.handle(batch(raw(topics.SAMPLE_COLLECTED, 0, 5)))
    assert made.positions()[topics.SAMPLE_COLLECTED, 0] == 6


async def test_k1_positions_behind_markers_are_written_without_records() -> None:
    """A marker that comes alone moves the written position too, of each task in a topic that is read whole; once."""
    writer = FakeWriter()
    made, _, _ = shard(writer, whole={0: 4, 2: 9})
    ticks = TopicPartition(CONNECTION.topic(topics.CLOCK_TICKED), 0)
    made.consumer.at |= {SAMPLES: 8, ticks: 6}
    await made.write_reached()
    await made.write_reached()
    changelog = CONNECTION.topic(topics.STAGE2_CHANGELOG)
    (committed,) = writer.committed
    assert {place: [(record.key, record.value) for record in records] for place, records in committed.items()} == {
        (changelog, 0): [(b"p|sample.collected.v1|0", b"8"), (b"p|clock.ticked.v1|0", b"6")]
    }
    assert made.tasks[0].next == {(topics.SAMPLE_COLLECTED, 0): 8, (topics.CLOCK_TICKED, 0): 6}
    assert made.tasks[2].next == {(topics.CLOCK_TICKED, 0): 9}


async def test_k1_a_held_shard_takes_nothing_and_passes_nothing() -> None:
    """What comes while a shard is held is neither processed nor passed over."""
    writer = FakeWriter()
    made, tasks, _ = shard(writer)
    made.progress.held = "the topic was made anew"
    made.consumer.at[SAMPLES], made.consumer.handed[SAMPLES] = 6, 6
    await made.handle(batch(raw(topics.SAMPLE_COLLECTED, 0, 5)))
    await made.write_reached()
    assert (tasks[0].seen, writer.committed) == ([], [])
    assert made.positions()[topics.SAMPLE_COLLECTED, 0] == 5


async def test_a_gap_inside_the_log_is_a_transaction_marker() -> None:
    """A gap with the log's start behind it loses nothing: markers and aborted records have offsets too."""
    made, tasks, failures = shard(FakeWriter())
    await made.handle(batch(raw(topics.SAMPLE_COLLECTED, 0, 7)))
    assert failures == []
    assert [record.offset for record in tasks[0].seen] == [7]


async def test_failure_stops_and_moves_no_position() -> None:
    """A failed commit is kept as the shard's failure, ends its subscriber, and leaves the positions where they were."""
    error = RuntimeError("the broker said no")
    made, _, failures = shard(FakeWriter(error))
    with pytest.raises(StopConsume):
        await made.handle(batch(raw(topics.SAMPLE_COLLECTED, 0, 5)))
    assert failures == [error]
    assert made.positions()[topics.SAMPLE_COLLECTED, 0] == 5
    assert made.tasks[0].next == {}
    assert made.progress.commits == 0
    assert made.progress.in_hand is False


async def test_idle_positions_are_written_again_beside_batches() -> None:
    """Positions of the named tasks go in one transaction of their own; a task that has none repeats its number of shards."""
    writer = FakeWriter()
    made, _, _ = shard(writer, whole={0: 3})
    made.tasks[2].shards = {4}
    changelog = CONNECTION.topic(topics.STAGE2_CHANGELOG)
    writer.reached = {(changelog, 0): 12, (changelog, 2): 7}
    await made.rewrite_positions([0, 2])
    (committed,) = writer.committed
    assert [(record.key, record.value) for record in committed[changelog, 0]] == [(b"p|clock.ticked.v1|0", b"3")]
    assert [(record.key, record.value) for record in committed[changelog, 2]] == [(b"shards", b"4")]
    assert (made.tasks[0].changelog_next, made.tasks[2].changelog_next) == (12, 7)


async def test_committed_state_names_its_changelog_offset() -> None:
    """State and positions come with the offset behind the transaction that wrote them; after a failure there is none to keep."""
    writer = FakeWriter()
    made, _, failures = shard(writer)
    writer.reached = {(CONNECTION.topic(topics.STAGE2_CHANGELOG), 0): 41}
    await made.handle(batch(raw(topics.SAMPLE_COLLECTED, 0, 5)))
    assert await made.committed_state(0) == ([(b"p|sample.collected.v1|0", b"6")], 41)
    writer.error = RuntimeError("fenced")
    with pytest.raises(StopConsume):
        await made.handle(batch(raw(topics.SAMPLE_COLLECTED, 0, 6)))
    assert failures
    assert await made.committed_state(0) is None
    await made.rewrite_positions([0])
    assert len(writer.committed) == 1


async def test_the_group_is_told_at_most_once_a_second_and_at_the_end() -> None:
    """No batch waits for the group's first offsets, `show_offsets` tells them, and writes nothing where all is told."""
    writer = FakeWriter()
    made, _, _ = shard(writer)
    for offset in (5, 6, 7):
        await made.handle(batch(raw(topics.SAMPLE_COLLECTED, 0, offset)))
    place = TopicPartition(CONNECTION.topic(topics.SAMPLE_COLLECTED), 0)
    assert writer.offsets == [("", {})] * 3
    await made.show_offsets()
    assert writer.offsets[3:] == [("abhyas-stage2", {place: 8})]
    assert writer.committed[3] == {}
    await made.show_offsets()
    assert len(writer.committed) == 4
    await made.handle(batch(raw(topics.SAMPLE_COLLECTED, 0, 8)))
    assert writer.offsets[4:] == [("", {})]


async def test_offsets_not_told_yet_are_told_after_a_second(monkeypatch) -> None:
    """While records come, the group hears of all that came since the last time."""
    writer = FakeWriter()
    made, _, _ = shard(writer)
    await made.handle(batch(raw(topics.SAMPLE_COLLECTED, 0, 5)))
    await made.show_offsets()
    monkeypatch.setattr("consumers.engine.shard.SHOW_EVERY_S", 3600)
    await made.handle(batch(raw(topics.SAMPLE_COLLECTED, 2, 0)))
    monkeypatch.setattr("consumers.engine.shard.SHOW_EVERY_S", 0)
    await made.handle(batch(raw(topics.SAMPLE_COLLECTED, 0, 6)))
    topic = CONNECTION.topic(topics.SAMPLE_COLLECTED)
    assert writer.offsets[3] == ("abhyas-stage2", {TopicPartition(topic, 2): 1, TopicPartition(topic, 0): 7})


async def test_showing_offsets_waits_for_the_transaction_under_way() -> None:
    """A producer that is closed after `show_offsets` is in no transaction: neither a batch's nor that of an idle changelog."""
    going_on, done = asyncio.Event(), asyncio.Event()

    class SlowWriter(FakeWriter):
        async def commit(self, routed: Any, *, offsets: Any = (), group: str = "") -> float:
            going_on.set()
            await done.wait()
            return await super().commit(routed, offsets=offsets, group=group)

    writer = SlowWriter()
    made, _, _ = shard(writer, whole={0: 3})
    writing = asyncio.create_task(made.rewrite_positions([0]))
    await going_on.wait()
    settling = asyncio.create_task(made.show_offsets())
    await asyncio.sleep(0)
    assert not settling.done()
    done.set()
    await settling
    assert len(writer.committed) == 1
    await writing
