"""The runner of the simulation: the real supervisor, ledger, event log, job run, ruling and Kafka writer and reader.

Modelled: the child (time passes, progress comes, it may die), the preparation (what is left of the batch, nothing written),
the gate (the seed draws its verdict), the job folder and the artifact store (dictionaries that outlive the process).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, Final

from bench.simulation.simulated_clients import Network, SimulatedConsumer
from bench.simulation.simulated_log import SimulatedLog
from gpu_runner.errors import JobInterrupted, JobRefused, JobWithoutData
from gpu_runner.event_log.commit import EventLog, to_the_end
from gpu_runner.event_log.reader import OWN, REQUESTS, TAKEN_BACK, TopicReader
from gpu_runner.event_log.withdrawals import KnownSample, TakenBack
from gpu_runner.jobs.candidate import Candidate, decided_candidate
from gpu_runner.jobs.leased_samples import LeasedSamples, Places
from gpu_runner.jobs.run import JobRun, RunParts
from gpu_runner.supervisor import Supervisor
from gpu_runner.threads.session_threads import in_thread
from gpu_runner.versions.deployment import Deployment, DeploymentRefused
from gpu_runner.versions.keys import TRAINED_SAMPLES
from gpu_runner.versions.promotion import decision_id
from gpu_runner.versions.registry import RegisteredVersion, find_version, version_key
from runtime.artifacts.store import ArtifactMissing
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.topic_metadata import Topic
from schemas import topics
from schemas.envelope import decode
from schemas.events.model_current import ModelCurrent
from schemas.events.retrain_requested import LeasedBatch
from schemas.events.sample_collected import SampleCollected
from schemas.events.training_state import TrainingState
from schemas.identity import batch_sha256

# Where the paths of the simulation lead: no file is ever there.
NOWHERE: Final = Path("nowhere")


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

    def read_start(self, key: str, size_bytes: int) -> bytes:
        return self.read_bytes(key)[:size_bytes]

    def write_bytes(self, key: str, data: bytes) -> None:
        self._files[key] = data

    def read_file(self, key: str, path: Path) -> None:
        raise ArtifactMissing(f"{key}: the simulation has no files")

    def write_file(self, key: str, path: Path) -> None:
        raise ArtifactMissing(f"{key}: the simulation has no files")

    def write_folder(self, key: str, files: Mapping[str, Path], manifest: bytes) -> None:
        raise ArtifactMissing(f"{key}: the simulation has no files")

    def list(self, prefix: str = "") -> tuple[str, ...]:
        return tuple(sorted(key for key in self._files if key.startswith(f"{prefix}/") or not prefix))

    def stamps(self, prefix: str = "") -> dict[str, str]:
        return {}

    def local_path(self, key: str) -> Path | None:
        return None

    def check(self) -> None:
        return


@dataclass
class Folder:
    """A job's folder on the disk of one machine. Its paths lead nowhere: what is in it is in its fields."""

    path: Path
    attempts: dict[int, datetime] = field(default_factory=dict)
    pinned: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    model: str = ""
    samples: dict[str, KnownSample] | None = None

    @property
    def dataset(self) -> Path:
        return self.path / "dataset"

    def make(self) -> None:
        return

    def started_at(self, attempt: int, now: datetime) -> datetime:
        return self.attempts.setdefault(attempt, now)

    def pinned_spec(self) -> dict[str, Any] | None:
        # Of the newest attempt already, so that the run has no file to correct.
        return None if self.pinned is None else self.pinned | {"attempt": max(self.attempts, default=1)}

    def made_of(self) -> tuple[str, dict[str, KnownSample]] | None:
        return None if self.samples is None else (self.model, self.samples)

    def discard(self) -> None:
        self.pinned = self.result = self.samples = None


@dataclass(frozen=True, slots=True)
class Trained:
    """What a child began to learn from, and when: for the checks."""

    job_id: str
    model: str
    began_s: float
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
        return self.folders.setdefault(job_id, Folder(NOWHERE / self.name / job_id))


class NullMetrics:
    """No metrics: a registry for each runner of each seed would cost more than the runner."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


class NoEvaluations:
    """No person asks for an evaluation."""

    def waiting(self) -> list[Any]:
        return []


class Samples:
    """The leased samples, read from the simulated log by their places."""

    def __init__(self, log: SimulatedLog, network: Network, connection: KafkaConnection) -> None:
        self._log, self._network, self._connection = log, network, connection

    async def read(self, batch: LeasedBatch) -> Places:
        if batch_sha256(batch.samples, batch.documents) != batch.sha256:
            raise JobRefused(f"batch {batch.number} does not have its stated sha256")
        await self._network.way()
        topic = self._connection.topic(topics.SAMPLE_COLLECTED)
        found: dict[tuple[int, int], SampleCollected] = {}
        for ref in (*batch.samples, *batch.documents):
            records, _ = self._log.visible(topic, ref.partition, ref.offset, 1)
            if records and records[0].offset == ref.offset:
                found[ref.partition, ref.offset] = decode(records[0].value, records[0].headers, SampleCollected)[1]
        return found


class Prepared:
    """The preparation without its files: what is left of the batch trains, and nothing left is `no_data`."""

    def run(self, state: TrainingState, serving: ModelCurrent, leased: LeasedSamples, taken_back: TakenBack, folder: Any) -> dict[str, Any]:
        ids = tuple(sample.sample_id for sample in leased.samples)
        if not ids and state.accepted_command().dataset_path is None:
            raise JobWithoutData("nothing is left of the batch")
        spec = {
            "attempt": state.attempt, "start": {"name": serving.version}, "samples": list(ids),
            "baseline": {"version": serving.version, "sha256": serving.artifact_sha256},
        }  # fmt: skip
        folder.model = state.model
        folder.samples = {sample.sample_id: replace(KnownSample.of(sample), trained=True) for sample in leased.samples}
        folder.pinned = spec
        return dict(spec)


class Child:
    """A child process as far as its runner knows of it: it can be told to stop."""

    def __init__(self) -> None:
        self.told = asyncio.Event()

    async def stop(self, grace_s: float) -> None:
        self.told.set()

    async def work(self, seconds: float) -> None:
        """Some seconds of work, or fewer where it is told to stop."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.told.wait(), seconds)


class SimulatedRun(JobRun):
    """A job run whose child, gate and folder are modelled; lease, pulse, cancel, saving and decision are the real ones."""

    def __init__(self, parts: RunParts, state: TrainingState, machine: Machine) -> None:
        super().__init__(parts, state)
        self._machine = machine
        self._disk = machine.folder(state.job_id)
        self._folder = self._disk  # type: ignore[assignment]

    async def _steps(self) -> None:
        parts = self._parts
        candidate = await in_thread(decided_candidate, parts.store, self._state, parts.settings)
        if candidate is None:
            if self._disk.result is None:
                while not await self._train(await self._spec()):
                    self._log.info("samples were taken back before the training: prepared anew")
            await self._move("deciding")
            candidate = await in_thread(self._judge)
        await to_the_end(self._decide(candidate))

    async def _train(self, spec: Mapping[str, Any]) -> bool:
        await self._move("training")
        machine, rng = self._machine, self._machine.rng
        child = Child()
        self._child, self._learnt, self._anew = child, False, False  # type: ignore[assignment]
        try:
            await self.take_back()
            await child.work(rng.uniform(0.0, 3.0))  # loading
            if not self._anew:
                self._learnt = True
                began_s = asyncio.get_running_loop().time()
                machine.trained.append(Trained(self.job_id, self._state.model, began_s, tuple(spec["samples"])))
                await self._learn(child)
        finally:
            self._child = None
        if self._anew:
            return False
        self._disk.pinned = dict(spec)
        self._disk.result = {"sha256": decision_id(self.job_id)}
        return True

    async def _learn(self, child: Child) -> None:
        machine, rng = self._machine, self._machine.rng
        steps = rng.randint(1, 4)
        seconds = rng.uniform(*machine.child_seconds)
        if rng.random() < machine.dead:
            seconds *= 100
        for step in range(1, steps + 1):
            await child.work(seconds / steps)
            if rng.random() < machine.dying / steps:
                raise JobInterrupted("the child died")
            if rng.random() < machine.refused / steps:
                raise JobRefused("the data cannot be used")
            await self._progress({"event": "progress", "phase": "training", "step": step, "total": steps, "loss": 1.0 / step})

    def _judge(self) -> Candidate:
        spec = self._disk.pinned
        if spec is None:
            raise JobInterrupted("the job folder is lost")
        verdict = self._machine.rng.choice(("promote", "promote", "reject", "inconclusive"))
        key = version_key(self._state.model, self._state.version)
        self._machine.store.write_bytes(f"{key}/scores.json", json.dumps({}).encode())
        known = {sample_id: sample.as_dict() for sample_id, sample in (self._disk.samples or {}).items()}
        made_of = TRAINED_SAMPLES.format(model=self._state.model, version=self._state.version)
        self._machine.store.write_bytes(made_of, json.dumps(known).encode())
        record = {
            "decision_id": decision_id(self.job_id), "model": self._state.model, "version": self._state.version, "job_id": self.job_id,
            "actor": "gate", "gate_verdict": verdict, "gate_reasons": ["drawn"], "policy": {}, "baseline": spec["baseline"],
            "artifact": {"uri": f"{key}/merged", "sha256": batch_sha256((), ())[:32] + f"{hash_of(self._state.version):032x}"},
            "items_sha256": "0" * 64, "batch_sha256": self._state.accepted_command().batch.sha256,
        }  # fmt: skip
        return Candidate(record, {}, "reports")


def hash_of(version: str) -> int:
    """A number of a version name, the same in every process."""
    return int.from_bytes(version.encode(), "big")


class SimulatedDeployment(Deployment):
    """What answers persons' promotions and rollbacks; weights are in no file here, so none are verified."""

    async def _usable(self, model: str, version: str) -> RegisteredVersion:
        try:
            return find_version(self._store, f"{model}/{version}")
        except ArtifactMissing as error:
            raise DeploymentRefused(str(error)) from error


class SimulatedSupervisor(Supervisor):
    """The supervisor; only what it makes of a job is a simulated run."""

    machine: Machine
    make_run: Any = SimulatedRun

    def _parts(self, log: EventLog) -> RunParts:
        return RunParts(
            settings=self.settings, store=self.store, log=log, samples=self._samples, preparation=Prepared(),  # type: ignore[arg-type]
            metrics=self._metrics, child_arguments=(), child_environment={}, fit=self._fit, now=self.now,
            room=self.room,
        )  # fmt: skip

    def _new_run(self, parts: RunParts, state: TrainingState) -> JobRun:
        run: JobRun = self.make_run(parts, state, self.machine)
        return run

    def _deployment(self, log: EventLog) -> Deployment:
        return SimulatedDeployment(store=self.store, settings=self.settings, log=log, fit=self._fit, now=self.now)


class SimulatedReader(TopicReader):
    """The runner's reader over a simulated consumer."""

    def __init__(self, connection: KafkaConnection, log: SimulatedLog, network: Network) -> None:
        self._connection = connection
        self._consumer = SimulatedConsumer(log, network, idle_wait=True)
        self._log = log
        self._names = {connection.topic(name): name for name in (*OWN, *REQUESTS, *TAKEN_BACK)}
        self._lettered = set()
        self._client = None
        self._topics = {}
        self._looked_s = 0.0
        self.unread = []

    async def _described(self) -> dict[str, Topic]:
        return {name: self._log.described(name) for name in self._log.topics}
