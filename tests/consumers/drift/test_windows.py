"""Windows: what the monitor looks at is what the thresholds were calibrated on."""

from __future__ import annotations

import numpy as np
import pytest

from consumers.drift.calibrate import window_sums
from consumers.drift.layout import WIDTH
from consumers.drift.sketch import GROUPS
from consumers.drift.windows import BUCKETS, Windows

SIZE = 3


@pytest.mark.parametrize("documents", [9, 60, 301])
def test_the_calibrated_windows_are_those_of_the_monitor(documents: int) -> None:
    """Level for level the same windows in the same order, whatever is left over at the end."""
    rng = np.random.default_rng(1)
    rows = rng.integers(0, 9, size=(40, WIDTH))
    order = rng.integers(0, len(rows), size=documents)
    windows, seen = Windows(4), [[] for _ in range(4)]
    for first in range(0, documents // SIZE * SIZE, SIZE):
        bucket = np.zeros((GROUPS, WIDTH), np.int64)
        bucket[first % GROUPS] = rows[order[first : first + SIZE]].sum(axis=0)
        for level, window in windows.push(bucket):
            seen[level].append(window.sum(axis=0))
    for found, expected in zip(seen, window_sums(rows, order, SIZE, 4), strict=True):
        assert np.array_equal(np.array(found).reshape(-1, WIDTH), expected)


def test_what_is_kept_is_bounded() -> None:
    """However many buckets come, a level keeps four."""
    windows = Windows(5)
    for _ in range(1_000):
        list(windows.push(np.ones((GROUPS, WIDTH), np.int64)))
    assert [len(kept) for kept in windows.kept] == [BUCKETS] * 5
    assert windows.closed[:3] == [1_000, 500, 250]
