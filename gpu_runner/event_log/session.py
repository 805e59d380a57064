"""A session's way to Kafka: the fenced writer first, then the reader, so that nothing is restored that can still change.

What the runner writes goes in transactions under one transactional id, so that a runner that was replaced is fenced.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

import structlog
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, ProducerFenced
from pydantic import BaseModel

from gpu_runner.errors import BrokenLog, LeaseLost, NotConnected
from gpu_runner.event_log.read_model import ReadModel
from gpu_runner.event_log.reader import TopicReader
from gpu_runner.event_log.withdrawals import Fact
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.transaction import Routed, TransactionalWriter
from runtime.kafka.used_partitions import UsedPartitions
from schemas.catalogue import Event
from schemas.envelope import WireRecord, encode
from schemas.topics import DLQ_SUFFIX, MAX_DEAD_LETTER_BYTES

SOURCE: Final = "/abhyas/gpu_runner"

_log = structlog.get_logger(__name__)


class KafkaChannel:
    """Writer and reader of one session. After an error it is spent: close it and open another."""

    def __init__(self, connection: KafkaConnection, writer: TransactionalWriter, reader: TopicReader, now: Callable[[], datetime]) -> None:
        self._connection = connection
        self._writer = writer
        self._reader = reader
        self._now = now
        self._turn = asyncio.Lock()
        self._used = UsedPartitions(connection)

    async def open(self, read_model: ReadModel) -> None:
        """Fences every other runner of this transactional id, then restores the read model; raises NotConnected."""
        try:
            await self._writer.start()
            await self._used.learn(self._writer.producer.client)
        except (KafkaError, OSError) as error:
            raise NotConnected(f"Kafka at {self._connection.bootstrap_servers} can't be reached: {error}") from error
        await self._reader.open()
        await self._reader.restore(read_model)
        await self._send_dead_letters()

    async def close(self) -> None:
        """Gives both connections back; a broker that is gone makes no difference to the writer's."""
        await self._reader.close()
        with suppress(KafkaError, OSError):
            await self._writer.stop()

    async def poll(self, timeout_s: float) -> Sequence[BaseModel | Fact]:
        """The next requests, retractions and erasures; what can't be read goes to its dead-letter topic."""
        events = await self._reader.poll(timeout_s)
        await self._send_dead_letters()
        return events

    async def write(self, events: Sequence[Event]) -> None:
        """All events in one transaction; raises Fatal when fenced, NotConnected for everything else."""
        await self._write([(self._connection.topic(event.TOPIC), encode(event, source=SOURCE, time=self._now())) for event in events])
        _log.debug("events written", events=[f"{event.TOPIC}:{event.event_id()}" for event in events])

    async def latency_ms(self) -> float:
        """How long the cluster takes to answer a question for its metadata; raises NotConnected."""
        started = time.perf_counter()
        try:
            await self._writer.producer.client.fetch_all_metadata()
        except (KafkaError, OSError) as error:
            raise NotConnected(f"Kafka did not answer: {error}") from error
        return (time.perf_counter() - started) * 1000

    async def _send_dead_letters(self) -> None:
        letters = self._reader.take_unread()
        if letters:
            await self._write([(letter.topic + DLQ_SUFFIX, letter.to_record()) for letter in letters])

    async def _write(self, records: Sequence[tuple[str, WireRecord]]) -> None:
        """Records, each with its topic's full name, in one transaction."""
        try:
            async with self._turn:
                await self._writer.commit(await self._routed(records))
        except ProducerFenced as error:
            raise LeaseLost("another runner with this RUNNER_TRANSACTIONAL_ID took over: run one runner for each installation") from error
        except MessageSizeTooLargeError as error:
            topic, record = max(records, key=lambda sent: len(sent[1].value or b""))
            named = (record.key or b"")[:100].decode(errors="backslashreplace")
            raise NotConnected(
                f"{topic} does not take a record of {len(record.value or b'')} bytes, key {named}: raise its max.message.bytes "
                "(`abhyas topics plan` says where it is below the contract's)"
            ) from error
        except (KafkaError, OSError) as error:
            if not self._connection.keeps_logs:
                raise BrokenLog(f"the embedded broker did not take a transaction ({error}): start the stack again") from error
            raise NotConnected(f"Kafka did not take a transaction: {error}") from error

    async def _routed(self, records: Sequence[tuple[str, WireRecord]]) -> Routed:
        routed: Routed = {}
        for topic, record in records:
            # A broker measures what was compressed; whoever reads it has to hold it as it was.
            if record.size > MAX_DEAD_LETTER_BYTES:
                raise MessageSizeTooLargeError()
            partition = self._used.partition(topic, record.key, await self._writer.producer.partitions_for(topic))
            routed.setdefault((topic, partition), []).append(record)
        return routed


def kafka_channel(connection: KafkaConnection, transactional_id: str, now: Callable[[], datetime]) -> KafkaChannel:
    """A channel over clients of its own; nothing is connected yet."""
    # Few records and large ones: the slow, high codec of the stages' inputs.
    writer = TransactionalWriter(connection, transactional_id, compression="lz4")
    return KafkaChannel(connection, writer, TopicReader(connection), now)
