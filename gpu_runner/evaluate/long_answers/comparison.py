"""An answer beside a reference, the rejected answer and the question: what was corrected, what is missing, new, said again or denied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gpu_runner.evaluate.long_answers.alignment import Alignment, align
from gpu_runner.evaluate.long_answers.context import likeness, linked, links, neighbours, places_of
from gpu_runner.evaluate.long_answers.units import Kind, Unit, Units

WEIGHTS: Final[Mapping[Kind, float]] = {"number": 2.0, "name": 2.0, "content": 1.0, "denial": 0.5}
# What the question says already says little in an answer.
ASKED: Final = 0.3
# Shorter words that differ in a letter are other words.
LEAST_MENDED: Final = 6
# A sentence of the answer with less in common with the reference is one of its own, and contradicts nothing.
CORE: Final = 0.35


@dataclass(frozen=True, slots=True)
class Compared:
    """An answer beside a reference; `changed` are the reference's units that the rejected answer lacks, `old` the other way round."""

    answer: Units
    reference: Units
    asked: frozenset[str]
    changed: tuple[Unit, ...]
    old: tuple[Unit, ...]
    alignment: Alignment
    rejected: Units | None

    @property
    def corrects(self) -> bool:
        """Whether anything was corrected, be it the order alone."""
        return bool(self.changed) if self.rejected is None else self.rejected.words != self.reference.words


def compared(answer: Units, reference: Units, rejected: Units | None, question: Units | None) -> Compared:
    """The pieces that figures and reasons are taken from. Without a rejected answer all that was not asked is what was corrected."""
    asked = question.keys if question is not None else frozenset()
    answer = _with_typing_errors_mended(answer, reference)
    if rejected is None:
        changed = tuple(unit for unit in reference.units if unit.kind != "denial" and not unit.keys & asked)
        old: tuple[Unit, ...] = ()
    else:
        changed = only_in(reference, rejected)
        old = tuple(unit for unit in only_in(rejected, reference) if not unit.keys & asked)
    return Compared(answer, reference, asked, changed, old, align(answer, reference), rejected)


def only_in(one: Units, other: Units) -> tuple[Unit, ...]:
    """The units of one text that the other does not have."""
    return tuple(unit for unit in one.units if not unit.keys & other.keys)


def fact_recall(pair: Compared) -> float:
    """The weighted share of the reference's units that the answer has, numbers and names double, what was asked at three tenths."""
    return _weighted(pair.reference.units, pair.answer.keys, pair.asked)


def fact_precision(pair: Compared) -> float:
    """The weighted share of the answer's units that the reference or the question has."""
    return _weighted(pair.answer.units, pair.reference.keys | pair.asked, pair.asked)


def changed_recall(pair: Compared) -> float:
    """The weighted share of what was corrected that the answer has; 1 where no word was."""
    return _weighted(pair.changed, pair.answer.keys, pair.asked) if pair.changed else 1.0


def said_old(pair: Compared) -> tuple[Unit, ...]:
    """What of the rejected answer alone the answer says again; what it denies in the same clause does not count."""
    denied = {unit.clause for unit in pair.answer.of("denial")}
    keys = frozenset(key for unit in pair.answer.units if unit.clause not in denied for key in unit.keys)
    return tuple(unit for unit in pair.old if unit.keys & keys)


def novel_units(pair: Compared) -> list[Unit]:
    """The answer's units that neither the reference nor the question has."""
    return [unit for unit in pair.answer.units if not unit.keys & pair.reference.keys and not unit.keys & pair.asked]


def core_sentences(pair: Compared) -> frozenset[int]:
    """The answer's sentences that say what the reference says, by the share of their units that it has."""
    by_sentence: dict[int, list[Unit]] = {}
    for unit in pair.answer.units:
        by_sentence.setdefault(unit.sentence, []).append(unit)
    return frozenset(sentence for sentence, units in by_sentence.items() if _weighted(units, pair.reference.keys, frozenset()) >= CORE)


def likest(pair: Compared, novel: Sequence[Unit], missing: Sequence[Unit], *kinds: Kind) -> float:
    """How alike the surroundings are of a number (or name) of the answer alone and of one that it lacks: 0 to 1, the most of all pairs."""
    return max((alike for _, _, alike in conflicts(pair, novel, missing, *kinds)), default=0.0)


def conflicts(pair: Compared, novel: Sequence[Unit], missing: Sequence[Unit], *kinds: Kind) -> list[tuple[Unit, Unit, float]]:
    """Each new number (or name) with each that is missing, and how alike their surroundings are."""
    here = {id(unit): at for at, unit in enumerate(pair.answer.units)}
    there = {id(unit): at for at, unit in enumerate(pair.reference.units)}
    lost = [(unit, neighbours(pair.reference.units, there[id(unit)])) for unit in missing if unit.kind in kinds]
    out = []
    for new in novel:
        if new.kind in kinds:
            near = neighbours(pair.answer.units, here[id(new)])
            out += [(new, unit, likeness(near, around)) for unit, around in lost]
    return out


def changed_sentences(pair: Compared) -> float:
    """The weighted share of each of the reference's sentences that the answer has, by how much of the sentence was corrected."""
    by_sentence: dict[int, list[Unit]] = {}
    for unit in pair.reference.units:
        by_sentence.setdefault(unit.sentence, []).append(unit)
    total = found = 0.0
    there = places_of(pair.rejected.units) if pair.rejected is not None else {}
    for units in by_sentence.values():
        changed = sum(WEIGHTS[unit.kind] for unit in units if unit in pair.changed)
        if pair.rejected is not None:
            changed += sum(linked(link, pair.rejected.units, there) is False for link in links(units)) / 2
        total += changed
        found += changed * _weighted(units, pair.answer.keys, pair.asked)
    return found / total if total else 1.0


def denied_anew(pair: Compared) -> list[Unit]:
    """The answer's unmatched denials in sentences that say what the reference says; of the rejected answer they may be."""
    core = core_sentences(pair)
    old = {key for unit in pair.old for key in unit.keys}
    said = pair.answer.units
    at = {id(unit): place for place, unit in enumerate(said)}
    return [
        unit for unit in unmatched_denials(said, pair.reference.units) if unit.sentence in core and not _beside(said, at[id(unit)]) & old
    ]


def exchanged(pair: Compared) -> int:
    """How many pairs of replacements in place put what the other one left out."""
    gaps = [
        (frozenset(key for unit in gap.put for key in unit.keys), frozenset(key for unit in gap.left for key in unit.keys))
        for gap in pair.alignment.gaps
    ]
    return sum(
        bool(put & other_left) and bool(other_put & left) and not put & left
        for number, (put, left) in enumerate(gaps)
        for other_put, other_left in gaps[number + 1 :]
    )


def unmatched_denials(texts: Sequence[Unit], others: Sequence[Unit]) -> list[Unit]:
    """The denials by units that the other text has too, and says without one."""
    near_denial = {key for at, unit in enumerate(others) if unit.kind == "denial" for key in _beside(others, at)}
    known = {key for unit in others for key in unit.keys}
    out = []
    for at, unit in enumerate(texts):
        if unit.kind == "denial":
            beside = _beside(texts, at)
            if beside & known and not beside & near_denial:
                out.append(unit)
    return out


def unmet_opposites(pair: Compared) -> list[tuple[Unit, Unit]]:
    """Units of the answer that the reference has not, beside what it has and the answer has not, where one excludes the other."""
    missing = [unit for unit in pair.reference.units if not unit.keys & pair.answer.keys]
    return [
        (unit, other)
        for unit in pair.answer.units
        if unit.opposed and not unit.keys & pair.reference.keys
        for other in missing
        if unit.opposed & other.keys
    ]


def _with_typing_errors_mended(answer: Units, reference: Units) -> Units:
    """The answer in which a long word that misses one of the reference's by one letter has that one's keys too."""
    missing = [unit for unit in reference.units if len(unit.text) >= LEAST_MENDED and unit.kind != "number" and not unit.keys & answer.keys]
    mended: dict[Unit, Unit] = {}
    for unit in answer.units:
        if len(unit.text) >= LEAST_MENDED and unit.kind in ("name", "content") and not unit.keys & reference.keys:
            meant = next((other for other in missing if _one_letter_apart(unit.text, other.text)), None)
            if meant is not None:
                mended[unit] = replace(unit, keys=unit.keys | meant.keys)
    if not mended:
        return answer
    units = tuple(mended.get(unit, unit) for unit in answer.units)
    return replace(answer, units=units, keys=frozenset(key for unit in units for key in unit.keys))


def _one_letter_apart(one: str, other: str) -> bool:
    """Whether one letter more, less, another one or two turned round makes the one the other; the first must be the same."""
    if abs(len(one) - len(other)) > 1 or one[0] != other[0]:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    rest, others = one[start:], other[start:]
    turned = rest[:2] == others[1::-1] and rest[2:] == others[2:]
    return turned or rest[1:] == others[1:] or rest[1:] == others or rest == others[1:]


def _beside(units: Sequence[Unit], at: int) -> set[str]:
    return {
        key
        for near in neighbours(units, at)
        if near.unit.clause == units[at].clause
        for key in near.unit.keys
        if near.unit.kind != "denial"
    }


def _weighted(units: Iterable[Unit], keys: frozenset[str], asked: frozenset[str]) -> float:
    total = matched = 0.0
    for unit in units:
        weight = WEIGHTS[unit.kind] * (ASKED if unit.keys & asked else 1.0)
        total += weight
        matched += weight if unit.keys & keys else 0.0
    return matched / total if total else 0.0
