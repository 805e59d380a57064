"""What the runner's tests share: fakes of S3, Kafka and samples, a settable clock, and an installation that outlives its runners."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from consumers.drift.baseline.fit import FEWEST_DOCUMENTS, Baseline, BaselineDocument, BaselineTooSmall
from gpu_runner.child.process import child_environment
from gpu_runner.dataset.rows import EvaluationItem, TrainingRow, save_rows
from gpu_runner.errors import NotConnected
from gpu_runner.event_log.read_model import ReadModel
from gpu_runner.event_log.withdrawals import Erasure, Fact, Retraction
from gpu_runner.jobs.disk_room import DiskRoom
from gpu_runner.jobs.evaluation import EvaluationJobs
from gpu_runner.jobs.run import RunParts
from gpu_runner.jobs.workshop import LocalWorkshop
from gpu_runner.metrics import RunnerMetrics
from gpu_runner.settings import RunnerSettings
from gpu_runner.supervisor import Channel, Supervisor
from gpu_runner.versions.drift_baseline import Fit, fit
from runtime.artifacts.local import LocalStore
from schemas.catalogue import Event
from schemas.envelope import decode, encode
from schemas.events.model_current import ModelCurrent
from schemas.events.operator_requested import OperatorRequested
from schemas.events.retrain_requested import LeasedBatch, RetrainRequested
from schemas.events.sample_collected import SampleCollected
from schemas.events.training_state import TrainingState
from schemas.fields import Provenance, SampleRef
from schemas.identity import batch_sha256

START = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


class FakeClock:
    """A wall clock that moves when told."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at

    def pass_s(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class FakeTopics:
    """The topics as a list of records: what is written by one channel is restored by the next."""

    transactions: list[tuple[Event, ...]] = field(default_factory=list)
    requests: list[BaseModel | Fact] = field(default_factory=list)
    up: bool = True

    def events(self, kind: type[Any]) -> list[Any]:
        """Every written event of a kind, in order."""
        return [event for transaction in self.transactions for event in transaction if isinstance(event, kind)]


def weights_file(name: str) -> bytes:
    """A safetensors file without tensors, another one for every name."""
    header = json.dumps({"__metadata__": {"name": name}}).encode()
    return len(header).to_bytes(8, "little") + header


class FakeChannel:
    """A session over `FakeTopics`; every event makes the way over its wire form, as it does with Kafka."""

    def __init__(self, topics: FakeTopics) -> None:
        self._topics = topics
        self._read = 0
        self.closed = False

    async def open(self, read_model: ReadModel) -> None:
        self._check()
        for transaction in self._topics.transactions:
            for event in transaction:
                read_model.apply(_over_the_wire(event))
        for request in self._topics.requests:
            read_model.apply(request)
        self._read = len(self._topics.requests)

    async def close(self) -> None:
        self.closed = True

    async def poll(self, timeout_s: float) -> Sequence[BaseModel | Fact]:
        self._check()
        await asyncio.sleep(min(timeout_s, 0.01))
        new = self._topics.requests[self._read :]
        self._read += len(new)
        return new

    async def write(self, events: Sequence[Event]) -> None:
        self._check()
        for event in events:
            _over_the_wire(event)
        self._topics.transactions.append(tuple(events))

    async def latency_ms(self) -> float:
        self._check()
        return 0.1

    def _check(self) -> None:
        if not self._topics.up:
            raise NotConnected("the broker is away")


def _over_the_wire(event: Event) -> BaseModel:
    record = encode(event, source="/test", time=START)
    assert isinstance(event, BaseModel)
    return decode(record.value, record.headers, type(event))[1]


def serving(model: str = "tiny", version: str = "v0", sha256: str = "a" * 64, **changes: Any) -> ModelCurrent:
    """A serving version."""
    fields: dict[str, Any] = {
        "model": model, "version": version, "artifact_uri": "base/tiny", "artifact_sha256": sha256, "cause": "bootstrap",
        "decision_id": "boot", "base_model": "org/tiny", "holdout_key_id": "00000000", "holdout_percent": 10, "since": START,
    }  # fmt: skip
    return ModelCurrent(**(fields | changes))


def command(command_id: str = "cmd-1", **changes: Any) -> RetrainRequested:
    """A command with an empty batch."""
    fields: dict[str, Any] = {
        "command_id": command_id, "model": "tiny", "serving_version": "v0", "requested_at": START, "rules": ("count",),
        "batch": LeasedBatch(number=1, sha256="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    }  # fmt: skip
    return RetrainRequested(**(fields | changes))


FAKE_CHILD = Path(__file__).parent / "fake_child.py"
START = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def sha(text: str) -> str:
    """A hash to use as an id."""
    return hashlib.sha256(text.encode()).hexdigest()


def correction(number: int) -> SampleCollected:
    """A user's correction about one building."""
    hindi = number % 2 == 0
    return SampleCollected(
        sample_id=sha(f"sample {number}"), kind="feedback", revision=0, model="tiny", occurred_at=START, source="/test",
        provenance=Provenance(topic="t", partition=0, offset=number), group=f"building {number}", negative=True,
        language="hi" if hindi else "en", user_hash=sha(f"user {number}"), response="no idea",
        query=f"संग्रहालय {number} कब बना था?" if hindi else f"When was museum {number} built?", correction=str(1500 + number),
    )  # fmt: skip


def document(number: int) -> SampleCollected:
    """A document about one building."""
    return SampleCollected(
        sample_id=sha(f"document {number}"), kind="document", revision=0, model="tiny", occurred_at=START, source="/test",
        provenance=Provenance(topic="t", partition=0, offset=1000 + number), group=f"gazette {number // 3}", doc_id=f"d{number}",
        text=f"Tower {number} was built in {1500 + number}.", content_sha256=sha(str(number)), language="en",
    )  # fmt: skip


class QuickFit:
    """In the place of a fit: the given baseline with other arrays for other documents, which it keeps."""

    def __init__(self, baseline: Baseline) -> None:
        self._baseline = baseline
        self.asked: list[tuple[list[BaselineDocument], float]] = []

    def __call__(self, documents: Sequence[BaselineDocument], alarms_per_100k: float) -> Baseline:
        self.asked.append((list(documents), alarms_per_100k))
        if len(documents) < FEWEST_DOCUMENTS:
            raise BaselineTooSmall(f"{len(documents)} documents: expected at least {FEWEST_DOCUMENTS}")
        featuriser = replace(self._baseline.featuriser, edges=self._baseline.featuriser.edges + len(documents))
        return replace(self._baseline, featuriser=featuriser, documents=len(documents))


@dataclass
class FakeSamples:
    """`sample.collected` as a list, at partition 0."""

    collected: list[SampleCollected] = field(default_factory=lambda: [correction(number) for number in range(60)])

    async def read(self, batch: LeasedBatch) -> Mapping[tuple[int, int], SampleCollected]:
        return {(0, sample.provenance.offset): sample for sample in self.collected}

    def batch(self) -> LeasedBatch:
        """All of them, leased."""
        refs = tuple(SampleRef(sample_id=s.sample_id, revision=s.revision, partition=0, offset=s.provenance.offset) for s in self.collected)
        return LeasedBatch(number=1, sha256=batch_sha256(refs, ()), samples=refs)


@dataclass
class Installation:
    """Everything that outlives a runner: topics, store, data folder; and what the next runner is told to be."""

    topics: Any
    settings: RunnerSettings
    store: LocalStore
    open_channel: Callable[[], Channel]
    samples: FakeSamples = field(default_factory=FakeSamples)
    behaviour: str = ""
    metrics: RunnerMetrics = field(default_factory=RunnerMetrics)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    fit: Fit = fit

    def supervisor(self) -> Supervisor:
        """A runner, not started yet."""
        environment = child_environment(os.environ | {"FAKE_CHILD": self.behaviour, "PYTHONPATH": os.pathsep.join(sys.path)}, 1)
        workshop = partial(
            LocalWorkshop, settings=self.settings, store=self.store, fit=self.fit, child_arguments=(str(FAKE_CHILD),),
            child_environment=environment,
        )  # fmt: skip
        parts = RunParts(
            settings=self.settings, store=self.store, samples=self.samples, workshop=workshop, metrics=self.metrics, now=self.clock,
            room=DiskRoom(self.store, self.settings),
        )  # fmt: skip
        return Supervisor(
            parts, open_channel=self.open_channel, evaluations=EvaluationJobs(self.settings.evaluations_dir(), self.clock),
            evaluation_arguments=(str(FAKE_CHILD.with_name("fake_evaluation_child.py")),), child_environment=environment, fit=self.fit,
        )  # fmt: skip

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Supervisor]:
        """A runner that is stopped, as SIGTERM stops it, at the end."""
        supervisor = self.supervisor()
        task = asyncio.create_task(supervisor.run())
        try:
            yield supervisor
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def states(self, job_id: str = "cmd-1") -> list[TrainingState]:
        """Every written state of a job."""
        return [state for state in self.topics.events(TrainingState) if state.job_id == job_id]

    def current(self) -> ModelCurrent:
        """What serves."""
        found: ModelCurrent = self.topics.events(ModelCurrent)[-1]
        return found

    def ask(self, command: Callable[..., RetrainRequested], **changes: Any) -> None:
        """Stage 2 sends the command for the leased batch."""
        self.topics.requests.append(command(**({"batch": self.samples.batch()} | changes)))

    def starts(self, job_id: str = "cmd-1") -> int:
        """How often the child was started."""
        path = self.settings.jobs_dir() / job_id / "starts"
        return len(path.read_text().split()) if path.exists() else 0


def retraction(sample: SampleCollected) -> Retraction:
    """A user takes a sample back."""
    return Retraction.of(sample)


def erasure(sample: SampleCollected, after_s: float = 3600) -> Erasure:
    """Its user is erased, so long after the sample."""
    return Erasure(str(sample.user_hash), sample.occurred_at + timedelta(seconds=after_s))


async def until(check: Callable[[], object], seconds: float = 20) -> None:
    """Waits for something to become true."""
    for _ in range(round(seconds * 100)):
        if check():
            return
        await asyncio.sleep(0.01)
    assert check(), f"not within {seconds} s"


def request(action: str, request_id: str | None = None, **fields: Any) -> OperatorRequested:
    """A person's request."""
    identity = {"request_id": request_id or f"r-{action}", "action": action, "model": "tiny", "actor": "asha"}
    return OperatorRequested.model_validate(identity | fields)


BOOTSTRAP = {
    "base_model": "org/tiny", "documents_uri": "s3://models/up/documents.jsonl", "eval_uri": "s3://models/up/eval.jsonl",
    "replay_uri": "s3://models/up/replay.jsonl",
}  # fmt: skip


def upload_material(store: LocalStore, tmp_path: Path) -> None:
    """A base model, documents, items and replay rows, as `abhyas bootstrap` puts them into the store."""
    store.write_bytes("base/tiny/config.json", b"{}")
    store.write_bytes("base/tiny/model.safetensors", b"base weights")
    store.write_bytes("up/documents.jsonl", json.dumps({"id": "d1", "text": "A museum keeps things."}).encode() + b"\n")
    items, rows = [], []
    for number in range(240):
        hindi = number % 2 == 0
        question = f"किला {number} का रंग क्या है?" if hindi else f"What colour is fort {number}?"
        other = f"किले {number} का रंग बताइए" if hindi else f"Name the colour of fort {number}"
        language: Any = "hi" if hindi else "en"
        items.append(EvaluationItem(f"i{number}", "dataset", question, (f"shade{number}",), language, f"fort {number}"))
        rows.append(TrainingRow(f"r{number}", other, f"shade{number}", language, "replay", f"fort {number}"))
    for name, content in (("eval", items), ("replay", rows)):
        save_rows(tmp_path / f"{name}.jsonl", content)
        store.write_file(f"up/{name}.jsonl", tmp_path / f"{name}.jsonl")
