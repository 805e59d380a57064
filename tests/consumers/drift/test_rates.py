"""Rare properties: two documents that have one where none had it are evidence, one is not."""

from __future__ import annotations

import numpy as np

from consumers.drift.layout import BLOCKS, WIDTH
from consumers.drift.rates import fit_rate


def rows(having: np.ndarray) -> np.ndarray:
    found = np.zeros((len(having), WIDTH), np.int64)
    found[:, 0] = 1
    found[:, BLOCKS["mojibake"].first] = having
    return found


def test_runs_of_one_source_count_for_less() -> None:
    """Documents that have it one by one count each for themselves; where it comes in fours, four carry the evidence of one."""
    alone = np.random.default_rng(1).random(8_000) < 0.02
    single, fours = fit_rate("mojibake", rows(alone)), fit_rate("mojibake", rows(np.repeat(alone[:2_000], 4)))
    assert (single.documents, single.having) == (8_000, int(alone.sum()))
    assert single.design_effect == 1.0
    assert 2.5 < fours.design_effect < 6


def test_a_rate_of_none_alarms_at_one_in_a_hundred() -> None:
    """Over a baseline without any, one document in a hundred is found within a few hundred, a single one in 10,000 is not."""
    rate = fit_rate("mojibake", rows(np.zeros(20_000, np.int64)))
    watch = rate.watch(0)
    decisions = [watch.update_bucket(50, number % 2) for number in range(40)]
    alarmed = next(number for number, decision in enumerate(decisions) if decision is not None)
    assert 50 * (alarmed + 1) <= 700
    quiet = rate.watch(0)
    assert [quiet.update_bucket(50, int(number == 100)) for number in range(200)] == [None] * 200
