"""What happens to the topics themselves while everybody works: deletions, transactions of others, commits that come twice, partitions
that somebody adds and writes to, topics that are made anew."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from bench.simulation.fleet import Fleet
from bench.simulation.parts import Site
from consumers.collect.turns import unpack_waiting
from consumers.state_keys import WAITING_KEY
from runtime.kafka.transaction import partition_of
from schemas import topics

# By stage: what DeleteRecords is asked for. Kafka refuses it for compacted topics.
DELETED: Final = {
    "stage1": (topics.FEEDBACK_SUBMITTED, topics.DOCUMENT_INGESTED),
    "stage2": (topics.SIGNAL_SUMMARISED, topics.SAMPLE_COLLECTED, topics.OPERATOR_REQUESTED),
}
# The runner reads these too, and keeps no offsets: nobody deletes from them what a run under way may need.
RUNNERS: Final = (topics.SAMPLE_COLLECTED, topics.OPERATOR_REQUESTED)
# What producers of others write to: in transactions, as a redrive does, or by their own idea of its partitions.
OTHERS: Final = (topics.FEEDBACK_SUBMITTED, topics.DOCUMENT_INGESTED)
LONGEST_OPEN_S: Final = 12.0
# Retention takes nothing younger: by then a process that is awake has written where it reads on, markers included.
KEPT_S: Final = 15.0
ADDED: Final = 4
# How long people wait for a moment in which nothing is under way, and for everybody to have started with the word for it.
QUIET_WITHIN_S: Final = 60.0
CURED_WITHIN_S: Final = 90.0
# What is made anew, and who reads it.
REMADE: Final = {
    topics.FEEDBACK_SUBMITTED: "stage1",
    topics.DOCUMENT_INGESTED: "stage1",
    topics.SIGNAL_SUMMARISED: "stage2",
    topics.OPERATOR_REQUESTED: "stage2",
}


@dataclass(frozen=True, slots=True)
class Upsets:
    """What a seed draws for its cluster: how often records are deleted (0: never), the shares of commits that come twice and of
    events that another producer writes in transactions, the topic that gets partitions and the one that is made anew, if any."""

    delete_every_s: float
    holding: float
    transacted: float
    extended: str | None
    made_anew: str | None


def draw_upsets(rng: Random) -> Upsets:
    """The upsets of a seed."""
    return Upsets(
        delete_every_s=rng.choice((0.0, 4.0, 15.0)),
        holding=rng.choice((0.0, 0.0, 0.005, 0.02)),
        transacted=rng.choice((0.0, 0.1, 0.4)),
        extended=rng.choice((None, None, *OTHERS)),
        made_anew=rng.choice((None, None, None, *REMADE)),
    )


class Cluster:
    """One seed's cluster. What it does to the topics loses nothing that was not read.

    `quiet` is while a topic is made anew: people publish nothing then. `remade` is that topic, and `extended` the one with partitions
    that nobody reads, both by full name, once it has happened.
    """

    def __init__(self, site: Site, rng: Random, fleet: Fleet, *, calm_at_s: float) -> None:
        self.upsets = draw_upsets(rng)
        self.quiet = False
        self.remade: str | None = None
        self.extended: str | None = None
        # Shards that have read the topic made anew since one start with the word for it.
        self.cured: set[tuple[str, int]] = set()
        self._site, self._rng, self._fleet, self._calm_at_s = site, rng, fleet, calm_at_s
        self._publisher = site.parts.publisher(site.connection)
        self._transactions = self._open = 0
        self._begins_s, self._ends_s = rng.uniform(20.0, calm_at_s - 40.0), rng.uniform(5.0, 30.0)

    async def upset(self) -> None:
        """Until the calm."""
        network, rng = self._site.network, self._rng
        network.holding = self.upsets.holding
        if self.upsets.extended is not None:
            self._site.loop.start(None, self._extend(self.upsets.extended), "add partitions")
        if self.upsets.made_anew is not None:
            self._site.loop.start(None, self._make_anew(self.upsets.made_anew), "make anew")
        while self._site.loop.now < self._calm_at_s:
            await asyncio.sleep(rng.expovariate(1 / (self.upsets.delete_every_s or 20.0)))
            if self.upsets.delete_every_s:
                self._delete_what_was_read()
        network.holding = 0.0

    def append(self, name: str, key: bytes | None, value: bytes | None, headers: Any) -> None:
        """Appends an event: plainly or in a transaction that stays open for a while, to where its producer thinks it belongs."""
        topic, rng = self._site.connection.topic(name), self._rng
        number, record = self._partition(topic, key), (key, value, headers)
        if name in OTHERS and rng.random() < self.upsets.transacted:
            self._transactions += 1
            work = self._within_transaction(f"others-{self._transactions}", topic, number, record)
            self._site.loop.start(None, work, "transaction of others")
        else:
            self._site.log.append(topic, number, *record)

    def _partition(self, topic: str, key: bytes | None) -> int:
        there = len(self._site.log.topics[topic])
        if key is None:
            return 0
        # A producer of others, as long as it is there, counts all partitions; what it puts into those in use is where it belongs.
        wide = partition_of(key, there)
        if topic == self.extended and self._site.loop.now < self._begins_s + self._ends_s and wide >= there - ADDED:
            return wide
        return int(self._publisher.partition(topic, key, range(there)))

    async def _within_transaction(self, name: str, topic: str, number: int, record: Any) -> None:
        log, rng = self._site.log, self._rng
        self._open += 1
        epoch = await log.init_producer(name)
        while True:
            while not log.begin(name, epoch):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            log.add(name, epoch, topic, number, [record])
            await asyncio.sleep(rng.choice((0.0, rng.uniform(0.0, LONGEST_OPEN_S))))
            committed = rng.random() < 0.8
            log.end(name, epoch, commit=committed)
            if committed:
                self._open -= 1
                return

    async def _extend(self, name: str) -> None:
        await asyncio.sleep(self._begins_s)
        topic = self._site.connection.topic(name)
        self._site.log.add_partitions(topic, ADDED)
        self.extended = topic

    async def _make_anew(self, name: str) -> None:
        """At a quiet moment; then until everybody has started with the word for it, or ever so long."""
        await asyncio.sleep(self._begins_s)
        loop, topic = self._site.loop, self._site.connection.topic(name)
        self.quiet, until_s = True, loop.now + QUIET_WITHIN_S
        while not self._all_is_read(name):
            if loop.now > until_s:
                self.quiet = False
                return
            await asyncio.sleep(0.5)
        self._site.log.make_anew(topic)
        self.remade, until_s = topic, loop.now + CURED_WITHIN_S
        readers = {key for key in self._fleet.shards() if key[0] == REMADE[name]}
        while loop.now < until_s and not readers <= self.cured:  # noqa: ASYNC110
            await asyncio.sleep(1.0)
        self.quiet = False

    def _all_is_read(self, name: str) -> bool:
        """Whether nothing of a topic is under way: it may be deleted without a loss."""
        log, stage = self._site.log, REMADE[name]
        topic = self._site.connection.topic(name)
        if self._open or any(instance.process.stopped for instance in self._fleet.instances):
            return False
        if any(partition.open for partition in log.topics[topic]) or topic == self.extended or self._waiting(name):
            return False
        # Of stage 1 everything, whatever is deleted: what it has still to write would go to either topic.
        for reader, read in {("stage1", topics.FEEDBACK_SUBMITTED), ("stage1", topics.DOCUMENT_INGESTED), (stage, name)}:
            full, positions = self._site.connection.topic(read), dict(self._positions(reader, read))
            for number in range(len(log.topics[self._site.connection.topic(topics.CHANGELOGS[reader])])):
                position = positions.get(number)
                if position is None or log.unread(full, number, position) < log.partition(full, number).end:
                    return False
        return True

    def _delete_what_was_read(self) -> None:
        """A partition's records up to the first one that was not read, which may lie behind markers that no position stands for."""
        stage, name = self._rng.choice([(stage, name) for stage, names in DELETED.items() for name in names])
        log, topic = self._site.log, self._site.connection.topic(name)
        old_s = self._site.loop.now - KEPT_S
        found, waiting = [], self._waiting(name)
        for number, position in self._positions(stage, name, awake_since_s=old_s):
            unread = log.unread(topic, number, position)
            # Feedback that waits for its turn is read again: Kafka keeps it for 30 days, and longer than it waits.
            below = min(unread, waiting.get(number, unread))
            if position and below > log.partition(topic, number).start and log.partition(topic, number).history[below - 1].at_s < old_s:
                found.append((number, below))
        if found:
            log.delete_records(topic, *self._rng.choice(found))

    def _waiting(self, name: str) -> dict[int, int]:
        """The first record of a topic that is feedback which waits, by partition."""
        found: dict[int, int] = {}
        for process in self._fleet.owned_shards() if name == topics.FEEDBACK_SUBMITTED else ():
            for number, owned in process.tasks.items():
                waiting = [
                    unpack_waiting(value).offset for key, value in owned.task.save() if process.stage.joins and key[:1] == WAITING_KEY
                ]
                if waiting:
                    found[number] = min(waiting)
        return found

    def _positions(self, stage: str, name: str, *, awake_since_s: float | None = None) -> Iterator[tuple[int, int]]:
        """What was read of a topic, by partition, where memory is what was committed."""
        for process in self._fleet.owned_shards():
            if process.stage.name != stage or process.shard is None or not process.started or process.shard.progress.in_hand:
                continue
            instance = self._fleet.owner((stage, process.number))
            if awake_since_s is not None and (instance.process.stopped or process.shard.progress.held or instance.awake_s > awake_since_s):
                continue
            for number, owned in process.tasks.items():
                runs = getattr(owned.task, "triggers", {}).values()
                if name in RUNNERS and any(trigger.running is not None for trigger in runs):
                    continue
                yield number, owned.next.get((name, number), 0)
