"""The fitted weights of the traits (`weights.json`, written by `python -m bench.grounding.fit`), and the score that they give."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

FILE: Final = "weights.json"
FORMAT: Final = 1


@dataclass(frozen=True)
class Weights:
    """Of each trait its weight, and the constant: the logarithm of the odds that a claim is supported, 0 at the border.

    `cover` is fitted on claims in other words, `near` on claims that repeat a sentence with one thing changed, `answer` on answers to
    questions.
    """

    cover: Mapping[str, float]
    cover_constant: float
    near: Mapping[str, float]
    answer: Mapping[str, float]
    answer_constant: float

    def of_claim(self, traits: Mapping[str, float]) -> float:
        """The score of a sentence of a claim."""
        return self.cover_constant + _sum(self.cover, traits) + _sum(self.near, traits)

    def of_answer(self, traits: Mapping[str, float]) -> float:
        """The score of a short answer to its question."""
        return self.answer_constant + _sum(self.answer, traits)


def _sum(weights: Mapping[str, float], traits: Mapping[str, float]) -> float:
    return sum(weight * traits[name] for name, weight in weights.items())


def probability(score: float) -> float:
    """The logistic function, without overflow.

    >>> probability(0.0), probability(-1000.0), round(probability(2.0), 3)
    (0.5, 0.0, 0.881)
    """
    return 1 / (1 + math.exp(-score)) if score > -700 else 0.0


@lru_cache(maxsize=1)
def fitted() -> Weights:
    """The weights that were committed."""
    found = json.loads(_text())
    if found["format"] != FORMAT:
        raise ValueError(f"{FILE}: format {found['format']}, expected {FORMAT}: fit the weights again")
    return Weights(found["cover"], found["cover_constant"], found["near"], found["answer"], found["answer_constant"])


def signature() -> str:
    """What judged, for reports: the rules and the hash of their weights."""
    return f"rules, weights {hashlib.sha256(_text().encode()).hexdigest()[:12]}"


def _text() -> str:
    return files(__package__).joinpath(FILE).read_text(encoding="utf-8")
