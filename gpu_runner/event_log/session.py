"""A session's way to Kafka: the fenced writer first, then the reader, so that nothing is restored that can still change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from pydantic import BaseModel

from gpu_runner.event_log.read_model import Ledger
from gpu_runner.event_log.reader import TopicReader
from gpu_runner.event_log.withdrawals import Fact
from gpu_runner.event_log.writer import KafkaWriter
from runtime.kafka.connection import KafkaConnection
from schemas.catalogue import Event


class KafkaChannel:
    """Writer and reader of one session."""

    def __init__(self, connection: KafkaConnection, transactional_id: str, now: Callable[[], datetime]) -> None:
        self._writer = KafkaWriter(connection, transactional_id, now)
        self._reader = TopicReader(connection)

    async def open(self, ledger: Ledger) -> None:
        """Fences any other runner, then restores the ledger; raises NotConnected."""
        await self._writer.open()
        await self._reader.open()
        await self._reader.restore(ledger)
        await self._send_letters()

    async def close(self) -> None:
        """Gives both connections back."""
        await self._reader.close()
        await self._writer.close()

    async def poll(self, timeout_s: float) -> Sequence[BaseModel | Fact]:
        """The next requests, retractions and erasures; what can't be read goes to its dead-letter topic."""
        events = await self._reader.poll(timeout_s)
        await self._send_letters()
        return events

    async def write(self, events: Sequence[Event]) -> None:
        """All events in one transaction."""
        await self._writer.write(events)

    async def latency_ms(self) -> float:
        """How long Kafka takes to answer."""
        return await self._writer.latency_ms()

    async def _send_letters(self) -> None:
        letters = self._reader.take_unread()
        if letters:
            await self._writer.write_letters(letters)
