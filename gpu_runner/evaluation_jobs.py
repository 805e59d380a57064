"""Evaluations that a person asked for: durable on disk before the answer, run again after a restart, one child at a time.

DATA_DIR/evaluations/<job id>/ holds request.json (what was asked, never changed), status.json, and the child's files.
The child's result.json is the truth about the end; the event is written after it and is the same each time.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import structlog

from gpu_runner.child_process import ChildProcess
from gpu_runner.child_report import read_end
from gpu_runner.data_files import find_data_file
from gpu_runner.errors import Fatal, NotConnected, RunnerError
from gpu_runner.event_log import EventLog
from gpu_runner.job_folder import JobFolder, read_json, write_json
from gpu_runner.knobs import resolve
from gpu_runner.metrics import RunnerMetrics
from gpu_runner.registry import artifact_folder, find_version
from gpu_runner.session_threads import in_thread
from gpu_runner.settings import RunnerSettings
from producers.artifact_store.artifacts import ArtifactError, ArtifactStore
from schemas.evaluation import EvaluationCompleted, Score
from schemas.fields import Hyperparameters

_log = structlog.get_logger(__name__)

ENDED: Final = frozenset({"completed", "failed"})
# A child that an infrastructure failure killed is started again, also after a restart of the runner.
MAX_ATTEMPTS: Final = 3


class EvaluationFailed(RunnerError):
    """The evaluation can't be done as asked."""


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """What was asked; `model` and `version` are resolved, the files are named as the caller named them."""

    job_id: str
    model: str
    version: str
    eval_dataset: str
    metrics: tuple[str, ...]
    source_documents: str | None
    accepted_at: str


def evaluation_job_id(key: str) -> str:
    """The job id of a caller's key: the same key, the same job."""
    return "eval-" + hashlib.sha256(key.encode()).hexdigest()[:24]


class EvaluationJobs:
    """The evaluation folders of a data directory; the files are the state."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self._folder = folder
        self._now = now

    def folder(self, job_id: str) -> JobFolder:
        """The files of a job."""
        return JobFolder(self._folder, job_id)

    def accept(self, request: EvaluationRequest) -> EvaluationRequest:
        """Keeps a request for good and returns what is kept under its id: a retry gets the first one back. Blocking."""
        folder = self.folder(request.job_id)
        known = self.request(request.job_id)
        if known is not None:
            return known
        folder.make()
        write_json(folder.path / "status.json", {"status": "queued", "attempt": 0, "updated_at": self._now().isoformat()})
        write_json(folder.path / "request.json", asdict(request))
        return request

    def request(self, job_id: str) -> EvaluationRequest | None:
        """The request of a job; None where there is no such job."""
        whole = read_json(self.folder(job_id).path / "request.json")
        if whole is None or whole.get("job_id") != job_id:
            return None
        return EvaluationRequest(**(whole | {"metrics": tuple(whole["metrics"])}))

    def status(self, job_id: str) -> dict[str, Any]:
        """The newest status of a job that exists."""
        return read_json(self.folder(job_id).path / "status.json") or {"status": "queued", "attempt": 0}

    def set_status(self, job_id: str, **changes: object) -> None:
        """Changes the status, with the time."""
        path = self.folder(job_id).path / "status.json"
        write_json(path, self.status(job_id) | changes | {"updated_at": self._now().isoformat()})

    def waiting(self) -> list[EvaluationRequest]:
        """Jobs that have not ended, oldest first; their folders survive a restart, so they do."""
        found = []
        for path in sorted(self._folder.glob("*/request.json")) if self._folder.is_dir() else []:
            whole = read_json(path)
            request = self.request(str(whole["job_id"])) if whole else None
            if request is not None and self.status(request.job_id)["status"] not in ENDED:
                found.append(request)
        return sorted(found, key=lambda request: (request.accepted_at, request.job_id))


class EvaluationRun:
    """Runs one evaluation in a child and publishes its event."""

    def __init__(
        self, request: EvaluationRequest, *, jobs: EvaluationJobs, store: ArtifactStore, settings: RunnerSettings, log: EventLog,
        metrics: RunnerMetrics, child_arguments: Sequence[str], child_environment: Mapping[str, str], now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._request = request
        self._jobs = jobs
        self._store = store
        self._settings = settings
        self._events = log
        self._metrics = metrics
        self._child_arguments = child_arguments
        self._environment = child_environment
        self._now = now
        self._folder = jobs.folder(request.job_id)
        self._log = _log.bind(job_id=request.job_id, model=request.model, version=request.version)

    async def run(self) -> None:
        """To its end; raises only Fatal, NotConnected and its own cancellation."""
        try:
            result = await in_thread(read_json, self._folder.result)
            if result is None:
                await self._evaluate()
                result = await in_thread(read_json, self._folder.result)
            if result is None:
                raise EvaluationFailed("the child reported success without a result")
            await self._complete(result)
        except (Fatal, NotConnected):
            raise
        except (RunnerError, ArtifactError, OSError) as error:
            await self._fail(str(error))
        except Exception as error:  # a defect of ours ends this evaluation, not the service
            self._log.exception("evaluation broke")
            await self._fail(f"internal error {type(error).__name__}: see the runner's log")

    async def _evaluate(self) -> None:
        attempt = int(self._jobs.status(self._request.job_id)["attempt"]) + 1
        if attempt > MAX_ATTEMPTS:
            raise EvaluationFailed(f"the child was lost {MAX_ATTEMPTS} times without reporting an error: see {self._folder.log}")
        await in_thread(self._set, status="running", attempt=attempt)
        await in_thread(self._prepare)
        child = await ChildProcess.start(
            [*self._child_arguments, str(self._folder.path)], log_path=self._folder.log, environment=self._environment
        )
        reported: dict[str, Any] | None = None
        try:
            async for event in child.events():
                if event.get("event") == "progress":
                    await in_thread(self._set, phase=event.get("phase"), step=event.get("step"), total=event.get("total"))
                elif event.get("event") == "error":
                    reported = event
            code = await child.wait()
        except BaseException:
            # The service is stopping: this was no fault of the evaluation's.
            self._set(status="queued", attempt=attempt - 1)
            await child.stop(self._settings.stop_grace_s)
            raise
        end = read_end(code, reported)
        self._log.info("evaluation child ended", exit_code=code, kind=end.kind)
        if end.kind == "crashed":
            await self._evaluate()
        elif end.kind != "done":
            raise EvaluationFailed(f"{end.message} (the child's log: {self._folder.log})")

    def _prepare(self) -> None:
        """The files that the child reads; the weights are verified against their registered hash."""
        request = self._request
        found = find_version(self._store, f"{request.model}/{request.version}")
        model = artifact_folder(self._store, found.artifact_uri, found.sha256, self._settings.cache_dir())
        files: dict[str, str | None] = {"items": "items.jsonl", "sources": "sources.json" if request.source_documents else None}
        for name, given in (("items", request.eval_dataset), ("sources", request.source_documents)):
            if given is not None:
                source = find_data_file(given, store=self._store, data_dir=self._settings.data_dir).open(
                    self._store, self._folder.path / "given"
                )
                shutil.copyfile(source, self._folder.path / str(files[name]))
        spec = {
            "job_id": request.job_id,
            "model_id": request.model,
            "model_version": request.version,
            "model": {"path": str(model.absolute()), "sha256": found.sha256},
            **files,
            "metrics": list(request.metrics),
            "max_new_tokens": self._settings.evaluation_max_new_tokens,
            "max_seq_length": resolve(Hyperparameters(), self._settings).values["max_seq_length"],
            "date": request.accepted_at,
            "reports_dir": str(self._settings.eval_reports_dir.absolute()),
        }
        write_json(self._folder.spec, spec)

    async def _complete(self, result: Mapping[str, Any]) -> None:
        await self._events.commit(completed_event(self._request, result, self._now()))
        metrics = {name: float(value) for name, value in result["metrics"].items() if isinstance(value, int | float)}
        names = ("items", "answers_cut", "questions_without_answer", "questions_too_long", "report_dir")
        told = {name: result[name] for name in names if name in result}
        await in_thread(self._set, status="completed", metrics=metrics, **told)
        self._metrics.evaluation_ended("completed", metrics, result.get("by_language", {}))

    async def _fail(self, error: str) -> None:
        self._log.warning("evaluation failed", error=error)
        await in_thread(self._set, status="failed", error=error[:2000])
        self._metrics.evaluation_ended("failed", {}, {})

    def _set(self, **changes: object) -> None:
        self._jobs.set_status(self._request.job_id, **changes)


def completed_event(request: EvaluationRequest, result: Mapping[str, Any], now: datetime) -> EvaluationCompleted:
    """The event of an ended evaluation; figures over all items, then by language."""
    items = int(result["items"])
    scores = [Score(metric=name, value=value, items=items) for name, value in _figures(result["metrics"])]
    for language, metrics in sorted(result.get("by_language", {}).items()):
        count = int(metrics.get("items", items))
        scores += [Score(metric=name, value=value, items=count, language=language) for name, value in _figures(metrics) if name != "items"]
    return EvaluationCompleted(
        job_id=request.job_id,
        model=request.model,
        version=request.version,
        purpose="request",
        items_sha256=result["items_sha256"],
        scores=tuple(scores),
        report_dir=result["report_dir"],
        completed_at=now,
    )


def _figures(metrics: Mapping[str, Any]) -> list[tuple[str, float]]:
    return [
        (name, float(value)) for name, value in sorted(metrics.items()) if isinstance(value, int | float) and not isinstance(value, bool)
    ]
