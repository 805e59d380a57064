"""Properties of documents as rates, each watched by an e-detector: mojibake, script errors, a word that the baseline does not know.

A quadratic statistic of a share near 0 has no variance to be measured by; two documents with mojibake where there was none are evidence.
And it has to wait for a window to end: documents with unknown words are the first that a new subject shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from consumers.drift.features.layout import BLOCKS, MOSTLY_DEVANAGARI, UNKNOWN_IN_DEVANAGARI
from consumers.drift.features.sketch import GROUPS, Sums, total, without_each_group
from consumers.drift.rates.design_effect import design_effect
from consumers.drift.rates.e_detector import RISE, Alternatives, EDetector, RateCount
from consumers.drift.rates.rate_monitor import RateDecision, RatePolicy, RateWatch
from consumers.drift.windows.history import History
from consumers.drift.windows.window_statistics import LARGEST_GROUP

RATES: Final = ("mojibake", "script_error", "unknown_word")
# What is watched in each language by itself as well.
LANGUAGE_RATES: Final = ("unknown_word",)
_IN_DEVANAGARI: Final = {"unknown_word": UNKNOWN_IN_DEVANAGARI}
# What a rare one is looked for: so much of all documents more than before. A rate above RARE is looked for multiples of its odds.
RISES: Final = (0.003, 0.01, 0.05)
RARE: Final = 0.01


@dataclass(frozen=True, slots=True)
class Rate:
    """`having` of the baseline's `documents` have the property; `design_effect` of them carry the evidence of one independent one.

    `without` are documents and those having it with each group of sources left out; `arl` documents to a false alarm, on average, at
    least. `language` where it is about its documents alone.
    """

    name: str
    documents: int
    having: int
    design_effect: float
    without: tuple[tuple[int, int], ...]
    arl: float
    language: str | None = None

    @property
    def key(self) -> str:
        """Its name among all rates."""
        return self.name if self.language is None else f"{self.name}:{self.language}"

    def with_excess(self, excess: float) -> Rate:
        """The rate of a share whose error has `excess` times the variance that its documents say: it counts as that of so many fewer."""
        without = tuple((round(events / excess), round(having / excess)) for events, having in self.without)
        return replace(self, documents=round(self.documents / excess), having=round(self.having / excess), without=without)

    @property
    def policy(self) -> RatePolicy:
        """What it is looked for, and how surely; without a cool-down."""
        before = RateCount(self.documents, self.having)
        odds = before.rate / (1 - before.rate)
        after = [before.rate + rise for rise in RISES]
        ratios = tuple(rate / (1 - rate) / odds for rate in after)
        alternatives = Alternatives(ratios, (1.0,) * len(ratios)) if before.rate < RARE else RISE
        return RatePolicy(arl=self.arl, alternatives=alternatives, design_effect=self.design_effect, cool_down=0)

    def counted(self, sums: NDArray[np.int64]) -> NDArray[np.int64]:
        """Documents (of the language) and those having it, of rows or their sums `(k, WIDTH)`, `(k, 2)`."""
        whole = sums[:, [0, BLOCKS[self.name].first]]
        if self.language is None:
            return whole
        hindi: NDArray[np.int64] = sums[:, [BLOCKS[MOSTLY_DEVANAGARI].first, BLOCKS[_IN_DEVANAGARI[self.name]].first]]
        return hindi if self.language == "hi" else whole - hindi


class WatchedRateState(msgspec.Struct, array_like=True):
    """The watch; of the documents without each group the detector, and at which event of the watch it last had its evidence."""

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
            if count[0] >= least
        }
        self._shown_at = dict.fromkeys(self._without, -1)

    def update(self, sums: Sums) -> RateDecision | None:
        """Takes a bucket in; what its decision is, where it completes one.

        It fires only where the documents without any one group have shown a rise too since it began.
        """
        events, having = self.rate.counted(total(sums)[None, :])[0].tolist()
        rest = self.rate.counted(without_each_group(sums)).tolist()
        for group, detector in self._without.items():
            detector.update_bucket(*rest[group])
            if detector.drift_detected:
                self._shown_at[group] = self.watch.n + events
        return self.watch.update_bucket(events, having, may_fire=min(self._shown_at.values()) >= self.watch.since)

    def documents_since(self, event: int, n: int) -> int:
        """How many of all `n` documents came since an event of the watch, which counts its language's: as far as the mix allows to say."""
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


def fit_rates(history: History, languages: Sequence[str], *, alarms_per_100k: float) -> tuple[Rate, ...]:
    """All rates of a baseline, those of each language behind those of the whole; together they alarm at most so often."""
    asked = [(None, name) for name in RATES] + [(language, name) for language in languages for name in LANGUAGE_RATES]
    arl = 100_000 * len(asked) / alarms_per_100k
    return tuple(fit_rate(name, history, arl=arl, language=language) for language, name in asked)


def fit_rate(name: str, history: History, *, arl: float, language: str | None = None) -> Rate:
    """The rate over a baseline's documents (of a language)."""
    rate = Rate(name, 0, 0, 1.0, (), arl, language)
    events, having = rate.counted(history.rows).T
    groups = history.document_groups()
    without = tuple((int(events[groups != group].sum()), int(having[groups != group].sum())) for group in range(GROUPS))
    effect = design_effect(having[events == 1])
    return replace(rate, documents=int(events.sum()), having=int(having.sum()), design_effect=effect, without=without)
