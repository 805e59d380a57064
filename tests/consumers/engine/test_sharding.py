"""Who owns which partitions, and the number of shards they belong under."""

from __future__ import annotations

from typing import Any

import pytest
from aiokafka.errors import KafkaError

from consumers.collect.collector import Collector
from consumers.engine import sharding
from consumers.engine.restore import restore
from consumers.engine.sharding import (
    bring_up_to_date,
    change_shards,
    check_shards,
    claim,
    recorded_shards,
    transactional_id,
)
from consumers.engine.stage import OwnedTask
from consumers.errors import FatalError, StateMismatch
from consumers.kept_state import current_version
from consumers.migrations import STAGE1
from consumers.settings import ConsumerSettings
from consumers.stages import stage1
from runtime.kafka.transaction import TransactionalWriter
from schemas import topics
from schemas.envelope import WireRecord

NEWEST = str(current_version(STAGE1)).encode()
STAGE = stage1(ConsumerSettings(holdout_key="k"))


async def claimed(connection: Any, partitions: list[int], shards: int) -> None:
    writer = TransactionalWriter(connection, transactional_id(connection.topic_prefix, "stage1", 0, shards))
    await writer.start()
    await claim(writer, connection.topic(topics.STAGE1_CHANGELOG), partitions, shards)
    await writer.stop()


async def restored(build: Any, connection: Any, partition: int) -> dict[int, OwnedTask]:
    tasks = {partition: OwnedTask(Collector(partition, build.intake_policy()))}
    await restore(connection, STAGE, tasks)
    return tasks


async def test_another_number_of_shards_is_refused(build: Any, embedded_topics: Any) -> None:
    """State written under one number of shards is refused under another, with the setting and the command that changes it."""
    connection = embedded_topics.connection
    await claimed(connection, [0, 4], 4)
    tasks = await restored(build, connection, 4)
    check_shards(STAGE, tasks, 4)
    with pytest.raises(StateMismatch, match=r"under 4 shards and STAGE1_SHARDS is 2.*abhyas shards stage1 2"):
        check_shards(STAGE, tasks, 2)


async def test_two_claims_stop_both(build: Any, embedded_topics: Any) -> None:
    """Two first starts at once with different numbers: the claim that comes second is seen by whoever reads after it."""
    connection = embedded_topics.connection
    await claimed(connection, [0], 4)
    await claimed(connection, [0], 2)
    tasks = await restored(build, connection, 0)
    for shards in (2, 4):
        with pytest.raises(StateMismatch, match="of 2 and of 4 shards"):
            check_shards(STAGE, tasks, shards)
    assert (await recorded_shards(connection, "stage1"))[0] == {2, 4}


async def test_a_change_settles_every_partition(build: Any, embedded_topics: Any) -> None:
    """Changed with everything stopped, all partitions are under the new number, claimed before or not, at odds or not."""
    connection = embedded_topics.connection
    await claimed(connection, [0], 4)
    await claimed(connection, [0], 2)
    await claimed(connection, [1], 4)
    await change_shards(connection, "stage1", 3)
    assert await recorded_shards(connection, "stage1") == {partition: {3} for partition in range(topics.INPUT_PARTITIONS)}
    check_shards(STAGE, await restored(build, connection, 0), 3)
    with pytest.raises(FatalError, match="9 shards for 8 partitions"):
        await change_shards(connection, "stage1", 9)


@pytest.mark.kafka
async def test_a_change_fences_who_still_runs(kafka_topics: Any) -> None:
    """On Kafka an instance that was not stopped cannot commit under the former number after the change."""
    connection = kafka_topics.connection
    writer = TransactionalWriter(connection, transactional_id(connection.topic_prefix, "stage1", 1, 4))
    await writer.start()
    changelog = connection.topic(topics.STAGE1_CHANGELOG)
    await claim(writer, changelog, [1, 5], 4)
    await change_shards(connection, "stage1", 2)
    with pytest.raises(KafkaError):
        await writer.commit({(changelog, 1): [WireRecord(b"p|feedback.submitted.v1|1", b"7")]})
    await writer.stop()
    assert [record.value for record in await kafka_topics.read(changelog) if record.key == b"p|feedback.submitted.v1|1"] == []


async def test_older_state_is_written_anew_once(build: Any, embedded_topics: Any) -> None:
    """The first start on state of version 1 writes the newest with it and takes the old keys out; a second start writes nothing."""
    connection = embedded_topics.connection
    changelog = connection.topic(topics.STAGE1_CHANGELOG)
    writer = TransactionalWriter(connection, f"{connection.topic_prefix}-test")
    await writer.start()
    old = b"s|" + b"ab" * 32
    await writer.commit({(changelog, 1): [WireRecord(old, b'[1,0,false,"m","feedback",739943,[1,1,0,1]]')]})
    for _ in range(2):
        tasks = await restored(build, connection, 1)
        await bring_up_to_date(writer, connection, STAGE, tasks)
    await writer.stop()
    written = [(record.key, record.value is None) for record in await embedded_topics.read(changelog)]
    mark = b"k" + bytes.fromhex("ab" * 16)
    assert written == [(old, False), (old, True), (b"version", False), (mark, False), (b"n", False)]
    assert (tasks[1].version, tasks[1].task.state_keys) == (current_version(STAGE1), 1)


async def test_a_new_changelog_gets_its_version(build: Any, embedded_topics: Any) -> None:
    """A partition without state gets the version alone, and its tasks know how far it reaches."""
    connection = embedded_topics.connection
    tasks = await restored(build, connection, 1)
    writer = TransactionalWriter(connection, f"{connection.topic_prefix}-test")
    await writer.start()
    await bring_up_to_date(writer, connection, STAGE, tasks)
    await writer.stop()
    (record,) = await embedded_topics.read(connection.topic(topics.STAGE1_CHANGELOG))
    assert (record.key, record.value, tasks[1].changelog_next) == (
        b"version",
        str(current_version(STAGE1)).encode(),
        record.offset + 1,
    )


async def test_a_claim_is_waited_for_until_it_is_seen(build: Any) -> None:
    """A commit is answered before its markers are written, so the first reads after a claim may not show it: one claim, read again."""
    claims: list[Any] = []
    shown = iter((set(), set(), set(), {2}))

    class Writer:
        async def commit(self, routed: Any) -> float:
            claims.append(routed)
            return 0.0

    async def read_back() -> dict[int, OwnedTask]:
        return {0: OwnedTask(Collector(0, build.intake_policy()), shards=next(shown))}

    tasks = await sharding.claimed(read_back, Writer(), "changelog", 2)  # type: ignore[arg-type]
    assert len(claims) == 1
    check_shards(STAGE, tasks, 2)
