"""Heads: what they see, in which direction, and what is left without one group of sources."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from consumers.drift.features.layout import BLOCKS, WIDTH
from consumers.drift.features.sketch import GROUPS, Sums, empty, total
from consumers.drift.windows.window_statistics import FEWEST_LOOKED_AT, RISE, WindowStatistic, fit_window_statistic

BINS = "unknown_word_share"
SHARES = np.array([0.6, 0.1, 0.1, 0.05, 0.05, 0.05, 0.03, 0.02])


def rows(count: int, moved: float = 0.0, seed: int = 1) -> NDArray[np.int64]:
    """Documents in the baseline's bins, or with so many of them moved from no unknown word to many."""
    rng = np.random.default_rng(seed)
    shares = SHARES + moved * np.array([-1, 0, 0, 0, 0, 1, 0, 0])
    found = np.zeros((count, WIDTH), np.int64)
    found[:, 0] = 1
    found[np.arange(count), BLOCKS[BINS].first + rng.choice(8, count, p=shares)] = 1
    found[:, BLOCKS["phi"].columns] = np.rint(rng.normal(0, 500, (count, 64)))
    return found


def fitted(name: str, groups: NDArray[np.int64]) -> WindowStatistic:
    return fit_window_statistic(name, rows(8_000), groups)


def window(moved: float = 0.0, group: int | None = None, count: int = 2_000) -> Sums:
    """So many documents of each group of sources, those of one group moved or those of all."""
    sums = empty()
    for place in range(GROUPS):
        sums[place] = rows(count, moved if group in {None, place} else 0.0, seed=2 + place).sum(axis=0)
    return sums


DEALT = np.arange(8_000) % GROUPS


def test_a_rise_counts_and_a_fall_does_not() -> None:
    """The test statistic of a rise looks in one direction, that of the bins in all."""
    rise, bins = fitted(RISE, DEALT), fitted(BINS, DEALT)
    more, fewer = total(window(0.04)), total(window(-0.04))
    assert rise.statistic(more) > 20
    assert rise.statistic(fewer) == 0
    assert bins.statistic(fewer) > 20


@pytest.mark.parametrize("name", ["phi", BINS, RISE])
def test_several_windows_at_once_are_the_same_windows(name: str) -> None:
    """Calibration and monitor compute the same statistic; too few documents have none."""
    found = fitted(name, DEALT)
    sums = np.stack([rows(count, 0.2).sum(axis=0) for count in (FEWEST_LOOKED_AT - 1, FEWEST_LOOKED_AT, 4_000)])
    statistics = [found.statistic(each) for each in sums]
    assert found.statistics(sums) == pytest.approx(statistics)
    assert statistics[0] == 0
    assert min(statistics[1:]) > 0


def test_what_one_group_made_is_gone_without_it() -> None:
    """A rise in one group of sources leaves what chance makes, a rise in all leaves most."""
    bins = fitted(BINS, DEALT)
    one, all_of_them = window(0.3, group=2), window(0.3)
    assert bins.statistic(total(one)) > 100
    assert bins.without_one_group(one) < 25
    assert bins.without_one_group(all_of_them) > 0.5 * bins.statistic(total(all_of_them))


def test_a_group_that_is_the_world_is_not_left_out() -> None:
    """Where one group has nearly the whole baseline its rise is the world's; where it has four fifths it may be one source's."""
    moved = window(0.3, group=2)
    moved[[0, 1, 3]] = 0
    nearly_all, four_fifths = (fitted(BINS, np.where(np.arange(8_000) % 100 < percent, 2, 0)) for percent in (98, 80))
    assert nearly_all.without_one_group(moved) > 100
    assert four_fifths.without_one_group(moved) < 25


def test_a_bin_of_hardly_any_document_is_not_worth_a_hundredfold() -> None:
    """Of 8,000 documents one fell into a bin: four more in a window are no drift of their own; a hundredth of the documents there is."""
    quiet = rows(8_000)
    bins = BLOCKS[BINS].columns
    quiet[:, bins] = 0
    quiet[:, bins.start] = 1
    quiet[:4_000, bins] = np.roll(quiet[:4_000, bins], 1, axis=1)
    quiet[0, bins] = np.eye(8, dtype=np.int64)[7]
    stat = fit_window_statistic(BINS, quiet, DEALT)
    window = quiet[2_000:6_000].sum(axis=0)
    few, many = window.copy(), window.copy()
    for moved, count in ((few, 4), (many, 100)):
        moved[bins.start] -= count
        moved[bins.start + 7] += count
    assert stat.statistic(few) < 15
    assert stat.statistic(many) > 100
