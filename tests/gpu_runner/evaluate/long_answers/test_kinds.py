"""Short answers, long ones and preferences: which is which, and the rule of a preference."""

from __future__ import annotations

import math

import pytest

from gpu_runner.dataset.rows import EvaluationItem
from gpu_runner.evaluate.long_answers.kinds import kind_of, preference_fixed

SENTENCE = "The fort was built by Leela Farrow in 1912."


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        (("Shah Jahan",), "short"),
        (("He built it.",), "short"),
        (("the abolition of slavery and the free movement of all peoples in it",), "short"),
        (("सत्रहवीं सदी के मध्य में आगरा शहर में",), "short"),
        ((SENTENCE,), "long"),
        (("यह क़िला लीला फ़ैरो ने 1912 में बनवाया था",), "long"),
        ((SENTENCE, "1912"), "short"),
        (("word " * 25,), "long"),
    ],
)
def test_an_answer_is_long_where_it_is_more_than_a_phrase(answers: tuple[str, ...], kind: str) -> None:
    """By a finite sentence of six words, or by very many words; a phrase among the references is what is asked for."""
    assert kind_of(EvaluationItem("i", "repair", "q", answers, "en", "g")) == kind


@pytest.mark.parametrize(("margin", "fixed"), [(0.5, True), (0.0, False), (-0.1, False), (math.nan, False)])
def test_a_preference_is_fixed_where_the_chosen_answer_is_likelier(margin: float, fixed: bool) -> None:
    """By the mean log-probability of a token; a tie and NaN are not fixed."""
    assert preference_fixed(margin) is fixed
