"""What stands about a unit, and how alike that is in two texts: which fact a number or a name belongs to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gpu_runner.evaluate.long_answers.spelling import spelled
from gpu_runner.evaluate.long_answers.units import Unit, Units

REACH: Final = 4
# Words that say which part a name plays: before it in English, behind it in Hindi.
_BEFORE: Final = frozenset(
    [
        "by",
        "to",
        "from",
        "of",
        "in",
        "at",
        "on",
        "for",
        "with",
        "after",
        "before",
        "than",
        "against",
        "under",
        "between",
        "over",
        "into",
        "as",
    ]
)
_BEHIND: Final = frozenset(map(spelled, ["ने", "को", "से", "का", "की", "के", "में", "पर", "तक", "द्वारा"]))
_ONE_CASE: Final = {spelled(form): "of" for form in ("का", "की", "के")}

Link = tuple[Unit, Unit]
Places = Mapping[str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A unit near another one, and how much it counts: one by the distance in units, half of that over a clause's end."""

    unit: Unit
    weight: float


def neighbours(units: Sequence[Unit], at: int) -> list[Neighbour]:
    """The units of the same sentence within reach."""
    out = []
    centre = units[at]
    for other in range(max(0, at - REACH), min(len(units), at + REACH + 1)):
        unit = units[other]
        if other != at and unit.sentence == centre.sentence:
            weight = 1 / abs(other - at)
            out.append(Neighbour(unit, weight if unit.clause == centre.clause else weight / 2))
    return out


def likeness(one: Iterable[Neighbour], other: Sequence[Neighbour], *, without: frozenset[str] = frozenset()) -> float:
    """The shared weight of two surroundings over the smaller total: 0 to 1; units with a key in `without` do not count."""
    first = [near for near in one if not near.unit.keys & without]
    second = [near for near in other if not near.unit.keys & without]
    total = min(sum(near.weight for near in first), sum(near.weight for near in second))
    if not total:
        return 0.0
    shared = sum(max((min(near.weight, far.weight) for far in second if near.unit.keys & far.unit.keys), default=0.0) for near in first)
    return min(1.0, shared / total)


def places_of(units: Sequence[Unit]) -> Places:
    """Where the units of each key stand."""
    found: dict[str, list[int]] = defaultdict(list)
    for at, unit in enumerate(units):
        for key in unit.keys:
            found[key].append(at)
    return found


def links(units: Sequence[Unit]) -> list[Link]:
    """Pairs of units of a clause within reach of each other, denials apart: what is said of what."""
    out = []
    for at, unit in enumerate(units):
        for other in units[at + 1 : at + 1 + REACH]:
            if unit.clause == other.clause and "denial" not in (unit.kind, other.kind) and not unit.keys & other.keys:
                out.append((unit, other))
    return out


def linked(link: Link, units: Sequence[Unit], places: Places) -> bool | None:
    """Whether another text links the two as well; None where it does not have both."""
    first, second = ({at for key in unit.keys for at in places.get(key, ())} for unit in link)
    if not first or not second:
        return None
    return any(0 < abs(one - other) <= REACH and units[one].clause == units[other].clause for one in first for other in second)


def part_of(units: Units, unit: Unit) -> str:
    """The word that says which part a unit plays: a preposition before it, a postposition behind it; empty without one."""
    behind = unit.place + len(unit.text.split())
    if behind < len(units.words) and units.words[behind] in _BEHIND:
        return _ONE_CASE.get(units.words[behind], units.words[behind])
    for at in (unit.place - 1, unit.place - 2):
        if at >= 0 and units.words[at] in _BEFORE:
            return units.words[at]
        if at >= 0 and units.words[at] not in ("the", "a", "an"):
            break
    return ""
