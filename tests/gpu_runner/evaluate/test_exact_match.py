"""Exact match and F1 over references."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.evaluate.exact_match import MISSING, score_answer, token_f1


def test_the_best_reference_counts() -> None:
    """Any right answer is right."""
    score = score_answer("आगरा।", ["दिल्ली", "आगरा"], "hi")
    assert (score.exact_match, score.f1, score.em_guarded, score.em_squad) == (1, 1, 1, 0)


def test_the_numeric_guard_stands_between_em_and_the_gate() -> None:
    """MLQA takes 5.5 for 55; the gate's exact match does not."""
    score = score_answer("५५", ["५.५"], "hi")
    assert (score.exact_match, score.em_guarded, score.em_lenient, score.f1_lenient) == (1, 0, 0, 0)


def test_a_missing_answer_scores_nothing() -> None:
    """No answer is 0 on every metric, an empty one too."""
    assert score_answer(None, ["x"], "en") == MISSING
    assert score_answer("", ["x"], "en") == MISSING


def test_an_item_without_references_is_refused() -> None:
    """It would count as a failure of the model."""
    with pytest.raises(ValueError, match="answers is empty"):
        score_answer("x", [], "en")


@pytest.mark.parametrize(("one", "other", "f1"), [("", "", 1), ("a", "", 0), ("", "a", 0), ("a b", "b c", 0.5), ("a a", "a", 2 / 3)])
def test_token_f1_at_its_edges(one: str, other: str, f1: float) -> None:
    """Both empty is 1, one empty 0; repeated tokens count as often as they come in both."""
    assert token_f1(one, other) == pytest.approx(f1)


@given(st.text(max_size=15), st.text(min_size=1, max_size=15), st.sampled_from(["hi", "en"]))
def test_scores_are_shares_and_the_guard_only_takes_away(prediction: str, reference: str, language: str) -> None:
    """Every score is within 0 and 1, the guarded one never above MLQA's, and the reference itself is right."""
    score = score_answer(prediction, [reference], language)
    assert all(0 <= value <= 1 for value in vars(score).values())
    assert score.em_guarded <= score.exact_match
    assert score_answer(reference, [reference], language).em_guarded == 1
