"""Short answers, long ones and preferences: which is which, and the rule of a preference."""

from __future__ import annotations

import math

import pytest

from gpu_runner.dataset.rows import EvaluationItem
from gpu_runner.evaluate.long_answers.kinds import kind_of, preference_fixed, preference_margin

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


def test_a_preference_is_fixed_where_the_chosen_answer_is_likelier_by_token() -> None:
    """The longer answer has the lower sum and still wins by its mean; a tie and NaN are not fixed."""
    assert preference_margin([-0.5] * 10, [-1.0] * 3) == pytest.approx(0.5)
    assert preference_fixed(preference_margin([-0.5] * 10, [-1.0] * 3))
    assert not preference_fixed(0.0)
    assert not preference_fixed(math.nan)
    with pytest.raises(ValueError, match="without tokens"):
        preference_margin([], [-1.0])
