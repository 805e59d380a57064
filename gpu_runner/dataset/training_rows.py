"""Collects what a job may train on from its four sources, refusing by the holdout and by contradiction; nothing is left out uncounted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gpu_runner.dataset.conversation import asked_in_other_words
from gpu_runner.dataset.corrections import Correction, training_rows
from gpu_runner.dataset.evaluation_items import wording_keys
from gpu_runner.dataset.questions.extract import Extraction
from gpu_runner.dataset.questions.paraphrase import question_key, split_paraphrases
from gpu_runner.dataset.rows import Document, EvaluationItem, TrainingRow, row_id
from gpu_runner.dataset.split import HOLDOUT_GROUP, HoldoutGuard, contradicted

CONTRADICTS_OLD_FACT = "contradicts_old_fact"
CONTRADICTS_CORRECTION = "contradicts_correction"
IS_EVALUATION_QUESTION = "is_evaluation_question"
DUPLICATE_ROW = "duplicate_row"
TAUGHT_ANEW = "taught_anew"
BLANK_QUESTION = "question_without_letters"
# Longer prompts are instructions with their material, not questions: rewording them would not keep their form.
MOST_PARAPHRASED_CHARACTERS = 400
# A larger dataset trains in its own wordings alone: it has its own variety, and five times the rows is five times the hours.
MOST_ROWS_TO_PARAPHRASE = 2_000


@dataclass(frozen=True)
class Quarantined:
    """A sample (or dataset row) that may not train and that a person should look at; ids and reason, no text."""

    sample_id: str
    reason: str
    kind: str


@dataclass
class CollectedRows:
    """What the collection found so far; filled by the functions below, read by `prepare`."""

    train: int
    test: int
    dropped: Counter[str] = field(default_factory=Counter)
    quarantined: list[Quarantined] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    answer_keys: dict[str, tuple[frozenset[str], str]] = field(default_factory=dict)

    def quarantine(self, sample_id: str, reason: str, kind: str) -> None:
        """Set a sample aside for review, and count it."""
        self.quarantined.append(Quarantined(sample_id, reason, kind))
        self.dropped[f"{kind}_{reason}"] += 1


def collect_corrections(
    corrections: Iterable[Correction], guard: HoldoutGuard, items: Sequence[EvaluationItem], collected: CollectedRows
) -> tuple[TrainingRow, ...]:
    """Rows of the corrections that may train; the others go to review: held out, near the holdout, or against an old fact."""
    old_facts = [item for item in items if item.set == "old_facts"]
    rows: list[TrainingRow] = []
    for correction in corrections:
        reason = guard.objection(correction.query, correction.answer, correction.group)
        keys = wording_keys(correction, train=collected.train, test=collected.test)
        if reason is None and contradicted(old_facts, keys, question_key(correction.answer)):
            reason = CONTRADICTS_OLD_FACT
        if reason is not None:
            for sample_id in correction.sample_ids:
                collected.quarantine(sample_id, reason, "correction")
            continue
        collected.corrections.append(correction)
        collected.answer_keys[correction.sample_id] = (keys, question_key(correction.answer))
        rows += training_rows(correction, train=collected.train, test=collected.test)
    return tuple(rows)


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
        elif reason := guard.objection(row.prompt, row.completion, row.group):
            collected.dropped[f"{row.origin}_{reason}"] += 1
        else:
            kept.append(row)
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
    rows: Iterable[TrainingRow], answer_keys: Mapping[str, tuple[frozenset[str], str]], dropped: Counter[str]
) -> tuple[TrainingRow, ...]:
    """The rows without those that ask a corrected question and give another answer: the user's correction is newer."""
    corrected = {key: answer for keys, answer in answer_keys.values() for key in keys}
    kept = []
    for row in rows:
        answer = corrected.get(question_key(row.prompt))
        if answer is not None and answer != question_key(row.completion):
            dropped[f"{row.origin}_{CONTRADICTS_CORRECTION}"] += 1
        else:
            kept.append(row)
    return tuple(kept)


def not_taught_anew(replay: Sequence[TrainingRow], new: Iterable[TrainingRow], dropped: Counter[str]) -> tuple[TrainingRow, ...]:
    """The replay rows without those of samples that teach now: what a sample says now takes the place of what it said."""
    taught = {row.sample_id for row in new if row.sample_id is not None}
    kept = tuple(row for row in replay if row.sample_id not in taught)
    dropped[f"earlier_{TAUGHT_ANEW}"] += len(replay) - len(kept)
    return kept


def outside_evaluation(rows: Iterable[TrainingRow], items: Iterable[EvaluationItem], dropped: Counter[str]) -> tuple[TrainingRow, ...]:
    """The rows whose question is no evaluation question, each question and answer once."""
    asked = {question_key(item.question) for item in items}
    seen: set[tuple[str, str]] = set()
    kept = []
    for row in rows:
        pair = (question_key(row.prompt), question_key(row.completion))
        if pair[0] in asked:
            dropped[f"{row.origin}_{IS_EVALUATION_QUESTION}"] += 1
        elif pair in seen:
            dropped[f"{row.origin}_{DUPLICATE_ROW}"] += 1
        else:
            seen.add(pair)
            kept.append(row)
    return tuple(kept)
