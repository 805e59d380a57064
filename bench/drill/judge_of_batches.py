"""The check of stage 2: its journal, its commands, and which samples they lease."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bench.drill.verdict import Verdict
from consumers.decide.journal import replay
from consumers.decide.trigger_state import TriggerPolicy
from schemas import topics
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.trigger_journal import TriggerJournal


@dataclass(frozen=True, slots=True)
class Batches:
    """The records that the check reads, and the samples (by id) that an erasure may have come before; models that samples are of."""

    samples: Sequence[Any]
    journal: Sequence[Any]
    commands: Sequence[Any]
    erased: Set[str]
    models: Sequence[str]


def check_batches(verdict: Verdict, found: Batches, states: Sequence[Mapping[str, Any]], policy: TriggerPolicy) -> None:
    """Checks everything of stage 2; `states` is what each instance last said at /state, `policy` what it ran with."""
    _check_journal(verdict, found)
    _check_commands(verdict, found, policy)
    _check_leases(verdict, found, states, policy)


def _check_journal(verdict: Verdict, found: Batches) -> None:
    """Stage 2 took each sample once, in the order of its partition, and its journal has no gap. What it heard erased before, it leaves."""
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
    known = {partition: Counter(offsets) for partition, offsets in taken.items()}
    for record in found.samples:
        times = known.get(record.partition, Counter())[record.offset]
        if times != 1 and not (times == 0 and _body(record)["sample_id"] in found.erased):
            wrong.append(f"sample.collected {record.partition} {record.offset} taken {times} times")
    verdict.note("journal", entries=sum(sequences.values()))
    verdict.must_be_none("journal", "wrong", wrong)


def _check_commands(verdict: Verdict, found: Batches, policy: TriggerPolicy) -> None:
    """The commands are those that the journal's inputs lead to, each once."""
    records = [TriggerJournal.model_validate_json(record.value) for record in found.journal]
    due: Counter[tuple[str, int]] = Counter()
    gaps: list[str] = []
    for model in found.models:
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


def _check_leases(verdict: Verdict, found: Batches, states: Sequence[Mapping[str, Any]], policy: TriggerPolicy) -> None:
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
    counted = _counted(found)
    for model in found.models:
        waits = len(counted.get(model, set()) - leased.keys())
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


def _counted(found: Batches) -> dict[str, set[str]]:
    """By model the samples whose newest revision is a negative, and that nobody took back."""
    newest: dict[str, tuple[tuple[int, bool, datetime], dict[str, Any]]] = {}
    for body in map(_body, found.samples):
        rank = (body["revision"], body.get("retracted", False), datetime.fromisoformat(body["occurred_at"]))
        if body["sample_id"] not in newest or rank > newest[body["sample_id"]][0]:
            newest[body["sample_id"]] = rank, body
    counted: dict[str, set[str]] = {}
    for sample_id, (_, body) in newest.items():
        if body.get("negative") and sample_id not in found.erased:
            counted.setdefault(body["model"], set()).add(sample_id)
    return counted


def _body(record: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(record.value)
    return found
