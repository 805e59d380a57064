"""Collects what a job may train on from its four sources, refusing by the holdout and by contradiction; nothing is left out uncounted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from gpu_runner.dataset.answers.known_answers import KnownAnswer, KnownAnswers
from gpu_runner.dataset.conversation import asked_in_other_words
from gpu_runner.dataset.corrections import Correction
from gpu_runner.dataset.evaluation_items import wording_keys
from gpu_runner.dataset.firewall.questions import Hit
from gpu_runner.dataset.questions.extract import Extraction
from gpu_runner.dataset.questions.in_context import context_of, wording_of
from gpu_runner.dataset.questions.paraphrase import question_key, split_paraphrases
from gpu_runner.dataset.rows import Document, EvaluationItem, TrainingRow, row_id
from gpu_runner.dataset.served.raft import SHARES, PassageShares, distractors
from gpu_runner.dataset.served.support import supporting
from gpu_runner.dataset.served.taught_rows import taught_rows
from gpu_runner.dataset.split import HOLDOUT_GROUP, HoldoutGuard

CONTRADICTS_OLD_FACT = "contradicts_old_fact"
CONTRADICTS_CORRECTION = "contradicts_correction"
CONTRADICTS_DOCUMENT = "contradicts_document"
IS_EVALUATION_QUESTION = "is_evaluation_question"
DUPLICATE_ROW = "duplicate_row"
TAUGHT_ANEW = "taught_anew"
UNSUPPORTED = "unsupported_by_passages"
BLANK_QUESTION = "question_without_letters"
# Longer prompts are instructions with their material, not questions: rewording them would not keep their form.
MOST_PARAPHRASED_CHARACTERS = 400
# A larger dataset trains in its own wordings alone: it has its own variety, and five times the rows is five times the hours.
MOST_ROWS_TO_PARAPHRASE = 2_000


@dataclass(frozen=True)
class Quarantined:
    """A sample (or dataset row) that may not train and that a person should look at; ids and reason, no text.

    `item_id` is the held-out item that it gives away, `similarity` how near it is, where that is why.
    """

    sample_id: str
    reason: str
    kind: str
    item_id: str | None = None
    similarity: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """For a record, without what it does not say."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Leak:
    """A row (by its sample, else its id) that gives a held-out item away; what kind of row (`earlier` and `replay` trained before)."""

    name: str
    kind: str
    hit: Hit

    def as_dict(self) -> dict[str, Any]:
        """For the manifest: ids, reason and similarity, no text."""
        return {"row": self.name, "kind": self.kind} | self.hit.as_dict()


@dataclass(frozen=True)
class Teaching:
    """How corrections are taught: in how many wordings trained and asked, with which passages, and whether without a supporting one."""

    train: int
    test: int
    seed: int = 0
    shares: PassageShares = SHARES
    closed_book: bool = False


@dataclass
class CollectedRows:
    """What the collection found so far; filled by the functions below, read by `prepare`.

    `withdrawn` maps who said what no longer holds (a sample, else a row or an item) to the sample that says otherwise. `leaks` are the rows
    that give a held-out item away, none of which trains.
    """

    dropped: Counter[str] = field(default_factory=Counter)
    quarantined: list[Quarantined] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    withdrawn: dict[str, str] = field(default_factory=dict)
    leaks: list[Leak] = field(default_factory=list)

    def quarantine(self, sample_id: str, reason: str, kind: str, hit: Hit | None = None) -> None:
        """Set a sample aside for review, and count it."""
        found = (None, None) if hit is None or hit.reason != reason else (hit.item_id, round(hit.similarity, 4))
        self.quarantined.append(Quarantined(sample_id, reason, kind, *found))
        self.dropped[f"{kind}_{reason}"] += 1
        self.leak(sample_id, kind, hit)

    def leak(self, name: str, kind: str, hit: Hit | None) -> None:
        """Remember what gives a held-out item away."""
        if hit is not None:
            self.leaks.append(Leak(name, kind, hit))


@dataclass(frozen=True)
class Grounds:
    """What a correction is held against before it may train: the holdout, the old facts, and the texts of the batch's documents."""

    guard: HoldoutGuard
    old_facts: KnownAnswers
    documents: Sequence[str]


def collect_corrections(
    corrections: Iterable[Correction], grounds: Grounds, teaching: Teaching, collected: CollectedRows
) -> tuple[TrainingRow, ...]:
    """Rows of the corrections that may train; others go to review: held out, near the holdout, or against an old fact in any wording.

    A correction against an old fact trains where a document of the batch says the same. One that came with passages of which none
    supports it is not taught, unless closed-book: what the retrieval missed is no fault of the model.
    """
    for correction in corrections:
        asked = (correction.query, correction.answer)
        reason = grounds.guard.objection(*asked, correction.group, correction.messages)
        hit = grounds.guard.hit(*asked, correction.messages)
        if reason is None and _against_an_old_fact(correction, grounds, teaching):
            reason = CONTRADICTS_OLD_FACT
        if reason is not None:
            for sample_id in correction.sample_ids:
                collected.quarantine(sample_id, reason, "correction", hit)
        elif correction.conversation and correction.conversation.passages and not correction.supporting and not teaching.closed_book:
            collected.dropped[UNSUPPORTED] += len(correction.sample_ids)
        else:
            collected.corrections.append(correction)
    served = [(one.sample_id, one.group, one.conversation) for one in collected.corrections if one.conversation is not None]
    others = distractors(served)
    rows: list[TrainingRow] = []
    for correction in collected.corrections:
        rows += taught_rows(
            correction, others, teaching.shares, train=teaching.train, test=teaching.test, seed=teaching.seed, dropped=collected.dropped
        )
    return tuple(rows)


def corrected(collected: CollectedRows, teaching: Teaching, background: Iterable[str]) -> KnownAnswers:
    """What the collected corrections say, by any wording."""
    return KnownAnswers(
        (
            KnownAnswer(one.sample_id, one.query, (one.answer,), one.messages, wording_keys(one, train=teaching.train, test=teaching.test))
            for one in collected.corrections
        ),
        background,
    )


def _against_an_old_fact(correction: Correction, grounds: Grounds, teaching: Teaching) -> bool:
    wordings = wording_keys(correction, train=teaching.train, test=teaching.test)
    if not grounds.old_facts.contradicting(correction.query, (correction.answer,), correction.messages, wordings):
        return False
    return not supporting(correction.query, correction.answer, grounds.documents)


def collect_documents(
    extractions: Iterable[tuple[Document, str | None, Extraction]], guard: HoldoutGuard, collected: CollectedRows
) -> tuple[TrainingRow, ...]:
    """One row for each pair of each document outside the holdout, in the pair's own wording."""
    rows: list[TrainingRow] = []
    for document, sample_id, extraction in extractions:
        if guard.group_is_held_out(document.source_group):
            collected.quarantine(sample_id or document.id, HOLDOUT_GROUP, "document")
            continue
        collected.dropped["document_pairs_refused"] += len(extraction.refused)
        collected.dropped["documents_without_pairs"] += not extraction.pairs
        for pair in extraction.pairs:
            if reason := guard.objection(pair.question, pair.answer, document.source_group):
                collected.dropped[f"document_{reason}"] += 1
                collected.leak(sample_id or document.id, "document", guard.hit(pair.question, pair.answer))
                continue
            identity = row_id("document", document.id, pair.question, pair.answer)
            rows.append(TrainingRow(identity, pair.question, pair.answer, pair.language, "document", document.source_group, sample_id))
    return tuple(rows)


def admitted(rows: Iterable[TrainingRow], guard: HoldoutGuard, collected: CollectedRows) -> tuple[TrainingRow, ...]:
    """Dataset and replay rows outside the holdout; the others are counted by origin and reason."""
    kept = []
    for row in rows:
        if not question_key(row.prompt):
            collected.dropped[f"{row.origin}_{BLANK_QUESTION}"] += 1
        elif reason := guard.objection(row.prompt, row.completion, row.group, row.messages):
            collected.dropped[f"{row.origin}_{reason}"] += 1
            collected.leak(row.sample_id or row.id, row.origin, guard.hit(row.prompt, row.completion, row.messages))
        else:
            kept.append(row)
    return tuple(kept)


def outside_holdout(rows: Iterable[TrainingRow], guard: HoldoutGuard, collected: CollectedRows) -> tuple[TrainingRow, ...]:
    """The rows of which no wording, those that a rule made included, spells a held-out question."""
    kept = []
    for row in rows:
        hit = guard.firewall.exact(row.prompt, context_of(row.prompt, row.messages))
        if hit is None:
            kept.append(row)
        else:
            collected.dropped[f"{row.origin}_{hit.reason}"] += 1
            collected.leak(row.sample_id or row.id, row.origin, hit)
    return tuple(kept)


def may_be_paraphrased(row: TrainingRow) -> bool:
    """Whether the prompt is a question of one line, not an instruction with its material."""
    return len(row.prompt) <= MOST_PARAPHRASED_CHARACTERS and "\n" not in row.prompt.strip()


def paraphrased(rows: Sequence[TrainingRow], *, train: int, test: int) -> tuple[TrainingRow, ...]:
    """The rows in all their train wordings, each in its conversation, where there are at most 2,000 of them."""
    if len(rows) > MOST_ROWS_TO_PARAPHRASE:
        return tuple(rows)
    out: list[TrainingRow] = []
    for row in rows:
        out.append(row)
        if may_be_paraphrased(row):
            wordings, _ = split_paraphrases(row.prompt, row.language, train=train, test=test)
            for wording in wordings[1:]:
                messages = asked_in_other_words(row.messages, row.prompt, wording)
                if messages is not None:
                    out.append(replace(row, id=row_id(row.id, wording), prompt=wording, messages=messages))
    return tuple(out)


def without_contradictions(
    rows: Iterable[TrainingRow], answers: KnownAnswers, collected: CollectedRows, *, reason: str = CONTRADICTS_CORRECTION
) -> tuple[TrainingRow, ...]:
    """The rows without those that answer a question otherwise than is known now; they are counted by origin and reason."""
    rows = tuple(rows)
    return _without(rows, {place for place, row in enumerate(rows) if answers.contradicted(row)}, reason, collected)


def still_held(
    rows: Iterable[TrainingRow],
    answers: KnownAnswers,
    by_users: Container[str],
    collected: CollectedRows,
    *,
    reason: str = CONTRADICTS_CORRECTION,
    among: Container[str] | None = None,
) -> tuple[TrainingRow, ...]:
    """The same of what was known before; who is contradicted is listed as withdrawn, and all rows of a withdrawn correction leave.

    Those in which its passage is left out too: among other passages the newer answer may stand. `by_users` are the samples that are
    corrections: all their rows are of one question. `among` are the ids of the rows that may be
    contradicted, where not all may.
    """
    rows = tuple(rows)
    against: set[int] = set()
    gone: set[str] = set()
    for place, row in enumerate(rows):
        if (among is None or row.id in among) and (newer := answers.contradicted(row)):
            against.add(place)
            # Of a document one pair may be outdated and the others not.
            corrected_by = row.sample_id if row.sample_id in by_users else None
            collected.withdrawn[corrected_by or row.id] = newer[0].name
            if corrected_by is not None:
                gone.add(corrected_by)
    against |= {place for place, row in enumerate(rows) if row.sample_id in gone}
    return _without(rows, against, reason, collected)


def _without(rows: Sequence[TrainingRow], places: AbstractSet[int], reason: str, collected: CollectedRows) -> tuple[TrainingRow, ...]:
    for place in places:
        collected.dropped[f"{rows[place].origin}_{reason}"] += 1
    return tuple(row for place, row in enumerate(rows) if place not in places)


def not_taught_anew(replay: Sequence[TrainingRow], new: Iterable[TrainingRow], dropped: Counter[str]) -> tuple[TrainingRow, ...]:
    """The replay rows without those of samples that teach now: what a sample says now takes the place of what it said."""
    taught = {row.sample_id for row in new if row.sample_id is not None}
    kept = tuple(row for row in replay if row.sample_id not in taught)
    dropped[f"earlier_{TAUGHT_ANEW}"] += len(replay) - len(kept)
    return kept


def outside_evaluation(rows: Iterable[TrainingRow], items: Iterable[EvaluationItem], dropped: Counter[str]) -> tuple[TrainingRow, ...]:
    """The rows whose question is no evaluation question, each question and answer once."""
    asked = {wording_of(item) for item in items}
    seen: set[tuple[str, str, str]] = set()
    kept = []
    for row in rows:
        # With other passages it is another row.
        given = json.dumps(row.messages, ensure_ascii=False, sort_keys=True) if row.messages else ""
        pair = (wording_of(row), question_key(row.completion), given)
        if pair[0] in asked:
            dropped[f"{row.origin}_{IS_EVALUATION_QUESTION}"] += 1
        elif pair in seen:
            dropped[f"{row.origin}_{DUPLICATE_ROW}"] += 1
        else:
            seen.add(pair)
            kept.append(row)
    return tuple(kept)
