"""What drives a refusal: the slice of a guard's items in which it got worse, the items, and the words that they share. Pure.

Slices are ranked by the scan statistic of Kulldorff (1997, "A spatial scan statistic"): by how much likelier the losses are when they fall
in and out of the slice at two rates than at one, which weighs a small slice that lost much against a large one that lost a little.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

# What an item may say of itself, beside its language.
DIMENSIONS: Final = ("language", "topic", "kind", "length", "age")
MOST_IDS: Final = 50
MOST_WORDS: Final = 8
_OTHERS: Final = 3
_WORD: Final = re.compile(r"[^\W_]+(?:[\u093c-\u094d\u0900-\u0903][^\W_]*)*")

Item = Mapping[str, Any]


@dataclass(frozen=True)
class Slice:
    """Items that share a value of a dimension: how many, how many of them got worse, and the share of worse ones outside."""

    dimension: str
    value: str
    items: int
    worse: int
    worse_elsewhere: float
    evidence: float

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready; `evidence` is the log-likelihood ratio."""
        return {
            "dimension": self.dimension, "value": self.value, "items": self.items, "worse": self.worse,
            "share_worse": round(self.worse / self.items, 4), "share_worse_elsewhere": round(self.worse_elsewhere, 4),
            "evidence": round(self.evidence, 3),
        }  # fmt: skip


def driver_of(guard: str, covered: Sequence[Item], worse: Collection[str], texts: Mapping[str, str] | None = None) -> dict[str, Any] | None:
    """The slice that drives a guard's loss, the ids of its failing items and the next slices; None where no item got worse.

    `covered` are the guard's items, `worse` the ids of those that got worse. `texts` are the items' questions by id: with them, the words
    that failing items have in common are told. Without, there are none.
    """
    worse = frozenset(worse)
    if not worse:
        return None
    ranked = sorted(_slices(covered, worse), key=lambda one: (-one.evidence, one.dimension, one.value))
    found = ranked[0] if ranked else None
    inside = worse if found is None else [i["item_id"] for i in covered if _of(i).get(found.dimension) == found.value]
    failing = sorted(str(name) for name in inside if name in worse)
    return {
        "guard": guard,
        "slice": None if found is None else found.as_dict(),
        "also": [one.as_dict() for one in ranked[1 : 1 + _OTHERS]],
        "failing_ids": failing[:MOST_IDS],
        "failing": len(failing),
        "words": _common_words(failing, [str(item["item_id"]) for item in covered], texts or {}),
    }


def _slices(items: Sequence[Item], worse: frozenset[str]) -> list[Slice]:
    """Each value of each dimension that some but not all items have, and of which more got worse than of the others."""
    out = []
    for dimension in DIMENSIONS:
        sizes = Counter(value for item in items if (value := _of(item).get(dimension)) is not None)
        lost = Counter(value for item in items if item["item_id"] in worse and (value := _of(item).get(dimension)) is not None)
        for value, size in sizes.items():
            others = len(items) - size
            if not others or not lost[value]:
                continue
            elsewhere = (len(worse) - lost[value]) / others
            if lost[value] / size > elsewhere:
                out.append(Slice(dimension, value, size, lost[value], elsewhere, _evidence(lost[value], size, len(worse), len(items))))
    return out


def _of(item: Item) -> dict[str, str]:
    """The item's values by dimension; its kind is the one that it was judged by."""
    found = {name: item.get(name) for name in DIMENSIONS}
    found["kind"] = found["kind"] or item["candidate"].get("kind")
    return {name: str(value) for name, value in found.items() if value is not None}


def _evidence(worse: int, size: int, all_worse: int, all_items: int) -> float:
    return (
        _log_likelihood(worse, size)
        + _log_likelihood(all_worse - worse, all_items - size)
        - _log_likelihood(all_worse, all_items)
    )  # fmt: skip


def _log_likelihood(worse: int, items: int) -> float:
    """Of so many worse of so many items at their own rate."""
    return sum(count * math.log(count / items) for count in (worse, items - worse) if count)


def _common_words(failing: Sequence[str], covered: Sequence[str], texts: Mapping[str, str]) -> list[str]:
    """Words of at least two failing questions (or of the only one), those first that fail more often than they occur elsewhere."""
    words = {name: frozenset(_WORD.findall(texts[name].casefold())) for name in covered if name in texts}
    of_failing = Counter(word for name in failing for word in words.get(name, ()))
    of_all = Counter(word for found in words.values() for word in found)
    least = min(2, len(failing))
    share = len(failing) / max(1, len(words))
    told = [word for word, count in of_failing.items() if count >= least and count > share * of_all[word]]
    return sorted(told, key=lambda word: (-(of_failing[word] ** 2) / of_all[word], word))[:MOST_WORDS]
