"""The runner of the simulation: the real supervisor, ledger, event log, job run, ruling and Kafka writer and reader.

Modelled: the child (time passes, progress comes, it may die), the preparation (what is left of the batch, nothing written),
the gate (the seed draws its verdict), the job folder and the artifact store (dictionaries that outlive the process).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from bench.simulation.simulated_clients import Network, SimulatedConsumer, SimulatedProducer, SimulatedRunnerWriter
from bench.simulation.simulated_log import SimulatedLog
from consumers.core.negatives import batch_sha256
from gpu_runner import jobs
from gpu_runner.artifacts import ArtifactMissing
from gpu_runner.candidate import Candidate, decided_candidate
from gpu_runner.errors import JobInterrupted, JobRefused, JobWithoutData
from gpu_runner.event_log import EventLog, to_the_end
from gpu_runner.job_run import JobRun, RunParts
from gpu_runner.kafka_channel import KafkaChannel
from gpu_runner.leased_samples import LeasedSamples, settle
from gpu_runner.registry import version_key
from gpu_runner.supervisor import Supervisor
from gpu_runner.topic_reader import OWN, REQUESTS, TopicReader
from gpu_runner.verdict import decision_id
from producers.connection import KafkaConnection
from schemas import topics
from schemas.decision import LeasedBatch
from schemas.envelope import decode
from schemas.erasure import UserErased
from schemas.model import ModelCurrent
from schemas.sample import SampleCollected
from schemas.training import TrainingState


class Store:
    """An artifact store in memory, which outlives every runner."""

    bucket = "models"

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}

    def exists(self, key: str) -> bool:
        return key in self._files

    def read_bytes(self, key: str) -> bytes:
        if key not in self._files:
            raise ArtifactMissing(f"{key} is not in the store")
        return self._files[key]

    def write_bytes(self, key: str, data: bytes) -> None:
        self._files[key] = data

    def read_file(self, key: str, path: Path) -> None:
        raise ArtifactMissing(f"{key}: the simulation has no files")

    def write_file(self, key: str, path: Path) -> None:
        raise ArtifactMissing(f"{key}: the simulation has no files")

    def list(self, prefix: str = "") -> tuple[str, ...]:
        return tuple(sorted(key for key in self._files if key.startswith(f"{prefix}/") or not prefix))

    def local_path(self, key: str) -> Path | None:
        return None

    def check(self) -> None:
        return


@dataclass
class Folder:
    """A job's folder on the disk of one machine."""

    path: Path
    log: Path
    spec: Path
    attempts: dict[int, datetime] = field(default_factory=dict)
    pinned: dict[str, Any] | None = None
    result: dict[str, Any] | None = None

    def make(self) -> None:
        return

    def started_at(self, attempt: int, now: datetime) -> datetime:
        return self.attempts.setdefault(attempt, now)

    def pinned_spec(self) -> dict[str, Any] | None:
        # Of the newest attempt already, so that the run has no file to correct.
        return None if self.pinned is None else self.pinned | {"attempt": max(self.attempts, default=1)}

    def verified_result(self) -> dict[str, Any] | None:
        return self.result


@dataclass(frozen=True, slots=True)
class Trained:
    """What a preparation let train: for the checks. `read_at_s` is when the batch was read."""

    job_id: str
    model: str
    read_at_s: float
    samples: tuple[str, ...]


@dataclass
class Machine:
    """What a runner's machine keeps over restarts, and what its seed makes of each child."""

    name: str
    rng: Random
    store: Store
    trained: list[Trained]
    folders: dict[str, Folder] = field(default_factory=dict)
    child_seconds: tuple[float, float] = (2.0, 25.0)
    dying: float = 0.15
    refused: float = 0.05
    dead: float = 0.0

    def folder(self, job_id: str) -> Folder:
        path = Path(job_id)
        return self.folders.setdefault(job_id, Folder(path, path / "child.log", path / "spec.json"))


class NullMetrics:
    """No metrics: a registry for each runner of each seed would cost more than the runner."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


class NoEvaluations:
    """No person asks for an evaluation."""

    def waiting(self) -> list[Any]:
        return []


class Samples:
    """The leased samples read from the simulated log; what becomes of them is the real `settle`."""

    heeds_retractions = True

    def __init__(self, log: SimulatedLog, network: Network, connection: KafkaConnection, reads: list[float]) -> None:
        self._log, self._network, self._connection, self.reads = log, network, connection, reads

    async def read(self, batch: LeasedBatch, others: Mapping[str, str | None]) -> LeasedSamples:
        if batch_sha256(batch.samples, batch.documents) != batch.sha256:
            raise JobRefused(f"batch {batch.number} does not have its stated sha256")
        await self._network.way()
        self.reads.append(asyncio.get_running_loop().time())
        places = {(ref.partition, ref.offset) for ref in (*batch.samples, *batch.documents)}
        found: dict[tuple[int, int], SampleCollected] = {}
        newest: dict[str, tuple[int, bool]] = {}
        # As the real source does without earlier samples: a sample that moved to another model is that model's.
        numbers = {partition for partition, _ in places}
        for number, record in self._visible(topics.SAMPLE_COLLECTED):
            if number not in numbers:
                continue
            _, sample = decode(record.value, record.headers, SampleCollected)
            if (number, record.offset) in places:
                found[number, record.offset] = sample
            if sample.revision >= newest.get(sample.sample_id, (-1, False))[0]:
                newest[sample.sample_id] = (sample.revision, sample.retracted)
        erased: dict[str, datetime] = {}
        for _, record in self._visible(topics.USER_ERASED):
            if record.value is not None:
                envelope, event = decode(record.value, record.headers, UserErased)
                erased[event.user_hash] = max(envelope.time, erased.get(event.user_hash, envelope.time))
        retracted = {sample_id for sample_id, (_, retracted) in newest.items() if retracted and self.heeds_retractions}
        return settle(batch, found, retracted, erased, others)

    def _visible(self, name: str) -> list[tuple[int, Any]]:
        topic = self._connection.topic(name)
        found = []
        for number in range(len(self._log.topics[topic])):
            records, _ = self._log.visible(topic, number, 0, 1_000_000)
            found += [(number, record) for record in records]
        return found


class Prepared:
    """The preparation without its files: what is left of the batch trains, and nothing left is `no_data`."""

    def __init__(self, machine: Machine, reads: list[float]) -> None:
        self._machine, self._reads = machine, reads

    def earlier_samples(self, serving: ModelCurrent) -> dict[str, str | None]:
        return {}

    def run(self, state: TrainingState, serving: ModelCurrent, leased: LeasedSamples, folder: Any) -> dict[str, Any]:
        ids = tuple(sample.sample_id for sample in leased.samples)
        if not ids and state.command.dataset_path is None:
            raise JobWithoutData("nothing is left of the batch")
        self._machine.trained.append(Trained(state.job_id, state.model, self._reads[-1], ids))
        spec = {
            "attempt": state.attempt, "start": {"name": serving.version}, "samples": list(ids),
            "baseline": {"version": serving.version, "sha256": serving.artifact_sha256},
        }  # fmt: skip
        folder.pinned = spec
        return dict(spec)


class SimulatedRun(JobRun):
    """A job run whose child, gate and folder are modelled; lease, pulse, cancel, saving and decision are the real ones."""

    def __init__(self, parts: RunParts, state: TrainingState, machine: Machine) -> None:
        super().__init__(parts, state)
        self._machine = machine
        self._disk = machine.folder(state.job_id)
        self._folder = self._disk  # type: ignore[assignment]

    async def _steps(self) -> None:
        parts = self._parts
        candidate = await asyncio.to_thread(decided_candidate, parts.store, self._state, parts.settings)
        if candidate is None:
            if self._disk.result is None:
                await self._train(await self._spec())
            await self._move("deciding")
            candidate = await asyncio.to_thread(self._judge)
        await to_the_end(self._decide(candidate))

    async def _train(self, spec: Mapping[str, Any]) -> None:
        await self._move("training")
        machine, rng = self._machine, self._machine.rng
        steps = rng.randint(1, 4)
        seconds = rng.uniform(*machine.child_seconds)
        if rng.random() < machine.dead:
            seconds *= 100
        for step in range(1, steps + 1):
            await asyncio.sleep(seconds / steps)
            if rng.random() < machine.dying / steps:
                raise JobInterrupted("the child died")
            if rng.random() < machine.refused / steps:
                raise JobRefused("the data cannot be used")
            await self._progress({"event": "progress", "phase": "training", "step": step, "total": steps, "loss": 1.0 / step})
        self._disk.pinned = dict(spec)
        self._disk.result = {"sha256": decision_id(self.job_id)}

    def _judge(self) -> Candidate:
        spec = self._disk.pinned
        if spec is None:
            raise JobInterrupted("the job folder is lost")
        verdict = self._machine.rng.choice(("promote", "promote", "reject", "inconclusive"))
        key = version_key(self._state.model, self._state.version)
        self._machine.store.write_bytes(f"{key}/scores.json", json.dumps({}).encode())
        record = {
            "decision_id": decision_id(self.job_id), "model": self._state.model, "version": self._state.version, "job_id": self.job_id,
            "actor": "gate", "gate_verdict": verdict, "gate_reasons": ["drawn"], "policy": {}, "baseline": spec["baseline"],
            "artifact": {"uri": f"{key}/merged", "sha256": batch_sha256((), ())[:32] + f"{hash_of(self._state.version):032x}"},
            "items_sha256": "0" * 64, "batch_sha256": self._state.command.batch.sha256,
        }  # fmt: skip
        return Candidate(record, {}, "reports")


def hash_of(version: str) -> int:
    """A number of a version name, the same in every process."""
    return int.from_bytes(version.encode(), "big")


class SimulatedSupervisor(Supervisor):
    """The supervisor; only what it makes of a job is a simulated run."""

    machine: Machine
    make_run: Any = SimulatedRun

    def _parts(self, log: EventLog) -> RunParts:
        reads: list[float] = []
        samples: Any = self._samples
        samples.reads = reads
        return RunParts(
            settings=self.settings, store=self.store, log=log, samples=samples, preparation=Prepared(self.machine, reads),  # type: ignore[arg-type]
            metrics=self._metrics, child_arguments=(), child_environment={}, now=self.now,
        )  # fmt: skip

    async def _run_job(self, parts: RunParts, state: TrainingState) -> None:
        free = jobs.free_at(state, self.settings.runner_owner)
        if free is not None and (wait_s := (free - self.now()).total_seconds()) > 0:
            await asyncio.sleep(wait_s)
        run = self.make_run(parts, state, self.machine)
        if parts.log.ledger.is_cancelled(state.job_id):
            run.cancel("cancelled")
        self._running = run
        try:
            await run.run()
        finally:
            self._running = None


class SimulatedReader(TopicReader):
    """The runner's reader over a simulated consumer."""

    def __init__(self, connection: KafkaConnection, log: SimulatedLog, network: Network) -> None:
        self._connection = connection
        self._consumer = SimulatedConsumer(log, network, idle_wait=True)
        self._names = {connection.topic(name): name for name in (*OWN, *REQUESTS)}
        self._lettered = set()
        self.unread = []


class SimulatedChannel(KafkaChannel):
    """A session's writer and reader over simulated clients."""

    def __init__(self, connection: KafkaConnection, log: SimulatedLog, network: Network, producer: SimulatedProducer, now: Any) -> None:
        self._writer = SimulatedRunnerWriter(connection, producer, now)
        self._reader = SimulatedReader(connection, log, network)
