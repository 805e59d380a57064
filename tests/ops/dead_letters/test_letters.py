"""Dead letters are listed, shown as they came, and counted."""

from __future__ import annotations

from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord

from ops.dead_letters.letters import dead_letter_topics, list_dead_letters, show_dead_letter
from ops.stack.brokers.embedded import EmbeddedBroker
from runtime.kafka.connection import KafkaConnection
from schemas import topics
from schemas.dead_letter import MALFORMED, TOO_LARGE, DeadLetter

FEEDBACK_LETTERS = topics.FEEDBACK_SUBMITTED + ".dlq"


@pytest.fixture
async def connection(embedded_broker: EmbeddedBroker) -> KafkaConnection:
    """Two letters from feedback (one of 1.5 MB), one from documents, and a record that is no dead letter."""
    prefix = f"t{uuid4().hex[:8]}"
    connection = KafkaConnection(embedded_broker.bootstrap_servers, topic_prefix=prefix, embedded=True)
    embedded_broker.create_topics(dict.fromkeys(dead_letter_topics(connection), 1))
    feedback, documents = connection.topic(topics.FEEDBACK_SUBMITTED), connection.topic(topics.DOCUMENT_INGESTED)
    letters = [
        DeadLetter.of(
            ConsumerRecord(feedback, 3, 41, 0, 0, b"k", b"\xff{", None, 1, 2, (("ce_id", b"1"),)), reason=MALFORMED, detail="d1", reader="s"
        ),
        DeadLetter.of(
            ConsumerRecord(feedback, 4, 42, 0, 0, None, b"x" * 1_500_000, None, 0, 0, ()), reason=TOO_LARGE, detail="d2", reader="s"
        ),
        DeadLetter.of(ConsumerRecord(documents, 0, 7, 0, 0, b"doc", None, None, 3, 0, ()), reason=MALFORMED, detail="d3", reader="s"),
    ]
    producer = AIOKafkaProducer(**connection.producer_options())
    await producer.start()
    for letter in letters:
        record = letter.to_record()
        await producer.send_and_wait(letter.topic + topics.DLQ_SUFFIX, record.value, key=record.key, headers=list(record.headers))
    await producer.send_and_wait(connection.dead_letters(topics.DOCUMENT_INGESTED), b"someone else's")
    await producer.stop()
    return connection


async def test_all_letters_are_listed_newest_last(connection: KafkaConnection) -> None:
    """Origin, reason, reader and size of each; what is no dead letter is shown as unreadable, not left out."""
    rows = await list_dead_letters(connection)
    assert sorted(
        (row.reason, row.topic.removeprefix(connection.topic_prefix), row.partition, row.offset, row.size_bytes) for row in rows
    ) == [
        (MALFORMED, ".document.ingested.v1", 0, 7, 3),
        (MALFORMED, ".feedback.submitted.v1", 3, 41, 3),
        (TOO_LARGE, ".feedback.submitted.v1", 4, 42, 1_500_000),
        ("unreadable", ".document.ingested.v1", -1, -1, 14),
    ]
    assert [row.at for row in rows] == sorted(row.at for row in rows)
    assert rows[-1].reason == "unreadable"
    assert await list_dead_letters(connection, limit=1) == rows[-1:]


@pytest.mark.parametrize("name", [FEEDBACK_LETTERS, topics.FEEDBACK_SUBMITTED, "full"])
async def test_one_letter_is_shown_as_it_came(connection: KafkaConnection, name: str) -> None:
    """Original key, value and headers, the topic by any of its names."""
    topic = connection.dead_letters(topics.FEEDBACK_SUBMITTED) if name == "full" else name
    content = await show_dead_letter(connection, topic, 0, 0)
    assert (content.key, content.value, content.headers) == (b"k", b"\xff{", (("ce_id", b"1"),))
    assert (content.row.detail, content.row.offset) == ("d1", 41)
    large = await show_dead_letter(connection, topic, 0, 1)
    assert large.value == b"x" * 1_500_000


@pytest.mark.parametrize(
    ("topic", "partition", "offset", "message"),
    [
        ("nothing.v1", 0, 0, "nothing.v1.dlq does not exist"),
        (FEEDBACK_LETTERS, 5, 0, "has no partition 5: it has 1"),
        (FEEDBACK_LETTERS, 0, 9, "no record at offset 9, it holds 0 to 1"),
    ],
)
async def test_a_letter_that_is_not_there_is_said(
    connection: KafkaConnection, topic: str, partition: int, offset: int, message: str
) -> None:
    """LookupError names what was looked for and what there is."""
    with pytest.raises(LookupError, match=message):
        await show_dead_letter(connection, topic, partition, offset)


async def test_topics_that_do_not_exist_hold_no_letters(embedded_broker: EmbeddedBroker) -> None:
    """A cluster without the contract's topics has an empty list, not an error."""
    connection = KafkaConnection(embedded_broker.bootstrap_servers, topic_prefix=f"t{uuid4().hex[:8]}", embedded=True)
    assert await list_dead_letters(connection) == ()
