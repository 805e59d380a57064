"""Thresholds from the baseline itself: a block bootstrap of the largest value that each test statistic has over 100,000 quiet documents.

Streams are resampled by whole blocks, because documents of a source come together, and by weekday, because weeks repeat: what bursts and
weekends do to a window is in the thresholds. Calibrating as if documents came one by one is wrong by a hundred times.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from consumers.drift.features.layout import BLOCKS, MOSTLY_DEVANAGARI, WIDTH
from consumers.drift.features.sketch import LANGUAGES, means
from consumers.drift.windows.history import History, drawn_stream
from consumers.drift.windows.window_statistics import FEWEST_LOOKED_AT, LANGUAGE_BLOCKS, RISE, WindowStatistic
from consumers.drift.windows.windows import BUCKETS, MERGED

STREAM_DOCUMENTS: Final = 100_000
# The share of a level's windows that have to have documents enough of a language for thresholds of their own.
LOOKED_AT: Final = 0.9
# The share of a level's windows that may pass the lower threshold, which a second window has to pass to confirm the first.
CONFIRM_RATE: Final = 0.001


def has_weekly_cycle(history: History, window_statistics: Sequence[WindowStatistic]) -> bool:
    """Whether weekdays differ by more than chance: the sum of their T² is 7 deviations above its 6 degrees of freedom for each column.

    Without a cycle a bootstrap by weekday would take the seven means' own errors for one, and widen every threshold.
    """
    sums = history.block_sums()
    by_weekday = np.stack([sums[history.weekdays == weekday].sum(axis=0) for weekday in range(7)])
    by_weekday = by_weekday[by_weekday[:, 0] > 0]
    for stat in window_statistics:
        if stat.language is not None or stat.name == RISE:
            continue  # what it is about is in the others too
        shifted = (means(by_weekday, stat.name) - stat.mean) @ stat.whitening
        found = float(np.sum(shifted**2 * by_weekday[:, :1]))
        freedom = (len(by_weekday) - 1) * int(np.count_nonzero(np.abs(stat.whitening).sum(axis=0)))
        if found > freedom + 7 * np.sqrt(2 * freedom):
            return True
    return False


@dataclass(frozen=True, slots=True)
class Thresholds:
    """By test statistic and level of windows: what raises an alarm, and what confirms one."""

    alarm: Mapping[str, tuple[float, ...]]
    confirm: Mapping[str, tuple[float, ...]]

    def raised(self, times: Mapping[str, float]) -> Thresholds:
        """Those of some test statistics so many times as high."""
        alarm, confirm = (
            {key: tuple(times.get(key, 1.0) * at for at in found) for key, found in kind.items()} for kind in (self.alarm, self.confirm)
        )
        return Thresholds(alarm, confirm)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a calibration is for: windows of `levels` over buckets of `bucket_documents`, and alarms of all test statistics
    together, and as many of
    all rates, in 100,000 quiet documents that come `documents_a_day`."""

    levels: int
    bucket_documents: int
    documents_a_day: int
    alarms_per_100k: float


class Windowed:
    """The windows that `Windows` would look at in resampled streams of a history, over all documents and over those of each language.

    Of a language only its count and the columns of `blocks` are summed.
    """

    def __init__(self, rows: NDArray[np.int64], blocks: Collection[str], *, bucket_documents: int, levels: int) -> None:
        self._bucket_documents = bucket_documents
        self._levels = levels
        self._columns = np.unique(np.concatenate([[0], *(np.arange(WIDTH)[BLOCKS[name].columns] for name in blocks)]))
        hindi = rows[:, BLOCKS[MOSTLY_DEVANAGARI].columns] * rows[:, self._columns]
        # A bucket's sums are far below 2^31.
        self._rows = np.concatenate([rows, hindi], axis=1).astype(np.int32)

    def sums(self, order: NDArray[np.int64]) -> Iterator[dict[str | None, NDArray[np.int64]]]:
        """The sums of every window of each level, `(windows, WIDTH)`, over the documents of `order`, by language."""
        count = len(order) // self._bucket_documents
        bounds = np.arange(count + 1) * self._bucket_documents
        picked = csr_matrix((np.ones(bounds[-1], np.int32), order[: bounds[-1]], bounds), shape=(count, len(self._rows)))
        buckets = (picked @ self._rows).astype(np.int64)
        for _ in range(self._levels):
            summed = np.concatenate([np.zeros((1, buckets.shape[1]), np.int64), np.cumsum(buckets, axis=0)])
            windows = summed[BUCKETS:] - summed[:-BUCKETS]
            whole, hindi = windows[:, :WIDTH], np.zeros((len(windows), WIDTH), np.int64)
            hindi[:, self._columns] = windows[:, WIDTH:]
            yield {None: whole, "hi": hindi, "en": whole - hindi}
            buckets = buckets[: len(buckets) // MERGED * MERGED].reshape(-1, MERGED, buckets.shape[1]).sum(axis=1)


def calibrate(
    history: History,
    window_statistics: Sequence[WindowStatistic],
    plan: Plan,
    *,
    streams: int,
    rng: np.random.Generator,
    between: Callable[[], None] = lambda: None,
) -> Thresholds:
    """Thresholds at which all test statistics and levels together alarm as often as the plan says; calls `between` before each stream.

    Each test statistic and level has an equal part of the rate (Bonferroni); the tail of its maxima's roots is Gumbel's, by moments.
    """
    levels = plan.levels
    maxima = {stat.key: np.zeros((streams, levels)) for stat in window_statistics}
    quiet: dict[str, list[list[NDArray[np.float64]]]] = {stat.key: [[] for _ in range(levels)] for stat in window_statistics}
    looked_at = {language: np.zeros(levels, np.int64) for language in (None, *LANGUAGES)}
    weekly = has_weekly_cycle(history, window_statistics)
    windowed = Windowed(history.rows, LANGUAGE_BLOCKS, bucket_documents=plan.bucket_documents, levels=levels)
    for number in range(streams):
        between()
        order = drawn_stream(history, STREAM_DOCUMENTS, plan.documents_a_day, rng, by_weekday=weekly)
        for level, windows in enumerate(windowed.sums(order)):
            for language, sums in windows.items():
                looked_at[language][level] += int((sums[:, 0] >= FEWEST_LOOKED_AT).sum())
            for stat in window_statistics:
                statistics = stat.statistics(windows[stat.language])
                maxima[stat.key][number, level] = statistics.max(initial=0.0)
                quiet[stat.key][level].append(statistics)
    share = plan.alarms_per_100k / (len(window_statistics) * levels)
    alarm = {key: [_tail(found[:, level], share) for level in range(levels)] for key, found in maxima.items()}
    confirm = {
        key: [float(np.quantile(np.concatenate(found[level]), 1 - CONFIRM_RATE)) for level in range(levels)] for key, found in quiet.items()
    }
    for stat in window_statistics:
        for level in reversed(range(levels - 1)):
            if looked_at[stat.language][level] < LOOKED_AT * looked_at[None][level]:
                # Most of these windows had too few documents of the language; those of larger buckets may have enough: as the level above.
                for kind in (alarm, confirm):
                    kind[stat.key][level] = kind[stat.key][level + 1]
    return Thresholds(*({key: tuple(found) for key, found in kind.items()} for kind in (alarm, confirm)))


def _tail(maxima: NDArray[np.float64], share: float) -> float:
    """The value that a maximum passes with probability `share`: Gumbel's law for its root, by moments.

    Bins that few documents are in have heavier tails than Gumbel's law for the maximum itself, which set their thresholds too low; its law
    for the logarithm set all of them too high.
    """
    roots = np.sqrt(maxima)
    scale = max(float(roots.std()), 1e-9) * np.sqrt(6) / np.pi
    return float((roots.mean() - 0.5772156649 * scale - scale * np.log(-np.log1p(-min(share, 0.5)))) ** 2)
