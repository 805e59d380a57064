"""Whether a candidate writes more damaged words than the baseline: a paired test over the items that both answered.

One answer of three words tells nothing; two hundred pairs do, because what makes real words look damaged (names, rare words) stands on both
sides alike. Of each answer counts by how much its expected number of damaged words (`lexical_damaged` of scores.json) is above what
its length (`lexical_words`) gives at the rate of both sides together: who says more in the same language writes no more damage.

The reports tell it; no guard of the gate is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from gpu_runner.gate.statistics import PairedDifferences, sign_flip_p

LEVEL: Final = 0.01
_DAMAGED: Final = "lexical_damaged"
_WORDS: Final = "lexical_words"


@dataclass(frozen=True)
class DamageComparison:
    """Items compared, the share of damaged words on each side and the one-sided p-value of "the candidate's is higher"."""

    items: int
    baseline: float
    candidate: float
    p_value: float

    @property
    def more(self) -> bool:
        """Whether the candidate writes more damaged words, at 1 % false."""
        return self.p_value <= LEVEL

    def as_dict(self) -> dict[str, Any]:
        """For the reports."""
        return {**asdict(self), "more": self.more}


def compare_damage(items: Sequence[Mapping[str, Any]], *, seed: int) -> DamageComparison:
    """Compare both sides of `scores["items"]`; items without the figures on either side are left out, no items give a p-value of 1.

    Whole groups (`group` of an item) change sides together in the test.
    """
    chosen = [
        item
        for item in items
        if all(item[side].get(_DAMAGED) is not None and item[side].get(_WORDS) is not None for side in ("baseline", "candidate"))
    ]
    baseline, candidate = ([item[side] for item in chosen] for side in ("baseline", "candidate"))
    if not chosen:
        return DamageComparison(0, 0.0, 0.0, 1.0)
    rate = _rate([*baseline, *candidate])
    differences = PairedDifferences(
        tuple(_above(after, rate) - _above(before, rate) for before, after in zip(baseline, candidate, strict=True)),
        tuple(str(item.get("group", number)) for number, item in enumerate(chosen)),
    )
    return DamageComparison(len(chosen), _rate(baseline), _rate(candidate), sign_flip_p(differences, seed=seed))


def _rate(rows: Sequence[Mapping[str, Any]]) -> float:
    return float(sum(row[_DAMAGED] for row in rows) / max(1, sum(row[_WORDS] for row in rows)))


def _above(row: Mapping[str, Any], rate: float) -> float:
    return float(row[_DAMAGED] - rate * row[_WORDS])
