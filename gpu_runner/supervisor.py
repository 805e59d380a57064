"""The supervisor: follows the topics, accepts commands durably, runs one child at a time, answers persons' requests.

It keeps no offsets. A session restores everything from the topics, finishes what was being decided, and goes on; when
Kafka is lost the session ends, its child with it, and another one is tried until it succeeds. It never imports torch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final, Protocol

import structlog
from pydantic import BaseModel

from gpu_runner.erasure_sweep import Eraser
from gpu_runner.errors import Fatal, NotConnected
from gpu_runner.event_log.commit import EventLog
from gpu_runner.event_log.read_model import ReadModel
from gpu_runner.event_log.withdrawals import Erasure, Fact, Retraction
from gpu_runner.hyperparameters import resolve
from gpu_runner.jobs import state as jobs
from gpu_runner.jobs.ended_files import clear_ended
from gpu_runner.jobs.evaluation import EvaluationJobs
from gpu_runner.jobs.evaluation_run import EvaluationRun
from gpu_runner.jobs.run import JobRun, RunParts
from gpu_runner.request_queues import answer_all
from gpu_runner.threads.request_threads import RequestThreads
from gpu_runner.threads.session_threads import in_thread
from gpu_runner.versions.deployment import Deployment
from gpu_runner.versions.drift_baseline import Fit, fit
from gpu_runner.versions.registry import next_version
from runtime.artifacts.store import ArtifactError
from schemas.catalogue import Event
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.training_state import TrainingState

_log = structlog.get_logger(__name__)

_POLL_S: Final = 0.5
_BACKOFF_S: Final = (1.0, 2.0, 5.0, 10.0, 30.0)


class Channel(Protocol):
    """The way to Kafka of one session: restores, polls and writes."""

    async def open(self, read_model: ReadModel) -> None: ...
    async def close(self) -> None: ...
    async def poll(self, timeout_s: float) -> Sequence[BaseModel | Fact]: ...
    async def write(self, events: Sequence[Event]) -> None: ...
    async def latency_ms(self) -> float: ...


class Supervisor:
    """One for each process. `run` returns when it is cancelled; it raises Fatal when this process can't go on."""

    def __init__(
        self, parts: RunParts, *, open_channel: Callable[[], Channel], evaluations: EvaluationJobs,
        evaluation_arguments: Sequence[str] = ("-m", "gpu_runner.evaluate"), child_environment: dict[str, str], fit: Fit = fit,
        job_run: Callable[[RunParts, EventLog, TrainingState], JobRun] = JobRun, deployment: Callable[..., Deployment] = Deployment,
    ) -> None:  # fmt: skip
        self.settings = parts.settings
        self.store = parts.store
        self.now = parts.now
        self.room = parts.room
        self.evaluations = evaluations
        self.channel: Channel | None = None
        self.log: EventLog | None = None
        self.last_error = "not connected yet"
        self.request_threads = RequestThreads()
        self._parts = parts
        self._metrics = parts.metrics
        self._open_channel = open_channel
        self._evaluation_arguments = evaluation_arguments
        self._environment = child_environment
        self._fit = fit
        self._job_run = job_run
        self._new_deployment = deployment
        self._running: JobRun | None = None
        self._eraser = Eraser(parts.store, parts.settings)
        self._work = asyncio.Event()
        self._requests = asyncio.Event()

    def connected(self) -> EventLog:
        """The log of the session; raises NotConnected, with the reason, while there is none."""
        if self.log is None:
            raise NotConnected(self.last_error)
        return self.log

    def evaluation_accepted(self) -> None:
        """Wakes the worker: there is a new evaluation on disk."""
        self._work.set()

    async def run(self) -> None:
        """Sessions, one after the other, until cancelled."""
        failures = 0
        while True:
            opened = False
            try:
                channel, log = await self._open_session()
                opened, failures = True, 0
                await self._session(channel, log)
            except NotConnected as error:
                self.last_error = str(error)
                _log.warning("session with Kafka ended", error=str(error), opened=opened)
            finally:
                await self._close_session()
            await asyncio.sleep(_BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)])
            failures += 1

    async def _open_session(self) -> tuple[Channel, EventLog]:
        channel, read_model = self._open_channel(), ReadModel()
        self.channel = channel
        await channel.open(read_model)
        log = EventLog(channel, read_model)
        self.log = log
        _log.info("restored", jobs=len(read_model.jobs), models=len(read_model.current), requests=len(read_model.requests))
        return channel, log

    async def _close_session(self) -> None:
        channel, self.channel, self.log, self._running = self.channel, None, None, None
        if channel is not None:
            await channel.close()

    async def _session(self, channel: Channel, log: EventLog) -> None:
        await self._accept_all(log)
        await self._eraser.sweep(log)
        # What was being decided is finished before anything else is looked at: its record may be written already, and it must
        # be applied to the same serving version that it was ruled on.
        for state in log.read_model.open_jobs():
            if state.phase == "deciding":
                await self._run_job(log, state)
        self._work.set()
        self._requests.set()
        deployment = self._new_deployment(store=self.store, settings=self.settings, log=log, fit=self._fit, now=self.now)
        answering = answer_all(self._requests, log.read_model.open_requests, deployment.answer)
        await _first_failure(self._read(channel, log), answering, self._work_on(log), self._eraser.follow(log))

    async def _read(self, channel: Channel, log: EventLog) -> None:
        """Folds requests in as they come; a command is accepted in the same breath."""
        while True:
            for event in await channel.poll(_POLL_S):
                log.read_model.apply(event)
                if isinstance(event, Erasure | Retraction):
                    self._eraser.notice(event)
            await self._accept_all(log)
            self._cancel_if_asked(log)
            if log.read_model.open_requests():
                self._requests.set()

    async def _accept_all(self, log: EventLog) -> None:
        for command in log.read_model.new_commands():
            await self._accept(log, command)
            self._work.set()

    async def _accept(self, log: EventLog, command: RetrainRequested) -> None:
        """The durable acceptance: from here on `training.state` carries the command, whatever happens to this process."""
        before = log.read_model.jobs.get(command.command_id)
        running = self._running
        if before is not None and before.phase != "ended" and running is not None and running.job_id == command.command_id:
            # Stage 2 gave the attempt up that runs here: it ends, and the next one goes on from its checkpoints.
            running.cancel(f"attempt {command.attempt} replaces attempt {before.attempt}")
            return
        version = before.version if before else await in_thread(self._next_version, log.read_model, command.model)
        state = jobs.accept(
            command, before, version=version, hyperparameters=resolve(command.hyperparameters, self.settings), now=self.now()
        )
        await log.commit(state)
        self._metrics.job_accepted()
        _log.info("command accepted", job_id=state.job_id, attempt=state.attempt, model=state.model, version=state.version)

    def _next_version(self, read_model: ReadModel, model: str) -> str:
        known = read_model.versions(model)
        try:
            known |= {key.split("/")[2] for key in self.store.list(f"finetuned/{model}") if key.count("/") > 2}
        except ArtifactError as error:
            # The jobs in the topic are kept for ever, so their names suffice; the listing only adds what was uploaded by others.
            _log.warning("versions in the store can't be listed", error=str(error))
        return next_version(known)

    def _cancel_if_asked(self, log: EventLog) -> None:
        if self._running is not None and log.read_model.is_cancelled(self._running.job_id):
            self._running.cancel(_cancel_reason(log.read_model, self._running.job_id))

    async def _work_on(self, log: EventLog) -> None:
        await in_thread(clear_ended, list(log.read_model.jobs.values()), log.read_model, self.settings.jobs_dir())
        while True:
            state = next(iter(log.read_model.open_jobs()), None)
            waiting = await in_thread(self.evaluations.waiting)
            if state is not None and not (waiting and datetime.fromisoformat(waiting[0].accepted_at) < state.accepted_at):
                await self._run_job(log, state)
            elif waiting:
                evaluation = EvaluationRun(
                    waiting[0], jobs=self.evaluations, store=self.store, settings=self.settings, log=log, metrics=self._metrics,
                    child_arguments=self._evaluation_arguments, child_environment=self._environment, now=self.now,
                )  # fmt: skip
                async with self._eraser.evaluating(waiting[0].job_id):
                    await evaluation.run()
            else:
                await self._work.wait()
                self._work.clear()

    async def _run_job(self, log: EventLog, state: TrainingState) -> None:
        free = jobs.free_at(state, self.settings.runner_owner)
        if free is not None and (wait_s := (free - self.now()).total_seconds()) > 0:
            _log.info("job is leased to another runner: waiting for its lease to end", job_id=state.job_id, wait_s=round(wait_s, 1))
            await asyncio.sleep(wait_s)
        run = self._job_run(self._parts, log, state)
        if log.read_model.is_cancelled(state.job_id):
            run.cancel(_cancel_reason(log.read_model, state.job_id))
        self._running = run
        try:
            async with self._eraser.running(run):
                await run.run()
        finally:
            self._running = None
        ended = log.read_model.jobs[state.job_id]
        await in_thread(clear_ended, [ended], log.read_model, self.settings.jobs_dir())


async def _first_failure(*work: Awaitable[None]) -> None:
    """Runs everything until one ends, then stops the rest and raises what ended it."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        for outcome in ended:
            if isinstance(outcome, Fatal):
                raise outcome


def _cancel_reason(read_model: ReadModel, job_id: str) -> str:
    for asked, request in read_model.cancels.items():
        if read_model.run_of(asked) == job_id:
            return f"cancelled by {request.actor}" + (f": {request.reason}" if request.reason else "")
    return "cancelled"
