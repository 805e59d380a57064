"""The drill's own clients, straight to the broker: the publisher of the history, a runner that only ends jobs, a reader of topics."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bench.drill.history import make_more, reach_of
from bench.drill.places import INPUTS
from bench.drill.sent import Sent
from consumers.engine.positions import partition_counts
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.read_to_end import from_the_beginning, read_to_end
from runtime.kafka.transaction import partition_of
from schemas import envelope, topics
from schemas.events.model_current import ModelCurrent
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.training_state import TrainingState

# The broker is down for ten seconds at a time: what is under way then waits for it.
PATIENT: Final = {"request_timeout_ms": 120_000}
SLICE: Final = 100
PAUSE_S: Final = 0.03
# New records beside the old ones, where the history has come to its end.
NEW_ONES: Final = 5
# What another producer puts in one transaction.
WITHIN: Final = 20
PARTITIONS: Final = {spec.name: spec.partitions for spec in topics.specs("")}


class Publisher:
    """Publishes the history in order; parts of it at a time, and what was sent before once more where more is asked for."""

    def __init__(self, connection: KafkaConnection, history: Sequence[Sent], *, seed: int) -> None:
        self._connection = connection
        self._history = history
        self._next = 0
        self._source = random.Random(seed)
        self._producer = AIOKafkaProducer(**connection.producer_options() | PATIENT)
        self._transactions = 0
        self._more = 0
        # What went to the topics that stage 1 counts as processed.
        self.inputs = 0

    async def start(self) -> None:
        """Connects."""
        await self._producer.start()

    async def stop(self) -> None:
        """Disconnects."""
        await self._producer.stop()

    @property
    def left(self) -> int:
        """Records of the history that are not published yet."""
        return len(self._history) - self._next

    async def publish(self, count: int) -> None:
        """The next `count` records, in slices with pauses between, and waits until the broker has them."""
        end = min(len(self._history), self._next + count)
        while self._next < end:
            part = self._take(min(SLICE, end - self._next))
            await self._send(part)
            await asyncio.sleep(PAUSE_S)

    async def publish_within(self, seconds: float, *, again: bool) -> None:
        """Some records in a transaction of a producer of its own that stays open for that long; with `again` after one that it aborts."""
        part = self._some(WITHIN)
        self._transactions += 1
        options = self._connection.producer_options() | PATIENT | {"transactional_id": f"others-{self._transactions}"}
        async with AIOKafkaProducer(**options) as producer:
            if again:
                await producer.begin_transaction()
                await self._send(part, producer)
                await producer.abort_transaction()
                self.inputs -= _inputs(part)
            await producer.begin_transaction()
            await self._send(part, producer)
            await asyncio.sleep(seconds)
            await producer.commit_transaction()

    async def publish_beside(self, topic: str, count: int) -> int:
        """Some records, of which those of one topic go to partitions that it was given later, as a producer of others would have it.

        Returns how many those were.
        """
        part = self._some(count)
        full = self._connection.topic(topic)
        before = PARTITIONS[f".{topic}"]
        await self._producer.client.force_metadata_update()
        added = len(await self._producer.partitions_for(full)) - before
        # No poison: a drain that has to be done again is known by ids, and what can't be read has none.
        beside = [sent for sent in part if sent.topic == topic and sent.key is not None and not sent.poison]
        for sent in beside:
            number = before + partition_of(sent.key or b"", added)
            await self._producer.send_and_wait(full, sent.value, key=sent.key, headers=list(sent.headers), partition=number)
        self.inputs += _inputs(beside)
        await self._send([sent for sent in part if sent not in beside])
        return len(beside)

    async def nudge(self) -> None:
        """A little more load: the next records, or, at the end of the history, some of the old ones again and a few new ones."""
        await self._send(self._some(SLICE // 2))

    async def bootstrap(self, models: Iterable[str]) -> None:
        """Makes a version serve for each model."""
        await self._send([serving(model, datetime.now(UTC)) for model in models])

    def _some(self, count: int) -> Sequence[Sent]:
        if self.left:
            return self._take(count)
        # Of the newest: what is older than the allowed lateness would rightly be refused.
        recent = self._history[-reach_of(len(self._history)) :]
        again = [sent for sent in self._source.sample(recent, min(count, len(recent))) if not sent.poison]
        # Of duplicates alone nothing is made: whoever is told to end where outputs are sent would never come to it.
        self._more += NEW_ONES
        return again + [make_more(number, self._source, datetime.now(UTC)) for number in range(self._more - NEW_ONES, self._more)]

    def _take(self, count: int) -> Sequence[Sent]:
        part = self._history[self._next : self._next + count]
        self._next += len(part)
        return part

    async def _send(self, part: Sequence[Sent], producer: AIOKafkaProducer | None = None) -> None:
        """To the partitions in use alone, however many a topic has by now."""
        chosen = producer or self._producer
        deliveries = []
        for sent in part:
            topic = self._connection.topic(sent.topic)
            count = PARTITIONS[f".{sent.topic}"]
            number = self._source.randrange(count) if sent.key is None else partition_of(sent.key, count)
            deliveries.append(await chosen.send(topic, sent.value, key=sent.key, headers=list(sent.headers), partition=number))
        await asyncio.gather(*deliveries)
        self.inputs += _inputs(part)


def _inputs(part: Sequence[Sent]) -> int:
    return sum(sent.topic in INPUTS for sent in part)


class EndingRunner:
    """Takes each command and, a moment later, publishes that its job was promoted. It never dies: the drill is about the consumers."""

    def __init__(self, connection: KafkaConnection, *, seed: int) -> None:
        self._connection = connection
        self._source = random.Random(seed)
        self._work: asyncio.Task[None] | None = None
        self.ended = 0

    def start(self) -> None:
        """Runs until `stop`."""
        self._work = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stops; raises what it failed with, if it did."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
            if not self._work.cancelled():
                self._work.result()

    async def _run(self) -> None:
        topic = self._connection.topic(topics.RETRAIN_REQUESTED)
        producer = AIOKafkaProducer(**self._connection.producer_options() | PATIENT)
        consumer = AIOKafkaConsumer(topic, **self._connection.consumer_options())
        await producer.start()
        await consumer.start()
        try:
            while True:
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    for record in records:
                        _, command = envelope.decode(record.value, record.headers, RetrainRequested)
                        await asyncio.sleep(self._source.uniform(0, 0.005))
                        await self._end(producer, command)
        finally:
            await consumer.stop()
            await producer.stop()

    async def _end(self, producer: AIOKafkaProducer, command: RetrainRequested) -> None:
        sent = job_end(command, datetime.now(UTC))
        await producer.send_and_wait(self._connection.topic(sent.topic), sent.value, key=sent.key, headers=list(sent.headers))
        self.ended += 1


def serving(model: str, now: datetime) -> Sent:
    """The bootstrap of a model."""
    event = ModelCurrent(
        model=model,
        version="v0",
        artifact_uri="base/drill",
        artifact_sha256="0" * 64,
        cause="bootstrap",
        decision_id=f"bootstrap-{model}",
        base_model="drill",
        holdout_key_id="0" * 8,
        holdout_percent=0,
        since=now,
    )
    return Sent.of(event, now)


def job_end(command: RetrainRequested, now: datetime) -> Sent:
    """The end of a command's job, promoted."""
    state = TrainingState(
        job_id=command.command_id,
        model=command.model,
        attempt=command.attempt,
        version=f"v{command.batch.number}",
        phase="ended",
        outcome="promoted",
        command=command,
        accepted_at=now,
        updated_at=now,
    )
    return Sent.of(state, now)


async def read_topic(connection: KafkaConnection, full_name: str) -> list[Any]:
    """Every committed record of a topic, by partition and offset."""
    counts = await partition_counts(connection, [full_name])
    partitions = [TopicPartition(full_name, partition) for partition in range(counts[full_name])]
    consumer = AIOKafkaConsumer(**connection.consumer_options())
    await consumer.start()
    try:
        records: list[Any] = []
        async for found in read_to_end(consumer, await from_the_beginning(consumer, partitions)):
            records += found
        return sorted(records, key=lambda record: (record.partition, record.offset))
    finally:
        await consumer.stop()


async def log_ends(connection: KafkaConnection, full_name: str) -> dict[int, int]:
    """Where each partition of a topic ends."""
    counts = await partition_counts(connection, [full_name])
    consumer = AIOKafkaConsumer(**connection.consumer_options())
    await consumer.start()
    try:
        ends = await consumer.end_offsets([TopicPartition(full_name, partition) for partition in range(counts[full_name])])
        return {tp.partition: end for tp, end in ends.items()}
    finally:
        await consumer.stop()
