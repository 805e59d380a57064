"""Whether a candidate writes more damaged words than the baseline: a paired test over the items that both answered.

One answer of three words tells nothing; two hundred pairs do, because what makes real words look damaged (names, rare words) stands on both
sides alike. The rate of an item is the expected number of damaged words in its answer (`lexical_damaged` of scores.json).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gpu_runner.gate.statistics import PairedDifferences, sign_flip_p

LEVEL: Final = 0.01
RATE: Final = "lexical_damaged"


@dataclass(frozen=True)
class DamageComparison:
    """Items compared, the mean difference (candidate minus baseline, damaged words an answer) and the one-sided p-value of "more"."""

    items: int
    difference: float
    p_value: float

    @property
    def more(self) -> bool:
        """Whether the candidate writes more damaged words, at 1 % false."""
        return self.p_value <= LEVEL


def compare_damage(items: Sequence[Mapping[str, Any]], *, seed: int, rate: str = RATE) -> DamageComparison:
    """Compare both sides of `scores["items"]`; items without a rate on either side are left out, no items give a p-value of 1.

    Whole groups (`group` of an item) change sides together in the test.
    """
    paired = [
        (item["candidate"][rate] - item["baseline"][rate], str(item.get("group", number)))
        for number, item in enumerate(items)
        if item["candidate"].get(rate) is not None and item["baseline"].get(rate) is not None
    ]
    if not paired:
        return DamageComparison(0, 0.0, 1.0)
    values, clusters = zip(*paired, strict=True)
    differences = PairedDifferences(values, clusters)
    return DamageComparison(len(paired), differences.mean(), sign_flip_p(differences, seed=seed))
