"""Applies what users took back to everything that the runner keeps: at each session's start, before any job goes on, and as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from gpu_runner.event_log.commit import EventLog
from gpu_runner.event_log.withdrawals import Erasure, Fact, KnownSample, Withdrawals
from gpu_runner.jobs import state as jobs
from gpu_runner.jobs.erase_files import (
    TaintedVersion,
    forget_evaluation,
    forget_exports,
    forget_job,
    forget_version,
    stored_versions,
)
from gpu_runner.jobs.folder import JobFolder
from gpu_runner.jobs.report_files import (
    forget_explanations,
    forget_report,
    forget_stored_report,
    report_folder,
    report_folders,
    stored_reports,
)
from gpu_runner.jobs.run import JobRun
from gpu_runner.settings import RunnerSettings
from gpu_runner.threads.session_threads import in_thread
from runtime.artifacts.store import ArtifactError, ArtifactStore

_log = structlog.get_logger(__name__)

# The promise of 60 s leaves room for a second try.
RETRY_S: Final = 20.0
# Facts that come together are swept together.
PAUSE_S: Final = 0.5


@dataclass
class _Swept:
    """What one pass met: ids of all samples that anything is made of, those taken back, tainted versions, places that failed."""

    known: set[str] = field(default_factory=set)
    withdrawn: set[str] = field(default_factory=set)
    tainted: list[TaintedVersion] = field(default_factory=list)
    failed: int = 0


class Eraser:
    """One for each process. The folder of the job that runs belongs to its `JobRun`, every other one to the eraser."""

    def __init__(self, store: ArtifactStore, settings: RunnerSettings) -> None:
        self._store = store
        self._settings = settings
        self._known: frozenset[str] = frozenset()
        self._run: JobRun | None = None
        self._evaluation: str | None = None
        self._sweeping = asyncio.Lock()
        self._due = asyncio.Event()

    def notice(self, fact: Fact) -> None:
        """Makes a sweep due where the fact may concern something that is kept."""
        if isinstance(fact, Erasure) or any(self._concerns(name) for name in (fact.sample_id, *fact.former_ids)):
            self._due.set()

    @asynccontextmanager
    async def running(self, run: JobRun) -> AsyncIterator[None]:
        """While a job runs its folder is its own; at its end it is looked through like any other."""
        async with self._sweeping:  # one that began before ends first
            self._run = run
        try:
            yield
        finally:
            self._run = None
            self._due.set()

    @asynccontextmanager
    async def evaluating(self, job_id: str) -> AsyncIterator[None]:
        """While an evaluation runs its child writes its reports; at its end they are looked through for what came meanwhile."""
        async with self._sweeping:
            self._evaluation = job_id
        try:
            yield
        finally:
            self._evaluation = None
            self._due.set()

    async def follow(self, log: EventLog) -> None:
        """Sweeps whenever one is due; a place that can't be changed now is tried again."""
        while True:
            await self._due.wait()
            self._due.clear()
            await self.sweep(log)
            await asyncio.sleep(PAUSE_S)

    async def sweep(self, log: EventLog) -> None:
        """Looks through everything once; what failed is logged and makes another sweep due. Raises Fatal, NotConnected."""
        async with self._sweeping:
            run = self._run
            own = None if run is None else JobFolder(self._settings.jobs_dir(), run.job_id).path
            written = {report_folder(self._settings.eval_reports_dir, job_id).name for job_id in self._job_ids()}
            swept = await in_thread(self._sweep, log.read_model.withdrawals, own, written)
            self._known = frozenset(swept.known)
        if run is not None:
            with _tolerated(f"job {run.job_id}", swept):
                await run.apply_withdrawals()
        for version in swept.tainted:
            await self._publish(log, version)
        if swept.failed:
            asyncio.get_running_loop().call_later(RETRY_S, self._due.set)

    def _job_ids(self) -> list[str]:
        """The jobs that may be writing their reports."""
        return [*([self._run.job_id] if self._run is not None else []), *([self._evaluation] if self._evaluation is not None else [])]

    def _concerns(self, sample_id: str) -> bool:
        if self._sweeping.locked():
            return True  # what is kept is being looked through: it may have passed the place already
        in_run = self._run is not None and sample_id in self._run.sample_ids
        return in_run or sample_id in self._known or (self._exports() / f"feedback_{sample_id}.json").exists()

    def _exports(self) -> Path:
        return self._settings.data_dir / "feedback"

    def _sweep(self, withdrawals: Withdrawals, running: Path | None, written: Collection[str]) -> _Swept:
        swept = _Swept()
        for path in _folders(self._settings.jobs_dir()):
            if path != running:
                with _tolerated(f"job folder {path}", swept):
                    swept.known |= forget_job(JobFolder(path.parent, path.name), withdrawals).keys()
        with _tolerated("versions in the store", swept):
            for model, version in stored_versions(self._store):
                with _tolerated(f"version {model}/{version}", swept):
                    samples, tainted = forget_version(self._store, model, version, withdrawals)
                    self._add(swept, model, samples, withdrawals)
                    swept.tainted += [tainted] if tainted.samples else []
        for path in _folders(self._settings.evaluations_dir()) if swept.withdrawn else ():
            with _tolerated(f"evaluation folder {path}", swept):
                forget_evaluation(path, swept.withdrawn)
        if swept.withdrawn:
            self._sweep_reports(swept, written)
        with _tolerated(f"exports in {self._exports()}", swept):
            forget_exports(self._exports(), withdrawals)
        return swept

    def _sweep_reports(self, swept: _Swept, written: Collection[str]) -> None:
        """Whose words they hold is known by the versions, as every sample of an item trained one. Those being `written` come later."""
        for path in report_folders(self._settings.eval_reports_dir):
            if path.name not in written:
                with _tolerated(f"reports in {path}", swept):
                    forget_report(path, swept.withdrawn, made_in=self._settings.evaluations_dir() / path.name)
        with _tolerated(f"pages in {self._settings.explanations_dir()}", swept):
            forget_explanations(self._settings.explanations_dir(), swept.withdrawn)
        with _tolerated("reports in the store", swept):
            for key in stored_reports(self._store):
                if key.rpartition("/")[2] not in written:
                    with _tolerated(f"reports at {key}", swept):
                        forget_stored_report(self._store, key, swept.withdrawn)

    @staticmethod
    def _add(swept: _Swept, model: str, samples: dict[str, KnownSample], withdrawals: Withdrawals) -> None:
        swept.known |= samples.keys()
        swept.withdrawn |= withdrawals.withdrawn(model, samples).keys()

    async def _publish(self, log: EventLog, version: TaintedVersion) -> None:
        """Says it in `training.state` of the version's ended job; a job that runs says it itself."""
        async with log.exclusive() as commit:
            for state in list(log.read_model.jobs.values()):
                its = (state.model, state.version) == (version.model, version.version)
                if its and state.phase == "ended" and state.tainted_samples != len(version.samples):
                    await commit([jobs.taint(state, len(version.samples))])


def _folders(parent: Path) -> list[Path]:
    return sorted(path for path in parent.absolute().iterdir() if path.is_dir()) if parent.is_dir() else []


@contextmanager
def _tolerated(place: str, swept: _Swept) -> Iterator[None]:
    """One place that can't be changed, or whose files are damaged, must not keep the text in all others."""
    try:
        yield
    except (ArtifactError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        swept.failed += 1
        _log.error("text that was taken back could not be removed: trying again", place=place, error=f"{type(error).__name__}: {error}")
