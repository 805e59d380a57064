"""Splits by group hash, and the guard that keeps the holdout out."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.dataset.firewall.assignment import Assignment
from gpu_runner.dataset.firewall.questions import NEAR, SAME
from gpu_runner.dataset.rows import EvaluationItem
from gpu_runner.dataset.split import HOLDOUT_GROUP, HoldoutGuard, split_of, splits
from schemas.holdout import is_holdout

KEY = b"the key of these tests"
ITEM = EvaluationItem("h", "holdout", "When was the Rampur Library founded?", ("1774",), "en", "rampur")


@given(st.text(max_size=20), st.integers(0, 10))
def test_the_split_of_a_group_is_stable(group: str, seed: int) -> None:
    """Spelling and neighbours change nothing: the group and the seed decide."""
    assert split_of(f"  {group} ", seed=seed) == split_of(group, seed=seed)


def test_the_shares_are_80_10_10() -> None:
    """Over 3,000 groups each share is within 3 points of its percentage."""
    shares = Counter(split_of(f"document {number}", seed=0) for number in range(3000))
    assert abs(shares["train"] / 3000 - 0.8) < 0.03
    assert abs(shares["eval"] / 3000 - 0.1) < 0.03
    assert abs(shares["test"] / 3000 - 0.1) < 0.03


def test_few_groups_all_train() -> None:
    """With fewer than ten groups there is nothing to spare."""
    assert set(splits((f"document {number}" for number in range(9)), seed=0).values()) == {"train"}
    assert set(splits((f"document {number}" for number in range(60)), seed=0).values()) == {"train", "eval", "test"}


def test_the_guard_knows_groups_questions_and_near_questions() -> None:
    """A held-out group, the question itself and a rewording are refused; another question passes."""
    guard = HoldoutGuard([ITEM], [("Who built the Red Fort?", "Shah Jahan")], assignment=Assignment(KEY, 10))
    held = next(f"g{number}" for number in range(200) if is_holdout(f"g{number}", key=KEY, percent=10))
    free = next(f"g{number}" for number in range(200) if not is_holdout(f"g{number}", key=KEY, percent=10))
    assert guard.objection("What is new?", "x", held) == HOLDOUT_GROUP
    assert guard.objection(ITEM.question, "1774", free) == SAME
    assert guard.objection("Could you tell me, when was the Rampur Library founded?", "in 1774", free) == NEAR
    assert guard.objection("Who built the Red Fort?", "Shah Jahan", free) is None


def test_an_item_of_another_set_is_not_guarded_by_likeness() -> None:
    """Old facts are kept out by their exact question alone: training on likenesses of them is what replay is for."""
    old_fact = EvaluationItem("o", "old_facts", ITEM.question, ITEM.answers, "en", "x")
    guard = HoldoutGuard([old_fact], [], assignment=Assignment(KEY, 0))
    assert guard.objection(ITEM.question, "1774", "x") is None
