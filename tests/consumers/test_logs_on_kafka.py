"""What lies where an offset points to, on Apache Kafka: markers, another topic, added partitions, open transactions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from confluent_kafka import TopicPartition as Place
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from ops.commands.topics.drain import drain
from ops.topic_contract import configuration
from producers.publisher import Publisher
from runtime.kafka.connection import KafkaConnection
from schemas import envelope, topics

Start = Callable[..., Any]
pytestmark = pytest.mark.kafka

# Every input that only transactions of ours write to, and feedback, which a redrive writes to.
INPUTS = (topics.FEEDBACK_SUBMITTED, topics.SAMPLE_COLLECTED, topics.SIGNAL_SUMMARISED)
# Stalls are told at once, so that no test waits for them.
STALL = {"STALL_SECONDS": "1"}


def empty(connection: KafkaConnection, *names: str) -> None:
    """What retention does in time: deletes every record of the topics, up to their ends."""
    admin = AdminClient(connection.librdkafka_options())
    counts = {spec.name: spec.partitions for spec in topics.specs(connection.topic_prefix)}
    places = [Place(connection.topic(name), number, -1) for name in names for number in range(counts[connection.topic(name)])]
    for future in admin.delete_records(places).values():
        future.result(30)


async def caught_up(consumers: Any, *names: str) -> None:
    """Waits until the written positions of the topics are where their logs end, markers included."""
    connection = consumers.connection
    counts = {spec.name: spec.partitions for spec in topics.specs(connection.topic_prefix)}
    by_place = {
        TopicPartition(connection.topic(name), number): (name, number) for name in names for number in range(counts[connection.topic(name)])
    }
    reader = AIOKafkaConsumer(**connection.consumer_options())
    await reader.start()
    try:
        for _ in range(600):
            ends = await reader.end_offsets(list(by_place))
            state = await asyncio.to_thread(consumers.state)
            told = {**state["stage1"].get("positions", {}), **state["stage2"].get("positions", {})}
            if all(told.get(name, {}).get(str(number)) == ends[place] for place, (name, number) in by_place.items()):
                return
            await asyncio.sleep(0.1)
    finally:
        await reader.stop()
    raise AssertionError(f"positions {told} do not get to the ends {ends}")


async def test_k1_retention_up_to_a_commit_marker_loses_nothing(build: Any, kafka_topics: Any, start_consumers: Start) -> None:
    """Feedback in, lag 0, every record of the inputs deleted, one more feedback: it is processed, and again after a stop."""
    connection = kafka_topics.connection
    consumers = start_consumers(connection)
    await consumers.ready()
    # As a redrive does: feedback in a transaction, so that a marker is the last thing in its partition.
    producer = AIOKafkaProducer(**connection.producer_options(), transactional_id=f"{connection.topic_prefix}-redrive")
    await producer.start()

    async def redriven(*names: str) -> None:
        async with producer.transaction():
            for name in names:
                wire = envelope.encode(build.feedback(name), source="chat", time=build.start)
                await producer.send(connection.topic(topics.FEEDBACK_SUBMITTED), wire.value, key=wire.key, headers=list(wire.headers))

    async def processed(count: int) -> None:
        await consumers.until(lambda: consumers.state().get("stage1", {}).get("processed") == count)
        await caught_up(consumers, *INPUTS)

    await redriven("f1", "f2", "f3")
    await processed(3)
    empty(connection, *INPUTS)
    await redriven("f4")
    await processed(4)
    empty(connection, *INPUTS)
    consumers.kill()
    consumers.start()
    await consumers.ready()
    await redriven("f5")
    await processed(5)
    assert len(await kafka_topics.events(topics.SAMPLE_COLLECTED)) == 1
    await producer.stop()
    assert consumers.stop()[0] == 0


async def test_k1_lost_records_are_allowed_for_one_start_only(build: Any, kafka_topics: Any, start_consumers: Start) -> None:
    """Records deleted unread refuse the start; after one with SKIP_LOST_RECORDS=true the new positions are written, though nothing came."""
    connection = kafka_topics.connection
    consumers = start_consumers(connection, "stage1")
    await consumers.ready()
    assert consumers.stop()[0] == 0
    await kafka_topics.send(*(build.feedback(f"f{number}") for number in range(20)))
    empty(connection, topics.FEEDBACK_SUBMITTED)
    consumers.start()
    assert await asyncio.to_thread(consumers.process.wait, 60) == 1
    assert "left the log before they were read" in consumers.log.read_text()
    consumers.environment = {"SKIP_LOST_RECORDS": "true"}
    consumers.start()
    await consumers.ready()
    consumers.kill()
    consumers.environment = {}
    consumers.start()
    await consumers.ready()
    await kafka_topics.send(build.feedback("new"))
    await consumers.until(lambda: consumers.state().get("stage1", {}).get("processed") == 1)


async def test_k1_a_topic_made_anew_is_told_and_read_from_its_beginning(build: Any, kafka_topics: Any, start_consumers: Start) -> None:
    """An input made anew under running consumers: not ready, named, nothing passed over; the restart refuses, then reads all of it."""
    connection = kafka_topics.connection
    consumers = start_consumers(connection, "stage1")
    await kafka_topics.send(*(build.feedback(f"f{number}") for number in range(200)))
    await consumers.until(lambda: consumers.state().get("stage1", {}).get("processed") == 200)
    feedback = connection.topic(topics.FEEDBACK_SUBMITTED)
    spec = next(spec for spec in topics.specs(connection.topic_prefix) if spec.name == feedback)
    admin = AdminClient(connection.librdkafka_options())
    admin.delete_topics([feedback])[feedback].result(30)
    made = False
    while not made:
        try:
            admin.create_topics([NewTopic(feedback, spec.partitions, 1, config=configuration(spec))])[feedback].result(30)
            made = True
        except Exception:
            await asyncio.sleep(0.2)
    await kafka_topics.close()
    kafka_topics._producer = None
    await kafka_topics.send(*(build.feedback(f"g{number}") for number in range(400)))
    await consumers.until(lambda: "was made anew" in str(consumers.get("/ready")[1]))
    status, said = consumers.get("/ready")
    assert status == 503
    assert feedback in str(said)
    await consumers.until(lambda: consumers.state()["lag_records"] == {"stage1": 400})
    assert 'abhyas_consumer_changed_topics{kind="made_anew"} 1.0' in consumers.get("/metrics")[1]
    passed = consumers.state()["stage1"]["processed"]
    consumers.kill()
    consumers.start()
    assert await asyncio.to_thread(consumers.process.wait, 60) == 1
    assert f"{feedback} was made anew" in consumers.log.read_text().splitlines()[-1]
    consumers.environment = {"SKIP_LOST_RECORDS": "true"}
    consumers.start()
    await consumers.until(lambda: consumers.state().get("stage1", {}).get("processed") == passed + 400)
    await caught_up(consumers, topics.FEEDBACK_SUBMITTED)
    samples = await kafka_topics.events(topics.SAMPLE_COLLECTED)
    assert len({sample["sample_id"] for sample in samples}) == len(samples) == 600
    consumers.kill()
    consumers.environment = {}
    consumers.start()
    await consumers.ready()


async def test_k1_another_producers_open_transaction_is_named(build: Any, kafka_topics: Any, start_consumers: Start) -> None:
    """Records behind another producer's open transaction are lag, and after STALL_SECONDS not ready: whose it is, and where."""
    connection = kafka_topics.connection
    consumers = start_consumers(connection, "stage1", **STALL)
    await consumers.ready()
    producer = AIOKafkaProducer(**connection.producer_options(), transactional_id=f"{connection.topic_prefix}-somebody")
    await producer.start()
    await producer.begin_transaction()
    wire = envelope.encode(build.feedback("held"), source="chat", time=build.start)
    where = await producer.send_and_wait(connection.topic(topics.FEEDBACK_SUBMITTED), wire.value, key=wire.key, headers=list(wire.headers))
    await kafka_topics.send(*(build.feedback("held", user_hash=None) for _ in range(12)))
    await consumers.until(lambda: consumers.get("/ready")[0] == 503)
    said = str(consumers.get("/ready")[1])
    assert f"{connection.topic(topics.FEEDBACK_SUBMITTED)} partition {where.partition}: 13 records wait" in said
    assert f"the open transaction of {connection.topic_prefix}-somebody" in said
    assert consumers.state()["lag_records"] == {"stage1": 13}
    await producer.commit_transaction()
    await producer.stop()
    await consumers.ready()
    assert consumers.state()["stage1"]["processed"] == 13


async def test_k1_records_in_added_partitions_are_told_and_brought_back(build: Any, kafka_topics: Any, start_consumers: Start) -> None:
    """8 → 12 partitions under running consumers: our publisher goes on with the 8; what others write beside them is told, refuses the
    start, and is brought to where it is read by `abhyas topics drain`: every event once, run twice too."""
    connection = kafka_topics.connection
    feedback = connection.topic(topics.FEEDBACK_SUBMITTED)
    consumers = start_consumers(connection, "stage1")
    await consumers.ready()
    admin = AdminClient(connection.librdkafka_options())
    admin.create_partitions([NewPartitions(feedback, 12)])[feedback].result(30)
    await asyncio.sleep(1)
    async with Publisher(connection, "chat") as publisher:
        for number in range(40):
            receipt = await publisher.send(build.feedback(f"ours{number}"), build.start)
            assert receipt.partition < 8
    await consumers.until(lambda: consumers.state().get("stage1", {}).get("processed") == 40)
    assert consumers.get("/ready")[0] == 200
    # A client that knows nothing of ours spreads keys over all of them.
    await kafka_topics.send(*(build.feedback(f"others{number}") for number in range(60)))
    await consumers.until(lambda: "12 partitions and the first 8 are read" in str(consumers.get("/ready")[1]))
    assert f"abhyas topics drain {feedback}" in str(consumers.get("/ready")[1])
    unread = consumers.state()["lag_records"]["stage1"]
    assert unread > 0
    assert consumers.stop()[0] == 0
    consumers.start()
    assert await asyncio.to_thread(consumers.process.wait, 60) == 1
    assert f"{unread} records lie in the others" in consumers.log.read_text().splitlines()[-1]
    assert (await drain(connection, feedback)).records == unread
    assert (await drain(connection, feedback)).records == 0
    consumers.start()
    await consumers.until(lambda: consumers.state().get("stage1", {}).get("processed") == 100)
    await consumers.ready()
    await caught_up(consumers, topics.FEEDBACK_SUBMITTED)
    samples = await kafka_topics.events(topics.SAMPLE_COLLECTED)
    assert len({sample["sample_id"] for sample in samples}) == len(samples) == 100


async def test_k1_old_state_takes_the_ids_of_now(build: Any, kafka_topics: Any, start_consumers: Start) -> None:
    """A changelog without topic ids, as releases before wrote it, adopts the present ones at its first start; they are kept then."""
    connection = kafka_topics.connection
    consumers = start_consumers(connection, "stage1")
    await kafka_topics.send(build.feedback("f1"))
    await consumers.until(lambda: consumers.state().get("stage1", {}).get("processed") == 1)
    assert consumers.stop()[0] == 0
    changelog = connection.topic(topics.STAGE1_CHANGELOG)
    producer = await kafka_topics.producer()
    key = f"i|{topics.FEEDBACK_SUBMITTED}".encode()

    async def kept() -> set[bytes | None]:
        newest = {record.partition: record.value for record in await kafka_topics.read(changelog) if record.key == key}
        assert len(newest) == topics.INPUT_PARTITIONS
        return set(newest.values())

    (topic_id,) = await kept()
    for number in range(topics.INPUT_PARTITIONS):
        await producer.send_and_wait(changelog, None, key=key, partition=number)
    assert await kept() == {None}
    consumers.start()
    await consumers.ready()
    assert consumers.state()["stage1"]["processed"] == 1
    assert await kept() == {topic_id}
