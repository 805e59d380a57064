"""The runner's way to Kafka, on the embedded broker and on Apache Kafka: nothing is lost, read twice or written by a zombie."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions
from runner_fakes import START, command, correction, request, retraction, serving

from gpu_runner.errors import BrokenLog, JobRefused, LeaseLost, NotConnected
from gpu_runner.event_log.read_model import ReadModel
from gpu_runner.event_log.session import KafkaChannel, kafka_channel
from gpu_runner.event_log.withdrawals import Erasure
from gpu_runner.hyperparameters import resolve
from gpu_runner.jobs import state as jobs
from gpu_runner.jobs.leased_samples import KafkaSamples, settle
from gpu_runner.settings import RunnerSettings
from ops.stack.brokers.embedded import EmbeddedBroker
from ops.topic_contract import apply
from ops.topic_reader import records
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.transaction import partition_of
from schemas import dead_letter, topics
from schemas.catalogue import Event
from schemas.envelope import encode
from schemas.events.retrain_requested import LeasedBatch
from schemas.events.sample_collected import SampleCollected
from schemas.events.user_erased import UserErased
from schemas.fields import Hyperparameters, SampleRef
from schemas.identity import batch_sha256

KNOBS = resolve(Hyperparameters(), RunnerSettings())


def now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


@pytest.fixture(params=[pytest.param("embedded", marks=pytest.mark.embedded), pytest.param("kafka", marks=pytest.mark.kafka)])
async def connection(request: pytest.FixtureRequest) -> KafkaConnection:
    """Fresh topics of the contract on one of the brokers."""
    prefix = f"t{uuid4().hex[:8]}"
    if request.param == "embedded":
        broker: EmbeddedBroker = request.getfixturevalue("embedded_broker")
        broker.create_topics({spec.name: spec.partitions for spec in topics.specs(prefix)})
        return KafkaConnection(broker.bootstrap_servers, prefix, embedded=True)
    found = KafkaConnection(request.getfixturevalue("kafka_broker"), prefix)
    await asyncio.to_thread(apply, found, topics.specs(prefix))
    return found


@pytest.fixture
async def send(connection: KafkaConnection) -> AsyncIterator[Callable[..., object]]:
    """Sends events, or raw bytes to a topic, and returns (partition, offset)."""
    producer = AIOKafkaProducer(**connection.producer_options())
    await producer.start()

    async def one(event: Event | bytes, topic: str = "", at: datetime = START) -> tuple[int, int]:
        if isinstance(event, bytes):
            sent = await producer.send_and_wait(connection.topic(topic), event, key=b"tiny")
        else:
            record = encode(event, source="/test", time=at)
            sent = await producer.send_and_wait(connection.topic(event.TOPIC), record.value, key=record.key, headers=list(record.headers))
        return sent.partition, sent.offset

    yield one
    await producer.stop()


async def restored(connection: KafkaConnection) -> tuple[KafkaChannel, ReadModel]:
    """An open channel and what it restored."""
    channel, read_model = kafka_channel(connection, f"{connection.topic_prefix}-runner", now), ReadModel()
    await channel.open(read_model)
    return channel, read_model


async def test_what_one_session_wrote_the_next_restores(connection: KafkaConnection, send: Callable[..., object]) -> None:
    """Own events and requests come back; later requests are polled, own events are not read again."""
    await send(command())
    channel, read_model = await restored(connection)
    assert [one.command_id for one in read_model.new_commands()] == ["cmd-1"]
    accepted = jobs.accept(command(), None, version="v1", hyperparameters=KNOBS, now=START)
    await channel.write([accepted, serving()])
    await channel.close()
    channel, read_model = await restored(connection)
    assert (read_model.jobs["cmd-1"], read_model.current["tiny"], read_model.new_commands()) == (accepted, serving(), [])
    await send(request("rollback"))
    polled: list[object] = []
    while not polled:
        polled += await channel.poll(1)
    assert polled == [request("rollback")]
    assert list(await channel.poll(0.2)) == []
    assert await channel.latency_ms() >= 0
    await channel.close()


async def polled_until_refused(channel: KafkaChannel) -> None:
    """Polls until that raises: the cluster's metadata may lag."""
    while True:
        await channel.poll(0.1)


@pytest.mark.kafka
async def test_k1_topics_that_became_others_are_read_again(kafka_broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Partitions added to a topic that the runner reads, or a topic made anew, end the session; the next reads all that there is, and
    the runner's own events go to the partitions in use."""
    monkeypatch.setattr("gpu_runner.event_log.reader.LOOK_EVERY_S", 0.0)
    connection = KafkaConnection(kafka_broker, f"t{uuid4().hex[:8]}")
    await asyncio.to_thread(apply, connection, topics.specs(connection.topic_prefix))
    requests, current = connection.topic(topics.RETRAIN_REQUESTED), connection.topic(topics.MODEL_CURRENT)
    admin = AdminClient(connection.librdkafka_options())
    channel, _ = await restored(connection)
    for future in admin.create_partitions([NewPartitions(requests, 6), NewPartitions(current, 9)]).values():
        future.result(30)
    with pytest.raises(NotConnected, match="has other partitions than before"):
        await polled_until_refused(channel)
    await channel.close()
    producer = AIOKafkaProducer(**connection.producer_options())
    await producer.start()
    wire = encode(command(), source="stage2", time=START)
    await producer.send_and_wait(requests, wire.value, key=wire.key, partition=5, headers=list(wire.headers))
    await producer.stop()
    channel, read_model = await restored(connection)
    assert [one.command_id for one in read_model.new_commands()] == ["cmd-1"]
    await channel.write([serving()])
    found = [record.partition async for record in records(connection, [current])]
    assert found == [partition_of(b"tiny", topics.MODEL_PARTITIONS)]
    admin.delete_topics([requests])[requests].result(30)
    with pytest.raises(NotConnected, match="was made anew"):
        await polled_until_refused(channel)
    await channel.close()


async def test_an_unreadable_command_becomes_one_dead_letter(connection: KafkaConnection, send: Callable[..., object]) -> None:
    """With its original bytes, and only once, however often the runner starts."""
    partition, offset = await send(b"{not json", topics.RETRAIN_REQUESTED)  # type: ignore[misc]
    for _ in range(2):
        channel, read_model = await restored(connection)
        await channel.close()
        assert read_model.new_commands() == []
    place = TopicPartition(connection.dead_letters(topics.RETRAIN_REQUESTED), 0)
    consumer = AIOKafkaConsumer(**connection.consumer_options())
    await consumer.start()
    consumer.assign([place])
    consumer.seek(place, 0)
    end = (await consumer.end_offsets([place]))[place]
    letters = []
    while await consumer.position(place) < end:
        for found in (await consumer.getmany(timeout_ms=200)).values():
            letters += [dead_letter.read(record.key, record.value, record.headers) for record in found]
    await consumer.stop()
    assert [(one.value, one.partition, one.offset, one.reader) for one in letters] == [(b"{not json", partition, offset, "gpu_runner")]


async def test_leased_samples_are_read_by_reference(connection: KafkaConnection, send: Callable[..., object]) -> None:
    """Those that were retracted or whose user was erased drop out and are counted, by what the channel restored."""
    places = [await send(correction(number)) for number in range(4)]  # type: ignore[misc]
    samples = [correction(number) for number in range(4)]
    refs = tuple(
        SampleRef(sample_id=sample.sample_id, revision=0, partition=partition, offset=offset)
        for sample, (partition, offset) in zip(samples, places, strict=True)
    )
    await send(samples[1].model_copy(update={"revision": 1, "retracted": True}))
    await send(UserErased(user_hash=str(samples[2].user_hash), actor="asha"), at=START + timedelta(hours=1))
    batch = LeasedBatch(number=1, sha256=batch_sha256(refs, ()), samples=refs)
    reader = KafkaSamples(connection)
    channel, read_model = await restored(connection)
    await channel.close()
    leased = settle(batch, await reader.read(batch), read_model.withdrawals)
    assert leased.samples == (samples[0], samples[3])
    assert dict(leased.dropped) == {"retracted": 1, "erased": 1}
    missing = refs[3].model_copy(update={"offset": 900})
    rest = LeasedBatch(number=2, sha256=batch_sha256((refs[0], missing), ()), samples=(refs[0], missing))
    assert dict(settle(rest, await reader.read(rest), read_model.withdrawals).dropped) == {"expired": 1}
    with pytest.raises(JobRefused, match="does not have its stated sha256"):
        await reader.read(batch.model_copy(update={"sha256": "0" * 64}))


async def test_an_empty_batch_is_read(connection: KafkaConnection) -> None:
    """A person's run on a data set of its own leases nothing: there is nothing to read, and nothing fails."""
    assert await KafkaSamples(connection).read(LeasedBatch(number=1, sha256=batch_sha256((), ()))) == {}


async def test_retractions_and_erasures_are_followed(connection: KafkaConnection, send: Callable[..., object]) -> None:
    """Those from before the session are restored, later ones are polled, with their times; other samples are passed over."""
    samples = [correction(number) for number in range(4)]
    words = samples[3].model_copy(update={"query": '{"retracted":true}', "response": '\\"retracted\\":true'})
    await send(samples[0].model_copy(update={"revision": 2, "retracted": True}))
    await send(UserErased(user_hash=str(samples[1].user_hash), actor="asha"), at=START + timedelta(hours=1))
    await send(words)
    channel, read_model = await restored(connection)
    assert read_model.withdrawals.retracted == {("tiny", samples[0].sample_id): 2}
    assert read_model.withdrawals.erased == {samples[1].user_hash: START + timedelta(hours=1)}
    await send(words)
    await send(samples[2].model_copy(update={"retracted": True}))
    await send(UserErased(user_hash=str(samples[2].user_hash), actor="asha"), at=START + timedelta(hours=2))
    polled: list[object] = []
    while len(polled) < 2:
        polled += await channel.poll(1)
    assert set(polled) == {retraction(samples[2]), Erasure(str(samples[2].user_hash), START + timedelta(hours=2))}
    await channel.close()


async def test_a_reference_to_another_record_is_refused(connection: KafkaConnection, send: Callable[..., object]) -> None:
    """A batch is what the decision was made on, or nothing."""
    partition, offset = await send(correction(1))  # type: ignore[misc]
    refs = (SampleRef(sample_id=correction(2).sample_id, revision=0, partition=partition, offset=offset),)
    batch = LeasedBatch(number=1, sha256=batch_sha256(refs, ()), samples=refs)
    found = await KafkaSamples(connection).read(batch)
    with pytest.raises(JobRefused, match="is not the leased sample"):
        settle(batch, found, ReadModel().withdrawals)


async def test_a_missing_topic_is_named(embedded_broker: EmbeddedBroker) -> None:
    """An installation whose topics were never made says which command makes them."""
    connection = KafkaConnection(embedded_broker.bootstrap_servers, f"t{uuid4().hex[:8]}", embedded=True)
    channel = kafka_channel(connection, "x", now)
    with pytest.raises(NotConnected, match="abhyas topics apply"):
        await channel.open(ReadModel())
    await channel.close()


async def test_a_dropped_record_of_the_embedded_broker_is_fatal(embedded_broker: EmbeddedBroker) -> None:
    """Nothing compacts there: a runner that can't see every job would run one again."""
    prefix = f"t{uuid4().hex[:8]}"
    embedded_broker.create_topics({spec.name: spec.partitions for spec in topics.specs(prefix)})
    connection = KafkaConnection(embedded_broker.bootstrap_servers, prefix, embedded=True)
    producer = AIOKafkaProducer(**(connection.producer_options() | {"compression_type": None}))
    await producer.start()
    for _ in range(9):
        await producer.send_and_wait(connection.topic(topics.TRAINING_STATE), b"x" * 900_000, partition=0)
    await producer.stop()
    channel = kafka_channel(connection, f"{prefix}-runner", now)
    with pytest.raises(BrokenLog, match="has dropped records"):
        await channel.open(ReadModel())
    await channel.close()


async def test_a_broker_that_is_away_is_said_to_be_away() -> None:
    """The service starts without it and tries again."""
    channel = kafka_channel(KafkaConnection("127.0.0.1:9"), "x", now)
    with pytest.raises(NotConnected, match=r"127\.0\.0\.1:9 can't be reached"):
        await channel.open(ReadModel())
    await channel.close()


@pytest.mark.kafka
async def test_a_replaced_runner_can_not_write(kafka_broker: str) -> None:
    """On Apache Kafka the second writer of a transactional id fences the first."""
    connection = KafkaConnection(kafka_broker, f"t{uuid4().hex[:8]}")
    await asyncio.to_thread(apply, connection, topics.specs(connection.topic_prefix))
    first, second = (kafka_channel(connection, f"{connection.topic_prefix}-runner", now) for _ in range(2))
    await first.open(ReadModel())
    await first.write([serving()])
    await second.open(ReadModel())
    with pytest.raises(LeaseLost, match="another runner"):
        await first.write([serving(version="v1")])
    await second.write([serving(version="v2")])
    for channel in (first, second):
        await channel.close()
    # aiokafka leaves a future with the error behind. Collected while pytest parses a file, its log would break the parser of Python 3.11.7.
    del channel, first, second
    gc.collect()


def test_samples_of_the_fake_are_of_the_contract() -> None:
    """The tests' samples are what stage 1 writes."""
    assert SampleCollected.model_validate_json(correction(3).model_dump_json()) == correction(3)
