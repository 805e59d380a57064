"""State rebuilt from the changelog."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path
from typing import Any

import pytest

from consumers.collect.collector import Collector
from consumers.engine.changelog import changelog_records, state_records
from consumers.engine.restore import restore
from consumers.engine.snapshot import Snapshots
from consumers.engine.stage import OwnedTask
from consumers.errors import StateMismatch
from consumers.kept_state import current_version
from consumers.migrations import STAGE1
from consumers.settings import ConsumerSettings
from consumers.stages import stage1
from runtime.kafka.transaction import TransactionalWriter
from schemas import topics
from schemas.envelope import WireRecord

NEWEST = current_version(STAGE1)
STAGE = stage1(ConsumerSettings(holdout_key="k"))


async def written(connection: Any, batches: list[list[WireRecord]], partition: int = 3) -> None:
    writer = TransactionalWriter(connection, f"{connection.topic_prefix}-test")
    await writer.start()
    for records in batches:
        await writer.commit({(connection.topic(topics.STAGE1_CHANGELOG), partition): records})
    await writer.stop()


async def test_restores_to_the_end_past_transaction_markers(build: Any, embedded_topics: Any) -> None:
    """All committed records are taken back, the last of a key wins, and the markers at the end hold nothing up."""
    collector, place = Collector(3, build.intake_policy()), (topics.FEEDBACK_SUBMITTED, 3)
    batches = []
    for offset in range(20):
        effects = collector.process([build.record(build.feedback(f"f{offset % 7}", revision=offset), partition=3, offset=offset)])
        batches.append(changelog_records(effects.changes, {place: offset + 1}))
    await written(embedded_topics.connection, batches)
    tasks = {partition: OwnedTask(Collector(partition, build.intake_policy())) for partition in range(8)}
    count = await restore(embedded_topics.connection, STAGE, tasks)
    assert count == sum(len(records) for records in batches)
    assert tasks[3].next == {place: 20}
    assert tasks[3].task.state_keys == collector.state_keys
    assert all(not owned.next for partition, owned in tasks.items() if partition != 3)


async def test_empty_changelog_restores_nothing(build: Any, embedded_topics: Any) -> None:
    """A new installation has no state and does not wait for any."""
    assert await restore(embedded_topics.connection, STAGE, {0: OwnedTask(Collector(0, build.intake_policy()))}) == 0


async def test_foreign_records_name_topic_and_key(build: Any, embedded_topics: Any) -> None:
    """A record that nothing of ours wrote stops the restore and says where it lies."""
    await written(embedded_topics.connection, [[WireRecord(b"m|x|clock", b"[1]")]])
    with pytest.raises(StateMismatch, match=r"stage1\.changelog.*partition 3.*m\|x\|clock"):
        await restore(embedded_topics.connection, STAGE, {3: OwnedTask(Collector(3, build.intake_policy()))})


async def test_embedded_changelog_that_lost_its_beginning_is_fatal(build: Any, embedded_topics: Any) -> None:
    """The embedded broker forgets old records without compaction: a changelog that no longer begins at 0 is no state."""
    source = random.Random(1)
    noise = [WireRecord(f"s|{number}".encode(), source.randbytes(250_000)) for number in range(8)]
    await written(embedded_topics.connection, [noise] * 12)
    with pytest.raises(StateMismatch, match="forgotten state"):
        await restore(embedded_topics.connection, STAGE, {3: OwnedTask(Collector(3, build.intake_policy()))})


class Story:
    """A collector whose records go to a changelog, and what is restored of it."""

    def __init__(self, build: Any, connection: Any, folder: Path) -> None:
        self.build, self.connection = build, connection
        self.collector = Collector(3, build.intake_policy())
        self.offset = 0
        self.snapshots = Snapshots(folder, connection.topic(topics.STAGE1_CHANGELOG), "an id", NEWEST)

    async def write(self, *records: Any, first: tuple[WireRecord, ...] = ()) -> None:
        effects = self.collector.process(records)
        self.offset += len(records)
        place = (topics.FEEDBACK_SUBMITTED, 3)
        await written(self.connection, [[*first, *changelog_records(effects.changes, {place: self.offset})]])

    async def feedback(self, *names: str, user: str = "ab" * 16, first: tuple[WireRecord, ...] = ()) -> None:
        said = [self.build.record(self.build.feedback(name, user_hash=user), partition=3, offset=self.offset) for name in names]
        await self.write(*said, first=first)

    async def restored(self, snapshots: Snapshots | None = None) -> tuple[OwnedTask, int]:
        tasks = {3: OwnedTask(Collector(3, self.build.intake_policy()))}
        count = await restore(self.connection, STAGE, tasks, snapshots=snapshots)
        return tasks[3], count

    async def keep(self) -> OwnedTask:
        owned, _ = await self.restored()
        self.snapshots.write(3, list(state_records(owned)), shards=4, changelog_next=owned.changelog_next)
        return owned


SHELL = (WireRecord(b"shards", b"4"), WireRecord(b"version", str(NEWEST).encode()))


@pytest.fixture
def story(build: Any, embedded_topics: Any, tmp_path: Path) -> Story:
    return Story(build, embedded_topics.connection, tmp_path)


def same(one: OwnedTask, other: OwnedTask) -> bool:
    states = [(dict(state_records(owned)), owned.shards, owned.version, owned.changelog_next) for owned in (one, other)]
    return states[0] == states[1]


async def test_a_second_restore_reads_on(story: Story) -> None:
    """A task that was restored already costs only what was written since."""
    await story.feedback(*(f"f{number}" for number in range(30)), first=SHELL)
    tasks = {3: OwnedTask(Collector(3, story.build.intake_policy()))}
    assert await restore(story.connection, STAGE, tasks) > 30
    assert await restore(story.connection, STAGE, tasks) == 0
    await written(story.connection, [[WireRecord(b"shards", b"2")]])
    assert await restore(story.connection, STAGE, tasks) == 1
    assert tasks[3].shards == {2, 4}


async def test_a_snapshot_shortens_the_restore_and_changes_nothing(story: Story) -> None:
    """With a snapshot only what came after it is read, and state, positions, shards and version are the same as without."""
    await story.feedback(*(f"f{number}" for number in range(50)), first=SHELL)
    await story.keep()
    await story.feedback("f1", "g1")
    whole, all_records = await story.restored()
    short, count = await story.restored(story.snapshots)
    assert same(whole, short)
    assert count <= 6
    assert all_records > 50
    assert dict(short.task.save()) == dict(story.collector.save())


async def test_doubtful_snapshots_are_ignored(story: Story) -> None:
    """Torn, of a topic made anew, too old, or past the log's end: the whole changelog is read, and the state is the same."""
    await story.feedback(*(f"f{number}" for number in range(20)), first=SHELL)
    whole = await story.keep()
    _, all_records = await story.restored()
    path = story.snapshots.path(3)
    good = path.read_bytes()
    assert (await story.restored(story.snapshots))[1] == 0
    anew = dataclasses.replace(story.snapshots, topic_id="another")
    later = dataclasses.replace(story.snapshots, now_s=lambda: 4e9)
    for doubtful, raw in ((story.snapshots, good[:-40]), (anew, good), (later, good)):
        path.write_bytes(raw)
        owned, count = await story.restored(doubtful)
        assert (same(owned, whole), count) == (True, all_records)
    story.snapshots.write(3, [(b"n", b"[1,9,9,9,{}]")], shards=4, changelog_next=whole.changelog_next + 1)
    owned, count = await story.restored(story.snapshots)
    assert (same(owned, whole), count) == (True, all_records)


async def test_a_snapshot_brings_nothing_erased_back(story: Story) -> None:
    """The tombstones of an erasure lie behind the snapshot that still holds its keys: after the restore they are gone."""
    await story.feedback("f1", "f2", user="ab" * 16, first=SHELL)
    await story.feedback("g1", user="cd" * 16)
    await story.keep()
    erased = bytes.fromhex("ab" * 16)
    assert erased in story.snapshots.path(3).read_bytes()
    await story.write(story.build.record(story.build.erasure("ab" * 16), partition=3))
    owned, count = await story.restored(story.snapshots)
    assert count <= 8
    assert owned.task.remembered_ids == 1
    assert not any(erased in value for _, value in owned.task.save())
    assert dict(owned.task.save()) == dict(story.collector.save())
    await story.keep()
    assert story.snapshots.path(3).read_bytes().count(erased) == 1  # the erasure's own record, which refuses what comes late


@pytest.mark.kafka
async def test_aborted_records_are_no_state(build: Any, kafka_topics: Any) -> None:
    """On Kafka a transaction that was cut off leaves nothing in the restored state, and its tail does not hold the restore up."""
    connection = kafka_topics.connection
    await written(connection, [[WireRecord(b"p|feedback.submitted.v1|3", b"4")]])
    writer = TransactionalWriter(connection, f"{connection.topic_prefix}-test")
    await writer.start()
    await writer.producer.begin_transaction()
    await writer.producer.send_and_wait(connection.topic(topics.STAGE1_CHANGELOG), b"9", key=b"p|feedback.submitted.v1|3", partition=3)
    # The next owner's start aborts what the former one left open.
    successor = TransactionalWriter(connection, f"{connection.topic_prefix}-test")
    await successor.start()
    tasks = {3: OwnedTask(Collector(3, build.intake_policy()))}
    await restore(connection, STAGE, tasks)
    assert tasks[3].next == {("feedback.submitted.v1", 3): 4}
    await successor.stop()
    await writer.stop()
