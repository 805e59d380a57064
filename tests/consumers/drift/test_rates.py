"""Rare properties: two documents that have one where none had it are evidence, one is not."""

from __future__ import annotations

import numpy as np

from consumers.drift.layout import BLOCKS, WIDTH
from consumers.drift.rates import fit_rate


def blocks(count: int, size: int, having: dict[int, int]) -> np.ndarray:
    sums = np.zeros((count, WIDTH), np.int64)
    sums[:, 0] = size
    for block, number in having.items():
        sums[block, BLOCKS["mojibake"].first] = number
    return sums


def test_the_design_effect_is_that_of_the_blocks() -> None:
    """Documents that have it one by one count each for themselves; blocks that have it whole count once."""
    alone = fit_rate("mojibake", blocks(2_000, 4, dict.fromkeys(range(0, 2_000, 50), 1)))
    whole = fit_rate("mojibake", blocks(2_000, 4, dict.fromkeys(range(0, 2_000, 200), 4)))
    assert (alone.documents, alone.having, whole.having) == (8_000, 40, 40)
    assert 1 <= alone.design_effect < 1.1
    assert 3.5 < whole.design_effect < 4.5


def test_a_rate_of_none_alarms_at_one_in_a_hundred() -> None:
    """Over a baseline without any, one document in a hundred is found within a few hundred, a single one in 10,000 is not."""
    rate = fit_rate("mojibake", blocks(5_000, 4, {}))
    watch = rate.watch(0)
    decisions = [watch.update_bucket(50, number % 2) for number in range(40)]
    alarmed = next(number for number, decision in enumerate(decisions) if decision is not None)
    assert 50 * (alarmed + 1) <= 700
    quiet = rate.watch(0)
    assert [quiet.update_bucket(50, int(number == 100)) for number in range(200)] == [None] * 200
