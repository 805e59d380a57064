from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.grounding.material import FactPassage
from bench.grounding.negation import affirmed, negated
from bench.grounding.number_words import READ, spell
from bench.grounding.numbers_in import changed, numbers_in
from bench.grounding.several_facts import composed
from bench.grounding.single_fault import SINGLE_FAULTS
from bench.grounding.units import exchanged_unit

EN = FactPassage(
    "bridge/0",
    "en",
    "xquad",
    "bridge",
    "",
    (
        "The old bridge was built in 1857 by John Weeks in Boston.",
        "However, it was not opened to all citizens before 1861.",
        "Later the bridge was sold to Harvard for 12 million dollars.",
        "All visitors pay 5 dollars in Cambridge.",
    ),
)
HI = FactPassage(
    "bridge/0",
    "hi",
    "xquad",
    "bridge",
    "",
    (
        "पुराना पुल 1857 में लंदन में बनाया गया था।",
        "पुल को 1861 से पहले नहीं खोला गया था।",
        "सभी यात्री पेरिस में 5 डॉलर देते हैं।",
        "पुल की लंबाई 12 किलोमीटर है।",
    ),
)


@pytest.mark.parametrize(
    ("sentence", "language", "denied"),
    [
        ("The game was played in Denver.", "en", "The game was not played in Denver."),
        ("She can swim across the river.", "en", "She cannot swim across the river."),
        ("The team won the last game easily.", "en", "The team did not win the last game easily."),
        ("The set contains two numbers.", "en", "The set does not contain two numbers."),
        ("The heat needed for boiling can be derived from coal.", "en", "The heat needed for boiling cannot be derived from coal."),
        ("उन्होंने विचारों को प्रकाशित किया।", "hi", "उन्होंने विचारों को प्रकाशित नहीं किया।"),
        ("यह यंत्र उपयोगी है।", "hi", "यह यंत्र उपयोगी नहीं है।"),
        ("इसका उपयोग किया जा सकता है।", "hi", "इसका उपयोग नहीं किया जा सकता है।"),
        ("शहर बढ़ रहा है।", "hi", "शहर नहीं बढ़ रहा है।"),
        ("They never came back.", "en", None),
        ("वह कभी नहीं आया।", "hi", None),
    ],
)
def test_a_negation_is_put_where_the_language_has_it(sentence: str, language: str, denied: str | None) -> None:
    """Before the verb group in Hindi, behind the first auxiliary in English; a sentence that denies something is left alone."""
    assert negated(sentence, language) == denied


@pytest.mark.parametrize("passage", [EN, HI])
def test_a_negation_put_in_can_be_taken_out(passage: FactPassage) -> None:
    """Both rules know the same grammar."""
    for sentence in passage.sentences:
        denied = negated(sentence, passage.language)
        if denied is not None:
            assert affirmed(denied, passage.language) == sentence


@given(number=st.integers(2, 10**9), language=st.sampled_from(("hi", "en")))
def test_numbers_in_words_are_told_apart(number: int, language: str) -> None:
    """A number and its neighbour have different words, and a single word is read as what was spelled."""
    words = spell(number, language)
    assert words != spell(number + 1, language)
    if " " not in words and "-" not in words:
        assert READ[language][words] == number


@given(st.integers(2, 99_999), st.integers(0, 1000), st.sampled_from(("hi", "en")))
def test_a_changed_number_is_of_the_same_form_and_has_another_value(value: int, seed: int, language: str) -> None:
    """As many digits, commas where they were; a taken value is not given."""
    text = f"{value:,}"
    (number,) = numbers_in(text, language)
    new = changed(number, (value + 1,), language, random.Random(seed))
    assert new is not None
    (found,) = numbers_in(new, language)
    assert found.value not in (value, value + 1)
    assert len(new) == len(text)
    assert [place for place, sign in enumerate(new) if sign == ","] == [place for place, sign in enumerate(text) if sign == ","]


@pytest.mark.parametrize(
    ("sentence", "language", "rights", "wrongs"),
    [
        (
            "It is 5 km long.",
            "en",
            {"It is 5 km long.", "It is 5 kilometres long.", "It is 5 kilometers long."},
            {"m", "cm", "miles", "mi"},
        ),
        ("यहाँ 5 मिलियन लोग हैं।", "hi", {"यहाँ 5 मिलियन लोग हैं।", "यहाँ 50 लाख लोग हैं।"}, {"हजार", "हज़ार", "लाख", "करोड़", "अरब", "बिलियन"}),
    ],
)
def test_a_unit_is_said_otherwise_or_exchanged(sentence: str, language: str, rights: set[str], wrongs: set[str]) -> None:
    """The right one means the same length or count, the wrong one another."""
    made = [exchanged_unit(sentence, language, random.Random(seed)) for seed in range(40)]
    assert {edit.right for edit in made if edit} == rights
    assert {edit.wrong.split()[3 if language == "en" else 2] for edit in made if edit} <= wrongs


@pytest.mark.parametrize("passage", [EN, HI])
@pytest.mark.parametrize("kind", SINGLE_FAULTS)
def test_each_kind_makes_a_pair_of_some_sentence(kind: str, passage: FactPassage) -> None:
    """In both languages; the wrong claim is another one."""
    whole = FactPassage(passage.key, passage.language, passage.corpus, passage.article, " ".join(passage.sentences), passage.sentences)
    made = [SINGLE_FAULTS[kind](sentence, whole, random.Random(seed)) for sentence in whole.sentences for seed in range(5)]
    assert any(made)
    assert all(edit.wrong != edit.right for edit in made if edit)


def test_a_moved_negation_has_the_words_of_the_right_claim() -> None:
    """Only their order tells which of two numbers is denied."""
    passage = FactPassage("b", "en", "xquad", "b", " ".join(EN.sentences), EN.sentences)
    made = [SINGLE_FAULTS["moved_negation"](EN.sentences[0], passage, random.Random(seed)) for seed in range(100)]
    found = [edit for edit in made if edit]
    assert found
    assert all(sorted(re.findall(r"\w+", edit.right)) == sorted(re.findall(r"\w+", edit.wrong)) for edit in found)


@pytest.mark.parametrize("passage", [EN, HI])
def test_one_sentence_of_an_answer_of_several_facts_is_wrong(passage: FactPassage) -> None:
    """Both answers have at least two sentences, and differ."""
    edit = composed(
        FactPassage(passage.key, passage.language, "ewt", "b", " ".join(passage.sentences), passage.sentences), random.Random(3)
    )
    assert edit is not None
    assert edit.right != edit.wrong
    assert edit.right.count("।" if passage.language == "hi" else ". ") >= 1
