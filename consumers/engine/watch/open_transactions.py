"""Partitions whose next records another producer's open transaction holds back, since when, and whose it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiokafka import TopicPartition

from consumers.engine.watch.broker_view import Offsets, View
from runtime.kafka.topic_metadata import Topic


@dataclass(slots=True)
class Held:
    """A partition that is read up to `at`, its last stable offset, with `records` offsets behind it; since when, and by whom."""

    at: int
    since_s: float
    records: int = 0
    holder: str | None = None


class OpenTransactions:
    """Asks whose transaction it is once it has been open for `stall_s`: short ones are how records come."""

    def __init__(self, *, stall_s: float, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._stall_s = stall_s
        self._clock_s = clock_s
        self._held: dict[TopicPartition, Held] = {}

    async def look(self, view: View, reached: Offsets, ends: Offsets, stable: Offsets, topics: Mapping[str, Topic]) -> None:
        """Takes what was found: up to where everything is processed, the high watermarks and the last stable offsets."""
        now_s = self._clock_s()
        for place, at in reached.items():
            if not at >= stable[place] < ends[place]:
                self._held.pop(place, None)
                continue
            held = self._held.get(place)
            if held is None or held.at != at:
                held = self._held[place] = Held(at, now_s)
            held.records = ends[place] - at
            if held.holder is None and now_s - held.since_s > self._stall_s:
                topic = topics.get(place.topic)
                leader = None if topic is None else topic.leaders.get(place.partition)
                held.holder = "an open transaction" if leader is None else await view.holder(place, leader)

    def problems(self) -> list[str]:
        """What to say of those that are open for longer than the stall time."""
        now_s = self._clock_s()
        return [
            f"{place.topic} partition {place.partition}: {held.records} records wait since {now_s - held.since_s:.0f} s for "
            f"{held.holder} to end; stop that producer, or wait for its transaction time-out"
            for place, held in sorted(self._held.items())
            if held.holder is not None
        ]

    def oldest_s(self) -> float:
        """How long the oldest has been open, 0 where none is."""
        return max((self._clock_s() - held.since_s for held in self._held.values()), default=0.0)
