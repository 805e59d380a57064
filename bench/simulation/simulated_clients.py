"""aiokafka's producer and consumer over the simulated log: the methods that our code calls, each with its delays and failures.

`Network` draws what happens to a call: how long it takes, and whether it breaks before or after the broker did it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from types import TracebackType
from typing import Any, Final, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from bench.simulation.simulated_log import Headers, Partition, SimulatedLog
from consumers.transaction import TransactionalWriter
from gpu_runner.kafka_writer import KafkaWriter
from producers.connection import KafkaConnection
from producers.used_partitions import UsedPartitions

SLOWEST_S: Final = 0.03


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
    """The way to the broker. `failing` is the share of calls that break; `slow` makes every call take that many seconds more."""

    rng: Random
    failing: float = 0.0

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

    async def start(self) -> None:
        await self.network.way()
        self.epoch = await self.log.init_producer(self.transactional_id)
        await self.network.way()

    async def stop(self) -> None:
        await asyncio.sleep(0)

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
        # The offset behind the newest record that was handed out, as `consumers.shard_consumer` keeps it.
        self.handed: dict[TopicPartition, int] = {}
        self._logs: dict[TopicPartition, Partition] = {}
        self._topics: list[str] = []
        self._paused: set[TopicPartition] = set()
        # A reader that only waits for records may wait for the next one: an empty poll does nothing but take virtual time.
        self._idle_wait = idle_wait
        # A shard's consumer never jumps: it goes on asking for what is gone, see `consumers.shard_consumer`.
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
        self._logs = {tp: self.log.partition(tp.topic, tp.partition) for tp in partitions}
        self._topics = sorted({tp.topic for tp in partitions})
        self._paused.clear()

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self.positions[tp] = offset

    def pause(self, *partitions: TopicPartition) -> None:
        self._paused.update(partitions)

    async def position(self, tp: TopicPartition) -> int:
        # aiokafka's consumer steps over markers and aborted records when it fetches them; so does asking here.
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

    async def getmany(self, *, timeout_ms: int, max_records: int | None = None) -> dict[TopicPartition, list[ReadRecord]]:
        """Some records of some partitions: which, and how many, is drawn."""
        rng = self.network.rng
        while True:
            await self.network.way()
            found: dict[TopicPartition, list[ReadRecord]] = {}
            left = max_records or 500
            places = [tp for tp, at in self.positions.items() if self._logs[tp].end > at and tp not in self._paused]
            if len(places) > 1:
                rng.shuffle(places)
            for tp in places:
                start = self._logs[tp].start
                if not self._jumps and self.positions[tp] < start:
                    continue
                position = max(self.positions[tp], start)
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
    """No request of a simulated producer is left under way."""

    async def renew(self) -> None:
        await asyncio.sleep(0)

    def slow(self) -> None:
        raise AssertionError("a simulated commit takes no time of the wall clock")


class SimulatedWriter(TransactionalWriter):
    """The stages' writer, its `commit` as it is, over a simulated producer."""

    def __init__(self, producer: SimulatedProducer) -> None:
        self._producer = producer
        self._epoch: Any = SimulatedEpoch()
        self.simulated = producer
        self.transactional_id = producer.transactional_id
        self.reached = {}


class SimulatedRunnerWriter(KafkaWriter):
    """The runner's writer, its transaction as it is, over a simulated producer."""

    def __init__(self, connection: KafkaConnection, producer: SimulatedProducer, now: Any) -> None:
        self._connection = connection
        self._now = now
        self._turn = asyncio.Lock()
        self._producer = producer
        self._used = UsedPartitions(connection)
        self._epoch: Any = SimulatedEpoch()


def _done() -> asyncio.Future[None]:
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    done.set_result(None)
    return done
