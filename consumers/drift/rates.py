"""Properties of documents as rates, each watched by an e-detector: mojibake, script errors, a word that the baseline does not know.

A quadratic statistic of a share near 0 has no variance to be measured by; two documents with mojibake where there was none are evidence.
And it has to wait for a window to end: documents with unknown words are the first that a new subject shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consumers.drift.design_effect import design_effect
from consumers.drift.e_detector import RISE, Alternatives, RateCount
from consumers.drift.layout import BLOCKS
from consumers.drift.rate_watch import RatePolicy, RateWatch

RATES: Final = ("mojibake", "script_error", "unknown_word")
# Documents to a false alarm of each, on average, at least.
ARL: Final = 4_000_000
# What a rare one is looked for: so much of all documents more than before. A rate above RARE is looked for multiples of its odds.
RISES: Final = (0.003, 0.01, 0.05)
RARE: Final = 0.01


@dataclass(frozen=True, slots=True)
class Rate:
    """`having` of the baseline's `documents` have the property; `design_effect` of them carry the evidence of one independent one."""

    name: str
    documents: int
    having: int
    design_effect: float

    def watch(self, cool_down: int) -> RateWatch:
        """A new watch of the rate."""
        before = RateCount(self.documents, self.having)
        odds = before.rate / (1 - before.rate)
        after = [before.rate + rise for rise in RISES]
        ratios = tuple(rate / (1 - rate) / odds for rate in after)
        alternatives = Alternatives(ratios, (1.0,) * len(ratios)) if before.rate < RARE else RISE
        return RateWatch(before, RatePolicy(arl=ARL, alternatives=alternatives, design_effect=self.design_effect, cool_down=cool_down))


def fit_rate(name: str, rows: NDArray[np.int64]) -> Rate:
    """The rate over a baseline's feature rows `(d, WIDTH)`, in the order in which the documents came."""
    having = rows[:, BLOCKS[name].first]
    return Rate(name, len(rows), int(having.sum()), design_effect(having))
