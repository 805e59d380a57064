"""Which partitions our writers use."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from consumers.settings import ConsumerSettings
from consumers.stages import stage1, stage2
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.used_partitions import UsedPartitions, used_partitions
from schemas import topics

CONNECTION = KafkaConnection("nowhere:1")
FEEDBACK = CONNECTION.topic(topics.FEEDBACK_SUBMITTED)
CONTRACT = {spec.name: spec.partitions for spec in topics.specs()}


def metadata(counts: dict[str, int]) -> Any:
    """aiokafka's client of a cluster with these topics."""

    async def fetch_all_metadata() -> Any:
        return SimpleNamespace(partitions_for_topic=lambda name: set(range(counts[name])) if name in counts else None)

    return SimpleNamespace(fetch_all_metadata=fetch_all_metadata)


def test_each_stage_reads_by_partition_what_the_contract_says() -> None:
    """The topics whose partitions in use a changelog names are those that the stages read by partition."""
    settings = ConsumerSettings(holdout_key="k")
    for stage in (stage1(settings), stage2(settings)):
        assert {name for name, changelog in topics.READ_WITH.items() if changelog == stage.changelog} == set(stage.keyed)


def test_k1_the_changelog_says_how_many_are_used() -> None:
    """More partitions than the changelog has, or than the contract says where there is no changelog, are not used."""
    grown = CONTRACT | {FEEDBACK: 12, CONNECTION.topic(topics.RETRAIN_REQUESTED): 9, CONNECTION.dead_letters(topics.FEEDBACK_SUBMITTED): 3}
    assert used_partitions(grown, "abhyas") == CONTRACT
    twelve = CONTRACT | {FEEDBACK: 12, CONNECTION.topic(topics.STAGE1_CHANGELOG): 12}
    assert used_partitions(twelve, "abhyas")[FEEDBACK] == 12
    assert used_partitions({FEEDBACK: 12}, "abhyas")[FEEDBACK] == topics.INPUT_PARTITIONS
    assert used_partitions({FEEDBACK: 3}, "abhyas")[FEEDBACK] == 3


async def test_k1_keys_keep_their_partition_when_partitions_are_added() -> None:
    """A key goes where it went before; a record without one goes to a partition that is read."""
    used = UsedPartitions(CONNECTION)
    await used.learn(metadata(CONTRACT | {FEEDBACK: 12}))
    keys = [f"{number:032x}".encode() for number in range(200)]
    before = UsedPartitions(CONNECTION)
    assert [used.partition(FEEDBACK, key, range(12)) for key in keys] == [before.partition(FEEDBACK, key, range(8)) for key in keys]
    assert {used.partition(FEEDBACK, None, range(12)) for _ in range(300)} == set(range(8))
    assert used.partition("somebody.elses", b"k", range(1)) == 0
