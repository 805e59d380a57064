"""The simulation of the gate, in short: a few cells, decided on rows and on counts alike."""

from __future__ import annotations

import pytest

from bench.gate.cells import Cell, at_the_needed_number
from bench.gate.drivers import share_named
from bench.gate.lineages import lineages
from bench.gate.primary import beside_mcnemar, share_found


@pytest.mark.parametrize("sizes", [(40, 40, 40), (40, 300, 100)])
def test_a_good_candidate_over_unharmed_guards_is_promoted(sizes: tuple[int, int, int]) -> None:
    """Nineteen in twenty and more, where 3 % of the items change; each decision on counts is that on rows."""
    assert Cell(100, 0.2, sizes, 0.03).measure(300, 1, 5)["promote"] >= 0.95


@pytest.mark.parametrize(("size", "loss"), [(300, 0.05), (100, 0.10), (40, 0.20)])
def test_a_guard_that_is_worse_by_its_margin_is_let_pass_once_in_twenty(size: int, loss: float) -> None:
    """Pooled with guards of 300, one of 40 that loses 20 points would pass in half of the cases."""
    assert Cell(300, 0.2, (size, 300, 300), 0.05, harmed=0, loss=loss).measure(400, 2, 2)["promote"] <= 0.09


def test_losses_that_add_up_are_noticed_and_quiet_lineages_go_on() -> None:
    """Two points a round are found by the fifth; without a loss few of ten rounds are refused."""
    assert lineages(0.03, 0.02, 60, 3)["not_promoted_by_round_5"] >= 0.9
    assert lineages(0.03, 0.0, 60, 4)["rejected_by_round_10"] <= 0.15


def test_the_planted_slice_is_named() -> None:
    """One topic of twelve that lost 20 points."""
    assert share_named("topic", 0.03, 40, 5) >= 0.8


def test_the_primary_is_mcnemars_test_at_groups_of_one() -> None:
    """The same power on the same draws; over clusters its size holds."""
    found = beside_mcnemar(60, 0.15, 200, 6)
    assert found["power"] == found["mcnemar"]
    assert share_found(60, 0.0, 200, 7) <= 0.1


def test_with_the_items_that_are_needed_it_is_promoted() -> None:
    """Too few abstain; with as many as that says, four in five are promoted."""
    found = at_the_needed_number(0.1, 200, 20, 8)
    assert found["abstain"] > 0
    assert found["promoted_with_them"] >= 0.8
