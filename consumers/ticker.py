"""The ticker: the time as events, one every TICK_INTERVAL_S, never going backwards.

Two tickers do no harm: each tick's time is its own, readers ignore one that is not newer, so there are only more of them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from consumers.metrics import ConsumerMetrics
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.read_to_end import read_to_end
from schemas import envelope, topics
from schemas.events.clock_ticked import ClockTicked

log = structlog.get_logger()

SOURCE = "abhyas/ticker"
# Read back at the start: the last few, because a transaction marker or a foreign record may lie at the very end.
TAIL_RECORDS = 20


class Ticker:
    """Writes ticks until cancelled; a broker that does not answer is tried again at the next one."""

    def __init__(
        self,
        connection: KafkaConnection,
        metrics: ConsumerMetrics,
        *,
        interval_s: float,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._metrics = metrics
        self._interval_s = interval_s
        self.last: datetime | None = None
        self._now = now
        self._clock_s = clock_s
        self._written_s = clock_s()

    def problem(self) -> str | None:
        """Why nobody should rely on the ticks now, None where they come."""
        silent_s = self._clock_s() - self._written_s
        if silent_s > max(5 * self._interval_s, 30):
            return f"no tick was written for {silent_s:.0f} s: is Kafka reachable?"
        return None

    async def run(self) -> None:
        """Ticks until cancelled."""
        self.last = await self._newest()
        producer = AIOKafkaProducer(**self._connection.producer_options())
        await producer.start()
        try:
            while True:
                try:
                    await self.tick(producer)
                except KafkaError as error:
                    log.warning("tick not written", error=repr(error))
                await asyncio.sleep(self._interval_s)
        finally:
            await producer.stop()

    async def tick(self, producer: AIOKafkaProducer) -> None:
        """Writes one tick: the time now, or a millisecond after the last tick where the clock has gone back."""
        now = self._now()
        if self.last is not None:
            now = max(now, self.last + timedelta(milliseconds=1))
        event = ClockTicked(now=now, interval_s=self._interval_s)
        record = envelope.encode(event, source=SOURCE, time=now)
        await producer.send_and_wait(self._connection.topic(topics.CLOCK_TICKED), record.value, partition=0, headers=list(record.headers))
        self.last, self._written_s = now, self._clock_s()
        self._metrics.ticked(now.timestamp())

    async def _newest(self) -> datetime | None:
        """The newest tick in the topic, None for an empty one."""
        tp = TopicPartition(self._connection.topic(topics.CLOCK_TICKED), 0)
        consumer = AIOKafkaConsumer(**self._connection.consumer_options())
        await consumer.start()
        newest: datetime | None = None
        try:
            consumer.assign([tp])
            end = (await consumer.end_offsets([tp]))[tp]
            begin = (await consumer.beginning_offsets([tp]))[tp]
            consumer.seek(tp, max(begin, end - TAIL_RECORDS))
            async for records in read_to_end(consumer, {tp: end}):
                for record in records:
                    try:
                        _, tick = envelope.decode(record.value, record.headers, ClockTicked)
                    except envelope.MalformedEvent as error:
                        log.warning("unreadable tick", offset=record.offset, detail=str(error))
                        continue
                    newest = tick.now if newest is None else max(newest, tick.now)
        finally:
            await consumer.stop()
        return newest
