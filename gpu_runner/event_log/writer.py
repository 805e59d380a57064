"""The runner's events in Kafka transactions, under one transactional id, so that a runner that was replaced is fenced."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, ProducerFenced

from gpu_runner.errors import BrokenLog, LeaseLost, NotConnected
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.dead_letters import OutgoingDeadLetter
from runtime.kafka.epoch import REQUEST_TIMEOUT_S, Epoch
from runtime.kafka.used_partitions import UsedPartitions
from schemas.catalogue import Event
from schemas.envelope import encode

SOURCE: Final = "/abhyas/gpu_runner"
TRANSACTION_TIMEOUT_S: Final = 60

_log = structlog.get_logger(__name__)


class KafkaWriter:
    """One transaction a call. After an error the writer is spent: close it and open another."""

    def __init__(self, connection: KafkaConnection, transactional_id: str, now: Callable[[], datetime]) -> None:
        self._connection = connection
        self._now = now
        self._turn = asyncio.Lock()
        self._producer = AIOKafkaProducer(
            **connection.producer_options(),
            transactional_id=transactional_id,
            linger_ms=0,
            transaction_timeout_ms=TRANSACTION_TIMEOUT_S * 1000,
        )
        self._used = UsedPartitions(connection)
        self._epoch = Epoch(self._producer, transactional_id, timeout_s=TRANSACTION_TIMEOUT_S)

    async def open(self) -> None:
        """Connects, and fences every other runner of this transactional id; raises NotConnected."""
        try:
            await self._producer.start()
            await self._used.learn(self._producer.client)
        except (KafkaError, OSError) as error:
            raise NotConnected(f"Kafka at {self._connection.bootstrap_servers} can't be reached: {error}") from error

    async def close(self) -> None:
        """Gives the connection back; a broker that is gone makes no difference."""
        with suppress(KafkaError, OSError):
            await self._producer.stop()

    async def write(self, events: Sequence[Event]) -> None:
        """All events in one transaction; raises Fatal when fenced, NotConnected for everything else."""
        records = [(self._connection.topic(event.TOPIC), encode(event, source=SOURCE, time=self._now())) for event in events]
        await self._transaction([(topic, record.key, record.value, record.headers) for topic, record in records])
        _log.debug("events written", events=[f"{event.TOPIC}:{event.event_id()}" for event in events])

    async def write_letters(self, letters: Sequence[OutgoingDeadLetter]) -> None:
        """Dead letters in one transaction."""
        await self._transaction([(letter.topic, letter.key, letter.value, letter.headers) for letter in letters])

    async def _transaction(self, records: Sequence[tuple[str, bytes | None, bytes | None, Sequence[tuple[str, bytes | None]]]]) -> None:
        try:
            async with self._turn:
                await self._epoch.renew()
                async with self._producer.transaction():
                    for topic, key, value, headers in records:
                        partition = self._used.partition(topic, key, await self._producer.partitions_for(topic))
                        sent = await self._producer.send(topic, value, key=key, partition=partition, headers=list(headers))
                        sent.add_done_callback(_retrieved)
                    ending = time.perf_counter()
                if time.perf_counter() - ending >= REQUEST_TIMEOUT_S:
                    self._epoch.slow()
        except ProducerFenced as error:
            raise LeaseLost("another runner with this RUNNER_TRANSACTIONAL_ID took over: run one runner for each installation") from error
        except MessageSizeTooLargeError as error:
            topic, key, value, _ = max(records, key=lambda record: len(record[2] or b""))
            named = (key or b"")[:100].decode(errors="backslashreplace")
            raise NotConnected(
                f"{topic} does not take a record of {len(value or b'')} bytes, key {named}: raise its max.message.bytes "
                "(`abhyas topics plan` says where it is below the contract's)"
            ) from error
        except (KafkaError, OSError) as error:
            if not self._connection.keeps_logs:
                raise BrokenLog(f"the embedded broker did not take a transaction ({error}): start the stack again") from error
            raise NotConnected(f"Kafka did not take a transaction: {error}") from error

    async def latency_ms(self) -> float:
        """How long the cluster takes to answer a question for its metadata; raises NotConnected."""
        started = time.perf_counter()
        try:
            await self._producer.client.fetch_all_metadata()
        except (KafkaError, OSError) as error:
            raise NotConnected(f"Kafka did not answer: {error}") from error
        return (time.perf_counter() - started) * 1000


def _retrieved(sent: asyncio.Future[object]) -> None:
    # The commit waits for every send and raises for it; a future whose exception nobody looks at is logged as lost.
    if not sent.cancelled():
        sent.exception()
