"""The check of the history afterwards: what the topics hold against what they must hold."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bench.drill.archive import Archive
from bench.drill.clients import PARTITIONS
from bench.drill.expected import Day, Expected, Revision, Wanted, expect
from bench.drill.history import POISON_HEADER, POISON_TOPICS, Sent
from consumers.decide.journal import replay
from consumers.decide.trigger_state import TriggerPolicy
from runtime.kafka.connection import KafkaConnection
from schemas import dead_letter, topics
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.trigger_journal import TriggerJournal

# Where a poison record lies: topic without prefix, partition, offset; and its number: a topic that was made anew has each offset twice.
PoisonPlace = tuple[str, int, int, bytes | None]
# The first few of each kind are told in words; the counts are whole.
TOLD: Final = 5


@dataclass(slots=True)
class Verdict:
    """Counts by part of the history, and the violations in words; empty `violations` is a pass."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def must_be_none(self, part: str, kind: str, found: Iterable[object]) -> None:
        """Counts what must not be there, and tells the first few."""
        listed = list(found)
        self.counts.setdefault(part, {})[kind] = len(listed)
        self.violations += [f"{part} {kind}: {item}" for item in listed[:TOLD]]
        if len(listed) > TOLD:
            self.violations.append(f"{part} {kind}: {len(listed) - TOLD} more")

    def note(self, part: str, **counts: int) -> None:
        """Counts that are no violation."""
        self.counts.setdefault(part, {}).update(counts)


@dataclass(frozen=True, slots=True)
class Topics:
    """The records of every topic that is checked, poison left out of `samples`, `journal` and `commands`."""

    inputs: list[Any]
    samples: list[Any]
    summaries: list[Any]
    commands: list[Any]
    journal: list[Any]
    poison: dict[PoisonPlace, Any]
    letters: list[Any]

    @classmethod
    async def read(cls, connection: KafkaConnection, archive: Archive) -> Topics:
        """Reads them to their ends, read_committed, with what is in the archive; of partitions that were added later nothing counts."""
        by_name = {
            name: await archive.read(connection.topic(name), PARTITIONS[f".{name}"])
            for name in (
                *POISON_TOPICS,
                topics.SIGNAL_SUMMARISED,
                topics.RETRAIN_REQUESTED,
                topics.TRIGGER_JOURNAL,
            )
        }
        poison = {
            poison_place(name, record): record
            for name in POISON_TOPICS
            for record in by_name[name]
            if POISON_HEADER in dict(record.headers)
        }
        letters = [record for name in POISON_TOPICS for record in await archive.read(connection.dead_letters(name), 1)]
        samples = [record for record in by_name[topics.SAMPLE_COLLECTED] if POISON_HEADER not in dict(record.headers)]
        inputs = by_name[topics.FEEDBACK_SUBMITTED] + by_name[topics.DOCUMENT_INGESTED]
        return cls(
            inputs, samples, by_name[topics.SIGNAL_SUMMARISED], by_name[topics.RETRAIN_REQUESTED], by_name[topics.TRIGGER_JOURNAL],
            poison, letters,
        )  # fmt: skip


def poison_place(name: str, record: Any) -> PoisonPlace:
    """Where a poison record of a topic (without prefix) lies."""
    return name, record.partition, record.offset, dict(record.headers)[POISON_HEADER]


def judge(found: Topics, history: Sequence[Sent], states: Sequence[Mapping[str, Any]], policy: TriggerPolicy) -> Verdict:
    """Checks everything; `states` is what each instance last said at /state, `policy` what stage 2 ran with."""
    verdict, expected = Verdict(), expect(found.inputs)
    _check_inputs(verdict, found, history, expected)
    _check_samples(verdict, found.samples, expected)
    _check_days(verdict, found.summaries, expected)
    _check_letters(verdict, found)
    _check_totals(verdict, states, expected)
    _check_journal(verdict, found)
    _check_commands(verdict, found, expected, policy)
    _check_leases(verdict, found, expected, states, policy)
    return verdict


def _check_inputs(verdict: Verdict, found: Topics, history: Sequence[Sent], expected: Expected) -> None:
    """The history has to be on the topics, or nothing was tested."""
    there = Counter((record.value, record.key) for record in found.inputs)
    there.update((record.value, record.key) for record in found.poison.values() if not _is_input(record))
    meant = Counter((sent.value, sent.key) for sent in history)
    verdict.must_be_none("input", "missing", (f"{key!r}" for (value, key), count in meant.items() if there[value, key] < count))
    verdict.note(
        "input",
        records=expected.records,
        duplicates=expected.duplicates,
        stale=expected.stale,
        revised=sum(revision.revision > 0 and not revision.retracted for revision in expected.samples),
        retracted=sum(revision.retracted for revision in expected.samples),
        poison=len(found.poison),
    )


def _is_input(record: Any) -> bool:
    return bool(record.topic.endswith((topics.FEEDBACK_SUBMITTED, topics.DOCUMENT_INGESTED)))


def _check_samples(verdict: Verdict, samples: Sequence[Any], expected: Expected) -> None:
    """Each accepted revision once, made of the record that it must be made of."""
    seen: Counter[Revision] = Counter()
    wrong: list[str] = []
    for record in samples:
        body = json.loads(record.value)
        revision = Revision(body["sample_id"], body["revision"], body.get("retracted", False), body["occurred_at"])
        seen[revision] += 1
        place = body["provenance"]
        made = Wanted(body["model"], body.get("negative", False), place["topic"], place["partition"], place["offset"])
        if revision in expected.samples and made != expected.samples[revision]:
            wrong.append(f"{revision}: {made} instead of {expected.samples[revision]}")
    verdict.note("samples", expected=len(expected.samples), found=len(samples))
    verdict.must_be_none("samples", "lost", expected.samples.keys() - seen.keys())
    verdict.must_be_none("samples", "doubled", (revision for revision, count in seen.items() if count > 1))
    verdict.must_be_none("samples", "extra", seen.keys() - expected.samples.keys())
    verdict.must_be_none("samples", "wrong", wrong)


def _check_days(verdict: Verdict, summaries: Sequence[Any], expected: Expected) -> None:
    """The summaries of a day are counts that it had, in their order, each newer than the one before; the last has them all."""
    ahead = {day: iter(after.values()) for day, after in expected.days.items()}
    last: dict[Day, tuple[int, dict[str, int]]] = {}
    wrong: list[str] = []
    for record in summaries:
        body = json.loads(record.value)
        day = Day(body["model"], body["input"], body["partition"], body["event_day"])
        # Asking an iterator goes on from where it stands: how records were batched only decides which counts are told.
        if body["counts"] not in ahead.get(day, iter(())):
            wrong.append(f"{day}: {body['counts']} at {body['sequence']}, which it never had, or not then")
        if day in last and body["sequence"] <= last[day][0]:
            wrong.append(f"{day}: sequence {body['sequence']} after {last[day][0]}")
        last[day] = (body["sequence"], body["counts"])
    unfinished = [
        f"{day}: {last.get(day)} instead of {after[max(after)]}"
        for day, after in expected.days.items()
        if day not in last or last[day][1] != after[max(after)]
    ]
    verdict.note("day_counts", days=len(expected.days), summaries=len(summaries))
    verdict.must_be_none("day_counts", "wrong", wrong)
    verdict.must_be_none("day_counts", "unfinished", unfinished)


def _check_letters(verdict: Verdict, found: Topics) -> None:
    """Each poison record once among the dead letters, key, value and headers as they were; nothing else there."""
    seen: Counter[PoisonPlace] = Counter()
    altered: list[str] = []
    for record in found.letters:
        letter = dead_letter.read(record.key, record.value, record.headers)
        name = next(name for name in POISON_TOPICS if letter.topic.endswith(name))
        place = (name, letter.partition, letter.offset, dict(letter.headers).get(POISON_HEADER))
        seen[place] += 1
        original = found.poison.get(place)
        as_it_was = original is not None and (letter.key, letter.value, list(letter.headers)) == (
            original.key, original.value, [(header, raw) for header, raw in original.headers],
        )  # fmt: skip
        if original is not None and not as_it_was:
            altered.append(f"{place}: {letter.reason}")
    verdict.note("poison", sent=len(found.poison), in_dead_letters=len(found.letters))
    verdict.must_be_none("poison", "lost", found.poison.keys() - seen.keys())
    verdict.must_be_none("poison", "doubled", (place for place, count in seen.items() if count > 1))
    verdict.must_be_none("poison", "extra", seen.keys() - found.poison.keys())
    verdict.must_be_none("poison", "altered", altered)


def _check_totals(verdict: Verdict, states: Sequence[Mapping[str, Any]], expected: Expected) -> None:
    """The counts of /state are state too."""
    for name, wanted in (("processed", expected.records), ("duplicates_ignored", expected.duplicates)):
        told = sum(state["stage1"][name] for state in states)
        verdict.must_be_none("totals", name, [] if told == wanted else [f"{told} instead of {wanted}"])


def _check_journal(verdict: Verdict, found: Topics) -> None:
    """Stage 2 took each sample once, in the order of its partition, and its journal has no gap."""
    wrong: list[str] = []
    sequences: dict[str, int] = {}
    taken: dict[int, list[int]] = {}
    for record in found.journal:
        body = json.loads(record.value)
        if body["first_sequence"] != sequences.get(body["model"], 0):
            wrong.append(f"{body['model']}: {body['first_sequence']} after {sequences.get(body['model'], 0)}")
        sequences[body["model"]] = body["first_sequence"] + len(body["entries"])
        for entry in body["entries"]:
            # A release's recipe is journalled in the place of the input behind it.
            if entry["topic"] == topics.SAMPLE_COLLECTED and entry["kind"] == "sample":
                taken.setdefault(entry["partition"], []).append(entry["offset"])
    there: dict[int, list[int]] = {}
    for record in found.samples:
        there.setdefault(record.partition, []).append(record.offset)
    for partition, offsets in there.items():
        known = Counter(taken.get(partition, []))
        wrong += [f"sample.collected {partition} {offset} taken {known[offset]} times" for offset in offsets if known[offset] != 1]
    verdict.note("journal", entries=sum(sequences.values()))
    verdict.must_be_none("journal", "wrong", wrong)


def _check_commands(verdict: Verdict, found: Topics, expected: Expected, policy: TriggerPolicy) -> None:
    """The commands are those that the journal's inputs lead to, each once."""
    records = [TriggerJournal.model_validate_json(record.value) for record in found.journal]
    due: Counter[tuple[str, int]] = Counter()
    gaps: list[str] = []
    for model in sorted({wanted.model for wanted in expected.samples.values()}):
        try:
            decisions = replay(model, policy, records)
        except ValueError as error:
            gaps.append(str(error))
            continue
        due.update((decision.command_id, decision.attempt) for decision in decisions if isinstance(decision, RetrainRequested))
    sent = Counter((body["command_id"], body.get("attempt", 1)) for body in map(_body, found.commands))
    verdict.note("commands", expected=due.total(), found=sent.total())
    verdict.must_be_none("commands", "not_decided_again", gaps)
    verdict.must_be_none("commands", "lost", due.keys() - sent.keys())
    verdict.must_be_none("commands", "doubled", (command for command, count in sent.items() if count > 1))
    verdict.must_be_none("commands", "extra", sent.keys() - due.keys())


def _check_leases(verdict: Verdict, found: Topics, expected: Expected, states: Sequence[Mapping[str, Any]], policy: TriggerPolicy) -> None:
    """Consumed, not counted: every negative is leased by one command of its model, or it still waits; nothing else is leased."""
    by_place = {(record.partition, record.offset): _body(record) for record in found.samples}
    leased: Counter[str] = Counter()
    wrong: list[str] = []
    numbers: dict[str, list[int]] = {}
    for body in map(_body, found.commands):
        batch = body["batch"]
        numbers.setdefault(body["model"], []).append(batch["number"])
        references = batch.get("samples", [])
        if len(references) != policy.threshold:
            wrong.append(f"{body['command_id']} leases {len(references)} samples instead of {policy.threshold}")
        for reference in references:
            leased[reference["sample_id"]] += 1
            sample = by_place.get((reference["partition"], reference["offset"]))
            named = sample is not None and (sample["sample_id"], sample["revision"]) == (reference["sample_id"], reference["revision"])
            if sample is None or not named or not sample.get("negative") or sample["model"] != body["model"]:
                wrong.append(f"{body['command_id']} leases {reference}, which is no negative of its model")
    for model, found_numbers in numbers.items():
        if found_numbers != list(range(1, len(found_numbers) + 1)):
            wrong.append(f"{model} has the batches {found_numbers[:20]}")
    told = {model: status for state in states for model, status in state["models"].items()}
    pending = 0
    for model in sorted({wanted.model for wanted in expected.samples.values()}):
        waits = len(expected.counted(model) - leased.keys())
        pending += waits
        status = told.get(model, {})
        if status.get("pending_negatives") != waits:
            wrong.append(f"{model}: {status.get('pending_negatives')} negatives pending instead of {waits}")
        due = status.get("trainable_negatives", waits)
        if due >= policy.threshold or status.get("running") is not None:
            wrong.append(f"{model}: {due} negatives that can be trained on wait and {status.get('running')} runs: it was not the end")
    verdict.note("leases", leased=leased.total(), pending=pending)
    verdict.must_be_none("leases", "leased_twice", (sample for sample, count in leased.items() if count > 1))
    verdict.must_be_none("leases", "wrong", wrong)


def _body(record: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(record.value)
    return found
