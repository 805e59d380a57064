"""What a claim and its sources have to do with each other: cover, names, quantities, and how it differs from the nearest sentence.

Two ways to be unsupported are told apart. A claim in other words is unsupported where much of it stands nowhere together (`cover`), or a
name or number of it is nowhere. A claim that nearly repeats a sentence is unsupported where it differs from it (`differences`).

The evidence is retrieved by weight of shared words, as in BM25 (Robertson and Zaragoza 2009) without its length norm, over windows of one
to five sentences; a word's weight is its rarity in the language, because a passage's own frequencies say little on its words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gpu_runner.text.grounding.contrast import readings
from gpu_runner.text.grounding.differences import differences
from gpu_runner.text.grounding.evidence import ReadSources
from gpu_runner.text.grounding.frequency import rarity
from gpu_runner.text.grounding.reading import ReadQuantity, ReadSentence, ReadWord, read_sentence
from gpu_runner.text.grounding.units import MONTH, same_quantity

COVER_TRAITS: Final = ("cover", "names_missing", "figures_missing")
_WEIGHT_OF_FIGURE: Final = 0.9
_WIDTHS: Final = (1, 2, 3, 5)
_SCATTERED: Final = 3
_CANDIDATES: Final = 4
# The first word of a longer sentence has its capital anyway.
_LEAST_FOR_PLAIN_CAPITAL: Final = 6
_LEAST_RARITY_OF_A_NAME: Final = 0.5
_MOST_FINDINGS: Final = 6


@dataclass(frozen=True, slots=True)
class ClaimTraits:
    """The figures of a claim's sentence; the sentences of the sources it was held against, the nearest first; what was missing or other.

    `weight` is that of its words and numbers, 0 where it has none; `fits`: how well its reading repeats the nearest sentence.
    """

    values: Mapping[str, float]
    evidence: tuple[int, ...]
    findings: tuple[str, ...]
    weight: float
    fits: float


@dataclass(frozen=True, slots=True)
class _Part:
    """A content word or quantity of the claim: where in the sources it stands, and its weight."""

    text: str
    where: frozenset[int]
    weight: float
    name: bool
    quantity: ReadQuantity | None


def claim_traits(claim: ReadSentence, sources: ReadSources) -> ClaimTraits:
    """The traits of one sentence of a claim, of its best reading where it says "A, not B"; all 0 where it has no content."""
    found = [_traits(claim, sources), *(_traits(read_sentence(text), sources) for text in readings(claim.text))]
    return max(found, key=lambda one: one.fits)  # of equals the first: as it stands


def _traits(claim: ReadSentence, sources: ReadSources) -> ClaimTraits:
    parts = _parts(claim, sources)
    weight = sum(part.weight for part in parts)
    names = [part for part in parts if part.name]
    figures = [part for part in parts if part.quantity is not None]
    shares = [_best_window(parts, width)[1] for width in _WIDTHS]
    picked, together = _picked(parts)
    nearest = differences(claim, _ranked(parts)[:_CANDIDATES], sources)
    missing = [part for part in parts if not part.where]
    findings = [*nearest.findings, *(f"not in the sources: {part.text}" for part in missing if part.name or part.quantity is not None)]
    findings += [f"not in the sources: {part.text}" for part in missing if not part.name and part.quantity is None]
    values = {
        "cover": 1 - (sum(shares) + together) / (len(_WIDTHS) + 1) / (weight or 1.0),
        "names_missing": math.log1p(sum(not part.where for part in names)),
        "figures_missing": math.log1p(sum(not part.where for part in figures)),
        "names_found": float(sum(bool(part.where) for part in names)),
        "names_and_figures": float(len(names) + len(figures)),
        **nearest.values,
    }
    evidence = dict.fromkeys((*((nearest.place,) if nearest.place is not None else ()), *picked))
    return ClaimTraits(values, tuple(evidence), tuple(findings[:_MOST_FINDINGS]), weight, nearest.fits)


def _parts(claim: ReadSentence, sources: ReadSources) -> list[_Part]:
    """The claim's different content words and sure numbers, in order."""
    found: dict[str, tuple[int, _Part]] = {}
    for word in claim.content:
        if word.stem not in found:
            found[word.stem] = (word.place, _Part(word.text, sources.where(word), rarity(word), _is_name(word, claim), None))
    for one in claim.quantities:
        if one.sure:
            text = " ".join(word.text for word in claim.words[one.place : one.end])
            at = frozenset(place for place, _ in matching(one, sources))
            found.setdefault(f"{one.value} {one.unit}", (one.place, _Part(text, at, _WEIGHT_OF_FIGURE, False, one)))
    return [part for _, part in sorted(found.values(), key=lambda pair: pair[0])]


def _is_name(word: ReadWord, claim: ReadSentence) -> bool:
    if word.place or len(claim.words) >= _LEAST_FOR_PLAIN_CAPITAL:
        return word.name
    return word.text[:1].isupper() and rarity(word) >= _LEAST_RARITY_OF_A_NAME


def matching(one: ReadQuantity, sources: ReadSources) -> list[tuple[int, ReadQuantity]]:
    """The quantities of the sources that are this one, by number and, where both have one, unit; months match months alone."""
    months = one.unit == MONTH
    same = [(at, other) for at, other in sources.quantities.get(one.value, ()) if (other.unit == MONTH) == months]
    agreeing = [(at, other) for at, other in same if same_quantity(one.value, one.unit, other.value, other.unit) is not False]
    if agreeing or one.unit is None or months:
        return agreeing
    return [
        (at, other)
        for others in sources.quantities.values()
        for at, other in others
        if other.value != one.value and same_quantity(one.value, one.unit, other.value, other.unit)
    ]


def _best_window(parts: Sequence[_Part], width: int) -> tuple[int, float]:
    """The window of so many sentences in which most of the weight stands: its start and that weight."""
    scores: dict[int, float] = {}
    for part in parts:
        for start in {max(0, at - back) for at in part.where for back in range(width)}:
            scores[start] = scores.get(start, 0.0) + part.weight
    if not scores:
        return 0, 0.0
    start = min(scores, key=lambda at: (-scores[at], at))
    return start, scores[start]


def _picked(parts: Sequence[_Part]) -> tuple[list[int], float]:
    """Up to three sentences, each chosen for what those before it lack, and the weight that stands in them."""
    left, picked, got = list(parts), [], 0.0
    for _ in range(_SCATTERED):
        at, weight = _best_window(left, 1)
        if not weight:
            break
        picked.append(at)
        got += weight
        left = [part for part in left if at not in part.where]
    return picked, got


def candidates(claim: ReadSentence, sources: ReadSources) -> list[int]:
    """The sentences of the sources that share a word or number with the claim, by the weight of what they share, the best first."""
    return _ranked(_parts(claim, sources))


def _ranked(parts: Sequence[_Part]) -> list[int]:
    scores: dict[int, float] = {}
    for part in parts:
        for at in part.where:
            scores[at] = scores.get(at, 0.0) + part.weight
    return sorted(scores, key=lambda at: (-scores[at], at))
