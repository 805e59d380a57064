"""From publish to `retrain.requested` at a steady rate, both stages and the ticker in one consumers process, as `abhyas up` runs them.

Many bootstrapped models, no cool-down, no runner: a model's first batch fires one command and stays leased. A command's latency runs
from the publish of the last of its batch's samples to its arrival at a consumer of the bench.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bench.stream.broker import Bench
from bench.stream.consumers_process import consumers
from bench.stream.events import SOURCE, Stream
from bench.stream.figures import Figure
from bench.stream.usage import percentile
from producers.publisher import LINGER_MS
from runtime.kafka.connection import KafkaConnection
from schemas import topics
from schemas.envelope import encode
from schemas.events.model_current import ModelCurrent
from schemas.identity import sample_id

THRESHOLD: Final = 5
SLICE_S: Final = 0.01
# After the last event: nothing that takes longer is a latency worth waiting for.
TAIL_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Latencies:
    """Seconds of each command, and how the events were published."""

    seconds: tuple[float, ...]
    models: int
    events: int
    publish_seconds: float


def measure_latency(bench: Bench, *, models: int, rate: int, seconds: float) -> Latencies:
    """Publishes `rate` events a second for `seconds` about `models` models and follows their commands."""
    connection = bench.installation()
    names = tuple(f"model-{number:05d}" for number in range(models))
    asyncio.run(_bootstrap(connection, names))
    knobs = {
        "RETRAIN_TRIGGER_THRESHOLD": str(THRESHOLD),
        "RETRAIN_COOL_DOWN_MINUTES": "0",
        "BATCH_MIN_USERS": "1",
        "BATCH_MAX_PER_USER": str(THRESHOLD),
        "HOLDOUT_PERCENT": "0",
    }
    with consumers(bench, connection, ["consumers"], **knobs) as running:
        running.until_ready()
        found = asyncio.run(_follow(connection, names, rate, seconds))
    bench.remove(connection)
    return found


def figures(found: Latencies, rate: int) -> list[Figure]:
    """The lines of the table."""
    how = (
        f"{found.events:,} events at {rate:,}/s over {found.models:,} models, threshold {THRESHOLD}, cool-down 0, no runner; "
        "publish of the batch's last sample to the command's arrival"
    )
    return [
        Figure("publish → command: commands", len(found.seconds), "", how, at_least=1_000),
        Figure("publish → command: p50", percentile(found.seconds, 0.5) * 1e3, "ms", how),
        Figure("publish → command: p99", percentile(found.seconds, 0.99) * 1e3, "ms", how, at_most=250),
        Figure("publish → command: longest", max(found.seconds, default=0.0) * 1e3, "ms", how),
        Figure("publish → command: rate kept", found.events / found.publish_seconds, "1/s", "what the bench's own producer came to"),
    ]


async def _bootstrap(connection: KafkaConnection, models: tuple[str, ...]) -> None:
    producer = AIOKafkaProducer(**connection.producer_options())
    await producer.start()
    now = datetime.now(UTC)
    try:
        for model in models:
            serving = ModelCurrent(
                model=model, version="v0", artifact_uri=f"base/{model}", artifact_sha256="0" * 64, cause="bootstrap",
                decision_id=f"bootstrap-{model}", base_model=model, holdout_key_id="0" * 8, holdout_percent=0, since=now,
            )  # fmt: skip
            record = encode(serving, source="abhyas/bench", time=now)
            await producer.send(connection.topic(topics.MODEL_CURRENT), record.value, key=record.key, headers=list(record.headers))
        await producer.flush()
    finally:
        await producer.stop()


async def _follow(connection: KafkaConnection, models: tuple[str, ...], rate: int, seconds: float) -> Latencies:
    arrived: dict[str, tuple[float, list[str]]] = {}
    following = asyncio.create_task(_commands(connection, arrived))
    # A few ticks first: without one the trigger does not know what time it is.
    await asyncio.sleep(3)
    published: dict[str, float] = {}
    began = time.perf_counter()
    await _publish_steadily(connection, Stream(int(rate * seconds), datetime.now(UTC), models=models), rate, published)
    took = time.perf_counter() - began
    deadline = time.perf_counter() + TAIL_S
    while time.perf_counter() < deadline and len(arrived) < len(models):  # noqa: ASYNC110 - the models that never fire set no event
        await asyncio.sleep(0.2)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    waited = [at - max(published[sample] for sample in samples) for at, samples in arrived.values()]
    return Latencies(tuple(waited), len(models), int(rate * seconds), took)


async def _publish_steadily(connection: KafkaConnection, stream: Stream, rate: int, published: dict[str, float]) -> None:
    """Every 10 ms what is due by then."""
    producer = AIOKafkaProducer(**connection.producer_options(), linger_ms=LINGER_MS)
    await producer.start()
    topic = connection.topic(topics.FEEDBACK_SUBMITTED)
    records = stream.records()
    began, sent, slices = time.perf_counter(), 0, 0
    try:
        while sent < stream.count:
            now = time.perf_counter()
            due = min(stream.count, int((now - began) * rate) + 1)
            slices += 1
            for _ in range(due - sent):
                wire = next(records)
                feedback_id = dict(wire.headers)["ce_id"].decode().rpartition(":")[0]
                published[sample_id("feedback", SOURCE, feedback_id, wire.key.decode())] = time.perf_counter()
                await producer.send(topic, wire.value, key=wire.key, partition=wire.partition, headers=list(wire.headers))
            sent = due
            await asyncio.sleep(max(0.0, began + (slices * SLICE_S) - time.perf_counter()))
        await producer.flush()
    finally:
        await producer.stop()


async def _commands(connection: KafkaConnection, arrived: dict[str, tuple[float, list[str]]]) -> None:
    """Keeps the arrival time and the samples of the first command of each model."""
    consumer = AIOKafkaConsumer(**connection.consumer_options())
    await consumer.start()
    try:
        consumer.assign([TopicPartition(connection.topic(topics.RETRAIN_REQUESTED), p) for p in range(topics.MODEL_PARTITIONS)])
        await consumer.seek_to_beginning()
        while True:
            fetched: dict[Any, list[Any]] = await consumer.getmany(timeout_ms=1000)
            now = time.perf_counter()
            for records in fetched.values():
                for record in records:
                    command = json.loads(record.value)
                    arrived.setdefault(command["model"], (now, [sample["sample_id"] for sample in command["batch"]["samples"]]))
    finally:
        await consumer.stop()
