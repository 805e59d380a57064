"""A name in a sentence exchanged for one that its passage does not have at all: what a model makes up, not what it mixes up."""

from __future__ import annotations

import random
from typing import Final

from bench.grounding.cases import GroundingCase
from bench.grounding.edits import capital
from bench.grounding.entities import names_in, names_of
from bench.grounding.material import FactPassage, half_of, whole, xquad
from bench.grounding.reword import reworded
from bench.halves import Half

KIND: Final = "foreign_name"
MOST_PAIRS: Final = 200


def foreign_names(half: Half, language: str) -> list[GroundingCase]:
    """Pairs of the half's passages and names, each a sentence of its passage: as many supported as not. Raises DataAbsent."""
    passages = [passage for passage in xquad(language) if half_of(passage.article) == half]
    names = sorted({name.text for passage in passages for name in names_of(passage)})
    found: list[GroundingCase] = []
    for passage in passages:
        for number, sentence in enumerate(passage.sentences):
            if whole(sentence, language) and len(found) < 2 * MOST_PAIRS:
                found += _pair(passage, number, sentence, names)
    return found


def _pair(passage: FactPassage, number: int, sentence: str, names: list[str]) -> list[GroundingCase]:
    rng = random.Random(f"{KIND}/{passage.language}/{passage.key}/{number}")
    right = reworded(sentence, passage.language, rng, synonyms=1) if rng.random() < 0.5 else sentence
    there = names_in(right, passage.language)
    others = [name for name in names if name not in passage.text]
    if not there or not others:
        return []
    name = rng.choice(there)
    wrong = capital(right[: name.start] + rng.choice(others) + right[name.end :])
    return [
        GroundingCase(
            f"{KIND}/{passage.language}/{passage.key}/{number}/{end}", passage.language, KIND, claim, (passage.text,), None, end == "right",
            passage.article, passage.corpus, name.text,
        )
        for end, claim in (("right", right), ("wrong", wrong))
    ]  # fmt: skip
