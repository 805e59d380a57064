"""Transactions: routing, batches, abort."""

from __future__ import annotations

import random
from typing import Any

import pytest
from aiokafka.errors import MessageSizeTooLargeError
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from consumers.engine.routing import route
from consumers.records import Effects, Emitted, InputRecord, Refusal
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.transaction import BATCH_BYTES, TransactionalWriter, partition_of
from schemas import dead_letter, topics
from schemas.envelope import WireRecord
from schemas.topics import specs

CONNECTION = KafkaConnection("nowhere:1")
COUNTS = {spec.name: spec.partitions for spec in specs()}


@given(key=st.binary(max_size=40), partitions=st.integers(1, 64))
def test_keys_go_where_every_other_writer_puts_them(key: bytes, partitions: int) -> None:
    """A key's partition is the one that aiokafka's own partitioner gives it."""
    every = list(range(partitions))
    assert partition_of(key, partitions) == DefaultPartitioner()(key, every, every)


def test_routing_by_topic_and_key(build: Any) -> None:
    """Events go to their topic under their key's partition with our source; dead letters to theirs, with the full topic name."""
    sample = build.sample("a")
    record = InputRecord(topics.FEEDBACK_SUBMITTED, 3, 9, None, None, (("h", None),), 0)
    letter = Refusal(dead_letter.MALFORMED, "value is absent").dead_letter(record, "stage1")
    effects = Effects(events=[Emitted(sample, build.start, "00-trace")], dead_letters=[letter])
    routed = route(effects, source="abhyas/stage1", connection=CONNECTION, partitions=COUNTS)
    place = (CONNECTION.topic(topics.SAMPLE_COLLECTED), partition_of(sample.model.encode(), 4))
    headers = dict(routed[place][0].headers)
    assert (headers["ce_source"], headers["traceparent"]) == (b"abhyas/stage1", b"00-trace")
    (sent,) = routed[CONNECTION.dead_letters(topics.FEEDBACK_SUBMITTED), 0]
    read = dead_letter.read(sent.key, sent.value, sent.headers)
    assert (read.value, read.headers, read.topic, read.offset) == (None, (("h", None),), "abhyas.feedback.submitted.v1", 9)
    assert sent.value == b""


async def test_commit_writes_everything_whatever_its_size(embedded_topics: Any) -> None:
    """Many records, one larger than a batch, and tombstones arrive in order in one transaction."""
    connection = embedded_topics.connection
    writer = TransactionalWriter(connection, f"{connection.topic_prefix}-writer")
    await writer.start()
    topic = connection.topic(topics.STAGE1_CHANGELOG)
    values = [b"x" * 200_000, b"y" * (BATCH_BYTES + 1), None, b"z" * 400_000, b"z" * 400_000, b""]
    records = [WireRecord(str(number).encode(), value) for number, value in enumerate(values)]
    await writer.commit({(topic, 5): records})
    await writer.stop()
    found = await embedded_topics.read(topic)
    assert [(record.key, record.value, record.partition) for record in found] == [(record.key, record.value, 5) for record in records]


@pytest.mark.kafka
async def test_failure_aborts(kafka_topics: Any) -> None:
    """When one record cannot be written, none of its transaction is visible to readers of committed records."""
    connection = kafka_topics.connection
    writer = TransactionalWriter(connection, f"{connection.topic_prefix}-writer")
    await writer.start()
    topic = connection.topic(topics.CLOCK_TICKED)
    too_large = WireRecord(b"k", random.Random(1).randbytes(3_000_000))
    with pytest.raises(MessageSizeTooLargeError):
        await writer.commit(
            {(topic, 0): [WireRecord(b"k", b"1"), too_large], (connection.topic(topics.STAGE1_CHANGELOG), 0): [WireRecord(b"k", b"1")]}
        )
    await writer.stop()
    again = TransactionalWriter(connection, f"{connection.topic_prefix}-writer")
    await again.start()
    await again.commit({(topic, 0): [WireRecord(b"k", b"2")]})
    await again.stop()
    assert [record.value for record in await kafka_topics.read(topic)] == [b"2"]
    assert await kafka_topics.read(connection.topic(topics.STAGE1_CHANGELOG)) == []
