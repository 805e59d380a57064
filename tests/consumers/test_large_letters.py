"""What no topic takes stops nothing: on Apache Kafka, whose broker measures what was compressed."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from gpu_runner.errors import NotConnected
from gpu_runner.event_log.read_model import ReadModel
from gpu_runner.event_log.session import kafka_channel
from runtime.kafka.transaction import TransactionalWriter
from schemas import dead_letter, topics
from schemas.envelope import WireRecord

# What no codec makes smaller than the limit.
HAN = [chr(code) for code in range(0x4E00, 0x9FFF)]


@pytest.mark.kafka
async def test_k2_64_mib_of_one_letter_become_a_cut_dead_letter(kafka_topics: Any, start_consumers: Callable[..., Any], build: Any) -> None:
    """A gzip batch of 64 KiB holds a record of 64 MiB: it is kept cut, with its place, and the record behind it is processed."""
    connection = kafka_topics.connection
    options = connection.producer_options() | {"compression_type": "gzip", "max_request_size": 70_000_000}
    producer = AIOKafkaProducer(**options)
    await producer.start()
    at = await producer.send_and_wait(connection.topic(topics.FEEDBACK_SUBMITTED), b"a" * 64 * 1024 * 1024, key=b"k", partition=3)
    await producer.stop()
    await kafka_topics.send(build.feedback("a"))
    consumers = start_consumers(connection, "stage1")
    await consumers.ready()
    await consumers.until(lambda: sum(consumers.state()["stage1"]["positions"].get(topics.FEEDBACK_SUBMITTED, {}).values()) >= 2)
    (record,) = await kafka_topics.read(connection.dead_letters(topics.FEEDBACK_SUBMITTED))
    letter = dead_letter.read(record.key, record.value, record.headers)
    assert letter.cut is not None
    assert (letter.cut.parts, letter.cut.size_bytes) == (("value",), 64 * 1024 * 1024 + 1)
    assert (letter.topic, letter.partition, letter.offset) == (at.topic, at.partition, at.offset)
    assert (letter.key, letter.value) == (b"k", b"a" * dead_letter.KEPT_BYTES)
    assert len(await kafka_topics.events(topics.SAMPLE_COLLECTED)) == 1


@pytest.mark.kafka
async def test_k2_output_over_its_topics_limit_is_named_with_its_origin(kafka_topics: Any, build: Any) -> None:
    """Where an output is refused for its size all the same, the error names its topic and the place of the input."""
    connection = kafka_topics.connection
    writer = TransactionalWriter(connection, f"{connection.topic_prefix}-writer")
    await writer.start()
    sample = build.sample("a").model_copy(update={"text": "".join(chr(32 + number * 7919 % 50_000) for number in range(1_500_000))})
    topic = connection.topic(topics.SAMPLE_COLLECTED)
    with pytest.raises(MessageSizeTooLargeError, match=rf"{topic} partition 1 .* made of feedback.submitted.v1 partition 0 offset 0"):
        await writer.commit({(topic, 1): [WireRecord(b"k", b"1"), WireRecord(b"k", sample.model_dump_json().encode())]})
    await writer.stop()


@pytest.mark.kafka
@pytest.mark.parametrize(
    "text", ["x" * 3_000_000, "".join(random.Random(1).choices(HAN, k=600_000))], ids=["refused by the client", "refused by the broker"]
)
async def test_k2_runners_record_over_its_topics_limit_is_named(kafka_topics: Any, build: Any, text: str) -> None:
    """The runner says which topic does not take what, and goes on trying: the limit is somebody's to raise."""
    connection = kafka_topics.connection
    channel = kafka_channel(connection, f"{connection.topic_prefix}-runner", lambda: build.start)
    await channel.open(ReadModel())
    sample = build.sample("a").model_copy(update={"text": text})
    topic = connection.topic(topics.SAMPLE_COLLECTED)
    with pytest.raises(NotConnected, match=rf"{topic} does not take a record of (30\d{{5}}|18\d{{5}}) bytes, key tiny-llama"):
        await channel.write([sample])
    await channel.close()
