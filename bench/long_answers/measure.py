"""How often a rule's word is a reader's: balanced accuracy, by kind, and that of single figures beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from bench.long_answers.cases import LabelledAnswer, LongCase
from gpu_runner.evaluate.exact_match import score_answer
from gpu_runner.evaluate.long_answers.score_long import LongScore, score_long

Verdict = tuple[bool, bool]
Figure = Callable[[LongCase, LabelledAnswer, LongScore], float]

# What the rule must beat; each with a threshold of its own.
SINGLE: dict[str, Figure] = {
    "f1": lambda case, answer, score: score_answer(answer.text, [case.reference], case.language).f1,
    "chrf": lambda case, answer, score: score.chrf,
    "changed_span": lambda case, answer, score: score.changed_span or 0.0,
}


def balanced(verdicts: Sequence[Verdict]) -> float:
    """The mean of the shares of right and of wrong answers that are told, of pairs (is right, is said to be)."""
    right = [said for is_right, said in verdicts if is_right]
    wrong = [said for is_right, said in verdicts if not is_right]
    return round((sum(right) / len(right) + 1 - sum(wrong) / len(wrong)) / 2, 4) if right and wrong else 0.0


def figures_by_kind(told: Iterable[tuple[str, bool, bool]]) -> dict[str, dict[str, float]]:
    """Of (kind, is right, is said to be): how many answers of each kind there are and which share is told."""
    found: dict[str, list[bool]] = defaultdict(list)
    for kind, is_right, said in told:
        found[kind].append(is_right == said)
    return {kind: {"answers": len(hits), "told": round(sum(hits) / len(hits), 4)} for kind, hits in sorted(found.items())}


def scored(cases: Sequence[LongCase], *, with_rejected: bool = True) -> list[tuple[LongCase, LabelledAnswer, LongScore]]:
    """The score of every answer of the cases."""
    return [
        (
            case,
            answer,
            score_long(
                answer.text,
                [case.reference],
                rejected=case.rejected if with_rejected else None,
                question=case.question,
                language=case.language,
            ),
        )
        for case in cases
        for answer in case.answers
    ]


def best_threshold(values: Sequence[float], right: Sequence[bool]) -> float:
    """The value at or above which an answer is best called right, by balanced accuracy."""
    return max(
        sorted(set(values)), key=lambda least: balanced([(is_right, value >= least) for value, is_right in zip(values, right, strict=True)])
    )


def single_figures(tuning: Sequence[LongCase], measured: Sequence[LongCase]) -> dict[str, float]:
    """The balanced accuracy of each single figure with the threshold that is best on the tuning cases."""
    out = {}
    chosen, kept = scored(tuning), scored(measured)
    for name, figure in SINGLE.items():
        least = best_threshold([figure(*one) for one in chosen], [one[1].label == "right" for one in chosen])
        out[name] = balanced([(one[1].label == "right", figure(*one) >= least) for one in kept])
    return out


def of_language(cases: Iterable[LongCase], language: str) -> list[LongCase]:
    """The cases of a language."""
    return [case for case in cases if case.language == language]


def measured(cases: Sequence[LongCase], *, with_rejected: bool = True) -> dict[str, Any]:
    """Balanced accuracy of "fixed" and the share that is told of each kind."""
    told = [(answer.kind, answer.label == "right", score.fixed) for _, answer, score in scored(cases, with_rejected=with_rejected)]
    return {
        "cases": len(cases),
        "answers": len(told),
        "balanced_accuracy": balanced([(is_right, said) for _, is_right, said in told]),
        "kinds": figures_by_kind(told),
    }
