"""The check of the history afterwards: what the topics hold against what they must hold."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.drill.archive import Archive
from bench.drill.clients import PARTITIONS
from bench.drill.expected import Day, Expected, Revision, expect
from bench.drill.expected_samples import Wanted, Words
from bench.drill.expected_turns import Limits, Surroundings
from bench.drill.judge_of_batches import Batches, check_batches
from bench.drill.places import INPUTS, Deletion, Place, place_of
from bench.drill.poison import POISON_TOPICS
from bench.drill.sent import POISON_HEADER, Sent
from bench.drill.verdict import Verdict
from consumers.settings import ConsumerSettings
from runtime.kafka.connection import KafkaConnection
from schemas import dead_letter, topics

# Where a poison record lies: topic without prefix, partition, offset; and its number: a topic that was made anew has each offset twice.
PoisonPlace = tuple[str, int, int, bytes | None]
SAMPLED = (topics.FEEDBACK_SUBMITTED, topics.DOCUMENT_INGESTED)


@dataclass(frozen=True, slots=True)
class Topics:
    """The records of every topic that is checked, poison left out of `samples`, `journal` and `commands`; and what was deleted of them."""

    inputs: list[Any]
    samples: list[Any]
    summaries: list[Any]
    commands: list[Any]
    journal: list[Any]
    poison: dict[PoisonPlace, Any]
    letters: list[Any]
    deletions: Sequence[Deletion] = ()

    @classmethod
    async def read(cls, connection: KafkaConnection, archive: Archive) -> Topics:
        """Reads them to their ends, read_committed, with what is in the archive; of partitions that were added later nothing counts."""
        outputs = (topics.SIGNAL_SUMMARISED, topics.RETRAIN_REQUESTED, topics.TRIGGER_JOURNAL)
        names = dict.fromkeys((*INPUTS, *POISON_TOPICS, *outputs))
        by_name = {name: await archive.read(connection.topic(name), PARTITIONS[f".{name}"]) for name in names}
        letters = [record for name in POISON_TOPICS for record in await archive.read(connection.dead_letters(name), 1)]
        return cls.of(by_name, letters, archive.deletions)

    @classmethod
    def of(cls, by_name: Mapping[str, list[Any]], letters: list[Any], deletions: Sequence[Deletion] = ()) -> Topics:
        """The records by topic without prefix, each partition in the order of its log, and the dead letters."""
        poison = {
            poison_place(name, record): record
            for name in POISON_TOPICS
            for record in by_name[name]
            if POISON_HEADER in dict(record.headers)
        }
        samples = [record for record in by_name[topics.SAMPLE_COLLECTED] if POISON_HEADER not in dict(record.headers)]
        inputs = [record for name in INPUTS for record in by_name[name]]
        return cls(
            inputs, samples, by_name[topics.SIGNAL_SUMMARISED], by_name[topics.RETRAIN_REQUESTED], by_name[topics.TRIGGER_JOURNAL],
            poison, letters, deletions,
        )  # fmt: skip


def poison_place(name: str, record: Any) -> PoisonPlace:
    """Where a poison record of a topic lies, and its number."""
    return name, record.partition, record.offset, dict(record.headers).get(POISON_HEADER)


def judge(found: Topics, history: Sequence[Sent], states: Sequence[Mapping[str, Any]], settings: ConsumerSettings) -> Verdict:
    """Checks everything; `states` is what each instance last said at /state, `settings` what they ran with."""
    verdict, collected = Verdict(), Counter(map(_revision, found.samples))
    said = [record for record in found.inputs if record.topic.endswith(SAMPLED)]
    around = [record for record in found.inputs if not record.topic.endswith(SAMPLED)]
    expected = expect(said, Surroundings(around, Limits.of(settings), found.deletions), collected)
    _check_inputs(verdict, found, history, expected)
    _check_samples(verdict, found.samples, collected, expected)
    _check_days(verdict, found.summaries, expected)
    _check_letters(verdict, found, expected)
    _check_totals(verdict, states, expected)
    _check_turns(verdict, found, states, expected)
    models = sorted({wanted.model for wanted in expected.samples.values()})
    batches = Batches(found.samples, found.journal, found.commands, expected.erased, models)
    check_batches(verdict, batches, states, settings.trigger_policy())
    return verdict


def _check_inputs(verdict: Verdict, found: Topics, history: Sequence[Sent], expected: Expected) -> None:
    """The history has to be on the topics, or nothing was tested."""
    there = Counter((record.value, record.key) for record in found.inputs)
    there.update((record.value, record.key) for record in found.poison.values() if not record.topic.endswith(INPUTS))
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


def _revision(record: Any) -> Revision:
    body = json.loads(record.value)
    return Revision(body["sample_id"], body["revision"], body.get("retracted", False), body["occurred_at"])


def _check_samples(verdict: Verdict, samples: Sequence[Any], collected: Counter[Revision], expected: Expected) -> None:
    """Each accepted revision once, made of the record that it must be made of, in the words of its turn."""
    meant = expected.samples | expected.possible
    wrong: list[str] = []
    for record in samples:
        revision, made = _revision(record), _made(json.loads(record.value))
        if revision in meant and made != meant[revision]:
            wrong.append(f"{revision}: {made} instead of {meant[revision]}")
    wrong += [
        f"{joined} was made of an erased turn, and not taken back"
        for joined, back in expected.torn.items()
        if collected[joined] != collected[back]
    ]
    verdict.note("samples", expected=len(expected.samples), possible=len(expected.possible), found=len(samples))
    verdict.must_be_none("samples", "lost", expected.samples.keys() - collected.keys())
    verdict.must_be_none("samples", "doubled", (revision for revision, count in collected.items() if count > 1))
    verdict.must_be_none("samples", "extra", collected.keys() - meant.keys())
    verdict.must_be_none("samples", "wrong", wrong)


def _made(body: Mapping[str, Any]) -> Wanted:
    """What a sample says of itself."""
    preferred, origin = body.get("preferred"), body["provenance"]
    words = Words(
        text=body.get("text") or "",
        query=body.get("query", ""),
        response=body.get("response", ""),
        correction=body.get("correction"),
        comment=body.get("comment"),
        language=body.get("language"),
        messages=tuple((message["role"], message["content"]) for message in body.get("messages", ())),
        passages=tuple(passage["text"] for passage in body.get("passages", ())),
        preferred=preferred and preferred["answer"],
        turn_id=body.get("turn_id"),
    )
    place = Place(origin["topic"], origin["partition"], origin["offset"])
    return Wanted(body["model"], body.get("negative", False), body.get("negative_class"), words, place)


def _check_days(verdict: Verdict, summaries: Sequence[Any], expected: Expected) -> None:
    """The summaries of a day are counts that it had, in their order, each newer than the one before; the last has them all.

    A turn that says nothing new of the counts tells them again. Of a day whose order nobody knows the last one alone is held against them.
    """
    ahead = {day: iter(after.values()) for day, after in expected.days.items()}
    last: dict[Day, tuple[int, dict[str, int]]] = {}
    wrong: list[str] = []
    for record in summaries:
        body = json.loads(record.value)
        day = Day(body["model"], body["input"], body["partition"], body["event_day"])
        sequence, told = last.get(day, (0, {}))
        # Asking an iterator goes on from where it stands: how records were batched only decides which counts are told.
        known = day in expected.unordered or body["counts"] == told or body["counts"] in ahead.get(day, iter(()))
        if not known:
            wrong.append(f"{day}: {body['counts']} at {body['sequence']}, which it never had, or not then")
        if day in last and body["sequence"] <= sequence:
            wrong.append(f"{day}: sequence {body['sequence']} after {sequence}")
        last[day] = (body["sequence"], body["counts"])
    unfinished = [
        f"{day}: {last.get(day)} instead of {meant}" for day, meant in _final(expected).items() if last.get(day, (0, {}))[1] != meant
    ]
    # Where nothing is left of a day it may have been told of, or not.
    unfinished += [
        f"{day}: {counts} instead of nothing"
        for day, (_, counts) in last.items()
        if day in expected.unordered and day not in expected.days and any(counts.values())
    ]
    verdict.note("day_counts", days=len(expected.days), of_any_order=len(expected.unordered), summaries=len(summaries))
    verdict.must_be_none("day_counts", "wrong", wrong)
    verdict.must_be_none("day_counts", "unfinished", unfinished)


def _final(expected: Expected) -> dict[Day, dict[str, int]]:
    return {day: after[max(after)] for day, after in expected.days.items()}


def _check_letters(verdict: Verdict, found: Topics, expected: Expected) -> None:
    """Each poison record once among the dead letters, and what has no turn or is a second one; key, value and headers as they were."""
    inputs = {place_of(record): record for record in found.inputs}
    poison: Counter[PoisonPlace] = Counter()
    refused: Counter[tuple[Place, str]] = Counter()
    altered: dict[str, list[str]] = {"poison": [], "letters": []}
    for record in found.letters:
        letter = dead_letter.read(record.key, record.value, record.headers)
        name = next(name for name in POISON_TOPICS if letter.topic.endswith(name))
        number = dict(letter.headers).get(POISON_HEADER)
        if number is None:
            kind, place = "letters", Place(name, letter.partition, letter.offset)
            refused[place, letter.reason] += 1
            original = inputs.get(place)
        else:
            kind, original = "poison", found.poison.get((name, letter.partition, letter.offset, number))
            poison[name, letter.partition, letter.offset, number] += 1
        if original is not None and (letter.key, letter.value, list(letter.headers)) != (
            original.key, original.value, [(header, raw) for header, raw in original.headers],
        ):  # fmt: skip
            altered[kind].append(f"{name} {letter.partition} {letter.offset}: {letter.reason}")
    verdict.note("poison", sent=len(found.poison), in_dead_letters=poison.total())
    _check_once(verdict, "poison", poison, found.poison.keys(), ())
    verdict.note("letters", expected=len(expected.letters), found=refused.total(), **Counter(reason for _, reason in refused.elements()))
    _check_once(verdict, "letters", refused, expected.letters.items(), expected.possible_letters.items())
    for kind, listed in altered.items():
        verdict.must_be_none(kind, "altered", listed)


def _check_once(verdict: Verdict, part: str, seen: Counter[Any], must: Iterable[Any], may: Iterable[Any]) -> None:
    wanted = set(must)
    verdict.must_be_none(part, "lost", wanted - seen.keys())
    verdict.must_be_none(part, "doubled", (place for place, count in seen.items() if count > 1))
    verdict.must_be_none(part, "extra", seen.keys() - wanted - set(may))


def _check_totals(verdict: Verdict, states: Sequence[Mapping[str, Any]], expected: Expected) -> None:
    """The counts of /state are state too."""
    told = {name: sum(state["stage1"][name] for state in states) for name in ("processed", "duplicates_ignored")}
    verdict.must_be_within("totals", "processed", told["processed"], expected.records)
    verdict.must_be_within("totals", "duplicates_ignored", told["duplicates_ignored"], expected.duplicates, expected.unsure_duplicates)


def _check_turns(verdict: Verdict, found: Topics, states: Sequence[Mapping[str, Any]], expected: Expected) -> None:
    """What was joined is a sample each; what waited otherwise still waits, was given up, or lost its original: each is counted once."""
    told = {name: sum(state["stage1"]["turns"][name] for state in states) for name in ("joined", "waiting", "unjoined", "originals_gone")}
    made = [_made(body).place for body in map(json.loads, (record.value for record in found.samples)) if not body.get("retracted")]
    joined = sum(place in expected.of_turns for place in made)
    letters = {
        Place(topics.FEEDBACK_SUBMITTED, letter.partition, letter.offset)
        for letter in (dead_letter.read(record.key, record.value, record.headers) for record in found.letters)
        if letter.reason == dead_letter.UNJOINED
    }
    verdict.note("turns", **told, named=len(expected.of_turns))
    verdict.must_be_within("turns", "not_joined_once", told["joined"], joined)
    verdict.must_be_within("turns", "not_waiting", told["waiting"], expected.waiting, expected.unsure_waiting)
    verdict.must_be_within("turns", "not_unjoined_once", told["unjoined"], expected.unjoined, expected.unsure_unjoined)
    gone = expected.gone + len(expected.letter_or_gone - letters)
    verdict.must_be_within("turns", "not_gone_once", told["originals_gone"], gone, expected.unsure_unjoined)
