"""What is the same answer and what is another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.collect.worth.sameness import say_the_same, says_nothing


@pytest.mark.parametrize(
    ("one", "other"),
    [("The Ganges.", "ganges"), ("१,००,०००", "100000"), ("हाँ।", "हाँ"), ("50 %", "50%"), ("9 to 5", "9  to 5!"), ("कि\u200dला", "किला")],
)
def test_what_a_reader_calls_the_same(one: str, other: str) -> None:
    """Marks, case, articles, digits' script, commas of thousands and joiners make no difference, either way round."""
    assert say_the_same(one, other)
    assert say_the_same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("A+", "A-"), ("5.5", "55"), ("C#", "C"), ("-5", "5"), ("हिंदी", "हिंद"), ("1947", "1948"), ("5%", "5"), ("a < b", "a > b")],
)
def test_what_changes_the_answer(one: str, other: str) -> None:
    """A sign, a point, a grade, a vowel sign or a comparison makes another answer."""
    assert not say_the_same(one, other)


@given(st.text(max_size=80))
def test_a_text_is_the_same_as_itself_in_capitals_and_with_marks_about_it(text: str) -> None:
    """Nothing about a text makes it differ from itself with white space around it."""
    assert say_the_same(text, f"  {text}\n")


@given(st.text(alphabet=st.characters(categories=("P", "Z", "S", "C")), max_size=30))
def test_marks_and_symbols_say_nothing(text: str) -> None:
    """Without a letter or digit there is no answer."""
    assert says_nothing(text)
