"""The gate's verdict from counts alone, for items in groups of one: the product's own tests, remembered by their counts.

Hundreds of thousands of decisions are drawn this way; that `gpu_runner.gate.rows.decide_rows` gives the same verdict on rows with these
counts is checked on a sample of every cell (`rows_of`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from gpu_runner.gate.guards import KEPT_SETS
from gpu_runner.gate.non_inferiority import lower_bound
from gpu_runner.gate.policy import Policy
from gpu_runner.gate.statistics import PairedDifferences, holm, sign_flip_p

LANGUAGES: Final = ("en", "hi")
POLICY: Final = Policy(languages=LANGUAGES, required=())


@dataclass(frozen=True)
class Changed:
    """Of `items` in groups of one: how many rose and how many fell."""

    items: int
    better: int
    worse: int

    def __add__(self, other: Changed) -> Changed:
        return Changed(self.items + other.items, self.better + other.better, self.worse + other.worse)

    def differences(self, sign: int = 1) -> PairedDifferences:
        """As the gate takes them."""
        values = [sign * 1.0] * self.better + [sign * -1.0] * self.worse + [0.0] * (self.items - self.better - self.worse)
        return PairedDifferences(tuple(values), tuple(map(str, range(self.items))))


@cache
def p_gain(found: Changed) -> float:
    """The primary's p-value."""
    return sign_flip_p(found.differences(), seed=0)


@cache
def p_harm(found: Changed) -> float:
    """A guard's p-value of harm."""
    return sign_flip_p(found.differences(-1), seed=0)


@cache
def bound(found: Changed) -> float:
    """A guard's lower 95 % bound."""
    return lower_bound(found.differences())


Guards = Mapping[str, Mapping[str, Changed]]


def word_of(repair: Changed, guards: Guards, start: Mapping[str, Changed] | None = None) -> str:
    """PROMOTE, REJECT or ABSTAIN for the repair set and, by guarded set and language, what changed; `start` since the lineage's start."""
    sets = [total for found in guards.values() if (total := _sum(list(found.values()))).items]
    languages = [_sum([found[tag] for name, found in guards.items() if name in KEPT_SETS]) for tag in LANGUAGES]
    asked = [*sets, *(one for one in languages if one.items >= POLICY.min_guard_items)]
    first = list((start or {}).values())
    adding = [one for name, one in (start or {}).items() if (change := _sum(list(guards[name].values()))).better < change.worse]
    if any(holm([p_harm(one) for one in (*asked, *adding)], alpha=POLICY.harm_alpha)):
        return "REJECT"
    within = all(bound(one) > -POLICY.margin_of(POLICY.margin, one.items) for one in asked)
    since = all(bound(one) > -max(POLICY.lineage_margin, POLICY.margin_of(POLICY.margin, one.items)) for one in first)
    gained = repair.items >= POLICY.min_primary_groups and p_gain(repair) <= POLICY.alpha and repair.better > repair.worse
    return "PROMOTE" if gained and within and since else "ABSTAIN"


def _sum(found: list[Changed]) -> Changed:
    total = Changed(0, 0, 0)
    for one in found:
        total += one
    return total


def rows_of(repair: Changed, guards: Guards) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of both sides with these counts."""
    baseline: list[dict[str, Any]] = []
    candidate: list[dict[str, Any]] = []
    sets = {"repair": {"en": repair}, **guards}
    for name, found in sets.items():
        for tag, changed in found.items():
            for place in range(changed.items):
                rose, fell = place < changed.better, changed.better <= place < changed.better + changed.worse
                row = {"id": f"{name}-{tag}-{place}", "group": f"{name}-{tag}-{place}", "language": tag, "set": name}
                before = 0 if rose or (name == "repair" and not fell) else 1
                baseline.append(row | {"metrics": {"exact_match": before}})
                candidate.append(row | {"metrics": {"exact_match": 1 if rose else 0 if fell else before}})
    return baseline, candidate
