"""Sketches: exact sums, the same for every history."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.drift.baseline import Baseline
from consumers.drift.layout import WIDTH
from consumers.drift.sketch import GROUPS, DailySketches, empty, group_of, packed, unpacked
from tests.consumers.drift.conftest import made_documents

DAY = 739_000


@pytest.mark.parametrize("seed", range(20))
def test_any_history_merges_to_the_same_bits(small_baseline: Baseline, seed: int) -> None:
    """Partitioning, batching, order, restarts, replays taken back and late events: the merged days are the same, bit for bit."""
    documents = made_documents(120, 5, novel=0.2)
    rows = small_baseline.featuriser.rows([document.text for document in documents])
    groups = np.array([group_of(document.source) for document in documents])
    days = np.array([DAY + number % 3 for number in range(len(documents))])
    expected = DailySketches()
    expected.add(days, groups, rows)

    rng = random.Random(seed)
    partitions = [DailySketches() for _ in range(rng.randint(1, 5))]
    order = list(range(len(documents)))
    rng.shuffle(order)
    while order:
        batch = [order.pop() for _ in range(min(len(order), rng.randint(1, 40)))]
        place = rng.randrange(len(partitions))
        partitions[place].add(days[batch], groups[batch], rows[batch])
        if rng.random() < 0.3:
            # A duplicate that is taken back, and a restart from what the changelog holds.
            again = batch[0]
            partitions[place].add(days[[again]], groups[[again]], rows[[again]])
            partitions[place].take_back(int(days[again]), int(groups[again]), rows[again])
            partitions[place] = DailySketches({day: unpacked(packed(sums)) for day, sums in partitions[place].days.items()})
    merged = DailySketches()
    for sketches in rng.sample(partitions, len(partitions)):
        merged.merge(sketches)
    assert {day: packed(sums) for day, sums in merged.days.items()} == {day: packed(sums) for day, sums in expected.days.items()}


@given(st.lists(st.integers(-(2**40), 2**40), max_size=GROUPS * WIDTH))
def test_packing_keeps_every_number(numbers: list[int]) -> None:
    """What is packed is unpacked, negative numbers too; other bytes are refused."""
    sums = empty()
    sums.ravel()[: len(numbers)] = numbers
    assert np.array_equal(unpacked(packed(sums)), sums)
    with pytest.raises(ValueError, match="expected"):
        unpacked(packed(sums)[:-1])


def test_a_day_of_a_partition_is_small(small_baseline: Baseline) -> None:
    """A partition's share of 5,000 documents a day takes at most 2 KB, and days that left the window are gone."""
    documents = made_documents(5_000 // 8, 7)
    rows = small_baseline.featuriser.rows([document.text for document in documents])
    sketches = DailySketches()
    sketches.add(np.full(len(rows), DAY), np.array([group_of(document.source) for document in documents]), rows)
    assert len(packed(sketches.days[DAY])) <= 2048
    sketches.forget(DAY + 1)
    assert sketches.days == {}
    assert sketches.total(DAY, DAY).sum() == 0
