"""A job's workshop without files, child and gate: time passes, progress comes, the child may die, the seed draws the verdict.

Modelled beside them: the preparation (what is left of the batch, nothing written) and what a machine's disk keeps over restarts.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, Final

from bench.simulation.simulated_store import Store
from gpu_runner.child.exit import DONE, REPORTED, TERMINATED
from gpu_runner.errors import JobWithoutData
from gpu_runner.event_log.withdrawals import KnownSample, Reason, Withdrawals
from gpu_runner.jobs.candidate import Candidate
from gpu_runner.jobs.leased_samples import LeasedSamples
from gpu_runner.versions.keys import TRAINED_ROWS, TRAINED_SAMPLES
from gpu_runner.versions.promotion import decision_id
from gpu_runner.versions.registry import version_key
from schemas.events.model_current import ModelCurrent
from schemas.events.training_state import TrainingState
from schemas.identity import batch_sha256

# Where the paths of the simulation lead: no file is ever there.
NOWHERE: Final = Path("nowhere")
_KILLED: Final = -9


@dataclass(frozen=True, slots=True)
class Use:
    """A job's samples, and when it began to do something with their words: for the checks."""

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
    trained: list[Use]
    judged: list[Use]
    workshops: dict[str, SimulatedWorkshop] = field(default_factory=dict)
    child_seconds: tuple[float, float] = (2.0, 25.0)
    dying: float = 0.15
    refused: float = 0.05
    dead: float = 0.0
    barren: float = 0.0

    def workshop(self, job_id: str) -> SimulatedWorkshop:
        """The job's own: what is in it stays."""
        return self.workshops.setdefault(job_id, SimulatedWorkshop(self, job_id))


class CoroutineChild:
    """A child that is no process, as far as its runner knows of it: it works while it is followed, and ends at once when it is told to."""

    pid = 0

    def __init__(self) -> None:
        self._told = asyncio.Event()
        self._code: int | None = None

    def has_ended(self) -> bool:
        """Whether it has ended."""
        return self._code is not None

    async def wait(self) -> int:
        """Its exit code, once it has ended."""
        if self._code is None:
            raise RuntimeError("the child has not ended")
        return self._code

    async def stop(self, grace_s: float) -> int:
        """It ends at once."""
        self._told.set()
        if self._code is None:
            self._code = TERMINATED
        return self._code

    async def _work(self, seconds: float) -> None:
        """Some seconds of work, or fewer where it is told to stop."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._told.wait(), seconds)


class SimulatedChild(CoroutineChild):
    """A child that ends as the seed says."""

    def __init__(self, machine: Machine, workshop: SimulatedWorkshop) -> None:
        super().__init__()
        self._machine, self._workshop = machine, workshop

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """Loads, learns in some steps, answers what it loaded."""
        rng = self._machine.rng
        await self._work(rng.uniform(0.0, 3.0))
        if self._told.is_set():
            return
        asked = frozenset(self._workshop.rows)
        self._workshop.begin_training()
        steps = rng.randint(1, 4)
        seconds = rng.uniform(*self._machine.child_seconds) * (100 if rng.random() < self._machine.dead else 1)
        for step in range(steps + 1):
            yield {"event": "progress", "phase": "training", "step": step, "total": steps, "loss": 1.0 / (step + 1)}
            if step == steps:
                break
            await self._work(seconds / steps)
            if self._told.is_set():
                return
            if rng.random() < self._machine.dying / steps:
                self._code = _KILLED
                return
            if rng.random() < self._machine.refused / steps:
                yield {"event": "error", "kind": "bad_data", "message": "the data cannot be used"}
                self._code = REPORTED
                return
        self._workshop.finish(asked)
        self._code = DONE


class SimulatedWorkshop:
    """A job's files on the disk of one machine. Its paths lead nowhere: what is in them is in its fields."""

    def __init__(self, machine: Machine, job_id: str) -> None:
        self.path = NOWHERE / machine.name / job_id
        self.log = self.path / "child.log"
        # The samples of which rows are left in the dataset, and those of which answers are.
        self.rows: set[str] = set()
        self.answers: set[str] = set()
        self._machine, self._job_id = machine, job_id
        self._attempts: dict[int, datetime] = {}
        self._spec: dict[str, Any] | None = None
        self._result: dict[str, Any] | None = None
        self._model = ""
        self._samples: dict[str, KnownSample] | None = None

    def make(self) -> None:
        """There is no folder to make."""

    def started_at(self, attempt: int, now: datetime) -> datetime:
        """When this attempt first ran."""
        return self._attempts.setdefault(attempt, now)

    def made_of(self) -> tuple[str, dict[str, KnownSample]] | None:
        """The model, and its samples that were prepared."""
        return None if self._samples is None else (self._model, self._samples)

    def pinned_spec(self, attempt: int) -> dict[str, Any] | None:
        """The spec, of this attempt from now on."""
        if self._spec is not None:
            self._spec["attempt"] = attempt
        return self._spec

    def prepare(self, state: TrainingState, serving: ModelCurrent, leased: LeasedSamples, withdrawals: Withdrawals) -> dict[str, Any]:
        """What is left of the batch trains; raises JobWithoutData where nothing is."""
        ids = tuple(sample.sample_id for sample in leased.samples)
        if state.accepted_command().dataset_path is None and not self._teaches(leased):
            raise JobWithoutData("nothing in the batch teaches anything")
        self._model, self.rows = state.model, set(ids)
        self._samples = {sample.sample_id: replace(KnownSample.of(sample), trained=True) for sample in leased.samples}
        self._spec = {
            "attempt": state.attempt, "start": {"name": serving.version},
            "baseline": {"version": serving.version, "sha256": serving.artifact_sha256},
        }  # fmt: skip
        return self._spec

    def _teaches(self, leased: LeasedSamples) -> bool:
        """Whether rows come of the batch; of some batches none do, because what their users say is in conflict."""
        said = [one for one in leased.samples if one.kind == "document" or one.negative_class in (None, "correction", "preference")]
        return bool(said) and Random(self._job_id).random() >= self._machine.barren

    async def start_child(self) -> SimulatedChild:
        """A child that has done nothing yet."""
        return SimulatedChild(self._machine, self)

    def begin_training(self) -> None:
        """The child has loaded its rows, and learns from them."""
        self._machine.trained.append(self._use(self.rows))

    def finish(self, asked: frozenset[str]) -> None:
        """The child's end: it has answered about everything that it loaded, whatever left the files meanwhile."""
        self.answers = set(asked)
        self._result = {"sha256": decision_id(self._job_id)}

    def verified_result(self) -> dict[str, Any] | None:
        """What the child left at its end."""
        return self._result

    def forget(self, withdrawn: Mapping[str, Reason], *, answers: bool) -> None:
        """Takes rows, and answers, of the samples out."""
        self.rows -= withdrawn.keys()
        if answers:
            self.answers &= self.rows

    def discard(self) -> None:
        """Nothing is left of the dataset and of what was made of it."""
        self._spec = self._result = self._samples = None
        self.rows, self.answers = set(), set()

    def judge(self, state: TrainingState, result: Mapping[str, Any]) -> Candidate:
        """A verdict that the seed draws; rows and samples are kept in the store for later versions."""
        spec, store = self._spec or {}, self._machine.store
        self._machine.judged.append(self._use(self.rows | self.answers))
        verdict = self._machine.rng.choice(("promote", "promote", "reject", "inconclusive"))
        key, place = version_key(state.model, state.version), {"model": state.model, "version": state.version}
        store.write_bytes(f"{key}/scores.json", b"{}")
        rows = [json.dumps({"id": sample_id, "sample_id": sample_id}) + "\n" for sample_id in sorted(self.rows)]
        store.write_bytes(TRAINED_ROWS.format(**place), "".join(rows).encode())
        known = {sample_id: sample.as_dict() for sample_id, sample in (self._samples or {}).items()}
        store.write_bytes(TRAINED_SAMPLES.format(**place), json.dumps(known).encode())
        record = {
            "decision_id": decision_id(state.job_id), "model": state.model, "version": state.version, "job_id": state.job_id,
            "actor": "gate", "gate_verdict": verdict, "gate_reasons": ["drawn"], "policy": {}, "baseline": spec["baseline"],
            "artifact": {"uri": f"{key}/merged", "sha256": batch_sha256((), ())[:32] + f"{_number(state.version):032x}"},
            "items_sha256": "0" * 64, "batch_sha256": state.accepted_command().batch.sha256,
        }  # fmt: skip
        return Candidate(record, {}, "reports")

    def _use(self, samples: Iterable[str]) -> Use:
        return Use(self._job_id, self._model, asyncio.get_running_loop().time(), tuple(sorted(samples)))


def _number(version: str) -> int:
    """A number of a version name, the same in every process."""
    return int.from_bytes(version.encode(), "big")
