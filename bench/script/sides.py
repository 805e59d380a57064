"""Candidate against baseline over 200 answers: how often a candidate whose words are damaged is told, and one like the baseline."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, Final

from bench.script.damage import LEXICAL, damaged
from bench.script.material import SENTENCE_END, paragraphs, stories
from gpu_runner.gate.written_damage import compare_damage
from gpu_runner.text.script import LexicalModel
from gpu_runner.text.script.base_words import base_model
from gpu_runner.text.script.letters import folded, placed_words

ANSWERS: Final = 200
SHARE: Final = 0.05
LEAST_WORDS: Final = 8
SORTS: Final = ("sentences of articles", "sentences of stories", "short gold answers")

Pairs = Sequence[tuple[str, str]]
Row = dict[str, float]


def pairs_of() -> dict[str, list[tuple[str, str]]]:
    """Pairs of different answers to one subject: neighbouring sentences of articles and of stories, and gold answers of one paragraph."""
    found = paragraphs("measured")
    sentences = [[one for one in SENTENCE_END.split(paragraph.text) if len(one.split()) >= LEAST_WORDS] for paragraph in found]
    told = [one for one in stories("test") if len(one.split()) >= LEAST_WORDS]
    neighbours = [pair for group in sentences for pair in _twos(group)]
    gold = [pair for paragraph in found for pair in _twos(paragraph.answers)]
    return dict(zip(SORTS, (neighbours, _twos(told), gold), strict=True))


def _twos(texts: Sequence[str]) -> list[tuple[str, str]]:
    return [(texts[place], texts[place + 1]) for place in range(0, len(texts) - 1, 2)]


def measured(seed: int, repeats: int, sorts: Sequence[str] = SORTS) -> dict[str, Any]:
    """For each sort of answer: false comparisons, and found ones by kind, where the sides differ and where damage alone does."""
    model = base_model()
    told: dict[str, Any] = {}
    for sort, pairs in pairs_of().items():
        if sort in sorts:
            told[sort] = {
                "pairs": len(pairs),
                "expected damaged words": _of_one(pairs, expected_damage, seed, repeats),
                "unknown words": _of_one(pairs, lambda text: _unknown(text, model), seed, max(1, repeats // 2)),
            }
    return told


def expected_damage(text: str) -> Row:
    """What a row of scores.json has of an answer."""
    found = base_model().report(text)
    return {"lexical_damaged": found.damaged, "lexical_words": found.words}


def _unknown(text: str, model: LexicalModel) -> Row:
    """The baseline in the same test: every unknown word is a damaged one."""
    words = {folded(found.word) for found in placed_words(text)}
    return {"lexical_damaged": sum(word not in model for word in words), "lexical_words": len(words)}


def _of_one(pairs: Pairs, rate: Callable[[str], Row], seed: int, repeats: int) -> dict[str, Any]:
    rng = random.Random(seed)
    false = 0
    different = dict.fromkeys(LEXICAL, 0)
    same = dict.fromkeys(LEXICAL, 0)
    known: dict[str, Row] = {}

    def rated(text: str) -> Row:
        if text not in known:
            known[text] = rate(text)
        return known[text]

    for repeat in range(repeats):
        chosen = [pair if rng.random() < 0.5 else pair[::-1] for pair in rng.sample(list(pairs), min(ANSWERS, len(pairs)))]
        baseline, candidate = [rated(pair[0]) for pair in chosen], [rated(pair[1]) for pair in chosen]
        false += _more(baseline, candidate, repeat)
        for kind, change in LEXICAL.items():
            hurt = [rate(text) for text in damaged([pair[1] for pair in chosen], change, SHARE, rng)[0]]
            different[kind] += _more(baseline, hurt, repeat)
            same[kind] += _more(candidate, hurt, repeat)
    return {
        "answers": min(ANSWERS, len(pairs)),
        "repeats": repeats,
        "false": round(false / repeats, 4),
        "found": {kind: round(count / repeats, 4) for kind, count in different.items()},
        "found_where_only_damage_differs": {kind: round(count / repeats, 4) for kind, count in same.items()},
    }


def _more(baseline: Sequence[Row], candidate: Sequence[Row], seed: int) -> bool:
    rows = [{"baseline": one, "candidate": other} for one, other in zip(baseline, candidate, strict=True)]
    return compare_damage(rows, seed=seed).more


def false_alone(seed: int, repeats: int) -> dict[str, float]:
    """False comparisons over many more draws than the others."""
    out = {}
    for sort, pairs in pairs_of().items():
        rng = random.Random(f"{seed} {sort}")
        known = {text: expected_damage(text) for pair in pairs for text in pair}
        count = 0
        for repeat in range(repeats):
            chosen = [pair if rng.random() < 0.5 else pair[::-1] for pair in rng.sample(list(pairs), min(ANSWERS, len(pairs)))]
            count += _more([known[pair[0]] for pair in chosen], [known[pair[1]] for pair in chosen], repeat)
        out[sort] = round(count / repeats, 4)
    return out
