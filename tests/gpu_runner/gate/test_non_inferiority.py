"""Tango's bound: what a loss may still be, from what was seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.gate.non_inferiority import Z_95, design_effect, lower_bound, tango_z
from gpu_runner.gate.statistics import PairedDifferences


def pairs(better: int, worse: int, items: int, *, together: int = 1) -> PairedDifferences:
    """0/1 items of which some rose and some fell, `together` of them a group."""
    values = [1.0] * better + [-1.0] * worse + [0.0] * (items - better - worse)
    return PairedDifferences(tuple(values), tuple(str(place // together) for place in range(items)))


@pytest.mark.parametrize(("better", "worse", "items"), [(0, 0, 40), (1, 9, 100), (12, 12, 1200), (0, 15, 300)])
def test_the_bound_is_where_the_statistic_is_at_its_quantile(better: int, worse: int, items: int) -> None:
    """The interval is the test turned round."""
    bound = lower_bound(pairs(better, worse, items))
    assert tango_z(better, worse, items, bound) == pytest.approx(Z_95, abs=1e-6)
    assert bound < (better - worse) / items


def test_no_change_in_n_items_leaves_a_loss_of_the_scores_rule_of_three() -> None:
    """-z² / (n + z²): 6.3 points of 40 items."""
    for items in (12, 40, 300):
        assert lower_bound(pairs(0, 0, items)) == pytest.approx(-(Z_95**2) / (items + Z_95**2), abs=1e-6)


def test_at_the_edge_of_the_margin_one_item_decides() -> None:
    """Five falls pass of 100 items with a margin of ten points, six do not; three of 40 with one of 18, eight of 300 with one of five."""
    for items, margin, passing in ((100, 0.10, 5), (40, 0.18, 3), (300, 0.05, 8)):
        assert lower_bound(pairs(0, passing, items)) > -margin
        assert lower_bound(pairs(0, passing + 1, items)) < -margin


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 300))
def test_one_more_fall_never_raises_the_bound(better: int, worse: int, same: int) -> None:
    """And one more rise never lowers it."""
    items = better + worse + same + 1
    bound = lower_bound(pairs(better, worse, items))
    assert lower_bound(pairs(better, worse + 1, items)) <= bound + 1e-9
    assert lower_bound(pairs(better + 1, worse, items)) >= bound - 1e-9


def test_items_that_change_together_are_worth_fewer() -> None:
    """Twelve falls in three groups of four are three falls of four times the weight; without a change nothing is known of groups."""
    apart, together = pairs(0, 12, 120), pairs(0, 12, 120, together=4)
    assert design_effect(apart) == 1.0
    assert design_effect(together) == pytest.approx(4.0, rel=0.15)
    assert lower_bound(together) < lower_bound(apart)
    assert design_effect(pairs(0, 0, 120, together=4)) == 1.0


def test_half_a_change_is_no_better_known_than_a_whole_one() -> None:
    """A figure that is no 0/1 is taken by how far it moved."""
    halves = PairedDifferences((-0.5,) * 10 + (0.0,) * 90, tuple(map(str, range(100))))
    assert lower_bound(halves) == pytest.approx(lower_bound(pairs(0, 5, 100)), abs=1e-9)
