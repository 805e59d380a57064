"""The page's sources: the topics, by a consumer without a group, and the consumers' GET /state. A thin shell around `PageView`."""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import httpx
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from ops.dashboard.snapshot import PageView
from ops.errors import OperationFailed
from ops.topic_reader import partitions_of, reader
from runtime.kafka.connection import KafkaConnection
from schemas import dead_letter, topics
from schemas.catalogue import BY_TOPIC
from schemas.envelope import MalformedEvent, decode

EVENTS: Final = (
    topics.TRAINING_STATE,
    topics.MODEL_CURRENT,
    topics.PROMOTION_DECIDED,
    topics.RETRAIN_REQUESTED,
    topics.DRIFT_DETECTED,
    topics.ROLLBACK_REQUESTED,
)
INPUTS: Final = (topics.FEEDBACK_SUBMITTED, topics.TURN_COMPLETED, topics.DOCUMENT_INGESTED)

_SAMPLE_EVERY_S: Final = 1.0
# Asking the consumers costs five milliseconds here and three there: while nobody looks at the page it is done less often.
_UNWATCHED_EVERY_S: Final = 5.0
_WATCHED_FOR_S: Final = 10.0
_TRY_AGAIN_S: Final = 2.0
# Browsers are told every half second at most. The embedded broker holds a fetch for the whole wait, and what is asked of it meanwhile.
_FETCH_WAIT_MS: Final = 500

log = structlog.get_logger()


class Feed:
    """Keeps a `PageView` up to date and counts its changes, so that whoever shows it can wait for the next."""

    def __init__(self, connection: KafkaConnection, consumers_url: str, *, sample_every_s: float = _SAMPLE_EVERY_S) -> None:
        self.view = PageView()
        self.version = 0
        self._connection = connection
        self._consumers_url = consumers_url.rstrip("/")
        self._sample_every_s = sample_every_s
        self._changed = asyncio.Condition()
        self._looked_at_s = -math.inf
        self._looked_at = asyncio.Event()
        self._names = {connection.topic(name): name for name in (*EVENTS, *INPUTS)}
        self._letters = {
            spec.name: spec.name.removeprefix(f"{connection.topic_prefix}.").removesuffix(topics.DLQ_SUFFIX)
            for spec in topics.specs(connection.topic_prefix)
            if spec.name.endswith(topics.DLQ_SUFFIX)
        }

    async def run(self) -> None:
        """Follows all sources until it is cancelled; a source that is away is tried again."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_kafka())
            tasks.create_task(self._follow_consumers())

    async def next_version(self, seen: int) -> int:
        """Waits until the view is newer than `seen`."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.version != seen)
            return self.version

    def look(self) -> None:
        """Somebody looks: for the next seconds the view is a second old at most, instead of five."""
        self._looked_at_s = time.monotonic()
        self._looked_at.set()

    def _every_s(self) -> float:
        watched = time.monotonic() - self._looked_at_s < _WATCHED_FOR_S
        # A source that is away, or starts beside us, is asked on.
        return _UNWATCHED_EVERY_S if not watched and self.view.kafka.ok and self.view.consumers.ok else self._sample_every_s

    async def _note_change(self) -> None:
        async with self._changed:
            self.version += 1
            self._changed.notify_all()

    # ---- Kafka ----------------------------------------------------------------------------------------

    async def _follow_kafka(self) -> None:
        while True:
            try:
                async with reader(
                    self._connection, **self._connection.follower_options() | {"fetch_max_wait_ms": _FETCH_WAIT_MS}
                ) as consumer:
                    # From the beginning each time: the board forgets nothing and takes nothing twice only if it starts empty.
                    self.view.board = type(self.view.board)()
                    await self._follow(consumer)
            except OperationFailed as error:
                log.warning("Kafka is away", error=str(error))
                self.view.kafka_away(datetime.now(UTC), str(error))
                await self._note_change()
                await asyncio.sleep(_TRY_AGAIN_S)

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        prefix = self._connection.topic_prefix
        wanted = [self._connection.topic(name) for name in EVENTS] + sorted(self._letters)
        partitions = await partitions_of(consumer, prefix, wanted)
        inputs = await partitions_of(consumer, prefix, [self._connection.topic(name) for name in INPUTS])
        # Before anything is fetched: what is asked while a fetch is held has to wait for its end.
        await self._sample_inputs(consumer, inputs)
        sampled = time.monotonic()
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        while True:
            batches = await consumer.getmany(timeout_ms=_FETCH_WAIT_MS, max_records=500)
            for records in batches.values():
                for record in records:
                    self._take(record)
            if time.monotonic() - sampled >= self._every_s():
                sampled = time.monotonic()
                await self._sample_inputs(consumer, inputs)
                await self._note_change()
            elif batches:
                await self._note_change()

    def _take(self, record: ConsumerRecord) -> None:
        board = self.view.board
        letter_of = self._letters.get(record.topic)
        try:
            if letter_of is not None:
                if dead_letter.read_marker(record.headers) is not None:
                    return
                letter = dead_letter.read(record.key, record.value, record.headers)
                board.count_dead_letter(letter_of, letter.reason)
            elif record.value is not None:
                board.fold(decode(record.value, record.headers, BY_TOPIC[self._names[record.topic]])[1])
        except (MalformedEvent, ValueError) as error:
            board.unreadable += 1
            log.warning("unreadable record", topic=record.topic, partition=record.partition, offset=record.offset, error=str(error))

    async def _sample_inputs(self, consumer: AIOKafkaConsumer, inputs: list[TopicPartition]) -> None:
        # Within the client's own time limit Kafka may be gone for long: the page must say so sooner.
        ends = await asyncio.wait_for(consumer.end_offsets(inputs), 5)
        by_topic: dict[str, dict[int, int]] = {}
        for partition, end in ends.items():
            by_topic.setdefault(self._names[partition.topic], {})[partition.partition] = end
        now = time.monotonic()
        view = self.view
        view.input_ends = by_topic
        view.feedback.update(now, sum(by_topic.get(topics.FEEDBACK_SUBMITTED, {}).values()))
        view.turns.update(now, sum(by_topic.get(topics.TURN_COMPLETED, {}).values()))
        view.documents.update(now, sum(by_topic.get(topics.DOCUMENT_INGESTED, {}).values()))
        view.kafka.answered(datetime.now(UTC))

    # ---- the consumers --------------------------------------------------------------------------------

    async def _follow_consumers(self) -> None:
        async with httpx.AsyncClient(timeout=3) as client:
            while True:
                try:
                    answer = await client.get(f"{self._consumers_url}/state")
                    answer.raise_for_status()
                    state = answer.json()
                except (httpx.HTTPError, ValueError) as error:
                    self.view.consumers_away(
                        datetime.now(UTC), f"the consumers do not answer at {self._consumers_url} ({type(error).__name__})"
                    )
                else:
                    self.view.state = state if isinstance(state, dict) else None
                    self.view.consumers.answered(datetime.now(UTC))
                await self._note_change()
                await self._until_due()

    async def _until_due(self) -> None:
        if self._every_s() == self._sample_every_s:
            await asyncio.sleep(self._sample_every_s)
            return
        self._looked_at.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._looked_at.wait(), _UNWATCHED_EVERY_S)
