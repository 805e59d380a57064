"""What speaks for two questions being one, beside the likeness of their embeddings: names, numbers, the kind of answer, the answers.

Names are compared over scripts by their consonants (Kolkata, कोलकाता). A fitted logistic regression weighs it (`weights.json`, made by
`python -m bench.firewall.fit`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from gpu_runner.dataset.firewall.alignment import edit_distance
from gpu_runner.dataset.firewall.canonical import canonical
from gpu_runner.dataset.firewall.form_words import FORM_WORDS
from gpu_runner.dataset.questions.meaning import kind_asked_for
from gpu_runner.dataset.rows import guess_language
from gpu_runner.text.grounding.stems import skeleton
from gpu_runner.text.normalise import numbers
from gpu_runner.text.token_f1 import token_f1

NAMES: Final = (
    *("csls", "csls_over_scripts", "other_script", "numbers_agree", "numbers_differ", "shared", "names_missing"),
    *("kind_agrees", "kind_differs", "nearer_question"),
    *("answer_compared", "answer_shared", "answer_cosine", "answer_numbers_differ"),
)
THRESHOLDS: Final = ("threshold", "threshold_over_scripts")
_LEAST_SKELETON: Final = 2
_LEAST_FUZZY: Final = 4
# Of two answers with the same numbers, whatever is said of them.
SAME_NUMBERS: Final = 0.8
# Two answers that have nothing in common have about this cosine.
USUAL_COSINE: Final = 0.8


@dataclass(frozen=True)
class Traits:
    """What is read of one question: its script, numbers, content words by their consonants, those with a capital, the kind it asks for."""

    script: str
    numbers: frozenset[str]
    sounds: frozenset[str]
    names: frozenset[str]
    kind: str | None


@lru_cache(maxsize=65_536)
def traits(question: str) -> Traits:
    """The traits of a question."""
    words = [word for word in canonical(question).split() if word not in FORM_WORDS]
    capitals = (token.strip("?,.;:'\"()") for token in question.split()[1:])
    names = {sound(word) for token in capitals if token[:1].isupper() for word in canonical(token).split() if word not in FORM_WORDS}
    return Traits(
        guess_language(question), frozenset(numbers(question)), frozenset(filter(None, map(sound, words))), frozenset(names - {""}),
        kind_asked_for(question),
    )  # fmt: skip


@lru_cache(maxsize=65_536)
def sound(word: str) -> str:
    """A word's consonants in one alphabet for both scripts; a number is itself, a word of fewer than two consonants nothing."""
    if any(map(str.isdigit, word)):
        return word
    found = skeleton(word)
    return found if len(found) >= _LEAST_SKELETON else ""


def heard(name: str, among: Iterable[str]) -> bool:
    """Whether a name's consonants are there, with one of them otherwise in longer names."""
    return any(name == other or (min(len(name), len(other)) >= _LEAST_FUZZY and edit_distance(name, other, 1) <= 1) for other in among)


@dataclass(frozen=True)
class Likeness:
    """How alike two texts are to the embedder: by CSLS, by how much nearer another known question is (0 and less), by their answers.

    `answers` are those of the last four names; all 0 where an answer is missing or common.
    """

    csls: float
    nearer: float
    answers: tuple[float, float, float, float]


NO_ANSWERS: Final = (0.0, 0.0, 0.0, 0.0)


def features(first: str, second: str, likeness: Likeness, *, weight: Callable[[str], float]) -> list[float]:
    """The evidence in the order of NAMES, for a candidate's question and a held-out one; `weight` is the rarity of a sound."""
    one, other = traits(first), traits(second)
    crossed = float(one.script != other.script)
    both = bool(one.numbers and other.numbers)
    agree = both and not one.numbers.isdisjoint(other.numbers)
    found = {name for name in other.sounds if heard(name, one.sounds)}
    whole = sum(map(weight, other.sounds))
    missing = [name for name in one.names if not heard(name, other.sounds)] + [name for name in other.names if not heard(name, one.sounds)]
    kinds = one.kind is not None and other.kind is not None
    return [
        likeness.csls, likeness.csls * crossed, crossed, float(agree), float(both and not agree),
        sum(map(weight, found)) / whole if whole else 0.0, len(missing) / max(len(one.names) + len(other.names), 1),
        float(kinds and one.kind == other.kind), float(kinds and one.kind != other.kind), likeness.nearer, *likeness.answers,
    ]  # fmt: skip


@lru_cache(maxsize=65_536)
def answer_overlap(first: str, second: str) -> float:
    """How much two answers share, 0 to 1: their numbers where both have some, else their words, or over scripts their sounds."""
    one, other = canonical(first), canonical(second)
    figures, others = set(numbers(first)), set(numbers(second))
    if figures and others:
        return SAME_NUMBERS if figures == others else 0.0
    sounds = (" ".join(filter(None, map(sound, text.split()))) for text in (one, other))
    heard_one, heard_other = sounds
    return max(token_f1(one, other), token_f1(heard_one, heard_other) if heard_one and heard_other else 0.0)


def answers_alike(answer: str, right: Iterable[str], cosine: float) -> tuple[float, float, float, float]:
    """The evidence of the answers, of which `cosine` is that of the embeddings."""
    right = tuple(right)
    given = set(numbers(answer))
    apart = bool(given) and all(bool(figures := set(numbers(other))) and figures.isdisjoint(given) for other in right)
    return 1.0, max(answer_overlap(answer, other) for other in right), (cosine - USUAL_COSINE) / (1 - USUAL_COSINE), float(apart)


@dataclass(frozen=True)
class EvidenceWeights:
    """A logistic regression over the evidence, and the probability from which two questions are one, another one over scripts."""

    weights: tuple[float, ...]
    bias: float
    threshold: float
    threshold_over_scripts: float

    def probability(self, evidence: list[float]) -> float:
        """That the two are one question, as the fit has it."""
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, self.bias + sum(w * e for w, e in zip(self.weights, evidence, strict=True))))))

    def least(self, evidence: list[float]) -> float:
        """The threshold for such evidence."""
        return self.threshold_over_scripts if evidence[NAMES.index("other_script")] else self.threshold


def read_weights(values: Mapping[str, object]) -> EvidenceWeights:
    """The weights of a file of `bench.firewall.fit`; raises ValueError for one of other evidence."""
    if values["names"] != list(NAMES):
        raise ValueError("weights.json is of other evidence: make it again with python -m bench.firewall.fit")
    given: Any = values
    return EvidenceWeights(tuple(given["weights"]), *(given[name] for name in ("bias", *THRESHOLDS)))


@lru_cache(maxsize=1)
def fitted() -> EvidenceWeights:
    """The weights of this release."""
    return read_weights(json.loads((Path(__file__).parent / "weights.json").read_text(encoding="utf-8")))
