"""Builders of the records that the consumers' tests feed, wire form included."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from hypothesis import settings

from consumers.collect.policy import IntakePolicy
from consumers.decide.trigger_state import TriggerPolicy
from consumers.drift.baseline.fit import Baseline, fit_baseline
from consumers.records import Effects, InputRecord
from ops.stack.brokers.embedded import EmbeddedBroker
from ops.topic_contract import apply
from runtime.kafka.connection import KafkaConnection
from schemas import envelope, topics
from schemas.catalogue import Event
from schemas.events.clock_ticked import ClockTicked
from schemas.events.document_ingested import DocumentIngested
from schemas.events.feedback_submitted import FeedbackSubmitted
from schemas.events.model_current import ModelCurrent
from schemas.events.operator_requested import OperatorRequested
from schemas.events.retrain_requested import LeasedBatch, RetrainRequested
from schemas.events.sample_collected import SampleCollected
from schemas.events.signal_summarised import SignalSummarised
from schemas.events.training_state import TrainingState
from schemas.events.user_erased import UserErased
from schemas.fields import Provenance
from schemas.rating import Rating, normalise
from tests.consumers import policies
from tests.consumers.drift.conftest import made_documents

# The first example that makes a detector imports river, and the machine is shared: a deadline would tell of that alone.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

START = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
MODEL = "tiny-llama"


class Build:
    """Events with sensible fields, and records of them; every method takes what a test wants to differ."""

    start = START
    model = MODEL

    def record(
        self, event: Event, *, partition: int = 0, offset: int = 0, source: str = "chat", time: datetime = START, history: bool = False,
        traceparent: str | None = None,
    ) -> InputRecord:  # fmt: skip
        wire = envelope.encode(event, source=source, time=time, traceparent=traceparent, history=history)
        return InputRecord(event.TOPIC, partition, offset, wire.key, wire.value, wire.headers, round(time.timestamp() * 1000))

    def feedback(self, name: str = "f1", *, stars: float | None = 1, **fields: Any) -> FeedbackSubmitted:
        rating = None if stars is None else Rating(scale="stars_1_5", value=float(stars), score=normalise("stars_1_5", stars))
        said: dict[str, Any] = {"feedback_id": name, "query": f"ताजमहल कहाँ है? {name}", "response": "पता नहीं", "rating": rating}
        return FeedbackSubmitted(**(said | fields))

    def document(self, name: str = "d1", text: str = "ताजमहल आगरा में है।", **fields: Any) -> DocumentIngested:
        return DocumentIngested(doc_id=name, text=text, sha256=hashlib.sha256(text.encode()).hexdigest(), **fields)

    def sample(self, name: str, *, negative: bool = True, document: bool = False, **fields: Any) -> SampleCollected:
        given: dict[str, Any] = {
            "sample_id": hashlib.sha256(name.encode()).hexdigest(),
            "kind": "document" if document else "feedback",
            "revision": 0,
            "model": MODEL,
            "occurred_at": START,
            "source": "chat",
            "provenance": Provenance(topic=topics.FEEDBACK_SUBMITTED, partition=0, offset=0),
            "group": name,
            "negative": negative and not document,
        }
        return SampleCollected(**(given | fields))

    def summary(
        self, day_shift: int = 0, *, sequence: int = 1, kind: str = "feedback", partition: int = 0, **counts: int
    ) -> SignalSummarised:
        day = (START + timedelta(days=day_shift)).date()
        return SignalSummarised(
            model=MODEL,
            input="feedback" if kind == "feedback" else "document",
            partition=partition,
            event_day=day,
            sequence=sequence,
            counts=counts,
        )

    def serving(self, version: str = "v0", cause: str = "bootstrap", **fields: Any) -> ModelCurrent:
        given: dict[str, Any] = {
            "model": MODEL,
            "version": version,
            "artifact_uri": "base/tiny-llama",
            "artifact_sha256": "0" * 64,
            "cause": cause,
            "decision_id": f"decision-{version}",
            "base_model": "abhyas/tiny-llama",
            "holdout_key_id": "0" * 8,
            "holdout_percent": 10,
            "since": START,
        }
        return ModelCurrent(**(given | fields))

    def tick(self, seconds: float = 0) -> ClockTicked:
        return ClockTicked(now=START + timedelta(seconds=seconds), interval_s=10)

    def request(self, action: str, request_id: str = "r1", **fields: Any) -> OperatorRequested:
        given: dict[str, Any] = {"request_id": request_id, "action": action, "model": MODEL, "actor": "asha"}
        return OperatorRequested(**(given | fields))

    def job(self, job_id: str, *, attempt: int = 1, outcome: str | None = "promoted", **fields: Any) -> TrainingState:
        batch = LeasedBatch(number=1, sha256="0" * 64)
        command = RetrainRequested(
            command_id=job_id, attempt=attempt, model=MODEL, serving_version="v0", requested_at=START, rules=("count",), batch=batch
        )
        given: dict[str, Any] = {
            "job_id": job_id,
            "model": MODEL,
            "attempt": attempt,
            "version": "v1",
            "phase": "ended" if outcome else "training",
            "outcome": outcome,
            "command": command,
            "accepted_at": START,
            "updated_at": START,
        }
        return TrainingState(**(given | fields))

    def intake_policy(self, **fields: Any) -> IntakePolicy:
        return policies.intake_policy(**({"default_model": MODEL} | fields))

    def trigger_policy(self, **fields: Any) -> TriggerPolicy:
        # One contributor may speak for all, and one correction is enough, but where a test says otherwise.
        return policies.trigger_policy(**({"threshold": 3, "min_trainable": 1, "max_per_user": 10**6, "min_users": 1} | fields))

    def erasure(self, user_hash: str) -> UserErased:
        return UserErased(user_hash=user_hash, actor="asha")

    def emitted(self, effects: Effects, kind: type[Any]) -> list[Any]:
        """The events of a kind, those of the hot path read from their wire form as any reader of the contract does."""
        plain = [emitted.event for emitted in effects.events if isinstance(emitted.event, kind)]
        return plain + [envelope.decode(record.value, record.headers, kind)[1] for record in effects.encoded if record.topic == kind.TOPIC]


@pytest.fixture(scope="session")
def build() -> Build:
    """The builders; they hold nothing, so one serves the whole session."""
    return Build()


@pytest.fixture(scope="session")
def small_baseline() -> Baseline:
    """A drift baseline of 4,000 documents, its thresholds from 40 streams."""
    return fit_baseline(made_documents(4_000, 1), seed=1, streams=40, documents_a_day=2_000)


class Topics:
    """One installation of its own on a broker: publishes events and reads topics to their end."""

    def __init__(self, connection: KafkaConnection) -> None:
        self.connection = connection
        self._producer: AIOKafkaProducer | None = None

    async def send(self, *events: Event, source: str = "chat", time: datetime = START) -> None:
        """Publishes events and waits until the broker has them."""
        producer = await self.producer()
        wires = [(event.TOPIC, envelope.encode(event, source=source, time=time)) for event in events]
        sent = [
            await producer.send(self.connection.topic(topic), wire.value, key=wire.key, headers=list(wire.headers)) for topic, wire in wires
        ]
        await asyncio.gather(*sent)

    async def send_raw(self, name: str, value: bytes, key: bytes = b"k", headers: tuple[tuple[str, bytes | None], ...] = ()) -> None:
        """Publishes bytes as they are."""
        await (await self.producer()).send_and_wait(self.connection.topic(name), value, key=key, headers=list(headers))

    async def producer(self) -> AIOKafkaProducer:
        """A plain idempotent producer, made at first use."""
        if self._producer is None:
            self._producer = AIOKafkaProducer(**self.connection.producer_options())
            await self._producer.start()
        return self._producer

    async def read(self, full_name: str) -> list[Any]:
        """Every committed record of a topic, by partition and offset."""
        consumer = AIOKafkaConsumer(**self.connection.consumer_options())
        await consumer.start()
        try:
            partitions = next(spec.partitions for spec in topics.specs(self.connection.topic_prefix) if spec.name == full_name)
            assigned = [TopicPartition(full_name, partition) for partition in range(partitions)]
            consumer.assign(assigned)
            await consumer.seek_to_beginning(*assigned)
            ends = await consumer.end_offsets(assigned)
            records: list[Any] = []
            while any([await consumer.position(tp) < ends[tp] for tp in assigned]):
                for found in (await consumer.getmany(timeout_ms=200)).values():
                    records += found
            return sorted(records, key=lambda record: (record.partition, record.offset))
        finally:
            await consumer.stop()

    async def events(self, name: str) -> list[dict[str, Any]]:
        """The JSON of every committed event of a topic of the contract."""
        return [json.loads(record.value) for record in await self.read(self.connection.topic(name))]

    async def close(self) -> None:
        if self._producer is not None:
            await self._producer.stop()


class Consumers:
    """`python -m consumers` as a child process."""

    def __init__(self, connection: KafkaConnection, log: Path, *roles: str, **environment: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = log
        self.connection = connection
        self.roles = roles
        self.environment = environment
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        settings = {
            "KAFKA_BOOTSTRAP_SERVERS": self.connection.bootstrap_servers,
            "KAFKA_EMBEDDED": str(self.connection.embedded),
            "TOPIC_PREFIX": self.connection.topic_prefix,
            "HOLDOUT_KEY": "a key",
            "HOLDOUT_PERCENT": "0",
            "DEFAULT_MODEL": MODEL,
            "RETRAIN_TRIGGER_THRESHOLD": "10",
            "BATCH_MAX_PER_USER": "1000000",
            "BATCH_MIN_USERS": "1",
            "TICK_INTERVAL_S": "0.3",
            "CONSUMERS_PORT": str(self.port),
            "DATA_DIR": str(self.log.with_suffix(".data")),
        }
        if self.connection.embedded:
            settings |= {"STAGE1_SHARDS": "1", "STAGE2_SHARDS": "1"}  # as `abhyas up` does
        with self.log.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "consumers", *self.roles], env=os.environ | settings | self.environment, stderr=file, stdout=file
            )

    def get(self, path: str) -> tuple[int, Any]:
        """Status and JSON of an endpoint; (0, None) while nobody listens."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, json.load(answer) if path != "/metrics" else answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except OSError:
            return 0, None

    async def until(self, holds: Callable[[], bool], timeout_s: float = 60) -> None:
        """Waits until something holds; tells the end of the log where it does not."""
        give_up = time.monotonic() + timeout_s
        while not await asyncio.to_thread(holds):
            if time.monotonic() > give_up or (self.process is not None and self.process.poll() is not None):
                raise AssertionError(f"consumers did not get there:\n{self.log.read_text()[-3000:]}")
            await asyncio.sleep(0.05)

    async def ready(self) -> None:
        await self.until(lambda: self.get("/ready")[0] == 200)

    async def ticked(self) -> None:
        """Waits until the model of the tests knows the time: from then on the threshold fires at once."""
        await self.until(lambda: self.model().get("last_tick") is not None)

    def model(self) -> dict[str, Any]:
        """The standing of the tests' model, empty before its first event."""
        return dict(self.state().get("models", {}).get(MODEL, {}))

    def state(self) -> dict[str, Any]:
        return dict(self.get("/state")[1] or {})

    def kill(self) -> None:
        """SIGKILL, as `kill -9`."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> tuple[int, float]:
        """SIGTERM; the exit code and how many seconds it took."""
        assert self.process is not None
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20), time.monotonic() - started


@pytest.fixture
async def embedded_topics(embedded_broker: EmbeddedBroker) -> AsyncIterator[Topics]:
    """An installation of its own on the embedded broker."""
    prefix = f"t{uuid4().hex[:8]}"
    embedded_broker.create_topics({spec.name: spec.partitions for spec in topics.specs(prefix)})
    made = Topics(KafkaConnection(embedded_broker.bootstrap_servers, topic_prefix=prefix, embedded=True))
    yield made
    await made.close()


@pytest.fixture
async def kafka_topics(kafka_broker: str) -> AsyncIterator[Topics]:
    """An installation of its own on Apache Kafka."""
    prefix = f"t{uuid4().hex[:8]}"
    made = Topics(KafkaConnection(kafka_broker, topic_prefix=prefix))
    apply(made.connection, topics.specs(prefix))
    yield made
    await made.close()


@pytest.fixture
def start_consumers(tmp_path: Path) -> Iterator[Callable[..., Consumers]]:
    """Starts `python -m consumers` on an installation; what still runs at the end of the test is killed."""
    started: list[Consumers] = []

    def start(connection: KafkaConnection, *roles: str, **environment: str) -> Consumers:
        consumers = Consumers(connection, tmp_path / f"consumers-{len(started)}.log", *roles, **environment)
        consumers.start()
        started.append(consumers)
        return consumers

    yield start
    for consumers in started:
        if consumers.process is not None and consumers.process.poll() is None:
            consumers.kill()
