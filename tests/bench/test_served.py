"""The figures of a round with real feedback."""

from __future__ import annotations

import pytest

from bench.served import GOAL, ROUND, of_the_round

pytestmark = pytest.mark.unit


def test_each_share_of_a_round_is_a_figure_of_its_seed() -> None:
    """With what it was before and what the gate said; the goal is held against what it is after."""
    shares = {
        "right_with_passage": (0.25, 0.95),
        "abstains_without": (1.0, GOAL),
        "follow_up_abstains_without": (0.9, 0.8),
        "same_follow_up_right": (0.0, 0.5),
    }
    result = {"verdict": "promote", **{name: {"before": before, "after": after, "of": 20} for name, (before, after) in shares.items()}}
    figures = of_the_round(3, result)
    assert [(figure.value, figure.met) for figure in figures] == [(0.95, True), (GOAL, True), (0.8, False), (0.5, False)]
    assert all("seed 3" in figure.name and figure.how.endswith("before; promote") for figure in figures)
    assert all(figure.how.startswith("of 20 ") for figure in figures)


def test_a_round_without_a_candidate_has_shown_nothing() -> None:
    """Its figures are there, and none meets its goal."""
    figures = of_the_round(0, {"verdict": None})
    assert len(figures) == len(ROUND)
    assert not any(figure.met for figure in figures)
