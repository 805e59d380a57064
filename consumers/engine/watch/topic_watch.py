"""Whether the topics under the running shards are still those that they were at the start, partitions included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from aiokafka import TopicPartition

from consumers.engine.positions import made_anew, unread
from consumers.engine.watch.broker_view import View
from runtime.kafka.topic_metadata import Topic

Kind = Literal["made_anew", "missing", "added_partitions"]
KINDS: Final[tuple[Kind, ...]] = ("made_anew", "missing", "added_partitions")


@dataclass(frozen=True, slots=True)
class Change:
    """What has become of a topic: `records` are those that nobody reads."""

    topic: str
    kind: Kind
    message: str
    records: int = 0


class TopicWatch:
    """`expected` are the topics at the start by full name, `used` the numbers of partitions that are read of them."""

    def __init__(self, expected: Mapping[str, Topic], used: Mapping[str, int]) -> None:
        self._expected = expected
        self._used = used
        self.now: Mapping[str, Topic] = expected
        self.changes: dict[str, Change] = {}

    async def look(self, view: View) -> None:
        """Compares; raises KafkaError."""
        if not self._expected:
            return
        self.now = await view.topics(self._expected)
        added = [
            TopicPartition(name, number)
            for name, topic in self.now.items()
            if topic.id == self._expected[name].id
            for number in range(self._used[name], topic.partitions)
        ]
        waiting: dict[str, int] = {}
        if added:
            starts, ends = await view.starts(added), await view.ends(added)
            for place in added:
                waiting[place.topic] = waiting.get(place.topic, 0) + ends[place] - starts[place]
        self.changes = {}
        for name, before in self._expected.items():
            topic = self.now.get(name)
            if topic is None:
                self.changes[name] = Change(name, "missing", f"{name} does not exist any more: what was not read is lost")
            elif topic.id != before.id:
                self.changes[name] = Change(name, "made_anew", made_anew(name))
            elif waiting.get(name):
                message = unread(name, topic.partitions, self._used[name], waiting[name])
                self.changes[name] = Change(name, "added_partitions", message, waiting[name])
