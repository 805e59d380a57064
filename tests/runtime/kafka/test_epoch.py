"""A copy of a commit that comes late ends no other transaction: on Apache Kafka, through a proxy that holds it back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import ProducerFenced

from gpu_runner.event_log.session import kafka_channel
from ops.topic_contract import apply
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.epoch import Epoch
from runtime.kafka.transaction import TransactionalWriter
from schemas import topics
from schemas.envelope import WireRecord

pytestmark = pytest.mark.kafka

HOST = "127.0.0.1"
END_TXN = 26


class HoldingProxy:
    """Holds back the first EndTxn and cuts the connection that it came by; delivers it when the next transaction's comes, and that never.

    A client is told the proxy's address for the broker's: both have the same length in an answer.
    """

    def __init__(self, target: str) -> None:
        self.target_port = int(target.rpartition(":")[2])
        self.held: bytes | None = None
        self.ends = 0
        self.overtaken = asyncio.Event()
        self.late_error: int | None = None
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._serve, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return f"{HOST}:{self.port}"

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        broker_reader, broker_writer = await asyncio.open_connection(HOST, self.target_port)
        ways = [asyncio.create_task(self._there(reader, broker_writer)), asyncio.create_task(self._back(broker_reader, writer))]
        self._tasks.update(ways)
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in (writer, broker_writer):
            way.transport.abort()

    async def _there(self, reader: asyncio.StreamReader, broker: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                frame = await _frame(reader)
                if int.from_bytes(frame[4:6], "big") == END_TXN:
                    self.ends += 1
                    if self.ends == 1:
                        self.held = frame
                        return
                    if self.ends == 3:
                        await self._deliver_late()
                        continue
                broker.write(frame)

    async def _back(self, broker: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = (HOST.encode() + port.to_bytes(4, "big") for port in (self.target_port, self.port))
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                writer.write((await _frame(broker)).replace(theirs, ours))

    async def _deliver_late(self) -> None:
        assert self.held is not None
        reader, writer = await asyncio.open_connection(HOST, self.target_port)
        writer.write(self.held)
        answer = await _frame(reader)
        # Size, correlation id, throttle time, then the error's code.
        self.late_error = int.from_bytes(answer[12:14], "big")
        writer.close()
        self.overtaken.set()


async def _frame(reader: asyncio.StreamReader) -> bytes:
    size = await reader.readexactly(4)
    return size + await reader.readexactly(int.from_bytes(size, "big"))


async def values(connection: KafkaConnection, topic: str) -> list[bytes | None]:
    """The committed values of partition 0, once nobody's transaction is open."""
    place = TopicPartition(topic, 0)
    consumer = AIOKafkaConsumer(**connection.consumer_options())
    await consumer.start()
    try:
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        end, found = (await consumer.end_offsets([place]))[place], list[bytes | None]()
        while await consumer.position(place) < end:
            found += [record.value for record in (await consumer.getmany(timeout_ms=100)).get(place, [])]
        return found
    finally:
        await consumer.stop()


def stage(connection: KafkaConnection, name: str) -> tuple[TransactionalWriter, Callable[[str, bytes], Any]]:
    """The stages' writer, which a redrive has too."""
    writer = TransactionalWriter(connection, name)
    return writer, lambda topic, value: writer.commit({(topic, 0): [WireRecord(b"k", value)]})


def runner(connection: KafkaConnection, name: str) -> tuple[TransactionalWriter, Callable[[str, bytes], Any]]:
    """The runner's way."""
    channel = kafka_channel(connection, name, lambda: datetime.now(UTC))
    return channel._writer, lambda topic, value: channel._write([(topic, WireRecord(b"k", value, ()))])


@pytest.mark.parametrize("made", [stage, runner])
async def test_k1_a_late_copy_of_a_commit_ends_no_other_transaction(kafka_broker: str, made: Any) -> None:
    """The first EndTxn is held back, its second copy commits; the first arrives in the next transaction and commits nothing of it."""
    prefix = f"t{uuid4().hex[:8]}"
    direct = KafkaConnection(kafka_broker, topic_prefix=prefix)
    await asyncio.to_thread(apply, direct, topics.specs(prefix))
    topic = direct.dead_letters(topics.RETRAIN_REQUESTED)
    proxy = HoldingProxy(kafka_broker)
    writer, commit = made(KafkaConnection(await proxy.start(), topic_prefix=prefix), f"{prefix}-writer")
    await writer.start()
    await commit(topic, b"1")
    assert (proxy.ends, await values(direct, topic)) == (2, [b"1"])
    dying = asyncio.create_task(commit(topic, b"2"))
    await asyncio.wait_for(proxy.overtaken.wait(), 30)
    dying.cancel()
    await proxy.stop()
    # The successor ends what its predecessor left open.
    successor = TransactionalWriter(direct, f"{prefix}-writer")
    await successor.start()
    await successor.commit({(topic, 0): [WireRecord(b"k", b"3")]})
    await successor.stop()
    assert await values(direct, topic) == [b"1", b"3"]
    assert proxy.late_error != 0
    with suppress(Exception):
        await asyncio.wait_for(writer.stop(), 2)


async def test_k1_a_new_epoch_fences_nobody(kafka_broker: str) -> None:
    """Whoever was replaced while its commit was slow is refused the new epoch; its successor goes on."""
    prefix = f"t{uuid4().hex[:8]}"
    connection = KafkaConnection(kafka_broker, topic_prefix=prefix)
    await asyncio.to_thread(apply, connection, topics.specs(prefix))
    topic = connection.dead_letters(topics.RETRAIN_REQUESTED)
    former, successor = (TransactionalWriter(connection, f"{prefix}-writer") for _ in range(2))
    await former.start()
    await former.commit({(topic, 0): [WireRecord(b"k", b"1")]})
    former._epoch.slow()
    await successor.start()
    with pytest.raises(ProducerFenced):
        await former.commit({(topic, 0): [WireRecord(b"k", b"2")]})
    await successor.commit({(topic, 0): [WireRecord(b"k", b"3")]})
    assert await values(connection, topic) == [b"1", b"3"]
    await former.stop()
    await successor.stop()


async def test_an_epoch_in_no_doubt_stays(kafka_broker: str) -> None:
    """Where every request was answered nothing is asked: the epoch is the one of the start."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka_broker, transactional_id=uuid4().hex)
    epoch = Epoch(producer, producer._txn_manager.transactional_id, timeout_s=60)
    await producer.start()
    before = producer._txn_manager.producer_epoch
    await epoch.renew()
    assert producer._txn_manager.producer_epoch == before
    epoch.slow()
    await epoch.renew()
    await epoch.renew()
    assert producer._txn_manager.producer_epoch == before + 1
    await producer.stop()
