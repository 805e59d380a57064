"""One evaluation that a person asked for: prepared, run in a child, its event published. One child at a time, training's included.

The child's result.json is the truth about the end; the event is written after it and is the same each time. What the child takes
is bounded: by EVALUATION_MAX_HOURS from its first start, by CHILD_SILENCE_S, and by a person's cancel of its job id.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from gpu_runner.child.exit import read_end
from gpu_runner.child.process import ChildProcess
from gpu_runner.child.watch import ChildSilent, Limits, follow
from gpu_runner.errors import Fatal, NotConnected, RunnerError
from gpu_runner.event_log.commit import EventLog
from gpu_runner.hyperparameters import resolve
from gpu_runner.jobs.data_files import find_data_file
from gpu_runner.jobs.evaluation import EvaluationJobs, EvaluationRequest
from gpu_runner.jobs.report_files import copy_reports, report_folder, report_key
from gpu_runner.json_files import read_json, write_json
from gpu_runner.metrics import RunnerMetrics
from gpu_runner.settings import RunnerSettings
from gpu_runner.threads.session_threads import in_thread
from gpu_runner.versions.registry import artifact_folder, find_version
from runtime.artifacts.store import ArtifactError, ArtifactStore
from schemas.events.evaluation_completed import EvaluationCompleted, Score
from schemas.fields import Hyperparameters

_log = structlog.get_logger(__name__)

# A child that an infrastructure failure killed is started again, also after a restart of the runner.
MAX_ATTEMPTS: Final = 3
_LOOK_EVERY_S: Final = 0.5


class EvaluationFailed(RunnerError):
    """The evaluation can't be done as asked."""


class EvaluationCancelled(RunnerError):
    """A person ended it."""


class EvaluationRun:
    """Runs one evaluation and publishes its event."""

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
        """To its end, or until its child was lost, after which it waits again; raises only Fatal, NotConnected and its own cancellation."""
        try:
            result = await self._bounded()
            if result is not None:
                await self._complete(result)
        except (Fatal, NotConnected):
            raise
        except EvaluationCancelled as error:
            await self._end("cancelled", str(error))
        except (RunnerError, ArtifactError, OSError) as error:
            await self._end("failed", str(error))
        except Exception as error:  # a defect of ours ends this evaluation, not the service
            self._log.exception("evaluation broke")
            await self._end("failed", f"internal error {type(error).__name__}: see the runner's log")

    async def _bounded(self) -> dict[str, Any] | None:
        """The result, beside a watch for a cancel and the time limit; None where the child was lost and the job waits again."""
        started = await in_thread(self._folder.started_at, 1, self._now())
        work = asyncio.create_task(self._result())
        bound = asyncio.create_task(self._until_bound(started + timedelta(hours=self._settings.evaluation_max_hours)))
        try:
            await asyncio.wait({work, bound}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                bound.result()
            return await work
        finally:
            for task in (work, bound):
                task.cancel()
            await asyncio.gather(work, bound, return_exceptions=True)

    async def _until_bound(self, deadline: datetime) -> None:
        while True:
            cancel = self._events.read_model.cancels.get(self._request.job_id)
            if cancel is not None:
                raise EvaluationCancelled(f"cancelled by {cancel.actor}" + (f": {cancel.reason}" if cancel.reason else ""))
            if self._now() >= deadline:
                raise EvaluationFailed(f"it ran longer than EVALUATION_MAX_HOURS={self._settings.evaluation_max_hours:g} allows")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _result(self) -> dict[str, Any] | None:
        await asyncio.sleep(0)  # what was cancelled already begins nothing
        result = await in_thread(read_json, self._folder.result)
        if result is None:
            if not await self._evaluate():
                return None
            result = await in_thread(read_json, self._folder.result)
        if result is None:
            raise EvaluationFailed("the child reported success without a result")
        return result

    async def _evaluate(self) -> bool:
        """Runs the child once; False where it was lost and the job waits again."""
        attempt = int(self._jobs.status(self._request.job_id)["attempt"]) + 1
        await in_thread(self._set, status="running", attempt=attempt)
        await in_thread(self.prepare)
        child = await ChildProcess.start(
            [*self._child_arguments, str(self._folder.path)], log_path=self._folder.log, environment=self._environment
        )
        reported: list[dict[str, Any]] = []
        limits = Limits(
            self._settings.child_silence_s, self._settings.evaluation_max_hours * 3600, run_name="EVALUATION_MAX_HOURS"
        )  # fmt: skip
        try:
            code = await follow(child, limits, take=lambda event: self._take(event, reported), tell=self._tell_silence)
        except ChildSilent as error:
            await child.stop(self._settings.stop_grace_s)
            return await self._lost(attempt, str(error))
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError):  # the service is stopping: this was no fault of the evaluation's
                self._set(status="queued", attempt=attempt - 1)
            await child.stop(self._settings.stop_grace_s)
            raise
        finally:
            self._metrics.silence("evaluation", None)
        end = read_end(code, reported[-1] if reported else None)
        self._log.info("evaluation child ended", exit_code=code, kind=end.kind)
        if end.kind in ("crashed", "unavailable"):  # both go on from the answers that are there
            return await self._lost(attempt, end.message)
        if end.kind != "done":
            raise EvaluationFailed(f"{end.message} (the child's log: {self._folder.log})")
        return True

    async def _lost(self, attempt: int, why: str) -> bool:
        if attempt >= MAX_ATTEMPTS:
            raise EvaluationFailed(f"the child was lost {MAX_ATTEMPTS} times, at last because {why}: see {self._folder.log}")
        self._log.warning("evaluation child was lost: the evaluation waits again", attempt=attempt, why=why)
        await in_thread(self._jobs.queue_again, self._request.job_id, notice=why)
        return False

    async def _take(self, event: dict[str, Any], reported: list[dict[str, Any]]) -> None:
        if event.get("event") == "progress":
            await in_thread(self._set, phase=event.get("phase"), step=event.get("step"), total=event.get("total"))
        elif event.get("event") == "error":
            reported.append(event)

    async def _tell_silence(self, silent_s: float | None) -> None:
        self._metrics.silence("evaluation", silent_s)
        told = None
        if silent_s is not None:
            told = f"the child has said nothing for {silent_s:.0f} s: it is ended after {self._settings.child_silence_s:g}"
            self._log.warning("evaluation child is silent", silent_s=round(silent_s), log=str(self._folder.log))
        await in_thread(self._set, notice=told)

    def prepare(self) -> None:
        """The files that the child reads; the weights are verified against their registered hash.

        Reports of an attempt that was lost go: they hold texts, and nobody looks through the reports of a job that runs.
        """
        request = self._request
        shutil.rmtree(report_folder(self._settings.eval_reports_dir, request.job_id), ignore_errors=True)
        found, engine = find_version(self._store, f"{request.model}/{request.version}"), self._settings.evaluation_engine()
        model = "" if engine else str(artifact_folder(self._store, found.artifact_uri, found.sha256, self._settings.cache_dir()).absolute())
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
            "model": {"path": model, "sha256": found.sha256},
            **files,
            "items_name": request.eval_dataset,
            "metrics": list(request.metrics),
            "max_new_tokens": self._settings.evaluation_max_new_tokens,
            "max_seq_length": resolve(Hyperparameters(), self._settings).values["max_seq_length"],
            "date": (self._jobs.request(request.job_id) or request).accepted_at,  # the first: of one that waits again it is another
            "reports_dir": str(self._settings.eval_reports_dir.absolute()),
            **({"engine": engine} if engine else {}),
            **({"judge": judge} if (judge := self._settings.judge()) else {}),
        }
        write_json(self._folder.spec, spec)

    async def _complete(self, result: Mapping[str, Any]) -> None:
        await self._events.commit(completed_event(self._request, result, self._now()))
        metrics = {name: float(value) for name, value in result["metrics"].items() if isinstance(value, int | float)}
        names = ("items", "answers_cut", "questions_without_answer", "questions_too_long", "questions_refused", "report_dir", "judge")
        told = {name: result[name] for name in names if name in result}
        await in_thread(self._set, status="completed", metrics=metrics, notice=await in_thread(self._copy_reports), **told)
        self._metrics.evaluation_ended("completed", metrics, result.get("by_language", {}))

    def _copy_reports(self) -> str | None:
        """To the store, beside the version; a store that is away takes nothing from the evaluation, and the notice says it."""
        request = self._request
        key = report_key(request.model, request.version, request.job_id)
        try:
            copy_reports(self._store, report_folder(self._settings.eval_reports_dir, request.job_id), key)
        except (ArtifactError, OSError) as error:
            self._log.warning("reports were not copied to the store", key=key, error=str(error))
            return f"the reports were not copied to the store, they are on the runner alone: {error}"
        return None

    async def _end(self, status: str, error: str) -> None:
        self._log.warning("evaluation ended without a result", status=status, error=error)
        await in_thread(self._set, status=status, error=error[:2000], notice=None)
        self._metrics.evaluation_ended(status, {}, {})

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
