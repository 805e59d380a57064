"""Other policies on a recorded history: when each would have fired, and with which batch.

The journal tells what a model's trigger saw. Most of it came from outside (samples, counts, requests, time) and is given to
another policy as it was. Not so the ends of runs: they name commands that the other policy did not issue. So its runs get an
end by assumption, and promotions and rollbacks of recorded runs are not shown to it, but for the drift baselines that they
brought: the recorded documents were sketched with those. What can't be known stays unknown: the feedback is what users said of
the versions that served then. Pure; O(entries) for each policy, memory as the trigger's own.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from consumers.decide.inputs import Entry, JobSeen, RequestSeen, ServingSeen, TickSeen, from_journal, to_ms
from consumers.decide.trigger import MAX_ATTEMPTS, Decision, ModelTrigger
from consumers.decide.trigger_state import MINUTE_MS, TriggerPolicy
from consumers.records import Notice
from schemas import topics
from schemas.events.operator_requested import OperatorRequested
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.training_state import Outcome
from schemas.events.trigger_journal import TriggerJournal
from schemas.fields import Rule

RECORDED: Final = "recorded"
DEFAULT_RUN_MINUTES: Final = 60.0
DEFAULT_OUTCOME: Final[Outcome] = "promoted"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A policy to try, and how its runs end: after `run_minutes`, with `run_outcome`; None takes both from the record.

    `run_outcome="recorded"` lets a run that the record holds too (same command, attempt and time) end as it did there; the
    policy that was active then makes every recorded command again.
    """

    name: str
    policy: TriggerPolicy
    run_minutes: float | None = None
    run_outcome: Outcome | Literal["recorded"] | None = None


@dataclass(slots=True)
class Run:
    """One batch: when each attempt was asked for (ms since 1970 UTC), why, what it held, and how it ended (None: it has not)."""

    command_id: str
    asked_ms: list[int]
    rules: tuple[Rule, ...]
    number: int
    sha256: str
    samples: int
    documents: int
    ended_ms: int | None = None
    outcome: str | None = None

    @classmethod
    def of(cls, command: RetrainRequested) -> Run:
        """The run that a command asks for."""
        batch = command.batch
        return cls(
            command_id=command.command_id,
            asked_ms=[to_ms(command.requested_at)],
            rules=command.rules,
            number=batch.number,
            sha256=batch.sha256,
            samples=len(batch.samples),
            documents=len(batch.documents),
        )


class JournalReader:
    """The entries of one model from its journal records in order; the first ones may have left the topic."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._expected: int | None = None
        self.first_sequence: int | None = None

    def take(self, record: TriggerJournal) -> Iterator[Entry]:
        """The record's entries, none for another model; raises ValueError where entries between two records are missing."""
        if record.model != self._model:
            return
        if self._expected is not None and record.first_sequence != self._expected:
            raise ValueError(
                f"journal of {self._model}: entry {self._expected} expected, {record.first_sequence} found: entries are missing"
            )
        if self.first_sequence is None:
            self.first_sequence = record.first_sequence
        self._expected = record.first_sequence + len(record.entries)
        for entry in record.entries:
            yield from_journal(entry)


@dataclass(slots=True)
class RecordedHistory:
    """What a recorded history says of itself: its span (ms since 1970 UTC, None before a tick), its runs, and how they ended."""

    complete: bool = True
    from_ms: int | None = None
    to_ms: int | None = None
    runs: dict[str, Run] = field(default_factory=dict)
    first_serving: ServingSeen | None = None
    promoted_by: dict[str, str] = field(default_factory=dict)
    _ends: dict[tuple[str, int], tuple[int, JobSeen]] = field(default_factory=dict)
    _serving: str | None = None

    def take_command(self, command: RetrainRequested) -> None:
        """Takes the next command that was published."""
        run = self.runs.get(command.command_id)
        if run is None:
            self.runs[command.command_id] = Run.of(command)
            self._serving = self._serving or command.serving_version
        else:
            run.asked_ms.append(to_ms(command.requested_at))

    def take(self, entry: Entry) -> None:
        """Takes the next entry."""
        match entry.input:
            case TickSeen(now_ms=now_ms):
                self.from_ms = now_ms if self.from_ms is None else self.from_ms
                self.to_ms = max(now_ms, self.to_ms or 0)
            case ServingSeen() as seen:
                self.first_serving = self.first_serving or seen
            case JobSeen() as seen:
                self._ends.setdefault((seen.job_id, seen.attempt), (self.to_ms or 0, seen))
                if seen.outcome == "promoted":
                    self.promoted_by[seen.version] = seen.job_id

    def finish(self, first_sequence: int) -> None:
        """Once all was taken, from this entry of the journal on: leaves out runs outside of the span, gives the others their ends."""
        self.complete = first_sequence == 0
        first_ms, last_ms = (0 if self.complete else self.from_ms or 0), self.to_ms or 0
        self.runs = {name: run for name, run in self.runs.items() if first_ms <= run.asked_ms[0] <= last_ms}
        for command_id, run in self.runs.items():
            at_ms, seen = self._ends.get((command_id, len(run.asked_ms)), (0, None))
            if seen is None:
                continue
            if seen.outcome == "failed" and seen.retryable and seen.attempt < MAX_ATTEMPTS:
                continue  # another attempt is to come
            run.ended_ms, run.outcome = at_ms, seen.outcome

    def ended_runs(self) -> list[Run]:
        """The recorded runs whose end is known, in the order of their commands."""
        return [run for run in self.runs.values() if run.ended_ms is not None]

    def median_minutes(self) -> float | None:
        """Of the recorded runs, from the first attempt's command to the end; None where no end is recorded."""
        found = [(run.ended_ms - run.asked_ms[0]) / MINUTE_MS for run in self.ended_runs() if run.ended_ms is not None]
        return statistics.median(found) if found else None

    def usual_outcome(self) -> Outcome | None:
        """The outcome recorded most often, of several the one that came first; None where no end is recorded."""
        counted = Counter(run.outcome for run in self.ended_runs())
        return counted.most_common(1)[0][0] if counted else None  # type: ignore[return-value]

    def serving_before(self) -> str | None:
        """The version that is taken to serve where the journal begins; None where its own entries tell.

        A journal that lost its beginning has most likely lost the bootstrap too, unless one comes later.
        """
        if self.complete or (self.first_serving is not None and self.first_serving.cause == "bootstrap"):
            return None
        return self._serving or "unknown"


class Simulation:
    """One scenario on a history: `take` every entry in order, then read `runs` and the trigger's standing."""

    def __init__(self, model: str, scenario: Scenario, history: RecordedHistory) -> None:
        self.scenario = scenario
        self.trigger = ModelTrigger(model, scenario.policy)
        self.runs: list[Run] = []
        usual = history.usual_outcome() or DEFAULT_OUTCOME
        minutes = history.median_minutes() if scenario.run_minutes is None else scenario.run_minutes
        self.run_minutes = DEFAULT_RUN_MINUTES if minutes is None else minutes
        self.run_outcome: Outcome = usual if scenario.run_outcome in (None, RECORDED) else scenario.run_outcome  # type: ignore[assignment]
        self._history = history
        self._follows_record = scenario.run_outcome == RECORDED
        # Command ids of runs that end as recorded, and when the run under way ends by assumption.
        self._followed: set[str] = set()
        self._end_ms: int | None = None
        serving = history.serving_before()
        if serving is not None:
            self._apply(Entry(topics.MODEL_CURRENT, 0, 0, ServingSeen(serving, "bootstrap")))

    def take(self, entry: Entry) -> None:
        """Takes the next recorded entry, or leaves it out where it is a consequence of what the recorded policy did."""
        match entry.input:
            case TickSeen(now_ms=now_ms):
                while self._end_ms is not None and now_ms >= self._end_ms:
                    self._end_in_time(self._end_ms)
            case JobSeen():
                if self._end_ms is not None or not self._follows_record:
                    return
            case ServingSeen() as seen:
                if not self._shows(seen):
                    if seen.baselines is not None:
                        self.trigger.drift.documents.serve(seen.baselines)
                    return
        self._apply(entry)
        if isinstance(entry.input, RequestSeen) and entry.input.action == "cancel":
            self._cancel(entry.input)

    def _shows(self, seen: ServingSeen) -> bool:
        if seen.cause in ("bootstrap", "operator"):
            return True
        if not self._follows_record:
            return False
        job_id = self._history.promoted_by.get(seen.version)
        return job_id not in self._history.runs or job_id in self._followed

    def _cancel(self, seen: RequestSeen) -> None:
        command = self.trigger.command()
        job_id = seen.job_id or seen.request_id
        if self._end_ms is not None and command is not None and job_id in (command.command_id, *command.requests):
            self._end("cancelled")

    def _end_in_time(self, end_ms: int) -> None:
        # A tick of its own: the cool-down counts from the end, however far apart the recorded ticks are.
        self._apply(Entry(topics.CLOCK_TICKED, 0, 0, TickSeen(end_ms)))
        # At that tick the run may have been found to be over its time, and be cancelled.
        if self._end_ms == end_ms:
            self._end(self.run_outcome)

    def _end(self, outcome: Outcome) -> None:
        command = self.trigger.command()
        self._end_ms = None
        if command is not None:
            version = f"whatif-{command.batch.number}"
            seen = JobSeen(command.command_id, command.attempt, outcome, retryable=False, version=version)
            self._apply(Entry(topics.TRAINING_STATE, 0, 0, seen))

    def _apply(self, entry: Entry) -> None:
        for decision in self.trigger.apply(entry):
            self._note(decision, entry)

    def _note(self, decision: Decision, entry: Entry) -> None:
        match decision:
            case Notice(kind="run_settled" | "run_failed"):
                run = self.runs[-1]
                run.ended_ms = self.trigger.model_state.now_ms or 0
                run.outcome = entry.input.outcome if isinstance(entry.input, JobSeen) else "cancelled"
            case RetrainRequested():
                self._start(decision)
            case OperatorRequested() if self._end_ms is not None:
                # The trigger cancels a run that is over its time; the runner would have ended it then.
                self._end("cancelled")

    def _start(self, command: RetrainRequested) -> None:
        asked_ms = to_ms(command.requested_at)
        if command.attempt == 1:
            self.runs.append(Run.of(command))
        else:
            self.runs[-1].asked_ms.append(asked_ms)
        recorded = self._history.runs.get(command.command_id)
        if self._follows_record and recorded is not None and recorded.asked_ms[: command.attempt] == self.runs[-1].asked_ms:
            self._followed.add(command.command_id)
            self._end_ms = None
        else:
            self._followed.discard(command.command_id)
            self._end_ms = asked_ms + round(self.run_minutes * MINUTE_MS)
