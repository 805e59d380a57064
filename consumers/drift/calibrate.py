"""Thresholds from the baseline itself: a block bootstrap of the largest statistic that each head shows over 100,000 quiet documents.

Streams are resampled by whole blocks, because documents of a source come together, and by weekday, because weeks repeat: what bursts and
weekends do to a window is in the thresholds. Calibrating as if documents came one by one is wrong by a hundred times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consumers.drift.heads import Head
from consumers.drift.sketch import means
from consumers.drift.windows import BUCKETS, MERGED

STREAM_DOCUMENTS: Final = 100_000
# The share of a level's windows that may pass the lower threshold, which a second window has to pass to confirm the first.
CONFIRM_RATE: Final = 0.001


@dataclass(frozen=True, slots=True)
class History:
    """The part of a baseline that is measured on: `rows` `(d, WIDTH) int64` in the order they came, `blocks` `(b + 1,)` bounds of the
    blocks in them; of each block `weekdays` `(b,)` 0 to 6 and `groups` `(b,)` of its source."""

    rows: NDArray[np.int64]
    blocks: NDArray[np.int64]
    weekdays: NDArray[np.int64]
    groups: NDArray[np.int64]

    def block_sums(self) -> NDArray[np.int64]:
        """The sums of each block's rows, `(b, WIDTH) int64`."""
        return np.add.reduceat(self.rows, self.blocks[:-1], axis=0)


def has_weekly_cycle(history: History, heads: Sequence[Head]) -> bool:
    """Whether weekdays differ by more than chance: the sum of their T² is 7 deviations above its 6 degrees of freedom for each column.

    Without a cycle a bootstrap by weekday would take the seven means' own errors for one, and widen every threshold.
    """
    sums = history.block_sums()
    by_weekday = np.stack([sums[history.weekdays == weekday].sum(axis=0) for weekday in range(7)])
    by_weekday = by_weekday[by_weekday[:, 0] > 0]
    for head in heads:
        shifted = (means(by_weekday, head.name) - head.mean) @ head.whitening
        found = float(np.sum(shifted**2 * by_weekday[:, :1]))
        freedom = (len(by_weekday) - 1) * int(np.count_nonzero(np.abs(head.whitening).sum(axis=0)))
        if found > freedom + 7 * np.sqrt(2 * freedom):
            return True
    return False


@dataclass(frozen=True, slots=True)
class Thresholds:
    """By head and level of windows: what raises an alarm, and what confirms one."""

    alarm: Mapping[str, tuple[float, ...]]
    confirm: Mapping[str, tuple[float, ...]]


def drawn_stream(
    history: History, documents: int, documents_a_day: int, rng: np.random.Generator, *, by_weekday: bool
) -> NDArray[np.int64]:
    """Numbers of rows of a resampled stream, `(documents,) int64`: each day blocks drawn with replacement, of its weekday where asked.

    They are drawn from blocks that are drawn themselves: the stream's world is as far from the baseline's means as the true one may be.
    """
    lengths = np.diff(history.blocks)
    every = np.arange(len(lengths))
    pools = [np.flatnonzero(history.weekdays == weekday) for weekday in range(7)] if by_weekday else [every]
    worlds = [pool[rng.integers(len(pool), size=len(pool))] if len(pool) else pool for pool in pools]
    found: list[NDArray[np.int64]] = []
    day, wanted = int(rng.integers(7)), documents
    while wanted > 0:
        chosen = worlds[day % len(worlds)]
        day += 1
        if not len(chosen):
            continue
        count = min(documents_a_day, wanted)
        drawn = chosen[rng.integers(len(chosen), size=int(count / lengths[chosen].mean() * 1.2) + 8)]
        size = lengths[drawn]
        begins = np.cumsum(size) - size
        rows = np.arange(int(size.sum())) + np.repeat(history.blocks[drawn] - begins, size)
        found.append(rows[:count])
        wanted -= len(found[-1])
    return np.concatenate(found)


def window_sums(rows: NDArray[np.int64], order: NDArray[np.int64], bucket_documents: int, levels: int) -> list[NDArray[np.int64]]:
    """The sums of every window that `Windows` would look at, one array `(windows, WIDTH)` a level."""
    count = len(order) // bucket_documents
    buckets = np.add.reduceat(rows[order[: count * bucket_documents]], np.arange(0, count * bucket_documents, bucket_documents), axis=0)
    found = []
    for _ in range(levels):
        sums = np.concatenate([np.zeros((1, buckets.shape[1]), np.int64), np.cumsum(buckets, axis=0)])
        found.append(sums[BUCKETS:] - sums[:-BUCKETS])
        buckets = buckets[: len(buckets) // MERGED * MERGED].reshape(-1, MERGED, buckets.shape[1]).sum(axis=1)
    return found


def calibrate(
    history: History,
    heads: Sequence[Head],
    *,
    levels: int,
    bucket_documents: int,
    documents_a_day: int,
    alarms_per_100k: float,
    streams: int,
    rng: np.random.Generator,
) -> Thresholds:
    """Thresholds at which all heads and levels together alarm `alarms_per_100k` times in 100,000 quiet documents.

    Each head and level has an equal part of the rate (Bonferroni); the tail of its maxima's roots is Gumbel's, by moments.
    """
    maxima = {head.key: np.zeros((streams, levels)) for head in heads}
    quiet: dict[str, list[list[NDArray[np.float64]]]] = {head.key: [[] for _ in range(levels)] for head in heads}
    weekly = has_weekly_cycle(history, heads)
    for number in range(streams):
        order = drawn_stream(history, STREAM_DOCUMENTS, documents_a_day, rng, by_weekday=weekly)
        windows = window_sums(history.rows, order, bucket_documents, levels)
        for head in heads:
            for level, sums in enumerate(windows):
                statistics = head.statistics(sums)
                maxima[head.key][number, level] = statistics.max(initial=0.0)
                quiet[head.key][level].append(statistics)
    share = alarms_per_100k / (len(heads) * levels)
    alarm = {name: tuple(_tail(found[:, level], share) for level in range(levels)) for name, found in maxima.items()}
    confirm = {
        name: tuple(float(np.quantile(np.concatenate(found[level]), 1 - CONFIRM_RATE)) for level in range(levels))
        for name, found in quiet.items()
    }
    return Thresholds(alarm, confirm)


def _tail(maxima: NDArray[np.float64], share: float) -> float:
    """The value that a maximum passes with probability `share`: Gumbel's law for its root, by moments.

    Bins that few documents are in have heavier tails than Gumbel's law for the maximum itself, which set their thresholds too low; its law
    for the logarithm set all of them too high.
    """
    roots = np.sqrt(maxima)
    scale = max(float(roots.std()), 1e-9) * np.sqrt(6) / np.pi
    return float((roots.mean() - 0.5772156649 * scale - scale * np.log(-np.log1p(-min(share, 0.5)))) ** 2)
