"""Which corrections of the memory a run asks: a systematic sample that turns with the runs, filled up evenly. Pure.

Corrections are numbered from the lineage's first on, within a version by language and group, and keep their numbers for ever. With period
K a run asks every K-th of them (systematic sampling; Cochran, Sampling Techniques, chapter 8): of n corrections that follow each other,
such as a version's, or a language's of a version, floor(n / K) at least. K is the least power of two with which every run's share is within
the cap, and grows with the memory. As each period divides all later ones, any correction is asked at least once in K successive runs,
however much the lineage learnt meanwhile. What is left of the cap goes round the versions, then their languages, then groups, so that a
small round is not asked less than a large one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gpu_runner.dataset.memory.index import RememberedCorrection
from gpu_runner.dataset.memory.strata import evenly
from gpu_runner.dataset.rows import EvaluationItem, row_id

_NOWHERE: Final = ""


@dataclass(frozen=True, slots=True)
class MemoryPlace:
    """Where an item's correction stands: its number in the lineage, and the version that learnt it."""

    number: int
    origin: str


@dataclass(frozen=True)
class MemoryTurn:
    """Whose turn it is: `places` by the id of the item, and the number of the `run`, which grows by one from run to run."""

    places: Mapping[str, MemoryPlace] = field(default_factory=dict)
    run: int = 0


@dataclass(frozen=True)
class MemorySample:
    """The items that a run asks, in the order of their ids; each of all corrections is asked within `period` successive runs."""

    items: tuple[EvaluationItem, ...]
    asked: int
    corrections: int
    period: int


@dataclass(frozen=True, slots=True)
class _Unit:
    """All items of one correction: they are asked together."""

    number: int
    origin: str
    items: tuple[EvaluationItem, ...]


def item_name(version: str, item_id: str) -> str:
    """What an item of a version's repair set is called in later runs.

    >>> item_name("v1", "0123abcd")
    'v1.0123abcd'
    """
    return f"{version}.{item_id}"


def places_of(versions: Iterable[tuple[str, Sequence[RememberedCorrection]]]) -> dict[str, MemoryPlace]:
    """The places of all items of a lineage, its versions in the order in which they learnt."""
    places: dict[str, MemoryPlace] = {}
    number = 0
    for version, corrections in versions:
        for correction in corrections:
            places |= {item_name(version, item): MemoryPlace(number, version) for item in correction.items}
            number += 1
    return places


def sample(items: Iterable[EvaluationItem], turn: MemoryTurn, *, cap: int, seed: int) -> MemorySample:
    """At most `cap` items, all of a correction or none; items without a place are numbered behind the others.

    The seed decides at which number the first run begins, and the order in which what is left is filled.
    """
    units = _units(items, turn.places)
    period = _period(units, cap)
    start = int(row_id("memory", str(seed)), 16)
    due = [unit for unit in units if (unit.number + start) % period == turn.run % period]
    chosen: list[_Unit] = []
    room = cap
    rest = [unit for unit in units if (unit.number + start) % period != turn.run % period]
    order = evenly(rest, (_origin, _language, _group), salt=f"{seed} {turn.run}", name=_name)
    for unit in (*due, *order):
        if len(unit.items) <= room:
            chosen.append(unit)
            room -= len(unit.items)
    asked = sorted((item for unit in chosen for item in unit.items), key=lambda item: item.id)
    return MemorySample(tuple(asked), len(chosen), len(units), period)


def _units(items: Iterable[EvaluationItem], places: Mapping[str, MemoryPlace]) -> list[_Unit]:
    known: dict[MemoryPlace, list[EvaluationItem]] = defaultdict(list)
    others: dict[tuple[str, str], list[EvaluationItem]] = defaultdict(list)
    for item in sorted(items, key=lambda item: item.id):
        if item.id in places:
            known[places[item.id]].append(item)
        else:
            others[item.language, item.sample_id or item.id].append(item)
    units = [_Unit(place.number, place.origin, tuple(same)) for place, same in known.items()]
    behind = max((place.number for place in places.values()), default=-1) + 1
    units += [_Unit(behind + rank, _NOWHERE, tuple(others[key])) for rank, key in enumerate(sorted(others))]
    return sorted(units, key=lambda unit: unit.number)


def _period(units: Sequence[_Unit], cap: int) -> int:
    """The least power of two with which no run's share is over the cap."""
    period, last = 1, max((unit.number for unit in units), default=0)
    while period <= last:
        shares: dict[int, int] = defaultdict(int)
        for unit in units:
            shares[unit.number % period] += len(unit.items)
        if max(shares.values()) <= cap:
            break
        period *= 2
    return period


def _name(unit: _Unit) -> str:
    return unit.items[0].id


def _origin(unit: _Unit) -> str:
    return unit.origin


def _language(unit: _Unit) -> str:
    return unit.items[0].language


def _group(unit: _Unit) -> str:
    return unit.items[0].group
