"""How answers are made comparable."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gpu_runner.text.normalise import hi_lenient, mlqa, numbers, squad, words

HINDI = st.text(alphabet="कखगमलस्ािीुेो्ंँ़ज़०१५9 ।,.-/\u200d\u200c", max_size=20)


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("नई दिल्ली।", "hi", "नई दिल्ली"),
        ("The Taj Mahal!", "en", "taj mahal"),
        ("The Taj", "hi", "the taj"),
        ("“आगरा” – शहर", "hi", "आगरा शहर"),
        ("a $5 bill", "en", "5 bill"),
    ],
)
def test_mlqa_deletes_punctuation_of_every_script(text: str, language: str, expected: str) -> None:
    """Dandas and curly quotes go; articles go in English alone."""
    assert mlqa(text, language) == expected


def test_squad_keeps_the_danda() -> None:
    """The published ASCII rules see a difference in a danda: that is why they are not the headline."""
    assert squad("नई दिल्ली।") != squad("नई दिल्ली")
    assert squad("The Taj!") == "taj"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("१९५०", "1950"),
        ("क्\u200dष", "क्ष"),
        (unicodedata.normalize("NFD", "क़िला"), "क़िला"),
        ("५.५ कि.मी.।", "5.5 किमी"),
        ("१,००,०००", "100000"),
        ("100,000", "1,00,000"),
        ("NASA ", "nasa"),
    ],
)
def test_hi_lenient_folds_what_a_reader_calls_the_same(one: str, other: str) -> None:
    """Digits, zero-width joiners, normal forms, dandas and group commas make no difference."""
    assert hi_lenient(one) == hi_lenient(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("५.५", "५५"), ("-५", "५"), ("१/२", "१२"), ("10:30", "1030"), ("1990-95", "199095"), ("क़लम", "कलम"), ("हँस", "हंस"), ("1,2", "12")],
)
def test_hi_lenient_keeps_apart_what_differs(one: str, other: str) -> None:
    """Decimals, signs, fractions, times, nuktas and nasal signs are not folded away."""
    assert hi_lenient(one) != hi_lenient(other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("१,००,००० रुपये, -५ और १/२", ("100000", "-5", "1/2")),
        ("in 1990-95 (−3) at 10:30", ("1990", "95", "-3", "10:30")),
        ("H-5 bridge, 3rd", ("5", "3")),
        ("3.50, 4.", ("3.50", "4")),
        ("none", ()),
    ],
)
def test_numbers_are_found_with_sign_and_point(text: str, expected: tuple[str, ...]) -> None:
    """A hyphen after a letter or digit is no sign; a full stop at the end is no point."""
    assert numbers(text) == expected


@given(HINDI)
@example("\u094d\u200c\u093c")
def test_hi_lenient_is_idempotent_and_blind_to_the_normal_form(text: str) -> None:
    """A normalised text stays as it is, and NFD gives what NFC gives."""
    once = hi_lenient(text)
    assert hi_lenient(once) == once
    assert hi_lenient(unicodedata.normalize("NFD", text)) == once


APART = [
    (".5", "5"), (".5", "05"), ("-.5", ".5"), ("-.5", "5"), ("−.5", ".5"), ("1.5", "1 .5"), ("1 / 4", "1 4"), ("1 / 4", "14"),
    ("1/ 4", "1 4"), ("1 : 4", "1 4"), ("5%", "5"), ("5 %", "5"), ("5‰", "5%"), ("0.5%", "5%"), ("−5", "5"), ("−5", "+5"), ("5−3", "53"),
    ("5−3", "5 3"), ("5 − 3", "5 3"), ("5E-3", "5E3"), ("5E−3", "5E3"), ("5e-3", "5 3"), ("5E3", "53"), ("10^5", "10 5"), ("10^5", "105"),
    ("10^-5", "10^5"), ("x=-7", "x=7"), ("(-.5)", "(.5)"),
]  # fmt: skip
SAME = [
    (".5", "0.5"), ("−.5", "-0.5"), ("1 / 4", "1/4"), ("1⁄4", "1/4"), ("1 : 4", "1:4"), ("5 %", "5%"), ("5٪", "5%"), ("−5", "-5"),
    ("5E−3", "5e-3"), ("5e+3", "5E3"), ("+5", "5"), ("٫5", ".5"), ("5.", "5"), ("(5)", "5"), ("...5", "5"), ("p.5", "p5"),
]  # fmt: skip
DEVANAGARI = str.maketrans("0123456789", "०१२३४५६७८९")


@pytest.mark.parametrize(("one", "other"), APART)
def test_k12_numbers_that_differ_are_kept_apart(one: str, other: str) -> None:
    """Points, fractions, percent signs, minus signs and exponents: both ways, in Devanagari digits too, alone and in a sentence."""
    for left, right in ((one, other), (other, one)):
        for text, against in ((left, right), (left.translate(DEVANAGARI), right), (f"लगभग {left}।", f"लगभग {right}")):
            assert hi_lenient(text) != hi_lenient(against)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_k12_one_number_in_two_spellings_is_one(one: str, other: str) -> None:
    """What a reader calls the same number, and what was forgiven before."""
    for left, right in ((one, other), (other, one)):
        for text in (left, left.translate(DEVANAGARI)):
            assert hi_lenient(text) == hi_lenient(right)


MARKS = st.text(alphabet="0159५०.,:/-+−–%٪ ٫⁄#*$<>=^eEAb\u0301ßकि्\u093c\u200d।()", max_size=14)


@given(st.one_of(st.text(max_size=20), MARKS))
@example("A=−7A0$−")
@example("−−/2")
@example("6+b-−30")
@example("7⁄:+1–7-")
@settings(max_examples=400)
def test_k12_hi_lenient_is_a_fixed_point_of_itself(text: str) -> None:
    """Whatever the text: what deleting brought together is settled before the end, and the normal form makes no difference."""
    once = hi_lenient(text)
    assert hi_lenient(once) == once
    assert hi_lenient(unicodedata.normalize("NFD", text)) == once


def test_words_keep_vowel_signs() -> None:
    """A Hindi word is one word, where a regular expression's \\w would cut it into pieces."""
    assert words("हिन्दी में, कि-मी 12वीं") == ("हिन्दी", "में", "कि", "मी", "12वीं")


@pytest.mark.parametrize(("one", "other"), [("A+", "A-"), ("What is C#?", "What is C?"), ("50%", "50"), ("$5", "5"), ("<5", ">5")])
def test_k5_hi_lenient_keeps_marks_with_a_meaning(one: str, other: str) -> None:
    """Questions and corrections are told apart by it, so a mark that changes the meaning is not deleted."""
    assert hi_lenient(one) != hi_lenient(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("A−", "A-"), ("50 %", "50%"), ("**Agra**", "Agra"), ("उत्तर- दिल्ली", "उत्तर दिल्ली"), ("(A+)", "a+."), ("- Agra", "Agra")],
)
def test_k5_marks_that_mean_nothing_are_deleted_as_before(one: str, other: str) -> None:
    """Dashes, emphasis, spacing and the kind of minus make no difference."""
    assert hi_lenient(one) == hi_lenient(other)
