"""Scores answers to evaluation items: a row for each item, aggregates by set and language, hashes of what was asked; no text.

`em` is what the gate counts: whether an item is fixed by the rule of its kind (`long_answers.kinds`): a short answer by MLQA's exact match
with the numeric guard, a long one by its facts. A missing answer scores 0 and is counted; an item hash
of a side covers the items it answered, so a side that answered fewer can't be compared unnoticed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from gpu_runner.dataset.fields import DataError
from gpu_runner.dataset.rows import (
    Answer,
    EvaluationItem,
    Side,
    json_lines,
    load_answers,
    load_evaluation_items,
    row_id,
)
from gpu_runner.evaluate import bleu
from gpu_runner.evaluate.aggregate import METRICS, by_set_and_language, metrics_of, part
from gpu_runner.evaluate.exact_match import QaScore, score_answer
from gpu_runner.evaluate.long_answers.kinds import kind_of
from gpu_runner.evaluate.long_answers.score_long import score_long
from gpu_runner.evaluate.signatures import SIGNATURES
from gpu_runner.text.grounding import Source, ground
from gpu_runner.text.script import CheckedText, check_text, devanagari_share
from gpu_runner.text.served_passages import served_passages
from runtime.whole_files import write_whole
from schemas.holdout import normalise_group

FORMAT: Final = 1
DEFAULT_METRICS: Final = ("exact_match", "f1", "bleu", "hallucination_rate")
KNOWN_METRICS: Final = METRICS
# Of a language model as judge, where one is configured (`gpu_runner.evaluate.judge`): never computed here.
JUDGED_METRICS: Final = ("response_quality", "relevance", "correctness", "completeness")
# Of a short answer, which is compared as a whole.
NO_LONG_FIGURES: Final[Mapping[str, Any]] = dict.fromkeys(("fact_recall", "fact_precision", "contradictions", "changed_span", "long_score"))


class UnknownMetric(ValueError):
    """A metric was asked for that is not computed here; the message names those that are."""


@dataclass(frozen=True)
class SideScores:
    """One side's scores: `metrics` over all items, then by language and by set; `items` are rows without text."""

    metrics: Mapping[str, float]
    by_language: Mapping[str, Mapping[str, float]]
    by_set: Mapping[str, Mapping[str, float]]
    items: tuple[Mapping[str, Any], ...]
    signatures: Mapping[str, str]
    items_sha256: str


def check_metrics(metrics: Sequence[str]) -> None:
    """Raise UnknownMetric for the first name that is not in KNOWN_METRICS."""
    for name in metrics:
        if name not in KNOWN_METRICS:
            raise UnknownMetric(f"metrics: {name!r} is not known: choose from {', '.join(KNOWN_METRICS)}")


def items_sha256(items: Iterable[EvaluationItem]) -> str:
    """The hash of a set of items, whatever their order."""
    ordered = sorted(items, key=lambda item: item.id)
    return hashlib.sha256(json_lines(ordered)).hexdigest()


def score_answers(
    items_path: Path, answers_path: Path, out_path: Path, *, without: Collection[str] = (), timings: Mapping[str, Any] | None = None,
    repeat: Mapping[str, float] | None = None,
) -> None:  # fmt: skip
    """Score both sides' answers to the items and write scores.json whole or not at all; items of the ids `without` were not asked.

    `timings` are the passes of both sides over the timed batches (`gpu_runner.train.timing`), where they were taken; `repeat` is `em` of
    the baseline's second answers by item id, where it was asked some again.

    Raises DataError for a file that can't be read, for an answer to an unknown item and for two answers of one side to one item.
    """
    items = tuple(item for item in load_evaluation_items(items_path) if item.id not in without)
    answers = load_answers(answers_path)
    sides: tuple[Side, ...] = ("baseline", "candidate")
    texts = {side: _by_item(items, [answer for answer in answers if answer.side == side], side) for side in sides}
    rows = {side: _rows(items, texts[side], None) for side in sides}
    predictions = {side: _predictions(items, texts[side]) for side in sides}
    scores: dict[str, Any] = {
        "format": FORMAT,
        "items_sha256": {"items": items_sha256(items), **{side: _answered_sha256(items, texts[side]) for side in sides}},
        "items": [
            {"item_id": item.id, "set": item.set, "language": item.language, "group": group_name(item)}
            | {side: rows[side][number] for side in sides}
            for number, item in enumerate(items)
        ],
        "aggregates": {side: by_set_and_language(items, rows[side], predictions[side]) for side in sides},
        "signatures": {**SIGNATURES, **bleu.signatures([item.answers for item in items])},
        "missing": {side: len(items) - len(texts[side]) for side in sides},
    }
    if timings is not None:
        scores["timings"] = dict(timings)
    if repeat:
        scores["repeat"] = {item.id: repeat[item.id] for item in items if item.id in repeat}
    write_whole(out_path, (json.dumps(scores, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode())


def score_side(
    items: Sequence[EvaluationItem],
    answers: Iterable[Answer],
    metrics: Sequence[str] = DEFAULT_METRICS,
    *,
    sources: Mapping[str, str] | None = None,
    side: Side = "candidate",
) -> SideScores:
    """Score one side's answers by the named metrics; `sources` maps a document id to its text (an item's `source` may be such an id).

    Raises UnknownMetric, and DataError without items, for answers to unknown items and for two answers to one.
    """
    check_metrics(metrics)
    if not items:
        raise DataError("items is empty: expected at least one evaluation item")
    texts = _by_item(items, answers, side)
    rows = _rows(items, texts, sources)
    predictions = _predictions(items, texts)
    languages = sorted({item.language for item in items})
    sets = sorted({item.set for item in items})
    return SideScores(
        metrics=_named(metrics_of(items, rows, predictions), metrics),
        by_language={name: _named(part(items, rows, predictions, language=name), metrics) for name in languages},
        by_set={name: _named(part(items, rows, predictions, item_set=name), metrics) for name in sets},
        items=rows,
        signatures={
            name: text for name, text in {**SIGNATURES, **bleu.signatures([item.answers for item in items])}.items() if name in metrics
        },
        items_sha256=_answered_sha256(items, texts),
    )


def _by_item(items: Sequence[EvaluationItem], answers: Iterable[Answer], side: str) -> dict[str, Answer]:
    known = {item.id for item in items}
    out: dict[str, Answer] = {}
    for answer in answers:
        if answer.item_id not in known:
            raise DataError(f"answers of side {side}: field 'item_id': {answer.item_id!r} is no item that was asked")
        if answer.item_id in out:
            raise DataError(f"answers of side {side}: field 'item_id': {answer.item_id!r} was answered twice; expected one answer an item")
        out[answer.item_id] = answer
    return out


def group_name(item: EvaluationItem) -> str:
    """The group's identity without its text: a group without a source is the user's own question."""
    return row_id("group", normalise_group(item.group))


def _predictions(items: Sequence[EvaluationItem], texts: Mapping[str, Answer]) -> list[str | None]:
    return [texts[item.id].text if item.id in texts else None for item in items]


def _answered_sha256(items: Sequence[EvaluationItem], texts: Mapping[str, Answer]) -> str:
    return items_sha256(item for item in items if item.id in texts)


def _rows(items: Sequence[EvaluationItem], texts: Mapping[str, Answer], sources: Mapping[str, str] | None) -> tuple[dict[str, Any], ...]:
    cache: dict[str, Source] = {}
    return tuple(_row(item, texts.get(item.id), _source(item, sources, cache)) for item in items)


def _source(item: EvaluationItem, sources: Mapping[str, str] | None, cache: dict[str, Source]) -> Source | None:
    text = source_text(item, sources)
    if text is None:
        return None
    if text not in cache:
        cache[text] = Source(text)
    return cache[text]


def source_text(item: EvaluationItem, sources: Mapping[str, str] | None) -> str | None:
    """The item's source: a key of `sources`, else its group as a key, else the text itself (a key has no white space), else as served."""
    given = item.source
    text = None
    if sources is not None:
        text = sources.get(given) if given is not None else sources.get(item.group)
    if text is None and given is not None and any(map(str.isspace, given)):
        text = given
    return text if text is not None else "\n".join(served_passages(item.messages)) or None


def _row(item: EvaluationItem, answer: Answer | None, source: Source | None) -> dict[str, Any]:
    """One item's scores on one side: numbers and flags only.

    What equals a reference is right, whatever the rules make of it: it is no hallucination ("Yes", "2" where the source says "two",
    "दो" from an English document) and breaks no rule of script.
    """
    text = answer.text if answer is not None else None
    qa = score_answer(text, item.answers, item.language)
    grounding = ground(text or "", source, item.question)
    script = check_text(text or "", item.language, references=item.answers, known=(item.question,))
    share = devanagari_share(text or "")
    right = _equals_a_reference(qa)
    kind = kind_of(item)
    figures = _long_figures(item, text) if kind == "long" else NO_LONG_FIGURES
    fixed = bool(figures["long_fixed"]) if kind == "long" else qa.em_guarded == 1
    return {
        "em": float(fixed),
        "kind": kind,
        "fixed": fixed,
        **{name: value for name, value in figures.items() if name != "long_fixed"},
        **{name: round(value, 6) for name, value in asdict(qa).items()},
        "chrf": bleu.sentence_chrf(text, item.answers),
        "script_violation": False if right and script.wrong_script else script.wrong_script,
        "devanagari_share": None if share is None else round(share, 6),
        "romanised_hindi": script.report.romanised_hindi,
        "latin_mid_word": bool(script.report.latin_mid_word),
        "malformed_words": bool(script.report.malformed_words),
        "other_language": script.report.other_language is not None,
        **_of_its_words(script),
        "claims": grounding.claims,
        "checkable": grounding.checkable,
        "unsupported": 0 if right else grounding.unsupported,
        "abstained": grounding.abstained,
        "has_source": grounding.has_source,
        "latency_ms": answer.latency_ms if answer is not None else None,
        "tokens": answer.tokens if answer is not None else None,
        "cut": answer.cut if answer is not None else None,
        "preference_margin": answer.margin if answer is not None else None,
        "missing": answer is None,
    }


def _of_its_words(checked: CheckedText) -> dict[str, Any]:
    """Words with a structural fault, and the evidence that words are damaged; None where no vocabulary is for the text."""
    found = checked.lexical
    return {
        "structural_faults": len(checked.faults),
        "lexical_score": None if found is None else round(found.evidence, 6),
        "lexical_damaged": None if found is None else round(found.damaged, 6),
        "lexical_words": None if found is None else found.words,
        "lexical_suspect": None if found is None else found.suspect,
    }


def _long_figures(item: EvaluationItem, text: str | None) -> dict[str, Any]:
    score = score_long(text, item.answers, rejected=item.rejected, question=item.question, language=item.language)
    return {
        "fact_recall": score.fact_recall,
        "fact_precision": score.fact_precision,
        "contradictions": score.contradictions,
        "changed_span": score.changed_span,
        "long_score": score.score,
        "long_fixed": score.fixed,
    }


def _equals_a_reference(qa: QaScore) -> bool:
    """By the gate's rule, or by the lenient one, which takes digits of every script for the same."""
    return qa.em_guarded == 1 or qa.em_lenient == 1


def _named(values: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    return {name: value for name, value in values.items() if name in names or name == "items"}
