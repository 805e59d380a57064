"""Where an answer runs along its reference word by word, and what stands in the gaps: replaced, moved, put in or left out.

Runs of equal words are taken longest first and never cross, as in greedy string tiling (Wise 1993), so that sentences may come in any
order. A short gap between two places that follow each other in the reference is a replacement in place: what a wrong number, a wrong name
or two swapped names leave behind, and what another wording of one's own hardly does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gpu_runner.evaluate.long_answers.lexicon import function_words
from gpu_runner.evaluate.long_answers.stems import stem
from gpu_runner.evaluate.long_answers.units import Unit, Units

LONGEST_GAP: Final = 5
# Words that must run along on both sides of a gap together.
LEAST_BESIDE: Final = 3
_END: Final = "."


@dataclass(frozen=True, slots=True)
class Token:
    """A word, or the words of one quantity; `unit` where it has one. The end of a sentence is a token of its own."""

    key: str
    unit: Unit | None


@dataclass(frozen=True, slots=True)
class Gap:
    """What the answer has (`put`) where the reference has `left`, between words that run along; `moved` of `put` stand elsewhere in it."""

    put: tuple[Unit, ...]
    left: tuple[Unit, ...]
    moved: tuple[Unit, ...]


@dataclass(frozen=True, slots=True)
class Alignment:
    """`places[i]` is the reference's token that answer token i runs along, or None; `gaps` are the replacements in place."""

    answer: tuple[Token, ...]
    reference: tuple[Token, ...]
    places: tuple[int | None, ...]
    gaps: tuple[Gap, ...]
    runs: int


def align(answer: Units, reference: Units) -> Alignment:
    """The answer beside the reference. O(pairs of equal words)."""
    said, known = tokens(answer), tokens(reference)
    places, runs = _tiles([token.key for token in said], [token.key for token in known])
    return Alignment(said, known, tuple(places), tuple(_gaps(said, known, places)), runs)


def tokens(units: Units) -> tuple[Token, ...]:
    """The words of a text as stems, quantities as one, sentence ends marked; the text begins with one."""
    by_place = {unit.place: unit for unit in units.units}
    out = [Token(_END, None)]
    place = 0
    while place < len(units.words):
        if place and units.sentences[place] != units.sentences[place - 1]:
            out.append(Token(_END, None))
        unit = by_place.get(place)
        length = len(unit.text.split()) if unit is not None else 1
        if unit is not None and unit.kind == "number":
            out.append(Token(min(unit.keys), unit))
        else:
            out.append(Token(" ".join(map(stem, units.words[place : place + length])), unit))
        place += length
    out.append(Token(_END, None))
    return tuple(out)


def _tiles(said: Sequence[str], known: Sequence[str]) -> tuple[list[int | None], int]:
    where: dict[str, list[int]] = defaultdict(list)
    for place, key in enumerate(known):
        where[key].append(place)
    # ends[i, j]: how long the run is that ends there.
    ends: dict[tuple[int, int], int] = {}
    for at, key in enumerate(said):
        for place in where.get(key, ()):
            ends[at, place] = ends.get((at - 1, place - 1), 0) + 1
    longest = [(length, at, place) for (at, place), length in ends.items() if (at + 1, place + 1) not in ends]
    places: list[int | None] = [None] * len(said)
    taken = [False] * len(known)
    runs = 0
    # What is left of a run that another one cut is tried again at its shorter length.
    queue = sorted(longest, key=lambda run: (-run[0], run[1], run[2]))
    while queue:
        length, at, place = queue.pop(0)
        free = 0
        while free < length and places[at - free] is None and not taken[place - free]:
            free += 1
        if free == length:
            if length == 1 and (said[at] in function_words() or said[at] == _END):
                continue
            for back in range(length):
                places[at - back], taken[place - back] = place - back, True
            runs += 1
            continue
        rest = [(free, at, place)] if free else []
        skip = free + 1
        if skip < length:
            rest.append((length - skip, at - skip, place - skip))
        for run in rest:
            insert = next((spot for spot, other in enumerate(queue) if other[0] < run[0]), len(queue))
            queue.insert(insert, run)
    _ends_between(said, known, places, taken)
    return places, runs


def _ends_between(said: Sequence[str], known: Sequence[str], places: list[int | None], taken: list[bool]) -> None:
    """Single function words and sentence ends beside a word that runs along, run along too."""
    for at in (*range(1, len(said)), *range(len(said) - 2, -1, -1)):
        if places[at] is not None:
            continue
        for side in (-1, 1):
            beside = places[at + side] if 0 <= at + side < len(said) else None
            place = None if beside is None else beside - side
            if place is not None and 0 <= place < len(known) and not taken[place] and known[place] == said[at]:
                places[at], taken[place] = place, True
                break


def _gaps(said: Sequence[Token], known: Sequence[Token], places: Sequence[int | None]) -> list[Gap]:
    out = []
    aligned = [at for at, place in enumerate(places) if place is not None]
    for start, begin in enumerate(aligned):
        for end in aligned[start + 1 : start + 2 + LONGEST_GAP]:
            if end - begin - 1 > LONGEST_GAP:
                break
            first, last = places[begin], places[end]
            if first is None or last is None or not 0 < last - first <= LONGEST_GAP + 1:
                continue
            if end - begin == 1 and last - first == 1:
                break
            inside = range(begin + 1, end)
            if any(places[at] is not None and first < (places[at] or 0) < last for at in inside):
                break
            if _beside(places, begin, -1) + _beside(places, end, 1) < LEAST_BESIDE:
                break
            put = tuple(unit for at in inside if (unit := said[at].unit) is not None)
            moved = tuple(unit for at in inside if places[at] is not None and (unit := said[at].unit) is not None)
            left = tuple(unit for token in known[first + 1 : last] if (unit := token.unit) is not None)
            if put or left:
                out.append(Gap(put, left, moved))
            break
    return out


def _beside(places: Sequence[int | None], at: int, step: int) -> int:
    """How many words run along from a place on, in one direction."""
    count = 1
    while 0 <= at + step < len(places) and places[at + step] is not None and places[at + step] == (places[at] or 0) + step:
        at += step
        count += 1
    return count
