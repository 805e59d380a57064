"""What has to hold of a seed's history. The log forgets nothing that the checks read, so one look at the end sees every step.

Each check yields violations in words. Committed records are read as plain JSON: neither envelope nor models of ours stand
between the log and its judge; only the journal's replay is the product's own, because that is what is being judged.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bench.simulation.plan import MODELS, Publication
from bench.simulation.reference_samples import Emission, ReferenceCollector
from bench.simulation.reference_trigger import MOST_ATTEMPTS, Expected, ReferenceTrigger, Rules
from bench.simulation.simulated_log import StoredRecord, Transaction
from bench.simulation.world import CONNECTION, HOLDOUT_KEY, HOLDOUT_PERCENT, World
from consumers.core.journal import replay
from schemas import topics
from schemas.decision import RetrainRequested
from schemas.journal import TriggerJournal

# A marker may take this long to arrive: until then a committed record is not visible to anyone.
MARKER_S: Final = 0.05
COUNT_NAMES: Final = {
    "feedback": ("events", "negatives", "corrections", "rated"),
    "document": ("events", "characters", "letters", "devanagari"),
}


@dataclass(frozen=True, slots=True)
class Committed:
    """One committed record."""

    partition: int
    offset: int
    value: dict[str, Any]
    transaction: Transaction | None
    at_s: float

    @property
    def decided(self) -> int:
        """The number of its transaction's decision in the whole log."""
        return -1 if self.transaction is None else self.transaction.commit_number


def violations(world: World) -> Iterator[str]:
    """Everything that did not hold, the plainest first."""
    yield from (f"broke: {error}" for error in (*world.fleet.errors, *world.runners.errors, *world.loop.failures))
    yield from _samples(world)
    yield from _runs(world)
    yield from _commands(world)
    for model in world.settings.models:
        yield from _decisions(world, model)


def committed(world: World, name: str) -> list[Committed]:
    """The committed records of a topic (without prefix), by partition and offset."""
    return [_read(partition, record) for partition, record in world.log.committed(CONNECTION.topic(name))]


def _read(partition: int, record: StoredRecord) -> Committed:
    return Committed(partition, record.offset, json.loads(record.value or b"{}"), record.transaction, record.at_s)


def _samples(world: World) -> Iterator[str]:
    """Each (sample, revision) once, the last revision wins, day counts exact."""
    collectors: dict[int, ReferenceCollector] = {}
    kinds: dict[str, str] = {}
    for topic, partition, offset, publication in sorted(world.published, key=lambda item: item[:3]):
        name = topic.removeprefix(f"{CONNECTION.topic_prefix}.")
        if name in (topics.FEEDBACK_SUBMITTED, topics.DOCUMENT_INGESTED):
            collector = collectors.setdefault(partition, ReferenceCollector(partition, MODELS[0], HOLDOUT_KEY, HOLDOUT_PERCENT))
            known = set(collector.known)
            _feed(collector, publication, (name, partition, offset))
            for sample_id in set(collector.known) - known:
                kinds[sample_id] = "feedback" if name == topics.FEEDBACK_SUBMITTED else "document"
    expected = Counter(emission for collector in collectors.values() for emission in collector.emitted)
    found = Counter(_emission(record.value) for record in committed(world, topics.SAMPLE_COLLECTED))
    for emission, times in (found - expected).items():
        yield f"sample.collected: {times} too many of {emission}"
    for emission, times in (expected - found).items():
        yield f"sample.collected: {times} missing of {emission}"
    yield from _day_counts(world, collectors, kinds)


def _feed(collector: ReferenceCollector, publication: Publication, origin: tuple[str, int, int]) -> None:
    collector.take(publication.event, publication.time, "chat", origin)


def _emission(value: dict[str, Any]) -> Emission:
    origin = value["provenance"]
    return Emission(
        value["model"], value["sample_id"], value["revision"], value["retracted"], value["negative"], value.get("quarantine") is not None,
        (origin["topic"], origin["partition"], origin["offset"]),
    )  # fmt: skip


def _day_counts(world: World, collectors: dict[int, ReferenceCollector], kinds: dict[str, str]) -> Iterator[str]:
    told: dict[tuple[int, str, str, int], dict[str, int]] = {}
    sequences: dict[tuple[int, str, str, int], int] = {}
    for record in committed(world, topics.SIGNAL_SUMMARISED):
        value = record.value
        place = (value["partition"], value["model"], value["input"], datetime.fromisoformat(value["event_day"]).date().toordinal())
        told[place] = value["counts"]
        if value["sequence"] < sequences.get(place, 0):
            yield f"signal.summarised: {place} went back to sequence {value['sequence']}"
        sequences[place] = value["sequence"]
    for collector in collectors.values():
        for (model, kind, day), counts in collector.day_counts(kinds).items():
            expected = {name: counts.get(index, 0) for index, name in enumerate(COUNT_NAMES[kind])}
            found = told.pop((collector.partition, model, kind, day), None)
            if found != expected and (found is not None or any(expected.values())):
                yield f"signal.summarised: partition {collector.partition} {model} {kind} day {day} has {found}, expected {expected}"
    for place, counts_left in told.items():
        if any(counts_left.values()):
            yield f"signal.summarised: {place} counts what nothing is left of: {counts_left}"


def _runs(world: World) -> Iterator[str]:
    """Of the runner: one end of each attempt, growing fencing tokens, one decision of a job, each version after the one that it names."""
    ends: Counter[tuple[str, int]] = Counter()
    tokens: dict[str, int] = {}
    for record in sorted(committed(world, topics.TRAINING_STATE), key=lambda record: (record.decided, record.offset)):
        value = record.value
        job = (value["job_id"], value["attempt"])
        if ends[job]:
            yield f"training.state: {job} goes on after its end as {value['phase']}"
        ends[job] += value.get("outcome") is not None
        token = (value.get("lease") or {}).get("token", 0)
        if token < tokens.get(value["job_id"], 0):
            yield f"training.state: {job} has token {token} after {tokens[value['job_id']]}"
        tokens[value["job_id"]] = token
    decisions = Counter(record.value["decision_id"] for record in committed(world, topics.PROMOTION_DECIDED))
    yield from (f"promotion.decided: {name} {times} times" for name, times in decisions.items() if times > 1)
    serving: dict[str, str] = {}
    for record in committed(world, topics.MODEL_CURRENT):
        value = record.value
        if value.get("previous_version") != serving.get(value["model"]):
            yield f"model.current: {value['version']} follows {value.get('previous_version')}, but {serving.get(value['model'])} served"
        serving[value["model"]] = value["version"]
    yield from _trained(world)


def _trained(world: World) -> Iterator[str]:
    """What was taken back before the batch was read does not train."""
    gone: dict[tuple[str, str], float] = {}
    newest: dict[tuple[str, str], tuple[int, bool]] = {}
    for record in committed(world, topics.SAMPLE_COLLECTED):
        value = record.value
        sample, version = (value["model"], value["sample_id"]), (value["revision"], value["retracted"])
        if version >= newest.get(sample, (-1, False)):
            newest[sample] = version
            if value["retracted"] and record.transaction is not None:
                gone[sample] = record.transaction.decided_s
            else:
                gone.pop(sample, None)
    for trained in world.trained:
        for sample_id in trained.samples:
            taken_back_s = gone.get((trained.model, sample_id))
            if taken_back_s is not None and taken_back_s + MARKER_S < trained.read_at_s:
                yield f"{trained.job_id} trained on {sample_id[:8]}, taken back {trained.read_at_s - taken_back_s:.2f} s before it was read"


def _commands(world: World) -> Iterator[str]:
    """Of the commands as they lie there: attempts, one run at a time, nothing consumed twice, the threshold met."""
    ends = {
        (record.value["job_id"], record.value["attempt"]): record
        for record in committed(world, topics.TRAINING_STATE)
        if record.value.get("outcome") is not None
    }
    for model in world.settings.models:
        last: Committed | None = None
        held: dict[str, list[str]] = {}
        for record in [record for record in committed(world, topics.RETRAIN_REQUESTED) if record.value["model"] == model]:
            value, before = record.value, last.value if last else None
            name = f"{value['command_id']} attempt {value['attempt']}"
            end = ends.get((before["command_id"], before["attempt"])) if before else None
            last = record
            if before is not None and before["command_id"] == value["command_id"]:
                if value["attempt"] != before["attempt"] + 1 or value["attempt"] > MOST_ATTEMPTS or value["batch"] != before["batch"]:
                    yield f"{name}: not the next attempt of the same batch after attempt {before['attempt']}"
                if end is None or end.decided >= record.decided or not end.value["retryable"]:
                    yield f"{name}: the attempt before has not failed by its infrastructure"
                continue
            if value["attempt"] != 1:
                yield f"{name}: begins with attempt {value['attempt']}"
            if before is not None and (end is None or end.decided >= record.decided):
                yield f"{name}: {before['command_id']} attempt {before['attempt']} had not ended"
            if before is not None and value["batch"]["number"] != before["batch"]["number"] + 1:
                yield f"{name}: batch {value['batch']['number']} after {before['batch']['number']}"
            ids = [ref["sample_id"] for ref in value["batch"]["samples"]]
            fresh = [sample_id for sample_id in ids if sample_id not in held]
            if "count" in value["rules"] and len(fresh) < min(world.settings.threshold, world.settings.max_samples):
                yield f"{name}: counted, with {len(fresh)} samples that no batch held before"
            outcome = _outcome(value["command_id"], ends)
            for sample_id in ids:
                if "promoted" in held.get(sample_id, ()) and not _revised(world, sample_id):
                    yield f"{name}: holds {sample_id[:8]}, which a promotion retired"
                held.setdefault(sample_id, []).append(outcome)


def _outcome(command_id: str, ends: dict[tuple[str, int], Committed]) -> str:
    found = [ends[command_id, attempt].value["outcome"] for attempt in range(1, MOST_ATTEMPTS + 1) if (command_id, attempt) in ends]
    return str(found[-1]) if found else "open"


def _revised(world: World, sample_id: str) -> bool:
    revisions = {record.value["revision"] for record in committed(world, topics.SAMPLE_COLLECTED) if record.value["sample_id"] == sample_id}
    return len(revisions) > 1


def _decisions(world: World, model: str) -> Iterator[str]:
    """The journal whole and true, every decision in the transaction of its input, nothing stuck at the end."""
    journal = [record for record in committed(world, topics.TRIGGER_JOURNAL) if record.value["model"] == model]
    commands = [record for record in committed(world, topics.RETRAIN_REQUESTED) if record.value["model"] == model]
    expected_sequence = 0
    for record in journal:
        if record.value["first_sequence"] != expected_sequence:
            yield f"journal of {model}: {record.value['first_sequence']} where {expected_sequence} was due"
            return
        expected_sequence += len(record.value["entries"])
    yield from _faithful(world, model, journal)
    yield from _same_decisions(world, model, journal, commands)
    yield from _replayed(world, model, journal, commands)


def _faithful(world: World, model: str, journal: list[Committed]) -> Iterator[str]:
    """Each input of the model is in the journal once, in the order of its partition."""
    seen: dict[tuple[str, int], list[int]] = {}
    first_tick: int | None = None
    for record in journal:
        for entry in record.value["entries"]:
            place = (entry["topic"], entry["partition"])
            if entry["topic"] == topics.CLOCK_TICKED and first_tick is None:
                first_tick = entry["offset"]
            seen.setdefault(place, []).append(entry["offset"])
    for (name, partition), offsets in seen.items():
        if offsets != sorted(set(offsets)):
            yield f"journal of {model}: {name} {partition} in the order {offsets}"
    for name in (topics.SAMPLE_COLLECTED, topics.SIGNAL_SUMMARISED, topics.OPERATOR_REQUESTED, topics.MODEL_CURRENT):
        wanted = {
            (name, record.partition, record.offset)
            for record in committed(world, name)
            if record.value["model"] == model and record.value.get("action") not in ("bootstrap", "promote", "rollback", "review")
        }
        found = {(topic, partition, offset) for (topic, partition), offsets in seen.items() if topic == name for offset in offsets}
        if wanted != found:
            yield f"journal of {model}: {name} lacks {sorted(wanted - found)[:3]} and has {sorted(found - wanted)[:3]} too many"


def _same_decisions(world: World, model: str, journal: list[Committed], commands: list[Committed]) -> Iterator[str]:
    settings = world.settings
    rules = Rules(
        settings.threshold, round(settings.cool_down_s * 1000), round(settings.retry_s * 1000), round(settings.run_max_s * 1000),
        round(settings.schedule_s * 1000), settings.max_samples, settings.max_documents,
    )  # fmt: skip
    drifts = [
        _ms(record.value["detected_at"]) for record in committed(world, topics.DRIFT_DETECTED) if record.value["model"] == model
    ]
    trigger = ReferenceTrigger(rules, drifts)
    values = _values(world)
    left = list(commands)
    for record in journal:
        for entry in record.value["entries"]:
            kind, fields = values[entry["topic"], entry["partition"], entry["offset"]]
            for wanted in trigger.take(kind, fields, entry["offset"]):
                if not left:
                    yield f"{model}: {_short(wanted)} was due at {entry['topic']} {entry['offset']} and never came"
                    return
                command = left.pop(0)
                difference = _difference(command.value, wanted)
                if difference:
                    yield f"{model}: {command.value['command_id']} attempt {command.value['attempt']}: {difference}"
                    return
                if command.transaction is not record.transaction:
                    yield f"{model}: {command.value['command_id']} is not in the transaction of its input"
                wanted.command_id = command.value["command_id"]
    for command in left:
        yield f"{model}: {command.value['command_id']} attempt {command.value['attempt']} {command.value['rules']} fired and nothing was due"
    if trigger.drifts:
        yield f"{model}: drift.detected at {trigger.drifts} is not a tick of the journal"
    yield from _settled(world, model, trigger)


def _settled(world: World, model: str, trigger: ReferenceTrigger) -> Iterator[str]:
    """Time has gone on without faults: nothing runs, nothing is due, every cancel was published."""
    if trigger.run is not None:
        yield f"{model}: {_short(trigger.run)} is stuck at the end"
    if trigger.due() or trigger.paused:
        yield f"{model}: {trigger.due()} due at the end, paused: {trigger.paused}"
    sent = [
        (record.value["job_id"], int(record.value["request_id"].rpartition(":")[2]))
        for record in committed(world, topics.OPERATOR_REQUESTED)
        if record.value["model"] == model and record.value["actor"] == "abhyas-stage2"
    ]
    if sorted(sent) != sorted((str(name), attempt) for name, attempt in trigger.cancels):
        yield f"{model}: overdue runs cancelled {sent}, expected {trigger.cancels}"


def _values(world: World) -> dict[tuple[str, int, int], tuple[str, dict[str, Any]]]:
    """The fields of every input of stage 2, from the topics themselves."""
    if world.inputs is None:
        found: dict[tuple[str, int, int], tuple[str, dict[str, Any]]] = {}
        for name, kind in (
            (topics.SAMPLE_COLLECTED, "sample"), (topics.SIGNAL_SUMMARISED, "signal"), (topics.OPERATOR_REQUESTED, "request"),
            (topics.MODEL_CURRENT, "serving"), (topics.TRAINING_STATE, "job"), (topics.CLOCK_TICKED, "tick"),
        ):  # fmt: skip
            for record in committed(world, name):
                value = dict(record.value)
                if kind == "sample":
                    value["quarantine"] = value.get("quarantine")
                if kind == "tick":
                    value["now_ms"] = _ms(value["now"])
                found[name, record.partition, record.offset] = (kind, value)
        world.inputs = found
    return world.inputs


def _difference(value: dict[str, Any], wanted: Expected) -> str:
    found = {
        "attempt": value["attempt"], "batch": value["batch"]["number"], "rules": tuple(value["rules"]),
        "samples": tuple(ref["sample_id"] for ref in value["batch"]["samples"]),
        "documents": tuple(ref["sample_id"] for ref in value["batch"]["documents"]),
        "requested_ms": _ms(value["requested_at"]), "requests": tuple(value["requests"]), "serving": value["serving_version"],
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


def _replayed(world: World, model: str, journal: list[Committed], commands: list[Committed]) -> Iterator[str]:
    """The journal alone makes every command again."""
    records = [TriggerJournal.model_validate(record.value) for record in journal]
    again = [json.loads(made.model_dump_json(exclude_none=True)) for made in replay(model, world.policy, records) if isinstance(made, RetrainRequested)]
    if again != [command.value for command in commands]:
        yield f"{model}: the journal's replay gives {[made['command_id'] for made in again]}, published were {[c.value['command_id'] for c in commands]}"


def _short(wanted: Expected) -> str:
    return f"{wanted.command_id or 'a command'} attempt {wanted.attempt} {wanted.rules} batch {wanted.number}"


def _ms(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)
