"""aiokafka's producer and consumer over the simulated log: the methods that our code calls, each with its delays and failures.

`Network` draws what happens to a call: how long it takes, and whether it breaks before or after the broker did it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from types import TracebackType
from typing import Any, Final, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from bench.simulation.simulated_log import Headers, SimulatedLog
from runtime.kafka.topic_metadata import Topic
from runtime.kafka.transaction import TransactionalWriter

SLOWEST_S: Final = 0.03
# After that long without an answer a client sends a request again, in the same epoch.
REQUEST_TIMEOUT_S: Final = 5.0


class ReadRecord(NamedTuple):
    """A record as aiokafka's consumer hands it over."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass(slots=True)
class Network:
    """The way to the broker. `failing` is the share of calls that break, `holding` that of commits that come twice, the first one late."""

    rng: Random
    failing: float = 0.0
    holding: float = 0.0

    async def way(self) -> None:
        """The way there or back."""
        await asyncio.sleep(self.rng.random() * SLOWEST_S)
        if self.failing and self.rng.random() < self.failing:
            raise KafkaConnectionError("the connection broke")


class BatchBuilder:
    """aiokafka's batch builder, with room for a few records, so that a transaction has several batches."""

    def __init__(self, room: int = 40) -> None:
        self.records: list[tuple[bytes | None, bytes | None, Headers]] = []
        self._room = room

    def append(self, *, key: bytes | None, value: bytes | None, timestamp: int | None, headers: Headers) -> object:
        if len(self.records) >= self._room:
            return None
        self.records.append((key, value, headers))
        return self


class SimulatedProducer:
    """A transactional producer: `start` gets the next epoch, every later call is refused once another one has."""

    def __init__(self, log: SimulatedLog, network: Network, transactional_id: str) -> None:
        self.log = log
        self.network = network
        self.transactional_id = transactional_id
        self.epoch = -1
        # A request of the former transaction was not answered in time: a copy of it may be on its way.
        self.in_doubt = False

    async def start(self) -> None:
        await self.network.way()
        self.epoch = await self.log.init_producer(self.transactional_id)
        await self.network.way()

    async def stop(self) -> None:
        await asyncio.sleep(0)

    async def renew(self) -> None:
        await self.network.way()
        self.epoch = await self.log.next_epoch(self.transactional_id, self.epoch)
        self.in_doubt = False
        await self.network.way()

    async def begin_transaction(self) -> None:
        # The client asks again after its back-off.
        while not self.log.begin(self.transactional_id, self.epoch):  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder()

    async def send_batch(self, batch: BatchBuilder, topic: str, *, partition: int) -> asyncio.Future[None]:
        # Some batches go together with the one before.
        if self.network.rng.random() < 0.4:
            await self.network.way()
        self.log.add(self.transactional_id, self.epoch, topic, partition, batch.records)
        return _done()

    @property
    def client(self) -> SimulatedProducer:
        """What its partitions are asked of."""
        return self

    async def fetch_all_metadata(self) -> SimulatedProducer:
        return self

    def partitions_for_topic(self, topic: str) -> set[int]:
        return set(range(len(self.log.topics.get(topic, ()))))

    async def partitions_for(self, topic: str) -> set[int]:
        return self.partitions_for_topic(topic)

    async def send(self, topic: str, value: bytes | None, *, key: bytes | None, headers: Headers, partition: int) -> asyncio.Future[None]:
        await self.network.way()
        self.log.add(self.transactional_id, self.epoch, topic, partition, [(key, value, headers)])
        return _done()

    async def send_offsets_to_transaction(self, offsets: Mapping[TopicPartition, Any], group: str) -> None:
        await self.network.way()

    async def commit_transaction(self) -> None:
        await self.network.way()
        if self.network.holding and self.network.rng.random() < self.network.holding:
            self.log.hold_back(self.transactional_id, self.epoch)
            self.in_doubt = True
            await asyncio.sleep(REQUEST_TIMEOUT_S)
        self.log.end(self.transactional_id, self.epoch, commit=True)
        await self.network.way()

    async def abort_transaction(self) -> None:
        await self.network.way()
        self.log.end(self.transactional_id, self.epoch, commit=False)

    def transaction(self) -> OneTransaction:
        return OneTransaction(self)


class OneTransaction:
    """aiokafka's `producer.transaction()`: commits at the end, aborts on an error."""

    def __init__(self, producer: SimulatedProducer) -> None:
        self._producer = producer

    async def __aenter__(self) -> SimulatedProducer:
        await self._producer.begin_transaction()
        return self._producer

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            await self._producer.commit_transaction()
        else:
            await self._producer.abort_transaction()


class SimulatedConsumer:
    """A consumer without a group that reads committed records of assigned partitions."""

    uncommitted = False

    def __init__(self, log: SimulatedLog, network: Network, *, idle_wait: bool = False, jumps: bool = True) -> None:
        self.log = log
        self.network = network
        self.positions: dict[TopicPartition, int] = {}
        # The offset behind the newest record that was handed out, as `consumers.engine.shard_consumer` keeps it.
        self.handed: dict[TopicPartition, int] = {}
        self._topics: list[str] = []
        # A reader that only waits for records may wait for the next one: an empty poll does nothing but take virtual time.
        self._idle_wait = idle_wait
        # To the log's start from an offset that the log does not have; a shard's consumer goes on asking for it.
        self._jumps = jumps

    async def start(self) -> None:
        await self.network.way()

    async def stop(self) -> None:
        await asyncio.sleep(0)

    async def topics(self) -> set[str]:
        return set(self.log.topics)

    def partitions_for_topic(self, topic: str) -> set[int]:
        return set(range(len(self.log.topics[topic])))

    def assign(self, partitions: Sequence[TopicPartition]) -> None:
        self.positions = dict.fromkeys(partitions, 0)
        self._topics = sorted({tp.topic for tp in partitions})

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self.positions[tp] = offset

    async def position(self, tp: TopicPartition) -> int:
        # aiokafka's consumer steps over markers and aborted records when it fetches them; so does asking here.
        partition = self.log.partition(tp.topic, tp.partition)
        if self.positions[tp] == partition.end or (not self._jumps and not partition.start <= self.positions[tp] <= partition.end):
            return self.positions[tp]
        found, after = self.log.visible(tp.topic, tp.partition, self.positions[tp], 1, uncommitted=self.uncommitted)
        if not found:
            self.positions[tp] = max(self.positions[tp], after)
        return self.positions[tp]

    async def beginning_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        await self.network.way()
        return {tp: self.log.partition(tp.topic, tp.partition).start for tp in partitions}

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        await self.network.way()
        return {tp: self._end(tp) for tp in partitions}

    def _end(self, tp: TopicPartition) -> int:
        partition = self.log.partition(tp.topic, tp.partition)
        return partition.end if self.uncommitted else partition.stable_end()

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int, max_records: int | None = None
    ) -> dict[TopicPartition, list[ReadRecord]]:
        """Some records of some partitions, of those that are named where any are: which, and how many, is drawn."""
        rng = self.network.rng
        while True:
            await self.network.way()
            found: dict[TopicPartition, list[ReadRecord]] = {}
            left = max_records or 500
            places = [
                tp
                for tp, at in self.positions.items()
                if self.log.partition(tp.topic, tp.partition).end != at and tp in (partitions or self.positions)
            ]
            if len(places) > 1:
                rng.shuffle(places)
            for tp in places:
                partition = self.log.partition(tp.topic, tp.partition)
                position = self.positions[tp]
                if not partition.start <= position <= partition.end:
                    if not self._jumps:
                        continue
                    position = partition.start
                records, after = self.log.visible(
                    tp.topic, tp.partition, position, 1 + int(rng.random() * left), uncommitted=self.uncommitted
                )
                if records:
                    found[tp] = [
                        ReadRecord(tp.topic, tp.partition, record.offset, record.wall_ms, record.key, record.value, record.headers)
                        for record in records
                    ]
                    left -= len(records)
                    self.handed[tp] = records[-1].offset + 1
                self.positions[tp] = max(position, after)
                if left <= 0:
                    break
            if found:
                return found
            if not self._idle_wait:
                await asyncio.sleep(timeout_ms / 1000)
                return {}
            await self.log.appended(self._topics)


class SimulatedEpoch:
    """The next epoch of a simulated producer where a commit of it was sent twice, as `runtime.kafka.epoch` asks the broker for it."""

    def __init__(self, producer: SimulatedProducer) -> None:
        self._producer = producer

    def slow(self) -> None:
        raise AssertionError("a simulated commit takes no time of the wall clock")

    async def renew(self) -> None:
        if self._producer.in_doubt:
            await self._producer.renew()


class SimulatedView:
    """The broker as the watch of a process sees it."""

    def __init__(self, log: SimulatedLog, network: Network) -> None:
        self._log, self._network = log, network

    async def starts(self, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        await self._network.way()
        return {tp: self._log.partition(tp.topic, tp.partition).start for tp in places}

    async def ends(self, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        await self._network.way()
        return {tp: self._log.partition(tp.topic, tp.partition).end for tp in places}

    async def stable_ends(self, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        await self._network.way()
        return {tp: self._log.partition(tp.topic, tp.partition).stable_end() for tp in places}

    async def topics(self, names: Iterable[str]) -> dict[str, Topic]:
        await self._network.way()
        return {name: self._log.described(name) for name in names}

    async def holder(self, place: TopicPartition, leader: int) -> str:
        return "an open transaction"


class SimulatedWriter(TransactionalWriter):
    """The writer of the stages and of the runner, its `commit` as it is, over a simulated producer."""

    def __init__(self, producer: SimulatedProducer) -> None:
        self.producer = producer
        self._epoch: Any = SimulatedEpoch(producer)
        self.transactional_id = producer.transactional_id
        self.reached = {}


def _done() -> asyncio.Future[None]:
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    done.set_result(None)
    return done
