"""One job from its lease to its end: prepare, train in a child, judge, decide. Nothing here blocks the event loop.

What is on disk and in the store says where to go on, so the same steps serve a fresh job, a job taken up again after a
crash and a later attempt: a decision record goes to its events, a result to the gate, a spec to the child, nothing to
the preparation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from gpu_runner.child.exit import ChildEnd, read_end
from gpu_runner.child.process import Child
from gpu_runner.child.watch import ChildTooLong, Limits, follow
from gpu_runner.dataset.fields import DataError
from gpu_runner.errors import Fatal, JobCancelled, JobInterrupted, JobRefused, JobWithoutData, NotConnected, RunnerError
from gpu_runner.event_log.commit import EventLog, to_the_end
from gpu_runner.event_log.withdrawals import Reason
from gpu_runner.jobs import state as jobs
from gpu_runner.jobs.candidate import Candidate, decided_candidate
from gpu_runner.jobs.disk_room import ARTIFACTS, DATA, DiskRoom, NoRoom
from gpu_runner.jobs.leased_samples import SampleSource, settle
from gpu_runner.jobs.workshop import Workshop
from gpu_runner.metrics import RunnerMetrics
from gpu_runner.settings import RunnerSettings
from gpu_runner.threads.session_threads import in_thread
from gpu_runner.versions.promotion import OUTCOMES, current_event, evaluation_event, gate_outcome, promotion_event
from gpu_runner.versions.registry import rolled_back_artifacts, write_record
from runtime.artifacts.store import ArtifactDamaged, ArtifactError, ArtifactStore
from schemas.catalogue import Event
from schemas.events.training_state import Outcome, TrainingState

_log = structlog.get_logger(__name__)

# Before these phases a child has learnt nothing yet.
_LEARNT = frozenset({"training", "merging", "evaluating"})


@dataclass(frozen=True, slots=True)
class RunParts:
    """What every job run needs: the composition root makes it once. `workshop` gives that of a job by the job's id."""

    settings: RunnerSettings
    store: ArtifactStore
    samples: SampleSource
    workshop: Callable[[str], Workshop]
    metrics: RunnerMetrics
    now: Callable[[], datetime]
    room: DiskRoom


class JobRun:
    """Runs one leased job; `cancel` and `apply_withdrawals` may come at any time. Raises only Fatal, NotConnected and its own cancellation.

    `sample_ids` are the samples that the job is made of, once it is prepared.
    """

    def __init__(self, parts: RunParts, log: EventLog, state: TrainingState) -> None:
        self.job_id = state.job_id
        self.sample_ids: frozenset[str] = frozenset()
        self._parts = parts
        self._events = log
        self._state = state
        self._found_lease = state.lease
        self._workshop = parts.workshop(state.job_id)
        self._log = _log.bind(job_id=state.job_id, attempt=state.attempt, model=state.model, version=state.version)
        self._saving = asyncio.Lock()
        self._saved_at = state.updated_at
        self._started_at = state.updated_at
        self._cancelled = asyncio.Event()
        self._reason = ""
        self._final = False
        self._child: Child | None = None
        self._learnt = False
        self._anew = False
        self._changing_files = asyncio.Lock()

    def cancel(self, reason: str) -> None:
        """Ends the job as cancelled, unless its decision is being written already."""
        self._reason = reason
        self._cancelled.set()

    async def apply_withdrawals(self) -> None:
        """Looks whether samples of this job were taken back: before the training they drop out, after its start they taint the version.

        A child that has learnt nothing yet is stopped and the job prepared anew; one that trains already goes on, while the rows
        leave the files. Where no child runs, the job looks itself before it goes on.
        """
        withdrawn, tainted = await self._withdrawn()
        child = self._child
        if not withdrawn or child is None:
            return
        if self._learnt:
            async with self._changing_files:
                await in_thread(self._workshop.forget, withdrawn, answers=False)
            if self._state.phase != "ended" and not self._final:
                await self._save(lambda state, now: jobs.taint(state, len(tainted)))
        else:
            self._anew = True
            await child.stop(self._parts.settings.stop_grace_s)

    async def _withdrawn(self) -> tuple[dict[str, Reason], dict[str, Reason]]:
        """Those of the job's samples that were taken back, and those of them that train."""
        made_of = await in_thread(self._workshop.made_of)
        if made_of is None:
            return {}, {}
        model, samples = made_of
        self.sample_ids = frozenset(samples)
        withdrawn = self._events.read_model.withdrawals.withdrawn(model, samples)
        return withdrawn, {sample_id: reason for sample_id, reason in withdrawn.items() if samples[sample_id].trained}

    async def run(self) -> None:
        """Takes the lease and runs the job to its end; a runner that stops gives the lease back and leaves the job open."""
        try:
            await self._save(
                lambda state, now: jobs.take(state, self._parts.settings.runner_owner, now=now, lease_s=self._parts.settings.lease_s)
            )
            self._log.info("job taken", phase=self._state.phase, token=self._state.lease.token if self._state.lease else None)
            await self._guarded()
        except (Fatal, NotConnected):
            raise
        except asyncio.CancelledError:
            await self._give_back()
            raise
        except JobCancelled as error:
            await self._end("cancelled", str(error))
        except JobWithoutData as error:
            await self._end("no_data", str(error))
        except (JobRefused, DataError, ArtifactDamaged) as error:
            await self._end("failed", str(error))
        except (RunnerError, ArtifactError, OSError) as error:
            await self._end("failed", str(error), retryable=True)
        except Exception as error:  # a defect of ours: the attempt has failed, and the next one may meet it or not
            self._log.exception("job run broke")
            await self._end("failed", f"internal error {type(error).__name__}: see the runner's log", retryable=True)

    async def _guarded(self) -> None:
        """The steps, beside a pulse that keeps the lease and watches for a cancel and the time limit."""
        await in_thread(self._workshop.make)
        started = await in_thread(self._workshop.started_at, self._state.attempt, self._parts.now())
        self._started_at = started
        work = asyncio.create_task(self._steps())
        pulse = asyncio.create_task(self._pulse(started + timedelta(hours=self._parts.settings.run_max_hours)))
        try:
            await asyncio.wait({work, pulse}, return_when=asyncio.FIRST_COMPLETED)
            if pulse.done() and not work.done():
                pulse.result()
            await work
        finally:
            for task in (work, pulse):
                task.cancel()
            await asyncio.gather(work, pulse, return_exceptions=True)

    async def _pulse(self, deadline: datetime) -> None:
        settings = self._parts.settings
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._cancelled.wait(), min(settings.lease_renew_s, 1.0))
            if self._final:
                await asyncio.sleep(settings.lease_renew_s)
                continue
            if self._cancelled.is_set():
                raise JobCancelled(self._reason)
            now = self._parts.now()
            if now >= deadline:
                self.cancel(f"the run is older than RUN_MAX_HOURS={settings.run_max_hours:g}")
                raise JobCancelled(self._reason)
            if now - self._saved_at >= timedelta(seconds=settings.lease_renew_s):
                await self._save(lambda state, at: jobs.renew(state, now=at, lease_s=settings.lease_s))

    async def _steps(self) -> None:
        candidate = await in_thread(decided_candidate, self._parts.store, self._state, self._parts.settings)
        if candidate is None:
            result = await in_thread(self._workshop.verified_result)
            if result is None:
                while not await self._train(await self._spec()):
                    self._log.info("samples were taken back before the training: prepared anew")
                result = await in_thread(self._workshop.verified_result)
            if result is None:
                raise JobInterrupted("the child reported success without a result whose hashes verify")
            await self._move("deciding")
            await self._forget()
            candidate = await in_thread(self._workshop.judge, self._state, result)
        await to_the_end(self._decide(candidate))

    async def _forget(self) -> None:
        """Takes out of the files of a trained candidate what was taken back, before anything of them is kept for later versions."""
        async with self._changing_files:
            withdrawn, _ = await self._withdrawn()
            if withdrawn:
                await in_thread(self._workshop.forget, withdrawn, answers=True)

    async def _spec(self) -> dict[str, Any]:
        """What the child is to do, on a dataset of which nothing was taken back: one that lost a sample is made anew."""
        while True:
            withdrawn, _ = await self._withdrawn()
            if withdrawn:
                # Its checkpoints go too: they know the rows, and the files that they could be resumed with are not to be kept.
                self._log.info("samples were taken back: dataset and checkpoints discarded", samples=len(withdrawn))
                await in_thread(self._workshop.discard)
            spec = await self._pinned_or_prepared()
            if not (await self._withdrawn())[0]:
                return spec

    async def _pinned_or_prepared(self) -> dict[str, Any]:
        spec = await in_thread(self._workshop.pinned_spec, self._state.attempt)
        if spec is not None:
            return spec
        serving = self._events.read_model.current.get(self._state.model)
        if serving is None:
            raise JobRefused(f"{self._state.model} is not bootstrapped: run `abhyas bootstrap --model {self._state.model} …`")
        await self._require_room()
        await self._move("preparing")
        batch, withdrawals = self._state.accepted_command().batch, self._events.read_model.withdrawals
        leased = settle(batch, await self._parts.samples.read(batch), withdrawals)
        spec = await in_thread(self._workshop.prepare, self._state, serving, leased, withdrawals)
        self._log.info("job prepared", dropped=dict(leased.dropped), samples=len(leased.samples))
        return spec

    async def _train(self, spec: Mapping[str, Any]) -> bool:
        """Runs the child to its end; False where it was stopped before it had learnt anything, because a sample was taken back."""
        await self._require_room()
        await self._move("training")
        parts = self._parts
        child = await self._workshop.start_child()
        self._log.info("child started", pid=child.pid, start=spec["start"]["name"])
        reported: list[dict[str, Any]] = []
        self._child, self._learnt, self._anew = child, False, False

        async def take(event: dict[str, Any]) -> None:
            if event.get("event") == "progress":
                self._learnt = self._learnt or event.get("phase") in _LEARNT
                await self._progress(event)
            elif event.get("event") == "error":
                reported.append(event)

        try:
            await self.apply_withdrawals()  # what came while it was being started
            limits = Limits(parts.settings.child_silence_s, parts.settings.run_max_hours * 3600)
            code = await follow(child, limits, take=take, tell=self._tell_silence)
        except ChildTooLong as error:
            await child.stop(parts.settings.cancel_grace_s)
            raise JobCancelled(str(error)) from error
        except asyncio.CancelledError:
            # Stopping the service must take seconds; a person's cancel may wait for the checkpoint at the end of a step.
            grace = parts.settings.cancel_grace_s if self._cancelled.is_set() else parts.settings.stop_grace_s
            await child.stop(grace)
            raise
        except BaseException:
            await child.stop(parts.settings.stop_grace_s)
            raise
        finally:
            self._child = None
            parts.metrics.silence("training", None)
        if self._anew:
            return False
        end = read_end(code, reported[-1] if reported else None)
        self._log.info("child ended", exit_code=code, kind=end.kind)
        _raise_for(end, str(self._workshop.log))
        return True

    async def _require_room(self) -> None:
        """Raises NoRoom, which may be retried, before anything is written that the disk has no room for."""
        parts, state = self._parts, self._state
        serving = self._events.read_model.current.get(state.model)
        if serving is None:
            return
        missing, rank = dict.fromkeys((DATA, ARTIFACTS), 0), int(state.hyperparameters.get("lora_rank", 16))
        try:
            await in_thread(parts.room.require, state.job_id, serving, rank, self._workshop.path)
        except NoRoom as error:
            missing |= error.missing
            raise
        except ArtifactError as error:  # a job that goes on from its checkpoints needs no store for hours
            self._log.warning("the store does not say how large the base is: room on the disk was not looked at", error=str(error))
        finally:
            for place, missing_bytes in missing.items():
                parts.metrics.disk_missing(place, missing_bytes)

    async def _tell_silence(self, silent_s: float | None) -> None:
        """In the log, the metrics and the job's state; None takes it back."""
        self._parts.metrics.silence("training", silent_s)
        if silent_s is None:
            self._log.info("child speaks again")
            told = None
        else:
            told = f"the child has said nothing for {silent_s:.0f} s: it is ended after {self._parts.settings.child_silence_s:g}"
            self._log.warning("child is silent", silent_s=round(silent_s), log=str(self._workshop.log))
        await self._save(lambda state, now: jobs.notice(state, told, now=now))

    async def _decide(self, candidate: Candidate) -> None:
        parts = self._parts
        if self._cancelled.is_set():
            raise JobCancelled(self._reason)
        self._final = True
        rolled_back = await in_thread(rolled_back_artifacts, parts.store, self._state.model)
        _, tainted = await self._withdrawn()
        async with self._saving, self._events.exclusive() as commit:
            serving = self._events.read_model.current.get(self._state.model)
            record = candidate.record
            if not candidate.decided:
                outcome = gate_outcome(
                    record["gate_verdict"], tuple(record["gate_reasons"]), baseline=record["baseline"],
                    artifact_sha256=record["artifact"]["sha256"], serving=serving, rolled_back=rolled_back,
                )  # fmt: skip
                reasons = [*outcome.reasons, *(candidate.notes if outcome.applied else ())]
                ruled = {"verdict": outcome.verdict, "applied": outcome.applied, "reasons": reasons}
                record = record | ruled | {"decided_at": parts.now().isoformat(), "tainted": tainted}
                record = await in_thread(write_record, parts.store, candidate.record_key, record)
            events: list[Event] = [
                evaluation_event(record, candidate.scores, candidate.report_dir),
                promotion_event(record, f"s3://{parts.store.bucket}/{candidate.record_key}"),
            ]
            if record["applied"]:
                if serving is None:
                    raise JobRefused(f"{self._state.model} serves nothing: a promotion needs a baseline")
                events.append(current_event(record, serving, parts.now().astimezone(UTC).date()))
            ended = jobs.taint(jobs.end(self._state, OUTCOMES[record["verdict"]], now=parts.now()), len(tainted))
            ended = ended.model_copy(update={"baseline_version": record["baseline"]["version"]})
            ended = jobs.left_out(ended, rows=record.get("rows_too_long"), samples=record.get("samples_too_long"))
            await commit([*events, ended])
            self._count(ended)
        parts.metrics.evaluated(candidate.scores)
        if record.get("broken"):
            parts.metrics.gate_broken()
        self._log.info("job decided", verdict=record["verdict"], applied=record["applied"])

    async def _progress(self, report: dict[str, Any]) -> None:
        before = self._state
        after = jobs.progress(before, report, now=self._parts.now())
        if after.loss is not None:
            self._parts.metrics.loss(after.loss)
        due = after.updated_at - self._saved_at >= timedelta(seconds=self._parts.settings.progress_every_s)
        if due or after.phase != before.phase or after.step == after.total_steps:
            await self._save(
                lambda state, now: jobs.renew(jobs.progress(state, report, now=now), now=now, lease_s=self._parts.settings.lease_s)
            )
        else:
            self._state = after

    async def _move(self, phase: Any) -> None:
        await self._save(lambda state, now: jobs.renew(jobs.move(state, phase, now=now), now=now, lease_s=self._parts.settings.lease_s))

    async def _save(self, change: Callable[[TrainingState, datetime], TrainingState]) -> None:
        await to_the_end(self._save_now(change))

    async def _save_now(self, change: Callable[[TrainingState, datetime], TrainingState]) -> None:
        async with self._saving:
            changed = change(self._state, self._parts.now())
            await self._events.commit(changed)
            self._state, self._saved_at = changed, changed.updated_at

    async def _end(self, outcome: Outcome, error: str, *, retryable: bool = False) -> None:
        self._log.warning("job ended", outcome=outcome, error=error, retryable=retryable)
        await self._save(lambda state, now: jobs.end(state, outcome, now=now, error=error, retryable=retryable))
        self._count(self._state)

    def _count(self, ended: TrainingState) -> None:
        self._state = ended
        self._parts.metrics.job_ended(ended, (ended.updated_at - self._started_at).total_seconds())

    async def _give_back(self) -> None:
        # Where nobody answered whether the lease was taken, the one at hand is the last run's: written again, its token would come back.
        if self._state.phase == "ended" or self._state.lease is self._found_lease:
            return
        try:
            await self._save(lambda state, now: jobs.release(state, now=now))
        except RunnerError as error:
            self._log.warning("lease not given back", error=str(error))


def _raise_for(end: ChildEnd, log: str) -> None:
    message = f"{end.message} (the child's log: {log})"
    if end.kind == "done":
        return
    if end.kind == "no_data":
        raise JobWithoutData(end.message)
    if end.retryable:
        raise JobInterrupted(message)
    raise JobRefused(message)
