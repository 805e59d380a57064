"""How a sentence is read: quantities with their units in digits and words, names, denials, sounds."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.text.grounding.number_words import value_of
from gpu_runner.text.grounding.reading import read_sentence, read_sentences
from gpu_runner.text.grounding.stems import skeleton, stem
from gpu_runner.text.grounding.units import same_quantity


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("It has twenty-one towers and three hundred and five rooms.", ["21", "305"]),
        ("In nineteen ninety-eight and in nineteen oh five.", ["1998", "1905"]),
        ("two thousand and five, eighteen twelve", ["2005", "1812"]),
        ("१,००,००० रुपये और साढ़े तीन लाख लोग", ["100000", "350000"]),
        ("डेढ़ सौ, ढाई हज़ार, सवा लाख, पौने दो करोड़", ["150", "2500", "125000", "17500000"]),
        ("उन्नीस सौ अट्ठानवे में दो लाख पचास हज़ार", ["1998", "250000"]),
        ("$5.5 million and 20%", ["5500000", "20"]),
        ("15 अगस्त 1947", ["15", "8", "1947"]),
        ("May 18, 1999, and it may rain", ["5", "18", "1999"]),
        ("the 2018–19 season and the 19th century", ["2018", "2019", "19"]),
        ("-5 degrees, F-16", ["-5", "16"]),
        ("One of them came first a second later.", []),
    ],
)
def test_numbers_in_words_and_digits_are_quantities(text: str, values: list[str]) -> None:
    """Every spelling of a number gives its value; what may be another word is not sure to be one."""
    assert [str(one.value) for one in read_sentence(text).quantities if one.sure] == values


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((5, "km"), (5000, "metre"), True),
        ((5, "किमी"), (5, "kilometres"), True),
        ((5, "km"), (5, "miles"), False),
        ((20, "%"), (20, "प्रतिशत"), True),
        ((20, "$"), (20, "€"), False),
        ((5, "km"), (5, None), None),
        ((5, None), (6, None), False),
    ],
)
def test_units_are_reckoned_in_each_other(one: tuple[int, str], other: tuple[int, str | None], same: bool | None) -> None:
    """One quantity in two units is the same; one number of two units is not; without a unit nothing is known."""
    assert same_quantity(Fraction(one[0]), one[1], Fraction(other[0]), other[1]) is same


@pytest.mark.parametrize(
    ("latin", "devanagari", "alike"),
    [("kolkata", "कोलकाता", True), ("gandhi", "गांधी", True), ("wallich", "वालिच", True), ("delhi", "आगरा", False), ("agra", "मथुरा", False)],
)
def test_a_name_sounds_alike_in_both_scripts(latin: str, devanagari: str, alike: bool) -> None:
    """Its consonants are the same."""
    assert (skeleton(latin) == skeleton(devanagari)) is alike


@pytest.mark.parametrize(
    ("one", "other"),
    [("founded", "founding"), ("hated", "hates"), ("cities", "city"), ("लड़कियों", "लड़की"), ("दीर्घाओं", "दीर्घा"), ("won", "wins")],
)
def test_forms_of_a_word_have_one_stem(one: str, other: str) -> None:
    """Number, case and tense make no difference."""
    assert stem(one) == stem(other)


def test_names_and_denials_are_marked() -> None:
    """A capital within a sentence is a name; a denial is no content word."""
    words = {word.text: word for word in read_sentence("Now Akbar didn't visit Agra, यह नहीं है").words}
    assert [word.text for word in words.values() if word.name] == ["Akbar", "Agra"]
    assert [word.text for word in words.values() if word.denies] == ["didn't", "नहीं"]


@given(st.text(max_size=80))
def test_any_text_is_read(text: str) -> None:
    """Whatever the characters, places and ends lie within the sentence and nothing is raised."""
    for sentence in read_sentences([text]):
        assert [word.place for word in sentence.words] == list(range(len(sentence.words)))
        assert all(0 <= one.place < one.end <= len(sentence.words) for one in sentence.quantities)


@given(st.integers(min_value=21, max_value=99).filter(lambda number: number % 10))
def test_tens_and_ones_add_up(number: int) -> None:
    """Every English number of two words."""
    tens = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")[number // 10 - 2]
    ones = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")[number % 10 - 1]
    assert value_of([tens, ones]) == number
