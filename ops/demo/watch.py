"""Follows the topics of an installation and remembers what was said there, so that the story can wait for it."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Self, TypeVar

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from runtime.kafka.connection import KafkaConnection
from schemas import dead_letter, topics

T = TypeVar("T")

WATCHED = (
    topics.SAMPLE_COLLECTED,
    topics.RETRAIN_REQUESTED,
    topics.DRIFT_DETECTED,
    topics.TRAINING_STATE,
    topics.EVALUATION_COMPLETED,
    topics.PROMOTION_DECIDED,
    topics.MODEL_CURRENT,
)


class Watch:
    """Every committed record of the watched topics and of the dead-letter topics, read from the beginning."""

    def __init__(self, consumer: AIOKafkaConsumer, connection: KafkaConnection) -> None:
        self._consumer = consumer
        self._names = {connection.topic(name): name for name in WATCHED}
        self._changed = asyncio.Condition()
        self.events: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.letters: list[dead_letter.DeadLetter] = []
        self._failure: BaseException | None = None
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, connection: KafkaConnection) -> Self:
        """Reads from the beginning of every partition; raises KafkaError where the broker is away."""
        consumer = AIOKafkaConsumer(**connection.consumer_options())
        await consumer.start()
        letters = {spec.name for spec in topics.specs(connection.topic_prefix) if spec.name.endswith(topics.DLQ_SUFFIX)}
        wanted = letters | {connection.topic(name) for name in WATCHED}
        partitions = [
            TopicPartition(spec.name, n)
            for spec in topics.specs(connection.topic_prefix)
            if spec.name in wanted
            for n in range(spec.partitions)
        ]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        watch = cls(consumer, connection)
        watch._task = asyncio.create_task(watch._follow())
        return watch

    async def stop(self) -> None:
        """Ends the reading."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._consumer.stop()

    async def until(self, found: Callable[[Watch], T | None], *, timeout_s: float, what: str) -> T:
        """The first answer of `found` that is not None; raises TimeoutError that says what was waited for."""
        async with asyncio.timeout(timeout_s) as limit:
            try:
                async with self._changed:
                    while True:
                        if self._failure is not None:
                            raise self._failure
                        answer = found(self)
                        if answer is not None:
                            return answer
                        await self._changed.wait()
            except asyncio.CancelledError:
                if limit.expired():
                    raise TimeoutError(f"waited {timeout_s:.0f} s for {what}, and it did not come") from None
                raise

    async def _follow(self) -> None:
        try:
            while True:
                batches = await self._consumer.getmany(timeout_ms=200, max_records=500)
                if not batches:
                    continue
                async with self._changed:
                    for records in batches.values():
                        for record in records:
                            self._take(record)
                    self._changed.notify_all()
        except Exception as error:
            async with self._changed:
                self._failure = error
                self._changed.notify_all()

    def _take(self, record: ConsumerRecord) -> None:
        name = self._names.get(record.topic)
        if name is None:
            if dead_letter.read_marker(record.headers) is None:
                self.letters.append(dead_letter.read(record.key, record.value, record.headers))
        elif record.value is not None:
            self.events[name].append(json.loads(record.value))
