"""What a job run works with beside the log: its files, the preparation, the child and the judge. A simulation has others of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from gpu_runner.child.process import Child, ChildProcess
from gpu_runner.event_log.withdrawals import KnownSample, Reason, Withdrawals
from gpu_runner.jobs.candidate import Candidate, judge_and_upload
from gpu_runner.jobs.folder import JobFolder
from gpu_runner.jobs.leased_samples import LeasedSamples
from gpu_runner.jobs.prepare import Preparation
from gpu_runner.settings import RunnerSettings
from gpu_runner.versions.drift_baseline import Fit
from runtime.artifacts.store import ArtifactStore
from schemas.events.model_current import ModelCurrent
from schemas.events.training_state import TrainingState


class Workshop(Protocol):
    """The workshop of one job; what is in it outlives a run. Everything but `start_child` blocks."""

    path: Path
    log: Path

    def make(self) -> None: ...
    def started_at(self, attempt: int, now: datetime) -> datetime: ...
    def made_of(self) -> tuple[str, dict[str, KnownSample]] | None: ...
    def pinned_spec(self, attempt: int) -> dict[str, Any] | None: ...
    def prepare(self, state: TrainingState, serving: ModelCurrent, leased: LeasedSamples, withdrawals: Withdrawals) -> dict[str, Any]: ...
    async def start_child(self) -> Child: ...
    def verified_result(self) -> dict[str, Any] | None: ...
    def forget(self, withdrawn: Mapping[str, Reason], *, answers: bool) -> None: ...
    def discard(self) -> None: ...
    def judge(self, state: TrainingState, result: Mapping[str, Any]) -> Candidate: ...


class LocalWorkshop(JobFolder):
    """A job's folder on this machine, prepared from the store, trained in by a child process and judged by the gate."""

    def __init__(
        self, job_id: str, *, settings: RunnerSettings, store: ArtifactStore, fit: Fit,
        child_arguments: Sequence[str], child_environment: Mapping[str, str],
    ) -> None:  # fmt: skip
        super().__init__(settings.jobs_dir(), job_id)
        self._settings, self._store, self._fit = settings, store, fit
        self._child_arguments, self._child_environment = child_arguments, child_environment

    def prepare(self, state: TrainingState, serving: ModelCurrent, leased: LeasedSamples, withdrawals: Withdrawals) -> dict[str, Any]:
        """Makes the dataset and everything else that the child needs; raises as `Preparation.run` does."""
        return Preparation(self._store, self._settings).run(state, serving, leased, withdrawals, self)

    async def start_child(self) -> Child:
        """Starts the training on what is prepared; from the main thread alone."""
        return await ChildProcess.start([*self._child_arguments, str(self.path)], log_path=self.log, environment=self._child_environment)

    def judge(self, state: TrainingState, result: Mapping[str, Any]) -> Candidate:
        """What the gate says of the result, uploaded; the same files give the same candidate."""
        return judge_and_upload(self._store, self._settings, state, self, result, fit=self._fit)
