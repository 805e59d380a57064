"""How often a quiet stream alarms that the fitted means, covariances and rates have not seen: the check of a calibration.

Thresholds come from the blocks that the test statistics were fitted on, and a covariance of few blocks fits those better than any others.
So test statistics
and rates are fitted again on a random half of the blocks, and streams are drawn from the other half. Both halves' means are off; the
statistic allows for both, as it allows for the baseline's and none of the stream's own in use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

from consumers.drift.baseline.calibrate import STREAM_DOCUMENTS, Plan, Thresholds, Windowed, has_weekly_cycle
from consumers.drift.rates.e_detector import EDetector, RateCount
from consumers.drift.windows.history import History, drawn_stream
from consumers.drift.windows.property_rates import Rate, fit_rates
from consumers.drift.windows.window_statistics import LANGUAGE_BLOCKS, WindowStatistic, fit_window_statistics

STREAMS_A_HALF: Final = 5


@dataclass(frozen=True, slots=True)
class Checked:
    """Of `streams` quiet streams of 100,000 fresh documents `alarmed` did, at thresholds of which some were raised so many times."""

    streams: int
    alarmed: int
    raised: Mapping[str, float]

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
    between: Callable[[], None] = lambda: None,
) -> Checked:
    """Counts the streams that alarm, and calls `between` before each. Where they are more than asked, what alarms in most of
    them is raised until none of them does, then the next."""
    nearest, rated = [], []
    weekly = has_weekly_cycle(history, fit_window_statistics(history, ()))
    for _ in range(-(-streams // STREAMS_A_HALF)):
        chosen = rng.random(len(history.groups)) < 0.5
        fitted, fresh = history.part(chosen), history.part(~chosen)
        both = len(history.rows) / len(fresh.rows)
        window_statistics = [stat.with_excess(both) for stat in fit_window_statistics(fitted, languages)]
        rates = [rate.with_excess(both) for rate in fit_rates(fitted, languages, alarms_per_100k=plan.alarms_per_100k)]
        windowed = Windowed(fresh.rows, LANGUAGE_BLOCKS, bucket_documents=plan.bucket_documents, levels=plan.levels)
        for _ in range(STREAMS_A_HALF):
            between()
            order = drawn_stream(fresh, STREAM_DOCUMENTS, plan.documents_a_day, rng, by_weekday=weekly, redrawn=False)
            nearest.append(_nearest(window_statistics, thresholds, windowed, order))
            rated.append(_rate_alarmed(rates, fresh, order, plan.bucket_documents))
    ratios, of_rates = np.array(nearest), np.array(rated)
    raised = np.ones(len(window_statistics))
    while True:
        above = ratios > raised
        alarmed = int((above.any(axis=1) | of_rates).sum())
        if alarmed <= 2 * plan.alarms_per_100k * len(ratios) or not above.any():
            break
        worst = int(above.sum(axis=0).argmax())
        raised[worst] = ratios[:, worst].max()
    found = {stat.key: round(float(times), 4) for stat, times in zip(window_statistics, raised, strict=True) if times > 1}
    return Checked(len(ratios), alarmed, found)


def _nearest(
    window_statistics: Sequence[WindowStatistic], thresholds: Thresholds, windowed: Windowed, order: NDArray[np.int64]
) -> list[float]:
    """Of each test statistic the largest share of its threshold."""
    found = [0.0] * len(window_statistics)
    for level, windows in enumerate(windowed.sums(order)):
        for place, stat in enumerate(window_statistics):
            largest = float(stat.statistics(windows[stat.language]).max(initial=0.0))
            found[place] = max(found[place], largest / thresholds.alarm[stat.key][level])
    return found


def _rate_alarmed(rates: Sequence[Rate], history: History, order: NDArray[np.int64], bucket_documents: int) -> bool:
    """Whether any rate's e-detector alarms in the stream."""
    return any(_alarmed(rate, history, order, bucket_documents) for rate in rates)


def _alarmed(rate: Rate, history: History, order: NDArray[np.int64], bucket_documents: int) -> bool:
    policy = rate.policy
    detector = EDetector(
        RateCount(rate.documents, rate.having), arl=policy.arl, alternatives=policy.alternatives, design_effect=policy.design_effect
    )
    counted = rate.counted(history.rows)
    whole = order[: len(order) // bucket_documents * bucket_documents]
    for events, having in counted[whole].reshape(-1, bucket_documents, 2).sum(axis=1).tolist():
        detector.update_bucket(events, having)
        if detector.drift_detected:
            return True
    return False
