"""How often a quiet stream alarms that the fitted means, covariances and rates have not seen: the check of a calibration.

Thresholds come from the blocks that the heads were fitted on, and a covariance of few blocks fits those better than any others. So heads
and rates are fitted again on a random half of the blocks, and streams are drawn from the other half. Both halves' means are off; the
statistic allows for both, as it allows for the baseline's and none of the stream's own in use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

from consumers.drift.calibrate import STREAM_DOCUMENTS, Plan, Thresholds, Windowed, has_weekly_cycle
from consumers.drift.e_detector import EDetector, RateCount
from consumers.drift.heads import LANGUAGE_BLOCKS, Head, fit_heads, with_excess
from consumers.drift.history import History, drawn_stream
from consumers.drift.rates import Rate, fit_rates

STREAMS_A_HALF: Final = 5


@dataclass(frozen=True, slots=True)
class Checked:
    """Of `streams` quiet streams of 100,000 fresh documents `alarmed` did, at the thresholds times `raised`."""

    streams: int
    alarmed: int
    raised: float

    @property
    def alarms_per_100k(self) -> float:
        """The rate that was seen."""
        return self.alarmed / self.streams

    @property
    def at_most(self) -> float:
        """The upper end of its one-sided 95 % interval (Poisson)."""
        return float(gammaincinv(self.alarmed + 1, 0.95)) / self.streams


def check(
    history: History,
    thresholds: Thresholds,
    plan: Plan,
    *,
    languages: Sequence[str],
    streams: int,
    rng: np.random.Generator,
) -> Checked:
    """Counts the streams that alarm, and by how much the thresholds must be raised so that no more do than asked."""
    ratios, rated = [], []
    weekly = has_weekly_cycle(history, fit_heads(history, ()))
    for _ in range(-(-streams // STREAMS_A_HALF)):
        chosen = rng.random(len(history.groups)) < 0.5
        fitted, fresh = history.part(chosen), history.part(~chosen)
        both = len(history.rows) / len(fresh.rows)
        heads = [with_excess(head, both) for head in fit_heads(fitted, languages)]
        rates = fit_rates(fitted, languages, alarms_per_100k=plan.alarms_per_100k, excess=both)
        windowed = Windowed(fresh.rows, LANGUAGE_BLOCKS, bucket_documents=plan.bucket_documents, levels=plan.levels)
        for _ in range(STREAMS_A_HALF):
            order = drawn_stream(fresh, STREAM_DOCUMENTS, plan.documents_a_day, rng, by_weekday=weekly, redrawn=False)
            ratios.append(_nearest(heads, thresholds, windowed, order))
            rated.append(_rate_alarmed(rates, fresh, order, plan.bucket_documents))
    allowed = max(int(2 * plan.alarms_per_100k * len(ratios)) - sum(rated), 0)
    of_heads = sorted((ratio for ratio, alarmed in zip(ratios, rated, strict=True) if not alarmed), reverse=True)
    raised = max(1.0, of_heads[allowed]) if allowed < len(of_heads) else 1.0
    return Checked(len(ratios), sum(rated) + sum(ratio > raised for ratio in of_heads), raised)


def _nearest(heads: Sequence[Head], thresholds: Thresholds, windowed: Windowed, order: NDArray[np.int64]) -> float:
    """The largest of all statistics over their thresholds."""
    return max(
        float(head.statistics(windows[head.language]).max(initial=0.0)) / thresholds.alarm[head.key][level]
        for level, windows in enumerate(windowed.sums(order))
        for head in heads
    )


def _rate_alarmed(rates: Sequence[Rate], history: History, order: NDArray[np.int64], bucket_documents: int) -> bool:
    """Whether any rate's e-detector alarms in the stream."""
    return any(_alarmed(rate, history, order, bucket_documents) for rate in rates)


def _alarmed(rate: Rate, history: History, order: NDArray[np.int64], bucket_documents: int) -> bool:
    policy = rate.policy
    detector = EDetector(
        RateCount(rate.documents, rate.having), arl=policy.arl, alternatives=policy.alternatives, design_effect=policy.design_effect
    )
    counted = rate.counted(history.rows) * history.of(rate.language)[:, None]
    starts = np.arange(0, len(order) // bucket_documents * bucket_documents, bucket_documents)
    for events, having in np.add.reduceat(counted[order], starts, axis=0).tolist():
        detector.update_bucket(events, having)
        if detector.drift_detected:
            return True
    return False
