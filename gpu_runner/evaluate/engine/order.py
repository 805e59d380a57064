"""The order in which items are asked: any beginning of it is a small picture of the whole, by language, topic, source and kind."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence

from gpu_runner.dataset.rows import EvaluationItem
from gpu_runner.evaluate.long_answers.kinds import kind_of


def stratified(items: Sequence[EvaluationItem]) -> list[int]:
    """Places of the items: each language, in it each set and kind (short or long answers), topic and source is spread evenly.

    Deterministic: the same items in any order give the same order. O(n log n).
    """
    strata = [(item.language, item.set, kind_of(item), item.group, item.source or "") for item in items]
    return spread(strata, [item.id for item in items])


def spread(strata: Sequence[Sequence[Hashable]], names: Sequence[str]) -> list[int]:
    """Places in an order of which each beginning holds every stratum by its share; the first part of a stratum counts most.

    Of n in a stratum the k-th stands at (k + u)/n of the way, u of each stratum's own, so that many small strata do not all come first.

    >>> spread([["hi"], ["hi"], ["en"], ["hi"], ["hi"], ["en"]], list("abcdef"))
    [0, 2, 1, 4, 5, 3]
    """
    return [place for _, place in _spread(list(range(len(names))), strata, names, 0)]


def _spread(places: list[int], strata: Sequence[Sequence[Hashable]], names: Sequence[str], depth: int) -> list[tuple[float, int]]:
    """The places with where each stands from 0 to 1, in that order."""
    if depth == len(strata[places[0]] if places else ()):
        ordered = sorted(places, key=lambda place: (_fraction(names[place]), names[place]))
        return [(number / len(ordered), place) for number, place in enumerate(ordered)]
    parts: dict[Hashable, list[int]] = {}
    for place in places:
        parts.setdefault(strata[place][depth], []).append(place)
    found = []
    for name, part in parts.items():
        shift = _fraction(repr((depth, strata[part[0]][:depth], name)))
        inside = _spread(part, strata, names, depth + 1)
        found += [((number + shift) / len(part), names[place], place) for number, (_, place) in enumerate(inside)]
    return [(at, place) for at, _, place in sorted(found)]


def _fraction(name: str) -> float:
    """A number from 0 to 1 that the name alone decides."""
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:6], "big") / (1 << 48)
