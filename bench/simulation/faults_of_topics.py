"""Parts to plant that trust an offset without a look at what lies there: markers, another topic, partitions that nobody reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from aiokafka import TopicPartition

from bench.simulation.simulated_clients import SimulatedProducer, SimulatedView
from consumers.engine.positions import start_offsets, write_starts
from consumers.engine.shard import Shard
from consumers.engine.stage import InputPartition
from runtime.kafka.topic_metadata import Topic
from runtime.kafka.transaction import partition_of
from runtime.kafka.used_partitions import UsedPartitions
from schemas import topics

# An end of a log that no position gets to.
NEVER: Final = 10**9


class StaysInItsEpoch(SimulatedProducer):
    """After a commit that was slow it goes on in the epoch that it has."""

    async def renew(self) -> None:
        self.in_doubt = False


class ForgetsMarkers(Shard):
    """Positions stand behind the last record that was read, whatever markers lie behind that."""

    async def _behind(self, tp: TopicPartition, next_: int) -> int:
        return next_


class SeesTheFormerTopics(SimulatedView):
    """Topics are taken for those that they were; where one ends before a position, so it may."""

    async def topics(self, names: Iterable[str]) -> dict[str, Topic]:
        return {name: replace(topic, id=f"{name}#0") for name, topic in (await super().topics(names)).items()}

    async def ends(self, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return {place: max(end, NEVER) for place, end in (await super().ends(places)).items()}


async def passes_over_a_new_topic(*arguments: Any, skip_lost: bool, topic_ids: Mapping[str, str]) -> dict[InputPartition, int]:
    """A start from where the state has read to, whatever topic that was; from the end where that lies before."""
    return await start_offsets(*arguments, skip_lost=True, topic_ids={})


class Nowhere:
    """A writer that writes nothing."""

    reached: Final[dict[tuple[str, int], int]] = {}

    async def commit(self, routed: Any) -> float:
        return 0.0


async def skips_without_a_word(writer: Any, *arguments: Any, **ids: Any) -> None:
    """Where a start reads on is known to itself alone."""
    await write_starts(Nowhere(), *arguments, **ids)  # type: ignore[arg-type]


async def overlooks_added_partitions(*_: Any) -> None:
    """A start does not look at partitions that it does not read."""


class OverlooksAddedPartitions(SimulatedView):
    """A topic has the partitions that are read, and no others."""

    async def topics(self, names: Iterable[str]) -> dict[str, Topic]:
        counts = {spec.name: spec.partitions for spec in topics.specs()}
        found = await super().topics(names)
        return {name: replace(topic, leaders=dict.fromkeys(range(counts[name]), 0)) for name, topic in found.items()}


class CountsAllPartitions(UsedPartitions):
    """Every partition that exists is one to write to."""

    def partition(self, topic: str, key: bytes | None, existing: Iterable[int]) -> int:
        return partition_of(key or b"", len(list(existing)))
