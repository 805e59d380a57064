"""Exact match and token F1 of an answer against its references: the maximum over references, a missing answer is 0.

Both sides are put into NFC before any rule. A reference of which a rule leaves nothing ("A", "The", "।") would equal every empty answer: it
is left out where others remain, else the texts are compared as they are given.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gpu_runner.text.normalise import hi_lenient, mlqa, numbers, squad
from gpu_runner.text.symbols import symbols
from gpu_runner.text.token_f1 import token_f1

# The version of the rules that are ours, stored with each evaluation: figures of two versions are not comparable.
# 2: leading points, spaced fractions and ratios, powers, exponents and every minus are kept apart; hi_lenient is idempotent.
SIGNATURES: Final[Mapping[str, str]] = {
    "em_guarded": "mlqa|numbers:2|marks:1",
    "em_lenient": "hi_lenient:2",
    "f1_lenient": "hi_lenient:2",
}


@dataclass(frozen=True)
class QaScore:
    """All values are 0 to 1 for one answer.

    `exact_match` and `f1` are MLQA's (the headline, comparable with the literature); `em_guarded` is exact match with the guard for numbers
    and for marks that carry meaning, the one the gate counts (never above `exact_match`); `*_squad` and `*_lenient` are the comparison and
    the diagnostic.
    """

    exact_match: float
    f1: float
    em_guarded: float
    em_squad: float
    f1_squad: float
    em_lenient: float
    f1_lenient: float


MISSING = QaScore(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def score_answer(prediction: str | None, references: Sequence[str], language: str) -> QaScore:
    """The scores of one answer; each metric takes its own best reference, and None (no answer arrived) scores 0.

    Raises ValueError without a reference: an item that nothing can match must not count as a failure of the model.
    """
    if not references:
        raise ValueError("answers is empty: an evaluation item needs at least one reference answer")
    if prediction is None:
        return MISSING
    # Published rules compare code points: one text in two normal forms would be two texts.
    answer, expected = as_nfc(prediction), [as_nfc(reference) for reference in references]
    by_mlqa = _compare(lambda text: mlqa(text, language), answer, expected)
    by_squad = _compare(squad, answer, expected)
    by_lenient = _compare(hi_lenient, answer, expected)
    figures, marks = numbers(answer), symbols(answer)
    return QaScore(
        exact_match=by_mlqa.exact,
        f1=by_mlqa.f1,
        em_guarded=float(any(figures == numbers(text) and marks == symbols(text) for text in by_mlqa.matched)),
        em_squad=by_squad.exact,
        f1_squad=by_squad.f1,
        em_lenient=by_lenient.exact,
        f1_lenient=by_lenient.f1,
    )


def as_nfc(text: str) -> str:
    """The text in NFC, in which a nukta letter is one text however it was typed."""
    return unicodedata.normalize("NFC", text)


@dataclass(frozen=True)
class _Comparison:
    """How an answer stands to its references by one rule; `matched` are the references that it equals."""

    matched: tuple[str, ...]
    f1: float

    @property
    def exact(self) -> float:
        return float(bool(self.matched))


def _compare(rule: Callable[[str], str], answer: str, references: Sequence[str]) -> _Comparison:
    """By a rule that normalises; a reference of which it leaves nothing is left out; where that is all of them, texts count as given."""
    if not any(map(rule, references)):
        rule = _as_given
    given, expected = rule(answer), {reference: rule(reference) for reference in references}
    usable = {reference: text for reference, text in expected.items() if text} or expected
    matched = tuple(reference for reference, text in usable.items() if text == given)
    return _Comparison(matched, max((token_f1(given, text) for text in usable.values()), default=0.0))


def _as_given(text: str) -> str:
    return " ".join(text.split())
