"""Exact match and token F1 of an answer against its references: the maximum over references, a missing answer is 0."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from gpu_runner.evaluate.normalise import hi_lenient, mlqa, numbers, squad


@dataclass(frozen=True)
class QaScore:
    """All values are 0 to 1 for one answer.

    `exact_match` and `f1` are MLQA's (the headline, comparable with the literature); `em_guarded` is exact match with the numeric
    guard, the one the gate counts (never above `exact_match`); `*_squad` and `*_lenient` are the comparison and the diagnostic.
    """

    exact_match: float
    f1: float
    em_guarded: float
    em_squad: float
    f1_squad: float
    em_lenient: float
    f1_lenient: float


MISSING = QaScore(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def token_f1(prediction: str, reference: str) -> float:
    """F1 over white-space tokens of two normalised texts: 1 where both are empty, 0 where one is.

    >>> token_f1("नई दिल्ली में", "नई दिल्ली")
    0.8
    """
    predicted, expected = prediction.split(), reference.split()
    if not predicted or not expected:
        return float(predicted == expected)
    overlap = sum((Counter(predicted) & Counter(expected)).values())
    if overlap == 0:
        return 0.0
    precision, recall = overlap / len(predicted), overlap / len(expected)
    return 2 * precision * recall / (precision + recall)


def score_answer(prediction: str | None, references: Sequence[str], language: str) -> QaScore:
    """The scores of one answer; each metric takes its own best reference, and None (no answer arrived) scores 0.

    Raises ValueError without a reference: an item that nothing can match must not count as a failure of the model.
    """
    if not references:
        raise ValueError("answers is empty: an evaluation item needs at least one reference answer")
    if prediction is None:
        return MISSING
    mlqa_prediction, squad_prediction, lenient_prediction = mlqa(prediction, language), squad(prediction), hi_lenient(prediction)
    figures = numbers(prediction)
    best = [0.0] * 7
    for reference in references:
        mlqa_reference, squad_reference, lenient_reference = mlqa(reference, language), squad(reference), hi_lenient(reference)
        equal = mlqa_prediction == mlqa_reference
        row = (
            float(equal),
            token_f1(mlqa_prediction, mlqa_reference),
            float(equal and figures == numbers(reference)),
            float(squad_prediction == squad_reference),
            token_f1(squad_prediction, squad_reference),
            float(lenient_prediction == lenient_reference),
            token_f1(lenient_prediction, lenient_reference),
        )
        best = [max(old, new) for old, new in zip(best, row, strict=True)]
    return QaScore(*best)
