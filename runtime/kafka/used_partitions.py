"""Which partitions of a topic are read: writers of ours put nothing into those that somebody added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka.partitioner import DefaultPartitioner

from runtime.kafka.connection import KafkaConnection
from schemas import topics


def used_partitions(counts: Mapping[str, int], prefix: str) -> dict[str, int]:
    """The number of partitions in use of each topic of the contract, by full name; `counts` are those that the topics have.

    The changelog of the stage that reads a topic says it; without one it is the contract's number.

    >>> counts = {"abhyas.feedback.submitted.v1": 12, "abhyas.stage1.changelog.v1": 8}
    >>> used_partitions(counts, "abhyas")["abhyas.feedback.submitted.v1"]
    8
    """
    changelogs = {topics.topic(name, prefix): topics.topic(changelog, prefix) for name, changelog in topics.READ_WITH.items()}
    found: dict[str, int] = {}
    for spec in topics.specs(prefix):
        wanted = counts.get(changelogs.get(spec.name, ""), spec.partitions)
        found[spec.name] = min(wanted, counts.get(spec.name, wanted))
    # A changelog is where the number comes from.
    return found | {name: counts[name] for name in changelogs.values() if name in counts}


class UsedPartitions:
    """The partitions in use as a connected client's metadata say; before `learn`, those of the contract."""

    def __init__(self, connection: KafkaConnection) -> None:
        self._prefix = connection.topic_prefix
        self._used = used_partitions({}, self._prefix)
        self._partitioner = DefaultPartitioner()

    async def learn(self, client: Any) -> None:
        """Asks aiokafka's client for the topics' partitions; raises KafkaError."""
        metadata = await client.fetch_all_metadata()
        counts = {name: len(metadata.partitions_for_topic(name) or ()) for name in self._used}
        self._used = used_partitions({name: count for name, count in counts.items() if count}, self._prefix)

    def partition(self, topic: str, key: bytes | None, existing: Iterable[int]) -> int:
        """The partition for a key among the existing ones of a topic (full name) that are in use; for none, any of them."""
        used = self._used.get(topic)
        every = sorted(number for number in existing if used is None or number < used)
        return int(self._partitioner(key, every, every))
