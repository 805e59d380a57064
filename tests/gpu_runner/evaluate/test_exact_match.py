"""Exact match and F1 over references."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.evaluate.exact_match import MISSING, score_answer
from gpu_runner.text.token_f1 import token_f1


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


@pytest.mark.parametrize("answer", ["", "the", "!", "\u200b", "Agra"])
@pytest.mark.parametrize("reference", ["A", ".", "The", "।"])
def test_k5_an_answer_that_says_nothing_does_not_equal_a_reference_of_which_the_rules_leave_nothing(answer: str, reference: str) -> None:
    """Both are compared as they are given: only the reference itself is right."""
    score = score_answer(answer, [reference], "en")
    assert (score.exact_match, score.f1, score.em_guarded, score.em_squad, score.f1_squad) == (0, 0, 0, 0, 0)
    right = score_answer(f" {reference} ", [reference], "en")
    assert (right.exact_match, right.f1, right.em_guarded) == (1, 1, 1)


def test_k5_a_reference_of_which_the_rules_leave_nothing_is_left_out_where_others_remain() -> None:
    """An empty answer matches neither; the other reference is as right as before."""
    assert score_answer("", ["The", "Agra"], "en").exact_match == 0
    assert score_answer("the", ["The", "Agra"], "en").f1 == 0
    assert score_answer("agra.", ["The", "Agra"], "en").em_guarded == 1


@pytest.mark.parametrize(
    ("answer", "reference"),
    [("A+", "A-"), ("A", "A+"), ("AB-", "AB+"), ("C#", "C++"), ("50%", "50"), ("$5", "5"), ("<5", ">5"), ("km/h", "kmh"), ("A*", "A")],
)
@pytest.mark.parametrize("language", ["hi", "en"])
def test_k5_marks_with_a_meaning_are_kept_in_the_guarded_score(answer: str, reference: str, language: str) -> None:
    """The score that the gate counts, and the lenient one, tell them apart both ways."""
    for one, other in ((answer, reference), (reference, answer)):
        score = score_answer(one, [other], language)
        assert (score.em_guarded, score.em_lenient) == (0, 0)
    assert score_answer(answer, [reference, answer], language).em_guarded == 1


@pytest.mark.parametrize(
    ("answer", "reference"), [(".5", "5"), ("1 / 4", "1 4"), ("-.5", "5"), ("5E-3", "5E3"), ("10^5", "10 5"), ("५E-३", "५E३"), (".५", "५")]
)
@pytest.mark.parametrize("language", ["hi", "en"])
def test_k12_numbers_that_differ_are_apart_in_the_guarded_score(answer: str, reference: str, language: str) -> None:
    """The published rules may call them equal; the score that the gate counts does not, either way."""
    for one, other in ((answer, reference), (reference, answer)):
        score = score_answer(one, [other], language)
        assert (score.em_guarded, score.em_lenient) == (0, 0)
        assert score_answer(one, [one], language).em_guarded == 1


def test_k5_the_published_rules_stay_as_published() -> None:
    """MLQA's exact match deletes the mark, as its script does; only the guard sees it. Emphasis and dashes mean nothing."""
    score = score_answer("A+", ["A-"], "hi")
    assert (score.exact_match, score.f1, score.em_guarded) == (1, 1, 0)
    for same in ("**Agra**", "Agra -", "(Agra)", "“Agra”"):
        assert score_answer(same, ["Agra"], "en").em_guarded == 1


@pytest.mark.parametrize(
    ("precomposed", "decomposed"), [("\u095b", "\u091c\u093c"), ("\u095c", "\u0921\u093c"), ("\u0929", "\u0928\u093c")]
)
def test_k5_a_nukta_letter_is_one_text_in_both_normal_forms(precomposed: str, decomposed: str) -> None:
    """Precomposed in the reference and decomposed in the answer, or the other way round: right by every rule."""
    for one, other in ((precomposed, decomposed), (decomposed, precomposed)):
        score = score_answer(f"सब{one}ी", [f"सब{other}ी"], "hi")
        assert set(vars(score).values()) == {1}


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
