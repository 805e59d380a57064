"""Reads what the runner follows: its own topics once, up to their ends; requests, retractions and erasures from the beginning and on.

No offsets are kept: ids say what is done, so reading everything again at each start changes nothing. It is done too where a topic was
made anew or has got partitions: every partition that exists is read, whoever added it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from pydantic import BaseModel

from gpu_runner.errors import BrokenLog, NotConnected
from gpu_runner.event_log.read_model import ReadModel
from gpu_runner.event_log.withdrawals import Erasure, Fact, Retraction
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.read_to_end import read_to_end
from runtime.kafka.topic_metadata import Topic, connected, described
from schemas import dead_letter as letters
from schemas import topics
from schemas.catalogue import BY_TOPIC
from schemas.dead_letter import DeadLetter
from schemas.envelope import MalformedEvent, decode
from schemas.events.sample_collected import SampleCollected
from schemas.events.user_erased import UserErased

OWN: Final = (topics.TRAINING_STATE, topics.PROMOTION_DECIDED, topics.MODEL_CURRENT)
REQUESTS: Final = (topics.OPERATOR_REQUESTED, topics.RETRAIN_REQUESTED, topics.ROLLBACK_REQUESTED)
WITHDRAWALS: Final = (topics.USER_ERASED, topics.SAMPLE_COLLECTED)
# Stage 2 reads operator.requested too and sends what can't be read there to its dead letters; two readers would send it twice.
DEAD_LETTERED: Final = (topics.RETRAIN_REQUESTED, topics.ROLLBACK_REQUESTED)
READER: Final = "gpu_runner"
STOP_TIMEOUT_S: Final = 2.0
# How often the topics are looked at: whether they are those that are being read.
LOOK_EVERY_S: Final = 5.0
# Only retractions matter of the samples; looking for the field saves parsing every other value. In a text its quotes would be escaped.
_RETRACTED: Final = re.compile(rb'"retracted"\s*:\s*true')

_log = structlog.get_logger(__name__)


class TopicReader:
    """A consumer without a group over fixed partitions."""

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection
        self._consumer = AIOKafkaConsumer(**connection.follower_options())
        self._names = {connection.topic(name): name for name in (*OWN, *REQUESTS, *WITHDRAWALS)}
        self._dead_lettered: set[tuple[str, int, int]] = set()
        self._client: Any = None
        self._topics: dict[str, Topic] = {}
        self._looked_s = 0.0
        self.unread: list[DeadLetter] = []

    async def open(self) -> None:
        """Connects; raises NotConnected."""
        try:
            await self._consumer.start()
        except (KafkaError, OSError) as error:
            raise NotConnected(f"Kafka at {self._connection.bootstrap_servers} can't be reached: {error}") from error

    async def close(self) -> None:
        """Gives the connection back."""
        # aiokafka 0.14 loses the cancel of its fetcher that comes right after an assignment, and would wait for ever; a second one ends it.
        with suppress(TimeoutError):
            await asyncio.wait_for(self._consumer.stop(), STOP_TIMEOUT_S)
        if self._client is not None:
            await self._client.close()

    async def restore(self, read_model: ReadModel) -> None:
        """Folds every record up to the ends of now, own topics first; then follows requests and what is taken back."""
        try:
            self._topics, self._looked_s = await self._described(), asyncio.get_running_loop().time()
            await self._read_dead_letters()
            await self._read_to_end(OWN, read_model)
            # Read on from here without a new assignment: a consumer that is stopped right after one hangs (aiokafka 0.14).
            await self._read_to_end((*REQUESTS, *WITHDRAWALS), read_model)
        except (KafkaError, OSError) as error:
            raise NotConnected(f"the runner's topics can't be read: {error}") from error

    async def poll(self, timeout_s: float) -> list[BaseModel | Fact]:
        """The next requests, retractions and erasures, waiting at most `timeout_s` for the first; raises NotConnected."""
        try:
            await self._refuse_others()
            batches = await self._consumer.getmany(timeout_ms=int(timeout_s * 1000))
        except (KafkaError, OSError) as error:
            raise NotConnected(f"the topics that the runner follows can't be read: {error}") from error
        return [event for records in batches.values() for event in self._decode(records)]

    def take_unread(self) -> list[DeadLetter]:
        """The dead letters of records that could not be read since the last call."""
        taken, self.unread = self.unread, []
        return taken

    async def _described(self) -> dict[str, Topic]:
        """The topics as they are now, by full name; on the embedded broker, which knows no ids and adds no partitions, as at its start."""
        if not self._connection.knows_topic_ids:
            existing = await self._consumer.topics()
            contract = topics.specs(self._connection.topic_prefix)
            return {spec.name: Topic("", dict.fromkeys(range(spec.partitions), 0)) for spec in contract if spec.name in existing}
        if self._client is None:
            self._client = await connected(self._connection)
        return await described(self._client, [*self._names, *(self._connection.dead_letters(name) for name in DEAD_LETTERED)])

    async def _refuse_others(self) -> None:
        """Raises NotConnected where a topic is not the one that is being read: the next session reads everything again."""
        now_s = asyncio.get_running_loop().time()
        if not self._connection.knows_topic_ids or now_s - self._looked_s < LOOK_EVERY_S:
            return
        self._looked_s = now_s
        now = await self._described()
        for name, before in self._topics.items():
            topic = now.get(name)
            if topic is None or (topic.id, topic.partitions) != (before.id, before.partitions):
                raise NotConnected(f"topic {name} was made anew or has other partitions than before: everything is read again")

    def _partitions(self, names: Sequence[str], *, letters_of: bool = False) -> list[TopicPartition]:
        found: list[TopicPartition] = []
        for name in names:
            topic = self._connection.dead_letters(name) if letters_of else self._connection.topic(name)
            if topic not in self._topics:
                raise NotConnected(f"topic {topic} does not exist: run `abhyas topics apply`")
            found += [TopicPartition(topic, number) for number in sorted(self._topics[topic].leaders)]
        return found

    async def _read_to_end(self, names: Sequence[str], read_model: ReadModel) -> None:
        partitions = self._partitions(names)
        async for records in read_to_end(self._consumer, await self._seek_to_beginning(partitions)):
            for event in self._decode(records):
                read_model.apply(event)

    async def _read_dead_letters(self) -> None:
        partitions = self._partitions(DEAD_LETTERED, letters_of=True)
        async for records in read_to_end(self._consumer, await self._seek_to_beginning(partitions)):
            for record in records:
                try:
                    letter = letters.read(record.key, record.value, record.headers)
                except ValueError:
                    continue  # somebody else's record: it is not a letter of ours, so nothing is remembered of it
                if letter.reader == READER:
                    self._dead_lettered.add((letter.topic, letter.partition, letter.offset))

    async def _seek_to_beginning(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        self._consumer.assign(partitions)
        starts = await self._consumer.beginning_offsets(partitions)
        for partition in partitions:
            samples = partition.topic == self._connection.topic(topics.SAMPLE_COLLECTED)
            if starts[partition] > 0 and not self._connection.keeps_logs and not samples:
                # It keeps the newest 5 MB of a partition and compacts nothing: a job whose end is gone would run again.
                raise BrokenLog(f"the embedded broker has dropped records of {partition.topic}: start the stack again, or use Apache Kafka")
            self._consumer.seek(partition, starts[partition])
        ends: dict[TopicPartition, int] = await self._consumer.end_offsets(partitions)
        return ends

    def _decode(self, records: Sequence[ConsumerRecord]) -> list[BaseModel | Fact]:
        events: list[BaseModel | Fact] = []
        for record in records:
            name = self._names[record.topic]
            # A tombstone of a compacted topic says nothing, and of the samples only retractions do.
            if record.value is None or (name == topics.SAMPLE_COLLECTED and not _RETRACTED.search(record.value)):
                continue
            try:
                envelope, event = decode(record.value, record.headers, BY_TOPIC[name])
            except MalformedEvent as error:
                self._refuse(record, name, str(error))
                continue
            if isinstance(event, UserErased):
                events.append(Erasure(event.user_hash, envelope.time))
            elif not isinstance(event, SampleCollected):
                events.append(event)
            elif event.retracted:
                events.append(Retraction.of(event))
        return events

    def _refuse(self, record: ConsumerRecord, name: str, detail: str) -> None:
        _log.warning("unreadable record", topic=record.topic, partition=record.partition, offset=record.offset, detail=detail)
        place = (record.topic, record.partition, record.offset)
        if name in DEAD_LETTERED and place not in self._dead_lettered:
            self._dead_lettered.add(place)
            self.unread.append(DeadLetter.of(record, reason=letters.MALFORMED, detail=detail, reader=READER))
