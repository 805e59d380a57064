"""The publisher on the embedded broker."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from ops.stack.brokers.embedded import EmbeddedBroker
from producers.errors import EventTooLarge, KafkaAway, Overloaded
from producers.publisher import Publisher
from runtime.kafka.connection import KafkaConnection
from schemas import topics
from schemas.envelope import decode
from schemas.events.document_ingested import DocumentIngested
from schemas.events.feedback_submitted import FeedbackSubmitted

NOW = datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC)


def feedback(number: int, query: str = "सालार जंग संग्रहालय कहाँ है?", user: str = "ab" * 16) -> FeedbackSubmitted:
    return FeedbackSubmitted(feedback_id=f"f{number}", query=query, correction="हैदराबाद", user_hash=user)


@pytest.fixture
def connection(embedded_broker: EmbeddedBroker) -> KafkaConnection:
    prefix = f"t{uuid4().hex[:8]}"
    embedded_broker.create_topics({topics.topic(topics.FEEDBACK_SUBMITTED, prefix): 4, topics.topic(topics.DOCUMENT_INGESTED, prefix): 2})
    return KafkaConnection(embedded_broker.bootstrap_servers, topic_prefix=prefix, embedded=True)


async def read_all(connection: KafkaConnection, name: str) -> list:
    consumer = AIOKafkaConsumer(**connection.consumer_options())
    await consumer.start()
    try:
        topic = connection.topic(name)
        places = [TopicPartition(topic, number) for number in sorted(await consumer._client._wait_on_metadata(topic))]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        records = []
        for place in places:
            consumer.seek(place, 0)
        while any([await consumer.position(place) < ends[place] for place in places]):
            for batch in (await consumer.getmany(timeout_ms=100)).values():
                records.extend(batch)
        return records
    finally:
        await consumer.stop()


async def test_published_events_arrive_whole_and_in_the_order_of_their_key(connection: KafkaConnection) -> None:
    """What `publish` hands over is on its topic with its receipt's place, one key in order, CloudEvents headers set."""
    async with Publisher(connection, "/test") as publisher:
        futures = [await publisher.publish(feedback(number), NOW, traceparent=f"00-{'a' * 32}-{'b' * 16}-01") for number in range(50)]
        receipts = [await publisher.acknowledgement(future) for future in futures]
    records = await read_all(connection, topics.FEEDBACK_SUBMITTED)
    decoded = [decode(record.value, record.headers, FeedbackSubmitted) for record in records]
    assert [event.feedback_id for _, event in decoded] == [f"f{number}" for number in range(50)]
    assert {(envelope.source, envelope.time, envelope.traceparent) for envelope, _ in decoded} == {
        ("/test", NOW, f"00-{'a' * 32}-{'b' * 16}-01")
    }
    assert [(record.partition, record.offset) for record in records] == [(receipt.partition, receipt.offset) for receipt in receipts]
    assert [receipt.event_id for receipt in receipts] == [f"f{number}:0" for number in range(50)]


async def test_stopping_flushes(connection: KafkaConnection) -> None:
    """Events that nobody waited for are on the topic after `stop`."""
    publisher = Publisher(connection, "/test", linger_ms=200)
    await publisher.start()
    futures = [await publisher.publish(feedback(number, user=f"{number:032x}"), NOW) for number in range(20)]
    await publisher.stop()
    assert all(future.done() for future in futures)
    assert len(await read_all(connection, topics.FEEDBACK_SUBMITTED)) == 20


async def test_flush_waits_for_every_acknowledgement(connection: KafkaConnection) -> None:
    """After `flush` every receipt is there and nothing is in flight."""
    async with Publisher(connection, "/test", linger_ms=50) as publisher:
        futures = [await publisher.publish(feedback(number), NOW) for number in range(5)]
        assert publisher.backlog.largest() > 0
        await publisher.flush()
        assert all(future.done() for future in futures)
        assert publisher.backlog.largest() == 0


async def test_an_event_over_its_topics_limit_is_refused(connection: KafkaConnection) -> None:
    """EventTooLarge names the size and the limit, and nothing of it is counted as in flight."""
    text = '"' * 200_000  # each takes two bytes in JSON
    event = DocumentIngested(doc_id="d", text=text, sha256=__import__("hashlib").sha256(text.encode()).hexdigest())
    async with Publisher(connection, "/test") as publisher:
        with pytest.raises(EventTooLarge, match=r"bytes on the wire: document\.ingested\.v1 takes at most 393216"):
            await publisher.publish(event, NOW)
        assert publisher.backlog.largest() == 0


async def test_what_is_not_processed_fills_the_budget_until_it_is(connection: KafkaConnection) -> None:
    """With `hold_until_processed` acknowledged bytes count; `wait=False` refuses, waiting goes on once the reader has passed them."""
    async with Publisher(connection, "/test", budget_bytes=2_000, hold_until_processed=True) as publisher:
        receipts = [await publisher.send(feedback(number), NOW, wait=False) for number in range(3)]
        filled = publisher.backlog.largest()
        assert 1_000 < filled < 2_000
        with pytest.raises(Overloaded, match="the readers are behind") as refused:
            await publisher.send(feedback(4, query="क" * 400), NOW, wait=False)
        assert publisher.backlog.largest() == filled
        assert refused.value.retry_after_s > 0
        waiting = asyncio.create_task(publisher.send(feedback(99, query="क" * 400), NOW))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        last = receipts[-1]
        publisher.processed(last.topic, last.partition, last.offset + 1)
        assert (await waiting).offset == last.offset + 1


async def test_a_broker_that_is_away_is_named() -> None:
    """Starting raises KafkaAway with the address and what to do; publishing without a connection does too."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    publisher = Publisher(KafkaConnection(address), "/test", ack_timeout_s=2)
    with pytest.raises(KafkaAway, match=f"does not answer at {address}.*KAFKA_BOOTSTRAP_SERVERS"):
        await publisher.start()
    with pytest.raises(KafkaAway, match=f"not connected to Kafka at {address}"):
        await publisher.publish(feedback(1), NOW)
    with pytest.raises(KafkaAway):
        await publisher.check()


@pytest.mark.embedded
async def test_a_broker_that_goes_away_is_transient_and_in_flight_bytes_stay_counted() -> None:
    """Without an acknowledgement `send` says so within its time-out, and `stop` returns although nothing can be flushed."""
    broker = EmbeddedBroker({topics.topic(topics.FEEDBACK_SUBMITTED): 1})
    broker.start()
    publisher = Publisher(KafkaConnection(broker.bootstrap_servers, embedded=True), "/test", ack_timeout_s=0.5)
    await publisher.start()
    await publisher.send(feedback(1), NOW)
    broker.stop()
    with pytest.raises(KafkaAway, match="sending it again under the same id is safe"):
        await publisher.send(feedback(2), NOW)
    assert publisher.backlog.largest() > 0
    started = asyncio.get_running_loop().time()
    await publisher.stop()
    assert asyncio.get_running_loop().time() - started < 4
