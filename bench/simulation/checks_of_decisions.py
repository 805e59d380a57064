"""Of stage 2: the journal is what was read, every decision is in the transaction of its input, and nothing is stuck at the end.

What was read is told by the positions in the changelog, what should follow by the reference trigger; the journal's replay
is the product's own, because that is what is being judged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from bench.simulation.history import Committed, History, contributor, milliseconds, seconds
from bench.simulation.reference_trigger import Expected, ReferenceTrigger, Rules
from bench.simulation.simulated_log import Transaction
from consumers.decide.journal import replay
from runtime.kafka.transaction import partition_of
from schemas import topics
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.trigger_journal import TriggerJournal

# The order in which one step takes its inputs, with what each topic's inputs are called (docs/adr/0031).
KINDS: Final = {
    topics.MODEL_CURRENT: "serving",
    topics.TRAINING_STATE: "job",
    topics.OPERATOR_REQUESTED: "request",
    topics.USER_ERASED: "erasure",
    topics.SAMPLE_COLLECTED: "sample",
    topics.SIGNAL_SUMMARISED: "signal",
    topics.CLOCK_TICKED: "tick",
}
Place = tuple[str, int, int]
UNDER_WAY_S: Final = 5.0


@dataclass(slots=True)
class Step:
    """One transaction of the model's partition: what it read, and the journal's entries of the model."""

    transaction: Transaction | None
    read: list[tuple[str, Committed]] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)


class Walk:
    """One model's transactions in order, through the reference trigger."""

    def __init__(self, history: History, model: str) -> None:
        settings = history.world.settings
        self.history, self.model = history, model
        self.partition = partition_of(model.encode(), topics.MODEL_PARTITIONS)
        self.commands = list(history.of(topics.RETRAIN_REQUESTED, model))
        self.trigger = ReferenceTrigger(
            model,
            Rules(
                settings.threshold, settings.min_trainable, settings.max_per_user, settings.min_users, round(settings.cool_down_s * 1000),
                round(settings.retry_s * 1000), round(settings.run_max_s * 1000), round(settings.schedule_s * 1000),
                settings.max_samples, settings.max_documents,
            ),
            [milliseconds(record.value["detected_at"]) for record in history.of(topics.DRIFT_DETECTED, model)],
        )  # fmt: skip
        self._started = False
        self._tick: tuple[int, Committed] | None = None

    def violations(self) -> Iterator[str]:
        """The first transaction where something differs, or what is left over at the end."""
        for step in self._steps():
            difference = self._take(step)
            if difference is not None:
                yield f"{self.model}: {difference}"
                return
        for command in self.commands:
            yield f"{self.model}: {_named(command)} {command.value['rules']} fired and nothing was due"
        if self.trigger.drifts:
            yield f"{self.model}: drift.detected at {self.trigger.drifts} is not a tick of the journal"
        yield from self._unread()
        yield from self._settled()
        yield from self._state()

    def _steps(self) -> Iterator[Step]:
        """The transactions of the model's changelog partition, each with what its positions say that it read."""
        by_transaction: dict[int, Step] = {}
        order: list[Step] = []
        self.positions: dict[tuple[str, int], int] = {}
        # How often each topic had been made anew when it was read, as its id in the changelog says.
        self.made: dict[str, int] = {}
        moves: dict[int, dict[tuple[str, int], int]] = {}
        ids: dict[int, dict[str, int]] = {}
        for record in self.history.of(topics.STAGE2_CHANGELOG):
            if record.partition != self.partition or record.transaction is None or not (record.key or b"").startswith((b"p|", b"i|")):
                continue
            number = record.transaction.commit_number
            if number not in by_transaction:
                by_transaction[number] = Step(record.transaction)
                order.append(by_transaction[number])
            _, name, *place = (record.key or b"").decode().split("|")
            if place:
                moves.setdefault(number, {})[name, int(place[0])] = int(record.raw or b"0")
            else:
                ids.setdefault(number, {})[name] = int((record.raw or b"#0").rpartition(b"#")[2])
        for record in self.history.of(topics.TRIGGER_JOURNAL, self.model):
            number = record.decided
            if number not in by_transaction:
                by_transaction[number] = Step(record.transaction)
                order.append(by_transaction[number])
            by_transaction[number].entries += record.value["entries"]
        for step in sorted(order, key=lambda step: step.transaction.commit_number if step.transaction else -1):
            number = step.transaction.commit_number if step.transaction else -1
            for name, made in ids.get(number, {}).items():
                if made != self.made.get(name, 0):
                    self.made[name] = made
                    self.positions.update({place: 0 for place in self.positions if place[0] == name})
            for (topic, partition), after in sorted(
                moves.get(number, {}).items(), key=lambda item: (list(KINDS).index(item[0][0]), item[0][1])
            ):
                before = self.positions.get((topic, partition), 0)
                self.positions[topic, partition] = after
                step.read += [(topic, record) for record in self._between(topic, partition, before, after)]
            yield step

    def _between(self, topic: str, partition: int, before: int, after: int) -> list[Committed]:
        made = self.made.get(topic, 0)
        return [
            record
            for record in self.history.of(topic)
            if record.partition == partition and record.made == made and before <= record.offset < after
        ]

    def _take(self, step: Step) -> str | None:
        # Another release's recipe is journalled in the place of the input behind it.
        entries = [entry for entry in step.entries if entry["kind"] != "recipe"]
        wanted = self._wanted(step)
        if not self._started and wanted and self._tick is not None and wanted[0][0] != topics.CLOCK_TICKED:
            wanted.insert(0, (topics.CLOCK_TICKED, self._tick[1]))
        for topic, record in wanted:
            kind, place = KINDS[topic], (topic, record.partition, record.offset)
            fields = _fields(kind, record)
            in_journal = bool(entries) and _place(entries[0]) == place
            if not self._heard(kind, fields) or (kind == "job" and not in_journal and self._said_again(record)):
                continue
            if not entries:
                return f"{place} was read and is not in the journal"
            if not in_journal:
                return f"the journal has {_place(entries[0])} where {place} was read"
            entries.pop(0)
            self._started = True
            for expected in self.trigger.take(kind, fields, record.offset):
                difference = self._command(expected, step, place)
                if difference is not None:
                    return difference
        for topic, record in step.read:
            if topic == topics.CLOCK_TICKED and (self._tick is None or milliseconds(record.value["now"]) > self._tick[0]):
                self._tick = (milliseconds(record.value["now"]), record)
        if entries:
            return f"the journal has {_place(entries[0])}, which was not read then"
        return None

    def _said_again(self, record: Committed) -> bool:
        """Whether compaction may have taken a job's end before it was read: the runner says it again when samples are taken back."""
        return any(
            other.offset > record.offset and other.key == record.key and other.value["attempt"] == record.value["attempt"]
            for other in self.history.of(topics.TRAINING_STATE)
            if other.partition == record.partition and other.value.get("outcome") == record.value["outcome"]
        )

    def _wanted(self, step: Step) -> list[tuple[str, Committed]]:
        """What of a transaction's reading concerns the model: its own records, job ends, erasures, and time once it exists."""
        found: list[tuple[str, Committed]] = []
        for topic, record in step.read:
            value = record.value
            if topic == topics.CLOCK_TICKED:
                concerns = self._started or any(name != topics.CLOCK_TICKED for name, _ in found)
            elif topic == topics.USER_ERASED:
                concerns = True
            else:
                concerns = value.get("model") == self.model
            if concerns:
                found.append((topic, record))
        if not self._started and all(name in (topics.USER_ERASED, topics.CLOCK_TICKED) for name, _ in found):
            for topic, record in found:
                if topic == topics.USER_ERASED:
                    self.trigger.erase(*_erasure(record))
            return []
        return found

    def _heard(self, kind: str, fields: dict[str, Any]) -> bool:
        """Whether an input reaches the trigger at all, and so the journal."""
        trigger = self.trigger
        if kind == "erasure":
            held = trigger.said(fields["voice"], fields["until_s"]) and not trigger.is_erased(fields["voice"], fields["until_s"])
            if not held:
                trigger.erase(fields["voice"], fields["until_s"])
            return bool(held)
        if kind == "sample":
            return not trigger.is_erased(fields["voice"], fields["occurred_s"])
        if kind == "job":
            return fields.get("outcome") is not None
        if kind == "request":
            return fields["action"] in ("start", "cancel", "pause", "resume")  # the others are the runner's
        if kind == "tick":
            return trigger.now_ms is None or fields["now_ms"] > trigger.now_ms
        return True

    def _command(self, expected: Expected, step: Step, place: Place) -> str | None:
        if not self.commands:
            return f"{_short(expected)} was due at {place} and never came"
        command = self.commands.pop(0)
        difference = _difference(command.value, expected)
        if difference:
            return f"{_named(command)} at {place}: {difference}"
        if command.transaction is not step.transaction:
            return f"{_named(command)} is not in the transaction of its input {place}"
        expected.command_id = command.value["command_id"]
        return None

    def _unread(self) -> Iterator[str]:
        """Everything has been read; what came in the last seconds may be under way."""
        until_s = self.history.world.loop.now - UNDER_WAY_S
        for topic in KINDS:
            for record in self.history.of(topic):
                if record.at_s > until_s or record.made < self.made.get(topic, 0):
                    continue
                if record.value.get("model", self.model) == self.model and record.offset >= self.positions.get(
                    (topic, record.partition), 0
                ):
                    yield f"{self.model}: {topic} {record.partition} {record.offset} was never read"
                    return

    def _settled(self) -> Iterator[str]:
        """Time has gone on without faults: nothing runs, nothing is due, every cancel was published."""
        trigger = self.trigger
        if trigger.run is not None:
            yield f"{self.model}: {_short(trigger.run)} is stuck at the end"
        if trigger.due() or trigger.paused:
            yield f"{self.model}: {trigger.due()} due at the end, paused: {trigger.paused}"
        sent = [
            (record.value["job_id"], int(record.value["request_id"].rpartition(":")[2]))
            for record in self.history.of(topics.OPERATOR_REQUESTED, self.model)
            if record.value["actor"] == "abhyas-stage2"
        ]
        if sorted(sent) != sorted((str(name), attempt) for name, attempt in trigger.cancels):
            yield f"{self.model}: overdue runs cancelled {sent}, expected {trigger.cancels}"

    def _state(self) -> Iterator[str]:
        """The living owner's buffer holds what the reference holds."""
        for task in self.history.world.live_tasks("stage2"):
            found = getattr(task, "triggers", {}).get(self.model)
            if task.partition != self.partition or found is None:
                continue
            for name in sorted({*found.buffer._samples, *self.trigger.held}):
                status, held = found.buffer.status(name), self.trigger.held.get(name)
                if (status.name.lower() if status is not None else None) != (held.at if held else None):
                    yield f"{self.model}: {name[:8]} is {status!r} in the buffer and {held} in the reference"
                    return


def decisions(history: History, model: str) -> Iterator[str]:
    """The journal whole and true, its replay the same, and the walk through both."""
    journal = history.of(topics.TRIGGER_JOURNAL, model)
    sequence = 0
    for record in journal:
        if record.value["first_sequence"] != sequence:
            yield f"journal of {model}: {record.value['first_sequence']} where {sequence} was due"
            return
        sequence += len(record.value["entries"])
    yield from Walk(history, model).violations()
    records = [TriggerJournal.model_validate(record.value) for record in journal]
    made = [
        json.loads(decision.model_dump_json(exclude_none=True))
        for decision in replay(model, history.world.policy, records)
        if isinstance(decision, RetrainRequested)
    ]
    published = [record.value for record in history.of(topics.RETRAIN_REQUESTED, model)]
    if made != published:
        yield f"{model}: the journal's replay gives {_ids(made)}, published were {_ids(published)}"


def _ids(found: list[dict[str, Any]]) -> list[str]:
    return [f"{value['command_id']}:{value['attempt']}" for value in found]


def _fields(kind: str, record: Committed) -> dict[str, Any]:
    value = dict(record.value)
    if kind == "tick":
        return {"now_ms": milliseconds(value["now"])}
    if kind == "erasure":
        name, until_s = _erasure(record)
        return {"voice": name, "until_s": until_s}
    if kind == "sample":
        return value | {"voice": contributor(value), "occurred_s": seconds(value["occurred_at"])}
    return value


def _place(entry: dict[str, Any]) -> Place:
    return entry["topic"], entry["partition"], entry["offset"]


def _erasure(record: Committed) -> tuple[str, int]:
    return f"u:{record.value['user_hash']}", seconds((record.headers["ce_time"] or b"").decode())


def _difference(value: dict[str, Any], wanted: Expected) -> str:
    found = {
        "attempt": value["attempt"], "batch": value["batch"]["number"], "rules": tuple(value["rules"]),
        "samples": tuple(ref["sample_id"] for ref in value["batch"]["samples"]),
        "documents": tuple(ref["sample_id"] for ref in value["batch"]["documents"]),
        "requested_ms": milliseconds(value["requested_at"]), "requests": tuple(value["requests"]), "serving": value["serving_version"],
        "pending": value["evidence"]["pending_negatives"],
    }  # fmt: skip
    expected = {
        "attempt": wanted.attempt, "batch": wanted.number, "rules": wanted.rules, "samples": wanted.samples, "documents": wanted.documents,
        "requested_ms": wanted.requested_ms, "requests": wanted.requests, "serving": wanted.serving, "pending": wanted.pending,
    }  # fmt: skip
    if wanted.command_id is not None:
        found["id"], expected["id"] = value["command_id"], wanted.command_id
    wrong = [f"{name} is {found[name]!r}, expected {expected[name]!r}" for name in expected if found[name] != expected[name]]
    return "; ".join(wrong)


def _named(command: Committed) -> str:
    return f"{command.value['command_id']} attempt {command.value['attempt']}"


def _short(wanted: Expected) -> str:
    return f"{wanted.command_id or 'a command'} attempt {wanted.attempt} {wanted.rules} batch {wanted.number}"
