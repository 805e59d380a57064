"""Thresholds: they know weeks, and one for each level of each test statistic."""

from __future__ import annotations

import numpy as np

from consumers.drift.baseline.calibrate import Plan, Thresholds, Windowed, calibrate, has_weekly_cycle
from consumers.drift.features.layout import BLOCKS, MOSTLY_DEVANAGARI, WIDTH
from consumers.drift.windows.history import History, drawn_stream
from consumers.drift.windows.window_statistics import fit_window_statistic

PLAN = Plan(levels=3, bucket_documents=50, documents_a_day=700, alarms_per_100k=0.1)


def history(cycle: float, blocks: int = 2_100) -> History:
    """Blocks of three documents, in a cluster that Saturdays and Sundays have more of."""
    rng, each = np.random.default_rng(3), np.arange(blocks)
    rows = np.zeros((3 * blocks, WIDTH), np.int64)
    rows[:, 0] = 1
    rows[:, BLOCKS[MOSTLY_DEVANAGARI].first] = rng.random(3 * blocks) < 0.6
    first = np.repeat(rng.random(blocks) < np.where(each % 7 > 4, 0.3 + cycle, 0.3), 3)
    rows[np.arange(3 * blocks), BLOCKS["cluster"].first + np.where(first, 0, rng.integers(1, 32, 3 * blocks))] = 1
    return History(rows, np.arange(blocks + 1) * 3, each % 7, each % 4, np.zeros(3 * blocks, np.bool_))


def test_a_weekly_cycle_is_seen_and_widens_the_thresholds() -> None:
    """Where weekdays differ streams are drawn by weekday, and short windows of a weekend are no alarm; where they do not, they are not."""
    found = {}
    for cycle in (0.0, 0.3):
        measured = history(cycle)
        window_statistics = [fit_window_statistic("cluster", measured.block_sums(), measured.groups)]
        assert has_weekly_cycle(measured, window_statistics) == (cycle > 0)
        found[cycle] = calibrate(measured, window_statistics, PLAN, streams=5, rng=np.random.default_rng(1))
    assert found[0.3].alarm["cluster"][1] > 1.5 * found[0.0].alarm["cluster"][1]
    assert all(confirm < alarm for confirm, alarm in zip(found[0.0].confirm["cluster"], found[0.0].alarm["cluster"], strict=True))


def test_windows_of_a_language_are_of_its_documents() -> None:
    """Count and columns asked for of each language's documents add up to those of all, level for level."""
    measured = history(0.0)
    order = drawn_stream(measured, 3_000, 700, np.random.default_rng(2), by_weekday=False)
    hindi = measured.rows[order][:, BLOCKS[MOSTLY_DEVANAGARI].first] == 1
    (first, *_) = Windowed(measured.rows, ("cluster",), bucket_documents=50, levels=3).sums(order)
    columns = [0, *range(BLOCKS["cluster"].first, BLOCKS["cluster"].beyond)]
    assert np.array_equal((first["hi"] + first["en"])[:, columns], first[None][:, columns])
    assert np.array_equal(first["hi"][0, columns], measured.rows[order[:200]][hindi[:200]].sum(axis=0)[columns])


def test_a_level_whose_windows_lack_a_language_has_the_thresholds_of_the_one_above() -> None:
    """Three fifths of 200 documents are too few to be looked at; what a larger bucket brings is held against the limits of 400."""
    measured = history(0.0)
    window_statistics = [
        fit_window_statistic("cluster", measured.block_sums(language), measured.groups, language) for language in (None, "hi")
    ]
    found = calibrate(measured, window_statistics, PLAN, streams=5, rng=np.random.default_rng(1))
    for kind in (found.alarm, found.confirm):
        assert kind["cluster:hi"][0] == kind["cluster:hi"][1] > 0
        assert kind["cluster"][0] != kind["cluster"][1]


def test_some_heads_are_raised_and_the_others_stay() -> None:
    """Alarm and confirmation of a raised test statistic alike."""
    raised = Thresholds({"a": (10.0, 8.0), "b": (3.0,)}, {"a": (4.0, 2.0), "b": (1.0,)}).raised({"a": 1.5})
    assert raised == Thresholds({"a": (15.0, 12.0), "b": (3.0,)}, {"a": (6.0, 3.0), "b": (1.0,)})
