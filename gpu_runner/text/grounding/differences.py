"""How a claim differs from the sentence that it nearly repeats: word for word, along the longest common blocks of the two.

A difference is a stretch of the claim in the place of a stretch of the sentence. What it holds tells what it does: a word's opposite, a
number, a word that the sources have at another place (somebody else), a word that they do not have (other words for the same, most often).
Each counts with how near the two are: sentences in other words differ everywhere, and that says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from gpu_runner.text.grounding.antonyms import opposite
from gpu_runner.text.grounding.evidence import STEM_CHARACTERS, ReadSources
from gpu_runner.text.grounding.frequency import rarity
from gpu_runner.text.grounding.reading import ReadQuantity, ReadSentence, ReadWord
from gpu_runner.text.grounding.units import MONTH, UNITS, same_quantity

TRAITS: Final = (
    *("near", "denied", "opposed", "exchanged", "exchanged_names", "reworded", "unknown", "added", "other_figures", "unit_differs"),
)
# With less in common a sentence is not what the claim repeats.
_FAR: Final = 0.7
_HALF: Final = 0.5
_FEW: Final = 2
_LOST_BY_DENIAL: Final = 0.3
# As rare are names, in letters without capitals too.
_RARE: Final = 0.9
_WEIGHT_OF_FORM: Final = 0.15
_WEIGHT_OF_FIGURE: Final = 0.9


@dataclass(frozen=True)
class Nearest:
    """The sentence of the sources that the claim is nearest to (None where it shares nothing), the traits and what they are of.

    `fits`: the share of the claim that stands there in the same order, less a part for each word that only one of them denies.
    """

    place: int | None
    values: Mapping[str, float]
    findings: tuple[str, ...]
    fits: float


@dataclass(frozen=True, slots=True)
class _Item:
    """A word, or a number with all of its words: what it is compared by, its weight, and where in its sentence it begins."""

    key: str
    weight: float
    word: ReadWord | None
    quantity: ReadQuantity | None


def differences(claim: ReadSentence, candidates: Sequence[int], sources: ReadSources) -> Nearest:
    """Holds the claim against some sentences and takes the one that it has most of, in order, in common with."""
    best: tuple[float, Nearest] | None = None
    for place in candidates:
        common, denied, values, findings = _against(claim, sources.sentences[place], sources)
        if best is None or common > best[0]:
            best = (common, Nearest(place, values, findings, common - _LOST_BY_DENIAL * denied))
    return best[1] if best is not None else Nearest(None, dict.fromkeys(TRAITS, 0.0), (), 0.0)


def _against(claim: ReadSentence, sentence: ReadSentence, sources: ReadSources) -> tuple[float, float, dict[str, float], tuple[str, ...]]:
    mine, its = _items(claim), _items(sentence)
    mine = _as_the_other_spells(mine, its)
    blocks = SequenceMatcher(None, [item.key for item in mine], [item.key for item in its], autojunk=False).get_opcodes()
    whole = sum(item.weight for item in mine) or 1.0
    common = sum(item.weight for tag, start, end, _, _ in blocks if tag == "equal" for item in mine[start:end]) / whole
    counts = dict.fromkeys(TRAITS, 0.0)
    findings: list[str] = []
    differing = 0
    gone = {item.key for tag, _, _, start, end in blocks if tag == "insert" for item in its[start:end]}
    for tag, start, end, from_, to in blocks:
        # What is put in here and left out there has only changed its place.
        put = mine[start:end] if tag == "replace" else [item for item in mine[start:end] if item.key not in gone]
        if tag != "equal":
            differing += sum(item.weight > _WEIGHT_OF_FORM for item in put)
            _of_a_stretch(put, its[from_:to], sources, counts, findings)
    counts["denied"] = float(_denials(claim, sentence, findings))
    near = nearness(common, differing)
    values = {name: near * value for name, value in counts.items()}
    values["near"] = near
    return common, counts["denied"], values, tuple(findings)


def nearness(common: float, differing: int) -> float:
    """How far a claim repeats a sentence, from 0 to 1: by the share that both have in common, and by how few of its words are others.

    Of a short claim one other word is a large share, and it still repeats the sentence.

    >>> nearness(1.0, 0), nearness(0.6, 5), round(nearness(0.6, 1), 2)
    (1.0, 0.0, 0.36)
    """
    by_share = max(0.0, (common - _FAR) / (1 - _FAR)) ** 2
    return max(by_share, common**2) if differing <= _FEW and common >= _HALF else by_share


def _items(sentence: ReadSentence) -> list[_Item]:
    found: list[_Item] = []
    figures = {one.place: one for one in sentence.quantities}
    place = 0
    while place < len(sentence.words):
        one = figures.get(place)
        word = sentence.words[place]
        if one is not None:
            found.append(_Item(f"{one.value} {UNITS.get(one.unit or '', one.unit)}", _WEIGHT_OF_FIGURE, None, one))
            place = one.past
            continue
        unit = UNITS.get(word.folded)
        key = f"unit {unit[0]} {unit[1]}" if unit is not None else word.stem
        found.append(_Item(key, max(_WEIGHT_OF_FORM, rarity(word)) if word.content else _WEIGHT_OF_FORM, word, None))
        place += 1
    return found


def _as_the_other_spells(mine: Sequence[_Item], its: Sequence[_Item]) -> list[_Item]:
    """The claim's items, with the sentence's key where a word has only another form of one there, or a quantity another unit."""
    keys = {item.key for item in its}
    forms = {
        item.word.folded[:STEM_CHARACTERS]: item.key for item in its if item.word is not None and len(item.word.folded) >= STEM_CHARACTERS
    }
    found = []
    for item in mine:
        key = item.key
        if key not in keys and item.word is not None and len(item.word.folded) >= STEM_CHARACTERS:
            key = forms.get(item.word.folded[:STEM_CHARACTERS], key)
        elif key not in keys and item.quantity is not None:
            key = next((other.key for other in its if _same(item.quantity, other.quantity)), key)
        found.append(_Item(key, item.weight, item.word, item.quantity))
    return found


def _same(one: ReadQuantity, other: ReadQuantity | None) -> bool:
    if other is None or (one.unit == MONTH) != (other.unit == MONTH):
        return False
    same = same_quantity(one.value, one.unit, other.value, other.unit)
    return one.value == other.value if same is None else same


def _of_a_stretch(mine: Sequence[_Item], its: Sequence[_Item], sources: ReadSources, counts: dict[str, float], findings: list[str]) -> None:
    """Counts what one stretch of the claim, in the place of one of the sentence, does."""
    opposed = set()
    for item in mine:
        if item.word is not None:
            other = next((other for other in its if other.word is not None and opposite(item.word.stem, other.word.stem)), None)
            if other is not None and other.word is not None:
                opposed.add(item.key)
                findings.append(f"the opposite: {item.word.text} for {other.word.text}")
    counts["opposed"] += len(opposed)
    lost = sum(item.weight for item in its if item.weight > _WEIGHT_OF_FORM)
    moved = moved_names = new = unknown = 0.0
    for item in mine:
        if item.quantity is not None:
            other_unit = any(other.quantity is not None and other.quantity.value == item.quantity.value for other in its)
            counts["unit_differs" if other_unit else "other_figures"] += item.quantity.sure
            if other_unit:
                findings.append(f"another unit: {item.quantity.unit}")
        elif item.word is None or item.weight <= _WEIGHT_OF_FORM or item.key in opposed:
            continue
        elif item.key.startswith("unit ") and any(other.key.startswith("unit ") for other in its):
            counts["unit_differs"] += 1
            findings.append(f"another unit: {item.word.text}")
        elif not sources.where(item.word):
            new += item.weight
            unknown += item.weight if item.weight >= _RARE else 0.0
        elif item.word.name:
            moved_names += item.weight
        else:
            moved += item.weight
    if lost and (moved or moved_names):
        text = " ".join(item.word.text for item in mine if item.word is not None)
        findings.append(f"from another place in the sources: {text}")
    counts["exchanged"] += min(lost, moved)
    counts["exchanged_names"] += min(lost, moved_names)
    counts["reworded"] += min(lost, new)
    counts["unknown"] += min(lost, unknown)
    counts["added"] += max(0.0, moved + moved_names + new - lost)


def _denials(claim: ReadSentence, sentence: ReadSentence, findings: list[str]) -> int:
    """How many denials one of them has and the other lacks, at words that both have."""
    mine, its = _denied_words(claim), _denied_words(sentence)
    said = {word.stem for word in claim.content}
    count = 0
    for text, anchors in mine:
        if not any(anchors & others for _, others in its):
            count += 1
            findings.append(f"denied in the claim alone: {text}")
    for text, anchors in its:
        # A denial beside what the claim does not speak of is none of the claim's.
        if anchors and anchors <= said and not any(anchors & others for _, others in mine):
            count += 1
            findings.append(f"denied in the source alone: {text}")
    return count


def _denied_words(sentence: ReadSentence) -> list[tuple[str, frozenset[str]]]:
    """Of each denial: its word, and the stems of the content words before and after it."""
    found = []
    content = sentence.content
    for word in sentence.words:
        if word.denies:
            before = next((one.stem for one in reversed(content) if one.place < word.place), None)
            after = next((one.stem for one in content if one.place > word.place), None)
            found.append((word.text, frozenset(one for one in (before, after) if one is not None)))
    return found
