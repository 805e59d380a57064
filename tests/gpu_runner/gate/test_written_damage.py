"""Candidate against baseline: who writes more damaged words."""

from __future__ import annotations

import random
from typing import Any

from gpu_runner.gate.written_damage import compare_damage


def rows(more: float) -> list[dict[str, Any]]:
    rng = random.Random(4)
    return [
        {
            "group": str(number // 2),
            "baseline": {"lexical_damaged": rng.expovariate(2), "lexical_words": 10},
            "candidate": {"lexical_damaged": rng.expovariate(2) + more, "lexical_words": 10},
        }
        for number in range(200)
    ]


def test_more_is_told_and_the_same_is_not() -> None:
    """At 1 %; less is not more."""
    assert compare_damage(rows(0.3), seed=0).more
    assert not compare_damage(rows(0.0), seed=0).more
    assert not compare_damage(rows(-0.3), seed=0).more


def test_items_without_a_rate_are_left_out() -> None:
    """Where either side has none; without any item nothing is told."""
    found = compare_damage(
        [*rows(0.3), {"baseline": {"lexical_damaged": None}, "candidate": {"lexical_damaged": 9.0, "lexical_words": 9}}], seed=0
    )
    assert found.items == 200
    assert (compare_damage([], seed=0).p_value, compare_damage([], seed=0).more) == (1.0, False)


def test_one_group_is_one_observation() -> None:
    """All items of one group can't tell more than one pair can."""
    assert not compare_damage([row | {"group": "one"} for row in rows(0.3)], seed=0).more


def test_longer_answers_are_no_more_damaged() -> None:
    """Twice the words at the same rate are not told; the same damage in half of the words is."""
    rng = random.Random(5)

    def answers(words: int, rate: float) -> list[dict[str, float]]:
        return [{"lexical_damaged": rng.expovariate(1 / (rate * words)), "lexical_words": words} for _ in range(200)]

    def compared(baseline: list[dict[str, float]], candidate: list[dict[str, float]]) -> bool:
        pairs = zip(baseline, candidate, strict=True)
        return compare_damage([{"baseline": one, "candidate": other} for one, other in pairs], seed=0).more

    assert not compared(answers(10, 0.03), answers(20, 0.03))
    assert compared(answers(20, 0.03), answers(10, 0.06))
