"""When a model is retrained: the rules, one run at a time, and the settling of its batch.

Everything that the trigger knows came in as an `Entry`; time is the newest tick. So the same entries give the same
decisions, and the journal of entries is enough to make them again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec

from consumers.decide.buffer.buffered import NO_DATA
from consumers.decide.buffer.negative_buffer import NegativeBuffer
from consumers.decide.decision_ids import command_id, drift_id
from consumers.decide.ended_runs import EndedRun, EndedRuns
from consumers.decide.inputs import (
    Entry,
    ErasureSeen,
    JobSeen,
    RecipeSeen,
    RequestSeen,
    SampleSeen,
    ServingSeen,
    SignalSeen,
    TickSeen,
    from_ms,
)
from consumers.decide.model_drift import DriftWatch
from consumers.decide.standing import evidence_for, missing, too_few, untaught
from consumers.decide.trigger_state import DAY_MS, HOUR_MS, MINUTE_MS, ModelState, Requests, Running, TriggerPolicy
from consumers.kept_state import under
from consumers.records import Notice
from consumers.state_keys import DRIFT_KEY, SAMPLE_KEY, TRIGGER_KEY
from schemas.events.drift_detected import DriftDetected
from schemas.events.operator_requested import OperatorRequested
from schemas.events.retrain_requested import RetrainRequested
from schemas.fields import Rule

MAX_ATTEMPTS: Final = 3
# Job ids of persons' requests that are remembered, so that a request sent again is not another run.
REMEMBERED_REQUESTS: Final = 500
ACTOR: Final = "abhyas-stage2"

Decision = RetrainRequested | DriftDetected | OperatorRequested | Notice


@dataclass(slots=True)
class ModelTrigger:
    """The trigger of one model. `apply` is its only way in; state parts leave by `take_changes` and come back by `load`."""

    model: str
    policy: TriggerPolicy
    model_state: ModelState = field(default_factory=ModelState)
    running: Running | None = None
    requests: Requests = field(default_factory=Requests)
    ended: EndedRuns = field(default_factory=EndedRuns)
    buffer: NegativeBuffer = field(init=False)
    drift: DriftWatch = field(init=False)
    _written: dict[str, bytes | None] = field(init=False, default_factory=dict)
    _command: RetrainRequested | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.buffer = NegativeBuffer(self.policy.max_per_user, self.model)
        self.buffer.train_by(self.model_state.recipe_name())
        self.drift = DriftWatch(self.policy.drift)

    def apply(self, entry: Entry) -> list[Decision]:
        """Takes one input and returns what follows from it, in order."""
        match entry.input:
            case TickSeen(now_ms=now_ms):
                decisions = self._tick(now_ms)
            case SampleSeen() as seen:
                self.buffer.take(seen, partition=entry.partition, offset=entry.offset, now_ms=self.model_state.now_ms or 0)
                decisions = []
            case SignalSeen() as seen:
                self.drift.take(seen, self._today())
                decisions = []
            case ServingSeen() as seen:
                decisions = self._serve(seen)
            case RequestSeen() as seen:
                decisions = self._request(seen)
            case JobSeen() as seen:
                decisions = self._job(seen)
            case ErasureSeen(contributor=contributor, until_s=until_s):
                self.buffer.erase(contributor, until_s)
                decisions = []
            case RecipeSeen(recipe=recipe):
                self.model_state.recipe = recipe
                self.buffer.train_by(self.model_state.recipe_name())
                decisions = []
        decisions += self._fire()
        return decisions

    def command(self) -> RetrainRequested | None:
        """The command of the run under way, in its newest attempt."""
        if self.running is None:
            return None
        if self._command is None:
            self._command = RetrainRequested.model_validate_json(self.running.command)
        return self._command

    def next_schedule_ms(self) -> int | None:
        """When the schedule is due next, None before the bootstrap."""
        start = self.model_state.schedule_from_ms
        return None if start is None else start + round(self.policy.schedule_interval_hours * HOUR_MS)

    def blocked_because(self) -> str | None:
        """Why no run can start now, whatever is due; None where one could, or one is under way."""
        return missing(self.model, self.model_state) or self._waits_for()

    def _waits_for(self) -> str | None:
        if self.running is not None:
            return None
        if self._due(cool_down=False):
            until = from_ms(self.model_state.cool_down_until_ms).isoformat()
            return None if self._due() else f"cool-down until {until}"
        return too_few(self.buffer, self.policy, drifted=self.model_state.drift_id is not None)

    def take_changes(self) -> dict[bytes, bytes | None]:
        """The changelog records of what changed since the last call."""
        parts = self._parts()
        changes = {self._begin(TRIGGER_KEY) + name.encode(): value for name, value in parts.items() if self._written.get(name) != value}
        self._written = parts
        changes.update(under(self._begin(SAMPLE_KEY), self.buffer.take_changes().items()))
        changes.update(under(self._begin(DRIFT_KEY), self.drift.take_changes().items()))
        return changes

    def save(self) -> Iterator[tuple[bytes, bytes]]:
        """The whole state as changelog records."""
        for name, value in self._parts().items():
            if value is not None:
                yield self._begin(TRIGGER_KEY) + name.encode(), value
        yield from under(self._begin(SAMPLE_KEY), self.buffer.save())
        yield from under(self._begin(DRIFT_KEY), self.drift.save())

    def load(self, key: bytes, value: bytes | None) -> None:
        """Takes one changelog record of this model back."""
        end = key.partition(b"|")[2].partition(b"|")[2]
        if key.startswith(SAMPLE_KEY):
            self.buffer.load(end, value)
        elif key.startswith(DRIFT_KEY):
            self.drift.load(end, value)
        else:
            self._load_part(end.decode(), value)

    def _begin(self, kind: bytes) -> bytes:
        return kind + f"{self.model}|".encode()

    def _parts(self) -> dict[str, bytes | None]:
        return {
            "clock": _encode(self.model_state),
            "run": None if self.running is None else _encode(self.running),
            "requests": _encode(self.requests),
            "ended": _encode(self.ended) if self.ended.runs else None,
        }

    def _load_part(self, part: str, value: bytes | None) -> None:
        if part == "clock":
            self.model_state = ModelState() if value is None else msgspec.json.decode(value, type=ModelState)
            self.buffer.train_by(self.model_state.recipe_name())
        elif part == "run":
            self.running, self._command = None if value is None else msgspec.json.decode(value, type=Running), None
        elif part == "requests":
            self.requests = Requests() if value is None else msgspec.json.decode(value, type=Requests)
        elif part == "ended":
            self.ended = EndedRuns() if value is None else msgspec.json.decode(value, type=EndedRuns)
        else:
            raise ValueError(f"changelog part {part!r} of model {self.model}: expected clock, run, requests or ended")
        self._written[part] = value

    def _today(self) -> int | None:
        return None if self.model_state.now_ms is None else from_ms(self.model_state.now_ms).date().toordinal()

    def _tick(self, now_ms: int) -> list[Decision]:
        before = self.model_state.now_ms
        if before is not None and now_ms <= before:
            # Time never goes back; a second ticker only makes more ticks.
            return []
        self.model_state.now_ms = now_ms
        if self.model_state.schedule_from_ms is None and self.model_state.serving_version is not None:
            self.model_state.schedule_from_ms = now_ms
        decisions: list[Decision] = []
        if before is None:
            self.buffer.date(now_ms)
        elif before // DAY_MS != now_ms // DAY_MS:
            decisions += self._expire(now_ms)
        decisions += self._drift(now_ms)
        decisions += self._watch_run(now_ms)
        due = self.next_schedule_ms()
        if due is not None and now_ms >= due and self._is_free() and not self._has_something_new():
            # A quiet stream stays quiet: a schedule with nothing new to learn waits a whole interval, not for the next event.
            self.model_state.schedule_from_ms = now_ms
            message = f"the schedule was due and there is nothing new to train on{untaught(self.buffer)}"
            decisions.append(Notice("info", "schedule_skipped", self.model, message))
        return decisions

    def _expire(self, now_ms: int) -> list[Decision]:
        lost = self.buffer.expire(now_ms - self.policy.sample_days * DAY_MS)
        if not lost:
            return []
        message = f"{lost} pending samples are older than {self.policy.sample_days} days and left the buffer untrained"
        return [Notice("info", "samples_expired", self.model, message)]

    def _drift(self, now_ms: int) -> list[Decision]:
        found = self.drift.tick(now_ms)
        if found is None:
            return []
        # Time never goes back, so a tick names one drift of a model, the same on every replay.
        identity = drift_id(self.model, now_ms)
        self.model_state.drift_id = identity
        detected_at = from_ms(now_ms)
        return [DriftDetected(drift_id=identity, model=self.model, detected_at=detected_at, evidence=found.evidence, **found.explained)]

    def _watch_run(self, now_ms: int) -> list[Decision]:
        command = self.command()
        if self.running is None or command is None:
            return []
        if self.running.retry_at_ms is not None:
            if now_ms < self.running.retry_at_ms:
                return []
            again = command.model_copy(update={"attempt": command.attempt + 1, "requested_at": from_ms(now_ms)})
            self._run(again)
            return [again]
        overdue = from_ms(now_ms) - command.requested_at
        if self.running.cancel_sent or overdue.total_seconds() * 1000 < self.policy.run_max_hours * HOUR_MS:
            return []
        self.running.cancel_sent = True
        reason = f"the run is older than RUN_MAX_HOURS={self.policy.run_max_hours:g}"
        cancel = OperatorRequested(
            request_id=f"cancel:{command.command_id}:{command.attempt}",
            action="cancel",
            model=self.model,
            actor=ACTOR,
            reason=reason,
            job_id=command.command_id,
        )
        return [cancel, Notice("alert", "run_overdue", self.model, f"{reason}: cancel of {command.command_id} sent, look at the runner")]

    def _serve(self, seen: ServingSeen) -> list[Decision]:
        if seen.baselines is not None:
            self.drift.documents.serve(seen.baselines)
        self.model_state.short_guards = seen.short_guards
        if seen.base_model is not None:
            self.model_state.base_model = seen.base_model
            self.buffer.train_by(self.model_state.recipe_name())
        decisions: list[Decision] = []
        if self.running is not None:
            self.running.served = (*self.running.served, seen.version)
        if seen.version != self.model_state.serving_version:
            self.model_state.serving_version = seen.version
            # Documents go by the baseline alone.
            self.drift.feedback.reset()
            self.model_state.drift_id = None
            decisions += self._sort_by_serving()
        if self.model_state.schedule_from_ms is None:
            self.model_state.schedule_from_ms = self.model_state.now_ms
        return decisions

    def _sort_by_serving(self) -> list[Decision]:
        """Whoever made it serve: what the serving version and those before it learnt is retired, what only others learnt is parked."""
        learnt = self.ended.learnt_by(self.model_state.serving_version)
        retired, parked = (0, 0) if learnt is None else self.buffer.serve(learnt, self.ended.batches())
        if not retired and not parked:
            return []
        told = f"{retired} samples that it learnt are retired, {parked} of versions that were left are parked"
        return [Notice("info", "batches_settled", self.model, f"{self.model_state.serving_version} serves: {told}")]

    def _request(self, seen: RequestSeen) -> list[Decision]:
        if seen.action in ("pause", "resume"):
            self.model_state.paused = seen.action == "pause"
            return []
        job_id = seen.job_id or seen.request_id
        if seen.action == "start":
            if job_id not in self.requests.seen:
                waiting = msgspec.structs.replace(seen, job_id=job_id)
                self.requests = Requests([*self.requests.waiting, waiting], [*self.requests.seen, job_id][-REMEMBERED_REQUESTS:])
            return []
        # A cancel of what the runner has is the runner's; what only waits here ends here.
        self.requests = Requests([other for other in self.requests.waiting if other.job_id != job_id], self.requests.seen)
        command = self.command()
        backing_off = self.running is not None and self.running.retry_at_ms is not None
        if command is not None and backing_off and job_id in (command.command_id, *command.requests):
            return self._settle(command, "cancelled", EndedRun("", command.batch.number, command.serving_version))
        return []

    def _job(self, seen: JobSeen) -> list[Decision]:
        command = self.command()
        if self.running is None or command is None or seen.job_id != command.command_id or seen.attempt != command.attempt:
            return []
        if self.running.retry_at_ms is not None:
            return []
        if seen.outcome == "failed" and seen.retryable and command.attempt < MAX_ATTEMPTS and not self.running.cancel_sent:
            wait = self.policy.retry_minutes * 2 ** (command.attempt - 1)
            self.running.retry_at_ms = (self.model_state.now_ms or 0) + round(wait * MINUTE_MS)
            message = f"attempt {command.attempt} of {command.command_id} failed by its infrastructure: the next in {wait:g} minutes"
            return [Notice("info", "run_retried", self.model, message)]
        if seen.outcome == "promoted" and seen.version not in self.running.served:
            # model.current came in the same transaction and may not be read yet: the next command must not name the old version.
            self._serve(ServingSeen(seen.version, "promotion", short_guards=self.model_state.short_guards))
        return self._settle(command, seen.outcome, EndedRun(seen.version, command.batch.number, seen.baseline or command.serving_version))

    def _settle(self, command: RetrainRequested, outcome: str, run: EndedRun) -> list[Decision]:
        # A run of before the release has none written down: it is taken to be this one's.
        recipe = (self.running.recipe if self.running is not None else "") or self.model_state.recipe_name()
        self.buffer.settle(command.batch, outcome=outcome, recipe=recipe)
        self.ended = self.ended.plus(run)
        self.running, self._command = None, None
        # The version may serve no longer, or serve already by a person's word, before its run's end is read.
        return self._sort_by_serving() + self._end_notices(command, outcome)

    def _end_notices(self, command: RetrainRequested, outcome: str) -> list[Decision]:
        if outcome == NO_DATA:
            # It cost seconds, and real corrections must not wait for it; what it held makes no run due a second time.
            message = f"{command.command_id} ended: {outcome}; its samples wait again, as tried: they count as statistics alone"
            return [Notice("info", "run_settled", self.model, message)]
        self.model_state.cool_down_until_ms = (self.model_state.now_ms or 0) + round(self.policy.cool_down_minutes * MINUTE_MS)
        if outcome != "failed":
            return [Notice("info", "run_settled", self.model, f"{command.command_id} ended: {outcome}")]
        message = f"{command.command_id} failed in attempt {command.attempt}, its batch is parked: see its error at /finetune/status"
        return [Notice("alert", "run_failed", self.model, message)]

    def _is_free(self) -> bool:
        model_state = self.model_state
        if model_state.serving_version is None or model_state.now_ms is None or model_state.short_guards is not None:
            return False
        return not model_state.paused and self.running is None

    def _has_something_new(self) -> bool:
        # Documents that no batch may hold would make every schedule a run with nothing new, and so would what cannot be trained on.
        documents = self.buffer.fresh_documents if self.policy.max_documents else 0
        return self.buffer.trainable_negatives + documents > 0

    def _has_counted_enough(self) -> bool:
        buffer, policy = self.buffer, self.policy
        trainable = buffer.trainable_negatives >= policy.min_trainable and buffer.trainable_users >= policy.min_users
        return trainable and buffer.counted_negatives >= policy.threshold

    def _due(self, *, cool_down: bool = True) -> list[Rule]:
        now_ms = self.model_state.now_ms or 0
        due: list[Rule] = []
        if not cool_down or now_ms >= self.model_state.cool_down_until_ms:
            schedule = self.next_schedule_ms()
            if self._has_counted_enough():
                due.append("count")
            if self.model_state.drift_id is not None and self._has_something_new():
                due.append("drift")
            if schedule is not None and now_ms >= schedule and self._has_something_new():
                due.append("schedule")
        if self.requests.waiting:
            # A person who asks does not wait for the cool-down; only a run under way, or a pause, holds them up.
            due.append("operator")
        return due

    def _fire(self) -> list[Decision]:
        if not self._is_free():
            return []
        rules = self._due()
        if not rules:
            return []
        asked, self.requests = self.requests.answered()
        request = asked[0] if asked else None
        evidence = evidence_for(rules, self.buffer, self.policy, self.model_state)
        number = self.model_state.next_batch
        # A person's data set is trained on as it is: a handful of negatives beside it would become what the gate asks about.
        takes_samples = rules != ["operator"] or request is None or request.dataset_path is None
        batch = self.buffer.lease(
            number,
            max_samples=self.policy.max_samples if takes_samples else 0,
            max_documents=self.policy.max_documents if takes_samples else 0,
            include_rejected=request is not None,
        )
        command = RetrainRequested(
            command_id=request.job_id if request and request.job_id else command_id(self.model, batch),
            model=self.model,
            serving_version=self.model_state.serving_version or "",
            requested_at=from_ms(self.model_state.now_ms or 0),
            rules=tuple(rules),
            evidence=evidence,
            batch=batch,
            requests=tuple(other.job_id for other in asked if other.job_id),
            base_model=request.base_model if request else None,
            dataset_path=request.dataset_path if request else None,
            hyperparameters=(request or RequestSeen("start", "-")).hyperparameters(),
        )
        self.model_state.next_batch = number + 1
        self.model_state.schedule_from_ms = self.model_state.now_ms
        self.model_state.drift_id = None
        self.drift.feedback.acknowledge()
        self._run(command)
        return [command]

    def _run(self, command: RetrainRequested) -> None:
        recipe = self.model_state.recipe_name(command.base_model)
        self.running, self._command = Running(command.model_dump_json(exclude_none=True), recipe=recipe), command


_encode: Final = msgspec.json.Encoder().encode
