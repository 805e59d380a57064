"""State rebuilt from the changelog."""

from __future__ import annotations

import random
from typing import Any

import pytest

from consumers.core.collector import Collector
from consumers.errors import StateMismatch
from consumers.stage import OwnedTask
from consumers.state.changelog import changelog_records
from consumers.state.restore import restore
from consumers.transaction import Outgoing, TransactionalWriter
from schemas import topics


async def written(connection: Any, batches: list[list[Outgoing]], partition: int = 3) -> None:
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
    count = await restore(embedded_topics.connection, topics.STAGE1_CHANGELOG, tasks)
    assert count == sum(len(records) for records in batches)
    assert tasks[3].next == {place: 20}
    assert tasks[3].task.state_keys == collector.state_keys
    assert all(not owned.next for partition, owned in tasks.items() if partition != 3)


async def test_empty_changelog_restores_nothing(build: Any, embedded_topics: Any) -> None:
    """A new installation has no state and does not wait for any."""
    assert await restore(embedded_topics.connection, topics.STAGE1_CHANGELOG, {0: OwnedTask(Collector(0, build.intake_policy()))}) == 0


async def test_foreign_records_name_topic_and_key(build: Any, embedded_topics: Any) -> None:
    """A record that nothing of ours wrote stops the restore and says where it lies."""
    await written(embedded_topics.connection, [[Outgoing(b"m|x|clock", b"[1]")]])
    with pytest.raises(StateMismatch, match=r"stage1\.changelog.*partition 3.*m\|x\|clock"):
        await restore(embedded_topics.connection, topics.STAGE1_CHANGELOG, {3: OwnedTask(Collector(3, build.intake_policy()))})


async def test_embedded_changelog_that_lost_its_beginning_is_fatal(build: Any, embedded_topics: Any) -> None:
    """The embedded broker forgets old records without compaction: a changelog that no longer begins at 0 is no state."""
    source = random.Random(1)
    noise = [Outgoing(f"s|{number}".encode(), source.randbytes(250_000)) for number in range(8)]
    await written(embedded_topics.connection, [noise] * 12)
    with pytest.raises(StateMismatch, match="forgotten state"):
        await restore(embedded_topics.connection, topics.STAGE1_CHANGELOG, {3: OwnedTask(Collector(3, build.intake_policy()))})


@pytest.mark.kafka
async def test_aborted_records_are_no_state(build: Any, kafka_topics: Any) -> None:
    """On Kafka a transaction that was cut off leaves nothing in the restored state, and its tail does not hold the restore up."""
    connection = kafka_topics.connection
    await written(connection, [[Outgoing(b"p|feedback.submitted.v1|3", b"4")]])
    writer = TransactionalWriter(connection, f"{connection.topic_prefix}-test")
    await writer.start()
    await writer._producer.begin_transaction()
    await writer._producer.send_and_wait(connection.topic(topics.STAGE1_CHANGELOG), b"9", key=b"p|feedback.submitted.v1|3", partition=3)
    # The next owner's start aborts what the former one left open.
    successor = TransactionalWriter(connection, f"{connection.topic_prefix}-test")
    await successor.start()
    tasks = {3: OwnedTask(Collector(3, build.intake_policy()))}
    await restore(connection, topics.STAGE1_CHANGELOG, tasks)
    assert tasks[3].next == {("feedback.submitted.v1", 3): 4}
    await successor.stop()
    await writer.stop()
