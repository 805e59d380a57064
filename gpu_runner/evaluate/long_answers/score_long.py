"""Scores one long answer: the facts of the references that it has, what it contradicts, and whether the correction was learnt.

The rule for "fixed" is a logistic regression over the figures of `features`, in English of `in_english` too and with weights of its own,
fitted on cases that people wrote and on sentences with one thing changed (`bench.long_answers.fit`); signs are fixed where a sign has a
meaning, so that a contradiction never helps. What equals a reference is fixed without it. How often it is right, on answers that were kept
apart: docs/evaluation/long-answers.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gpu_runner.evaluate.bleu import sentence_chrf
from gpu_runner.evaluate.exact_match import score_answer
from gpu_runner.evaluate.long_answers import weights
from gpu_runner.evaluate.long_answers.comparison import Compared, changed_recall, compared, fact_precision, fact_recall
from gpu_runner.evaluate.long_answers.features import by_closeness, features
from gpu_runner.evaluate.long_answers.in_english import weights as weights_en
from gpu_runner.evaluate.long_answers.in_english.figures import english_figures
from gpu_runner.evaluate.long_answers.reasons import contradictions_of, reasons_of
from gpu_runner.evaluate.long_answers.units import units_of
from gpu_runner.text.abstention import abstains

# Figures of two versions are not comparable; the hash is of what the weights were fitted on.
VERSION: Final = f"facts:2|fitted:{weights.FITTED_ON}|en:{weights_en.FITTED_ON}"
LEAST_SCORE: Final = 0.5


@dataclass(frozen=True)
class LongScore:
    """How a long answer stands to its best reference.

    `fact_recall`, `fact_precision` and `changed_span` are shares of units (numbers and names double): of the reference's in the answer, of
    the answer's in the reference or the question, and of what was corrected in the answer (None where no rejected answer is known).
    `contradictions` counts them, `chrf` is 0 to 100, `score` 0 to 1 and `fixed` the rule's word; `reasons` say why in words.
    """

    fact_recall: float
    contradictions: int
    fact_precision: float
    chrf: float
    changed_span: float | None
    score: float
    fixed: bool
    reasons: tuple[str, ...]


MISSING: Final = LongScore(0.0, 0, 0.0, 0.0, None, 0.0, False, ("no answer",))


def score_long(
    answer: str | None, references: Sequence[str], *, rejected: str | None = None, question: str | None = None, language: str
) -> LongScore:
    """The score of one answer by the reference that it fits best; `rejected` is what a user corrected, where it is known.

    Raises ValueError without a reference. No answer, an empty one and one that only says that it does not know score 0.

    >>> score_long("Shah Jahan built it, in 1653.", ["It was built by Shah Jahan in 1653."], language="en").contradictions
    0
    """
    if not references:
        raise ValueError("answers is empty: an evaluation item needs at least one reference answer")
    if answer is None:
        return MISSING
    exact = score_answer(answer, references, language)
    equal = exact.em_guarded == 1 or exact.em_lenient == 1
    if not equal and abstains(answer):
        return LongScore(0.0, 0, 0.0, sentence_chrf(answer, references), None, 0.0, False, ("it does not answer",))
    found = [_against(answer, reference, rejected, question, language) for reference in references]
    best = max(found, key=lambda one: one.score)
    if not equal:
        return best
    return LongScore(best.fact_recall, 0, best.fact_precision, best.chrf, best.changed_span, 1.0, True, ("it equals a reference",))


def _against(answer: str, reference: str, rejected: str | None, question: str | None, language: str) -> LongScore:
    known = units_of(rejected) if rejected else None
    pair = compared(units_of(answer), units_of(reference), known, units_of(question) if question else None)
    chrf = sentence_chrf(answer, [reference])
    of_rejected = sentence_chrf(answer, [rejected]) if rejected else 0.0
    score = probability(pair, answer, chrf=chrf, chrf_of_rejected=of_rejected, language=language)
    fixed = score >= LEAST_SCORE
    contradictions = contradictions_of(pair)
    return LongScore(
        fact_recall=round(fact_recall(pair), 6),
        contradictions=len(contradictions),
        fact_precision=round(fact_precision(pair), 6),
        chrf=chrf,
        changed_span=None if known is None else round(changed_recall(pair), 6),
        score=round(score, 6),
        fixed=fixed,
        reasons=reasons_of(pair, contradictions, fixed=fixed),
    )


def probability(pair: Compared, answer: str, *, chrf: float, chrf_of_rejected: float, language: str) -> float:
    """The rule's probability that the correction was learnt, of answers half right and half wrong."""
    by_name: Mapping[str, float]
    if language == "en":
        by_name = weights_en.WITH_REJECTED if pair.rejected is not None else weights_en.WITHOUT_REJECTED
        figures = english_figures(pair, answer, chrf=chrf, chrf_of_rejected=chrf_of_rejected) | {"one": 1.0}
    else:
        by_name = weights.WITH_REJECTED if pair.rejected is not None else weights.WITHOUT_REJECTED
        figures = by_closeness(features(pair, chrf=chrf, chrf_of_rejected=chrf_of_rejected))
        figures |= {"one": 1.0, "hindi": float(language == "hi")}
    odds = math.fsum(weight * figures[name] for name, weight in by_name.items())
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, odds))))
