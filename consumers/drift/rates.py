"""Properties of documents as rates, each watched by an e-detector: mojibake, script errors, a word that the baseline does not know.

A quadratic statistic of a share near 0 has no variance to be measured by; two documents with mojibake where there was none are evidence.
And it has to wait for a window to end: documents with unknown words are the first that a new subject shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from consumers.drift.design_effect import design_effect
from consumers.drift.e_detector import RISE, Alternatives, EDetector, RateCount
from consumers.drift.heads import LARGEST_GROUP
from consumers.drift.layout import BLOCKS
from consumers.drift.rate_watch import RateDecision, RatePolicy, RateWatch
from consumers.drift.sketch import GROUPS, Sums, of_language, without_each_group

RATES: Final = ("mojibake", "script_error", "unknown_word")
# Documents to a false alarm of each, on average, at least.
ARL: Final = 4_000_000
# What a rare one is looked for: so much of all documents more than before. A rate above RARE is looked for multiples of its odds.
RISES: Final = (0.003, 0.01, 0.05)
RARE: Final = 0.01


@dataclass(frozen=True, slots=True)
class Rate:
    """`having` of the baseline's `documents` have the property; `design_effect` of them carry the evidence of one independent one.

    `without` are documents and those having it with each group of sources left out. `language` where it is about its documents alone.
    """

    name: str
    documents: int
    having: int
    design_effect: float
    without: tuple[tuple[int, int], ...]
    language: str | None = None

    @property
    def key(self) -> str:
        """Its name among all rates."""
        return self.name if self.language is None else f"{self.name}:{self.language}"

    @property
    def policy(self) -> RatePolicy:
        """What it is looked for, and how surely; without a cool-down."""
        before = RateCount(self.documents, self.having)
        odds = before.rate / (1 - before.rate)
        after = [before.rate + rise for rise in RISES]
        ratios = tuple(rate / (1 - rate) / odds for rate in after)
        alternatives = Alternatives(ratios, (1.0,) * len(ratios)) if before.rate < RARE else RISE
        return RatePolicy(arl=ARL, alternatives=alternatives, design_effect=self.design_effect, cool_down=0)

    def counted(self, sums: NDArray[np.int64]) -> list[list[int]]:
        """Documents and those having it of summed rows `(k, WIDTH)`."""
        found: list[list[int]] = sums[:, [0, BLOCKS[self.name].first]].tolist()
        return found


class WatchedRateState(msgspec.Struct, array_like=True):
    """The watch; each group's detector of the documents without it, and at which document it last had its evidence."""

    watch: bytes
    without: list[bytes]
    shown_at: list[int]


class WatchedRate:
    """A rate's watch, and a detector of the documents without each group of sources: what one source made, one of them never shows."""

    def __init__(self, rate: Rate) -> None:
        policy = rate.policy
        self.rate = rate
        self.watch = RateWatch(RateCount(rate.documents, rate.having), policy)
        least = (1 - LARGEST_GROUP) * rate.documents
        self._without = {
            group: EDetector(RateCount(*count), arl=policy.arl, alternatives=policy.alternatives, design_effect=policy.design_effect)
            for group, count in enumerate(rate.without)
            if rate.language is None and count[0] >= least
        }
        self._shown_at = dict.fromkeys(self._without, -1)

    def update(self, sums: Sums, n: int, whole: WatchedRate) -> RateDecision | None:
        """Takes in a bucket that ends at document `n`; what its decision is, where it completes one.

        It fires only where the documents without any one group show a rise too since it began: those of `whole`, this rate over all
        languages, which has taken the bucket in before.
        """
        if self is whole:
            rest = self.rate.counted(without_each_group(sums))
            for group, detector in self._without.items():
                detector.update_bucket(*rest[group])
                if detector.drift_detected:
                    self._shown_at[group] = n
        events, having = self.rate.counted(of_language(sums, self.rate.language)[None, :])[0]
        began = n - self.documents_since(self.watch.since, n)
        return self.watch.update_bucket(events, having, may_fire=min(whole._shown_at.values()) > began)

    def documents_since(self, event: int, n: int) -> int:
        """How many of all documents came since an event of the watch, which counts its language's: as far as the mix allows to say."""
        return (self.watch.n - event + 1) * n // max(self.watch.n, 1)

    def save(self) -> bytes:
        """The whole state."""
        return msgspec.json.encode(
            WatchedRateState(self.watch.save(), [detector.save() for detector in self._without.values()], list(self._shown_at.values()))
        )

    def load(self, state: bytes) -> None:
        """Goes on where the saved watch of the same rate was; raises ValueError or msgspec.DecodeError for another's."""
        loaded = msgspec.json.decode(state, type=WatchedRateState)
        self.watch.load(loaded.watch)
        for detector, saved in zip(self._without.values(), loaded.without, strict=True):
            detector.load(saved)
        self._shown_at = dict(zip(self._without, loaded.shown_at, strict=True))


def fit_rate(name: str, rows: NDArray[np.int64], groups: NDArray[np.int64], language: str | None = None) -> Rate:
    """The rate over a baseline's feature rows `(d, WIDTH)`, in the order in which the documents came, their sources of `groups` `(d,)`."""
    having = rows[:, BLOCKS[name].first]
    without = tuple((int(np.sum(groups != group)), int(having[groups != group].sum())) for group in range(GROUPS))
    return Rate(name, len(rows), int(having.sum()), design_effect(having), without, language)
