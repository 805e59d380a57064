"""Paired tests over clusters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.gate.statistics import PairedDifferences, detectable_effect, holm, interval, sign_flip_p


def clusters(*sums: float) -> PairedDifferences:
    """One item a cluster."""
    return PairedDifferences(sums, tuple(f"g{number}" for number in range(len(sums))))


def test_the_sign_flip_p_is_the_exact_one() -> None:
    """Of 2**6 sign patterns of six equal gains one reaches the observed sum: p is 1/64 up to Monte Carlo error."""
    assert sign_flip_p(clusters(*[1.0] * 6), seed=0) == pytest.approx(1 / 64, abs=0.005)


def test_four_clusters_can_never_be_significant() -> None:
    """1/16 is above 5 %: too little data says nothing."""
    assert sign_flip_p(clusters(1, 1, 1, 1), seed=0) > 0.05


def test_nothing_that_differs_is_no_evidence() -> None:
    """All ties give p = 1, and harm is not evidence of gain."""
    assert sign_flip_p(clusters(0, 0, 0), seed=0) == 1.0
    assert sign_flip_p(clusters(*[-1.0] * 20), seed=0) > 0.99


def test_items_of_one_group_stand_together() -> None:
    """Two hundred gains in one source group are one observation."""
    together = PairedDifferences((1.0,) * 200, ("one",) * 200)
    assert sign_flip_p(together, seed=0) > 0.4


@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=1, max_size=30), st.integers(0, 3))
def test_the_figures_are_reproducible_and_in_range(values: list[float], seed: int) -> None:
    """Same seed, same figures; p in (0, 1], the interval in order and around possible means."""
    differences = clusters(*values)
    p_value = sign_flip_p(differences, seed=seed)
    low, high = interval(differences, level=0.9, seed=seed)
    assert 0 < p_value <= 1
    assert p_value == sign_flip_p(differences, seed=seed)
    assert -1 <= low <= high <= 1
    assert 0 < detectable_effect(differences) <= 1


def test_the_interval_covers_the_mean() -> None:
    """Nine of ten intervals of samples around 0.1 cover 0.1, within Monte Carlo error."""
    rng = np.random.default_rng(0)
    covered = 0
    for seed in range(200):
        sample = rng.choice([-1.0, 0.0, 1.0], p=[0.1, 0.7, 0.2], size=100)
        low, high = interval(clusters(*sample.tolist()), level=0.9, seed=seed)
        covered += low <= 0.1 <= high
    assert 0.84 <= covered / 200 <= 0.96


def test_the_detectable_effect_is_found_four_times_out_of_five() -> None:
    """With a true gain of that size the test has about 80 % power."""
    rng = np.random.default_rng(1)
    pilot = clusters(*rng.choice([-1.0, 0.0, 1.0], p=[0.1, 0.7, 0.2], size=100).tolist())
    gain = detectable_effect(pilot)
    up = 0.15 + gain / 2
    found = 0
    for seed in range(200):
        sample = rng.choice([-1.0, 0.0, 1.0], p=[0.3 - up, 0.7, up], size=100)
        found += sign_flip_p(clusters(*sample.tolist()), seed=seed) <= 0.05
    assert 0.7 <= found / 200 <= 0.92


@pytest.mark.parametrize(
    ("p_values", "rejected"),
    [([], ()), ([0.04], (True,)), ([0.04, 0.04], (False, False)), ([0.001, 0.02, 0.04], (True, True, True)), ([0.5, 0.001], (False, True))],
)
def test_holm_steps_down(p_values: list[float], rejected: tuple[bool, ...]) -> None:
    """The smallest p needs alpha over the number of hypotheses, the next one less."""
    assert holm(p_values, alpha=0.05) == rejected


def test_where_all_clusters_moved_alike_the_test_is_mcnemars() -> None:
    """Nine of ten changed for the better: exact, and the same for any seed and any size of the step."""
    for step in (1.0, 0.5):
        values = tuple(step if place < 9 else -step if place == 9 else 0.0 for place in range(50))
        differences = PairedDifferences(values, tuple(map(str, range(50))))
        assert {sign_flip_p(differences, seed=seed) for seed in range(3)} == {11 / 1024}
