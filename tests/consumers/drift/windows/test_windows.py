"""Windows: what the monitor looks at is what the thresholds were calibrated on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.drift.baseline.calibrate import Windowed
from consumers.drift.features.layout import WIDTH
from consumers.drift.features.sketch import Sums, empty, total
from consumers.drift.windows.windows import BUCKETS, Windows

SIZE = 3
LEVELS = 4


def bucket_of(first: int, count: int) -> Sums:
    """Documents `first` to `first + count`, each with its number in column 1."""
    sums = empty()
    sums[first % 4, 0] = count
    sums[first % 4, 1] = sum(range(first, first + count))
    return sums


@pytest.mark.parametrize("documents", [9, 60, 301])
def test_the_calibrated_windows_are_those_of_the_monitor(documents: int) -> None:
    """Level for level the same windows in the same order, whatever is left over at the end."""
    rng = np.random.default_rng(1)
    rows = rng.integers(0, 9, size=(40, WIDTH))
    rows[:, 0] = 1
    order = rng.integers(0, len(rows), size=documents)
    windows, seen = Windows(LEVELS, SIZE), [[] for _ in range(LEVELS)]
    for first in range(0, documents // SIZE * SIZE, SIZE):
        sums = empty()
        sums[first % 4] = rows[order[first : first + SIZE]].sum(axis=0)
        for level, window in windows.push(sums, 0):
            seen[level].append(total(window.sums))
    windowed = Windowed(rows, ("phi",), bucket_documents=SIZE, levels=LEVELS)
    for found, expected in zip(seen, windowed.sums(order), strict=True):
        assert np.array_equal(np.array(found).reshape(-1, WIDTH), expected[None])


@given(st.lists(st.integers(1, 70), min_size=1, max_size=80))
def test_windows_of_any_buckets_hold_their_documents(counts: list[int]) -> None:
    """However large buckets are, a window ends at the newest document, has no gap, holds its level's documents and less than twice them
    (but on the highest level), and none is kept that no window needs."""
    windows, n = Windows(LEVELS, SIZE), 0
    for count in counts:
        found = list(windows.push(bucket_of(n, count), 0))
        n += count
        for level, window in found:
            size = SIZE * BUCKETS * 2**level
            assert window.documents >= size
            assert window.documents < 2 * size or level == LEVELS - 1
            assert total(window.sums)[0] == window.documents
            assert total(window.sums)[1] == sum(range(n - window.documents, n))
        assert len(windows.save()) <= 1 + LEVELS * (BUCKETS + 1)


def test_a_large_bucket_is_left_to_its_own_level() -> None:
    """A bucket of a whole window of level 2 is looked at there, and on no level below."""
    windows = Windows(LEVELS, SIZE)
    assert [(level, window.documents) for level, window in windows.push(bucket_of(0, 50), 0)] == [(2, 50)]


def test_no_window_reaches_back_before_a_forgotten_day() -> None:
    """A bucket goes with all before it once a day it holds is forgotten, and so does what waits to become one."""
    windows, n = Windows(LEVELS, SIZE), 0
    for day in range(1, 200):
        windows.forget(day - 10)
        for _, window in windows.push(bucket_of(n, SIZE), day):
            assert window.day >= day - 10
            assert total(window.sums)[1] == sum(range(n + SIZE - window.documents, n + SIZE))
        n += SIZE
    found = windows.covering(1_000)
    assert found is not None
    assert found.documents == 2 * SIZE * BUCKETS
    windows.forget(1_000)
    assert windows.covering(1) is None
    assert list(windows.save()) == ["closed"]


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 3)), min_size=1, max_size=60), st.integers(0, 59))
def test_loaded_windows_go_on_as_the_saved_ones(pushed: list[tuple[int, int]], restart: int) -> None:
    """Saved and loaded between any two buckets, days forgotten on the way; a bucket that is kept keeps its bytes."""
    stayed, restarted, n = Windows(LEVELS, SIZE), Windows(LEVELS, SIZE), 0
    for place, (count, late) in enumerate(pushed):
        for windows in (stayed, restarted):
            windows.forget(place - 25)
        if place == restart:
            parts = restarted.save()
            restarted = Windows(LEVELS, SIZE)
            restarted.load(parts)
            assert restarted.save() == parts
        found = [[(level, window.day, window.sums.tobytes()) for level, window in windows.push(bucket_of(n, count), place - late)]
                 for windows in (stayed, restarted)]  # fmt: skip
        assert found[0] == found[1]
        n += count


def test_windows_of_another_number_of_levels_are_refused() -> None:
    """A state belongs to the levels that it was taken with."""
    with pytest.raises(ValueError, match="expected 3"):
        Windows(3, SIZE).load(Windows(LEVELS, SIZE).save())
