"""What only a real broker can show of the publisher."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from ops.topic_reader import records
from producers.errors import EventTooLarge, KafkaAway
from producers.publisher import Publisher
from runtime.kafka.connection import KafkaConnection
from schemas import topics
from schemas.envelope import decode
from schemas.events.feedback_submitted import FeedbackSubmitted

NOW = datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC)


def feedback(number: int, size: int = 1) -> FeedbackSubmitted:
    return FeedbackSubmitted(feedback_id=f"f{number}", query="क" * size, correction="हैदराबाद", user_hash=f"{number % 7:032x}")


@pytest.mark.kafka
async def test_events_arrive_once_and_the_brokers_refusals_have_their_kind(kafka_broker: str) -> None:
    """Every event once, each key in order; over the topic's own limit is EventTooLarge, no topic is KafkaAway with what to do."""
    connection = KafkaConnection(kafka_broker, topic_prefix=f"t{uuid4().hex[:8]}")
    topic = connection.topic(topics.FEEDBACK_SUBMITTED)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_broker)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 4, 1, topic_configs={"max.message.bytes": "20000"})])
    await admin.close()
    async with Publisher(connection, "/test", ack_timeout_s=5) as publisher:
        futures = [await publisher.publish(feedback(number), NOW) for number in range(500)]
        receipts = [await publisher.acknowledgement(future) for future in futures]
        # Not compressible to under the limit: every character another one. On the same partition as the next event.
        text = "".join(chr(0x4E00 + number * 7919 % 20000) for number in range(16_000))
        large = FeedbackSubmitted(feedback_id="large", query=text, correction="c", user_hash=f"{500 % 7:032x}")
        with pytest.raises(EventTooLarge, match="abhyas topics apply"):
            await publisher.send(large, NOW)
        await publisher.send(feedback(500), NOW)
    found = [decode(record.value, record.headers, FeedbackSubmitted)[1].feedback_id async for record in records(connection, [topic])]
    assert sorted(found) == sorted(f"f{number}" for number in range(501))
    assert len({(receipt.partition, receipt.offset) for receipt in receipts}) == 500
    for user in range(7):
        own = [int(name[1:]) for name in found if int(name[1:]) % 7 == user]
        assert own == sorted(own)
    async with Publisher(KafkaConnection(kafka_broker, topic_prefix="nothing"), "/test", ack_timeout_s=1) as publisher:
        with pytest.raises(KafkaAway):
            await publisher.send(feedback(1), NOW)
