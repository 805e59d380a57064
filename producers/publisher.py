"""Events onto their topics: acknowledged by every replica, each with its deterministic id, bounded in flight.

The producer is idempotent, so its own retries make no second record; a caller's retry sends the same event id, which
the readers know as a duplicate. Records of a key keep their order, in the partitions that are read: nothing goes to those
that somebody added. What may be in flight is bounded by `producers.in_flight`: `publish` waits for room, or refuses with
`Overloaded` where the caller cannot wait.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Final, Self

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, TopicAuthorizationFailedError, UnknownTopicOrPartitionError
from aiokafka.structs import RecordMetadata

from producers.errors import EventTooLarge, KafkaAway, Overloaded, PublishError
from producers.in_flight import Backlog, Partition
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.used_partitions import UsedPartitions
from schemas import topics
from schemas.catalogue import Event
from schemas.envelope import WireRecord, encode

log = structlog.get_logger()

# Under the 5 MB or so that the embedded broker keeps of a partition, with room for other writers; on a real broker
# it bounds the memory of this process.
BUDGET_BYTES: Final = 3_000_000
LINGER_MS: Final = 5
# Where the broker takes no single records (measured with a linger of 2 ms).
GATHERING_LINGER_MS: Final = 25
# The connection's 5 ms suits transactions; while a broker is away it would mean 200 attempts a second.
RETRY_BACKOFF_MS: Final = 50
STOP_TIMEOUT_S: Final = 3.0
# Beside that, for connections whose other end is gone.
DISCONNECT_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where an acknowledged event lies: full topic name, partition, offset; and its event id."""

    topic: str
    partition: int
    offset: int
    event_id: str


class Publisher:
    """Publishes events; `source` becomes the `ce_source` of every one that is published without a source of its own.

    With `hold_until_processed` (the embedded broker) acknowledged bytes stay in flight until `processed` says that the
    reader has passed them. `ack_timeout_s` bounds how long `send` waits for one acknowledgement.
    """

    def __init__(
        self,
        connection: KafkaConnection,
        source: str,
        *,
        linger_ms: int | None = None,
        budget_bytes: int = BUDGET_BYTES,
        ack_timeout_s: float = 15.0,
        hold_until_processed: bool = False,
    ) -> None:
        self.connection = connection
        self.source = source
        self.ack_timeout_s = ack_timeout_s
        self.backlog = Backlog(budget_bytes, hold=hold_until_processed)
        usual_ms = LINGER_MS if connection.takes_single_records else GATHERING_LINGER_MS
        self._linger_ms = usual_ms if linger_ms is None else linger_ms
        self._producer: AIOKafkaProducer | None = None
        self._open = False
        self._starting = asyncio.Lock()
        self._given_up: set[asyncio.Future[None]] = set()
        self._used = UsedPartitions(connection)
        self._room = asyncio.Event()
        self._taken = asyncio.Event()
        self._unsettled: set[asyncio.Future[Receipt]] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    @property
    def started(self) -> bool:
        """Whether there is a producer to publish with; after a refusal there is none until the next `publish` or `start`."""
        return self._producer is not None

    async def start(self) -> None:
        """Connects; raises KafkaAway with the address that was tried."""
        async with self._starting:
            if self._producer is None:
                self._producer = await self._connected_producer()
            self._open = True

    async def _connected_producer(self) -> AIOKafkaProducer:
        options = self.connection.producer_options() | {"retry_backoff_ms": RETRY_BACKOFF_MS, "linger_ms": self._linger_ms}
        producer = AIOKafkaProducer(**options)
        try:
            await asyncio.wait_for(producer.start(), self.ack_timeout_s)
            await asyncio.wait_for(self._used.learn(producer.client), self.ack_timeout_s)
        except (KafkaError, OSError, TimeoutError) as error:
            await _close(producer)
            raise KafkaAway(
                f"Kafka does not answer at {self.connection.bootstrap_servers} ({type(error).__name__}): "
                "start the broker, or set KAFKA_BOOTSTRAP_SERVERS"
            ) from error
        return producer

    async def stop(self, within_s: float = STOP_TIMEOUT_S) -> None:
        """Sends what was handed over, waits for its acknowledgements (at most `within_s` and `DISCONNECT_S` together), and disconnects."""
        self._open = False
        producer, self._producer = self._producer, None
        closing = set(self._given_up)
        if producer is not None:
            closing.add(asyncio.ensure_future(_close(producer, within_s)))
        if closing:
            await asyncio.wait(closing, timeout=within_s + DISCONNECT_S)

    async def check(self, timeout_s: float = 2.0) -> None:
        """Asks the broker for its metadata; raises KafkaAway where it does not answer in time."""
        producer = self._producer
        if producer is None:
            raise self._not_connected()
        try:
            await asyncio.wait_for(producer.client.fetch_all_metadata(), timeout_s)
        except (KafkaError, OSError, TimeoutError) as error:
            raise KafkaAway(f"Kafka does not answer at {self.connection.bootstrap_servers} within {timeout_s:g} s") from error

    async def publish(
        self, event: Event, time: datetime, *, source: str | None = None, traceparent: str | None = None, wait: bool = True,
        history: bool = False,
    ) -> asyncio.Future[Receipt]:  # fmt: skip
        """Hands the event to the producer; the future that it returns holds the receipt once every replica has it.

        `source` is the frontend's name, None for the publisher's own. `history` marks it as one of an imported history.

        Raises EventTooLarge, KafkaAway, and Overloaded (only without `wait`; else it waits for room). The future
        raises KafkaAway or PublishError.
        """
        record = encode(event, source=source or self.source, time=time, traceparent=traceparent, history=history)
        size, limit = record.size, topics.size_limit(event.TOPIC)
        if size > limit:
            raise EventTooLarge(f"the event has {size} bytes on the wire: {event.TOPIC} takes at most {limit}")
        producer = await self._connected()
        topic = self.connection.topic(event.TOPIC)
        partition = await self._partition(producer, topic, record.key)
        await self._take_room(partition, size, wait=wait)
        try:
            producer = await self._connected()  # again: the wait for room may have outlived the one before
            # Bounded, because it waits for an earlier batch to leave, and none leaves while the broker is away.
            sending = await asyncio.wait_for(_send(producer, partition, record), self.ack_timeout_s)
        except BaseException as error:
            self.backlog.failed(partition, size)
            self._room.set()
            if isinstance(error, KafkaError) and not error.retriable:
                self._give_up(producer, error)  # its sender has ended
            if isinstance(error, KafkaError | OSError | TimeoutError):
                raise self._explained(error, topic) from error
            raise
        return self._receipt(producer, sending, partition, size=size, event_id=event.event_id())

    async def send(self, event: Event, time: datetime, *, traceparent: str | None = None, wait: bool = True) -> Receipt:
        """Publishes one event and waits for its acknowledgement, at most `ack_timeout_s` seconds."""
        return await self.acknowledgement(await self.publish(event, time, traceparent=traceparent, wait=wait))

    async def acknowledgement(self, receipt: asyncio.Future[Receipt]) -> Receipt:
        """The receipt; raises KafkaAway after `ack_timeout_s` seconds (the event may still arrive, under the same id)."""
        done, _ = await asyncio.wait({receipt}, timeout=self.ack_timeout_s)
        if not done:
            raise KafkaAway(
                f"Kafka at {self.connection.bootstrap_servers} did not acknowledge within {self.ack_timeout_s:g} s: "
                "the event may still arrive; sending it again under the same id is safe"
            )
        return receipt.result()

    async def flush(self) -> None:
        """Waits until every event handed over so far is acknowledged or has failed."""
        if self._unsettled:
            await asyncio.wait(set(self._unsettled))

    def processed(self, topic: str, partition: int, next_offset: int) -> None:
        """The reader of a topic (full name) has passed every offset below `next_offset`."""
        self.backlog.processed((topic, partition), next_offset)
        self._room.set()

    async def until_in_flight(self) -> None:
        """Returns when there are bytes in flight, at once where there are some: before that nobody need ask what is processed."""
        while not self.backlog.largest():
            self._taken.clear()
            await self._taken.wait()

    def release(self) -> None:
        """From now on an acknowledgement ends an event's flight: nobody says what is processed."""
        self.backlog.release()
        self._room.set()

    async def _connected(self) -> AIOKafkaProducer:
        if self._producer is None and self._open:
            await self.start()
        if self._producer is None:
            raise self._not_connected()
        return self._producer

    def _not_connected(self) -> KafkaAway:
        return KafkaAway(f"not connected to Kafka at {self.connection.bootstrap_servers}: try again in a moment")

    def _give_up(self, producer: AIOKafkaProducer, error: BaseException) -> None:
        """Goes on with a new producer: after a refused batch the old one's sequence has a hole that the broker never takes."""
        if self._producer is producer:
            self._producer = None
            log.warning("producer given up after a refusal", error=type(error).__name__)
            closing = asyncio.ensure_future(_close(producer))
            self._given_up.add(closing)  # asyncio keeps only a weak reference
            closing.add_done_callback(self._given_up.discard)

    async def _partition(self, producer: AIOKafkaProducer, topic: str, key: bytes | None) -> Partition:
        try:
            known = await asyncio.wait_for(producer.partitions_for(topic), self.ack_timeout_s)
        except (KafkaError, OSError, TimeoutError) as error:
            raise self._explained(error, topic) from error
        return topic, self._used.partition(topic, key, known)

    async def _take_room(self, partition: Partition, size: int, *, wait: bool) -> None:
        while not self.backlog.has_room(partition, size):
            if not wait:
                raise Overloaded(
                    f"{self.backlog.bytes_in_flight(partition)} bytes are in flight on one partition, of {self.backlog.budget_bytes}: "
                    "the readers are behind; send again later",
                    retry_after_s=1.0,
                )
            self._room.clear()
            await self._room.wait()
        self.backlog.sent(partition, size)
        self._taken.set()

    def _receipt(
        self, producer: AIOKafkaProducer, sending: asyncio.Future[RecordMetadata], partition: Partition, *, size: int, event_id: str
    ) -> asyncio.Future[Receipt]:
        receipt: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._unsettled.add(receipt)

        def settle(sent: asyncio.Future[RecordMetadata]) -> None:
            self._unsettled.discard(receipt)
            error = KafkaError("cancelled") if sent.cancelled() else sent.exception()
            if error is None:
                where = sent.result()
                self.backlog.acknowledged(partition, where.offset, size)
                if not receipt.done():
                    receipt.set_result(Receipt(partition[0], where.partition, where.offset, event_id))
            else:
                self.backlog.failed(partition, size)
                self._give_up(producer, error)
                if not receipt.done():
                    receipt.set_exception(self._explained(error, partition[0]))
                    receipt.exception()  # seen: a caller who stopped waiting is no reason for a warning of asyncio
            self._room.set()

        sending.add_done_callback(settle)
        return receipt

    def _explained(self, error: BaseException, topic: str) -> PublishError:
        name = type(error).__name__
        if isinstance(error, MessageSizeTooLargeError):
            return EventTooLarge(f"the broker refuses the event as too large for {topic}: apply its limits with `abhyas topics apply`")
        if isinstance(error, UnknownTopicOrPartitionError):
            return KafkaAway(f"topic {topic} does not exist: create it with `abhyas topics apply`")
        if isinstance(error, TopicAuthorizationFailedError):
            return PublishError(f"not allowed to write to {topic}: give {self.connection.sasl_username or 'this client'} that right")
        return KafkaAway(f"Kafka at {self.connection.bootstrap_servers} did not take the event ({name}): send it again under the same id")


async def _send(producer: AIOKafkaProducer, partition: Partition, record: WireRecord) -> asyncio.Future[RecordMetadata]:
    sending: asyncio.Future[RecordMetadata] = await producer.send(
        partition[0], record.value, key=record.key, partition=partition[1], headers=list(record.headers)
    )
    return sending


async def _close(producer: AIOKafkaProducer, within_s: float = STOP_TIMEOUT_S) -> None:
    """Stops the producer; one that cannot flush is left behind with what it holds, and says how it went."""
    try:
        await asyncio.wait_for(producer.stop(), within_s)
    except (TimeoutError, KafkaError) as error:
        log.warning("producer not flushed", error=type(error).__name__, waited_s=within_s)
        await producer.client.close()
