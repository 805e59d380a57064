"""The embedded broker keeps the contract's topics and says when it lost what a reader needed."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import CorruptRecordException

from ops.stack.brokers.embedded import EmbeddedBroker, EmbeddedBrokerError, fallen_behind, log_starts, partition_counts
from schemas.topics import specs


async def read_all(address: str, partition: TopicPartition, *, check_crcs: bool = False) -> list[ConsumerRecord]:
    """Every record of a partition up to its end offset."""
    consumer = AIOKafkaConsumer(bootstrap_servers=address, isolation_level="read_committed", check_crcs=check_crcs, fetch_max_wait_ms=10)
    await consumer.start()
    try:
        consumer.assign([partition])
        consumer.seek(partition, 0)
        end = (await consumer.end_offsets([partition]))[partition]
        records: list[ConsumerRecord] = []
        while await consumer.position(partition) < end:
            for found in (await consumer.getmany(timeout_ms=100)).values():
                records += found
        return records
    finally:
        await consumer.stop()


@pytest.mark.embedded
async def test_the_contracts_topics_have_the_contracts_partitions() -> None:
    """Every topic of the contract has its partition count before any client has named it."""
    wanted = partition_counts(specs("c"))
    with EmbeddedBroker(wanted) as broker:
        found = Counter(partition.topic for partition in await log_starts(broker.bootstrap_servers))
    assert found == wanted
    assert set(found.values()) >= {1, 4, 8}


@pytest.mark.embedded
def test_it_ends_with_its_context() -> None:
    """After the context the port refuses connections and the address is an error."""
    with EmbeddedBroker({}) as broker:
        host, port = broker.bootstrap_servers.rsplit(":", 1)
        socket.create_connection((host, int(port)), timeout=1).close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((host, int(port)), timeout=1)
    with pytest.raises(EmbeddedBrokerError, match="not running"):
        _ = broker.bootstrap_servers


def test_a_topic_that_exists_is_refused(embedded_broker: EmbeddedBroker) -> None:
    """Creating a topic twice is an error that names the topic."""
    name = f"twice-{uuid4().hex}"
    embedded_broker.create_topics({name: 2})
    with pytest.raises(EmbeddedBrokerError, match=name):
        embedded_broker.create_topics({name: 2})


@pytest.mark.parametrize("options", [{}, {"enable_idempotence": True}], ids=["plain", "idempotent"])
async def test_records_come_back_as_sent(embedded_broker: EmbeddedBroker, options: dict[str, bool]) -> None:
    """Key, value and headers of lz4 records come back unchanged."""
    name = f"plain-{uuid4().hex}"
    embedded_broker.create_topics({name: 3})
    async with AIOKafkaProducer(bootstrap_servers=embedded_broker.bootstrap_servers, compression_type="lz4", **options) as producer:
        await producer.send_and_wait(name, "अभ्यास".encode(), key=b"k", partition=2, headers=[("ce_id", b"1")])
    (record,) = await read_all(embedded_broker.bootstrap_servers, TopicPartition(name, 2), check_crcs=True)
    assert (record.key, record.value.decode(), record.headers) == (b"k", "अभ्यास", (("ce_id", b"1"),))


async def test_transactions_work_without_crcs_and_show_aborted_records(embedded_broker: EmbeddedBroker) -> None:
    """A transaction's records can be read only without CRCs, and an aborted one's are visible: the limits that the stack relies on."""
    partition = TopicPartition(f"txn-{uuid4().hex}", 0)
    embedded_broker.create_topics({partition.topic: 1})
    address = embedded_broker.bootstrap_servers
    async with AIOKafkaProducer(bootstrap_servers=address, transactional_id=uuid4().hex) as producer:
        for value in (b"committed", b"aborted"):
            await producer.begin_transaction()
            batch = producer.create_batch()
            batch.append(key=None, value=value, timestamp=None, headers=[])
            await producer.send_batch(batch, partition.topic, partition=0)
            await (producer.commit_transaction() if value == b"committed" else producer.abort_transaction())
    assert [record.value for record in await read_all(address, partition)] == [b"committed", b"aborted"]
    with pytest.raises(CorruptRecordException):
        await read_all(address, partition, check_crcs=True)


async def test_the_watchdog_sees_a_reader_behind_the_log_start(embedded_broker: EmbeddedBroker) -> None:
    """Past about 5 MB the log's start moves on, and a position before it is reported with what was lost."""
    partition = TopicPartition(f"full-{uuid4().hex}", 0)
    embedded_broker.create_topics({partition.topic: 1})
    address = embedded_broker.bootstrap_servers
    async with AIOKafkaProducer(bootstrap_servers=address) as producer:
        await asyncio.gather(*[await producer.send(partition.topic, os.urandom(100_000), partition=0) for _ in range(30)])
        assert await log_starts(address, [partition.topic]) == {partition: 0}
        await asyncio.gather(*[await producer.send(partition.topic, os.urandom(100_000), partition=0) for _ in range(60)])
    starts = await log_starts(address, [partition.topic])
    assert 30 <= starts[partition] < 60
    assert fallen_behind({partition: 10}, starts) == {partition: starts[partition] - 10}
    assert fallen_behind({partition: starts[partition]}, starts) == {}


def started(port_file: Path) -> subprocess.Popen[bytes]:
    """The program, once its port file is there."""
    child = subprocess.Popen([sys.executable, "-m", "ops.stack.brokers.embedded", "--port-file", str(port_file)], stdin=subprocess.PIPE)
    deadline = time.monotonic() + 30
    while not port_file.exists():
        assert child.poll() is None, "the embedded broker ended before it was ready"
        assert time.monotonic() < deadline, "the embedded broker was not ready within 30 s"
        time.sleep(0.01)
    return child


@pytest.mark.parametrize("ending", ["stdin closes", "SIGTERM"])
@pytest.mark.process
async def test_the_program_serves_until_its_owner_goes(tmp_path: Path, ending: str) -> None:
    """The program serves the contract's topics at the address in its port file, and removes the file when it ends."""
    port_file = tmp_path / "run" / "broker"
    child = started(port_file)
    try:
        starts = await log_starts(port_file.read_text())
        assert set(starts.values()) == {0}
        assert {partition.topic for partition in starts} == {spec.name for spec in specs()}
        if ending == "SIGTERM":
            child.send_signal(signal.SIGTERM)
        elif child.stdin is not None:
            child.stdin.close()
        assert child.wait(10) == 0
        assert not port_file.exists()
    finally:
        child.kill()
        child.wait()
