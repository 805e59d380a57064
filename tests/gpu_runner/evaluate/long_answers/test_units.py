"""What a text is made of: numbers however written, names over scripts, forms and synonyms, denials."""

from __future__ import annotations

import pytest

from gpu_runner.evaluate.long_answers.spelling import skeleton, spelled
from gpu_runner.evaluate.long_answers.stems import stem
from gpu_runner.evaluate.long_answers.units import Unit, units_of


def number(text: str) -> frozenset[str]:
    """The keys of the only number of a text."""
    (found,) = units_of(text).of("number")
    return found.keys


def unit(text: str, of: str) -> Unit:
    """The unit of a text that has these words."""
    return next(one for one in units_of(text).units if one.text == of)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12,000 visitors", "twelve thousand visitors"),
        ("1,00,000 रुपये", "एक लाख रुपये"),
        ("1.5 lakh rupees", "150,000 rupees"),
        ("डेढ़ लाख", "१,५०,०००"),
        ("साढ़े तीन करोड़", "3.5 crore"),
        ("nineteen forty-seven", "1947"),
        ("उन्नीस सौ सैंतालीस", "१९४७"),
        ("half an hour", "30 minutes"),
        ("1.5 km", "1500 metres"),
        ("5 pm", "17:00"),
        ("साढ़े नौ बजे", "9:30"),
        ("the twenty-first of it", "the 21st of it"),
        ("पाँचवीं बार", "5वीं बार"),
        ("two hundred and five trees", "205 trees"),
        ("2 लाख 50 हज़ार", "2,50,000"),
        ("in August", "अगस्त में"),
        ("on Monday", "सोमवार को"),
        ("two and a half litres", "2500 ml"),
    ],
)
def test_a_number_is_one_however_it_is_written(one: str, other: str) -> None:
    """Words and digits, lakh and million, units and clocks, Hindi and English."""
    assert number(one) & number(other)


@pytest.mark.parametrize(
    ("one", "other"), [("1947", "1974"), ("12 lakh", "12 hazaar"), ("5.5", "55"), ("June", "July"), ("साढ़े तीन", "सवा तीन")]
)
def test_other_numbers_are_kept_apart(one: str, other: str) -> None:
    """What differs in value shares no key."""
    assert not number(one) & number(other)


def test_words_that_only_look_like_numbers_are_none() -> None:
    """`One of them` and `पहले` count nothing; the modal `may` is no month."""
    assert not units_of("One of them may come. पहले एक राजा था।").of("number")


def test_a_name_is_one_over_scripts() -> None:
    """By the consonants, as spellings differ."""
    assert skeleton(spelled("शाहजहाँ")) == skeleton("shahjahan")
    assert unit("इसे शाहजहाँ ने बनवाया।", "शाहजहां").keys & unit("इसे Shahjahan ने बनवाया।", "shahjahan").keys


@pytest.mark.parametrize(
    ("one", "other"),
    [("builds", "built"), ("cities", "city"), ("stopped", "stop"), ("किताबों", "किताब"), ("लड़कियाँ", "लड़की"), ("हिन्दी", "हिंदी")],
)
def test_forms_of_a_word_share_their_stem(one: str, other: str) -> None:
    """Endings and spellings of nasal signs fall."""
    assert stem(spelled(one)) == stem(spelled(other))


def test_synonyms_share_a_key_and_opposites_exclude_each_other() -> None:
    """Phrases too: `set up` is `founded`."""
    assert unit("It was set up here.", "set up").keys & unit("It was founded here.", "founded").keys
    before = unit("Eat before the meal.", "before")
    assert before.opposed & unit("Eat after the meal.", "after").keys
    assert unit("दाम बढ़ा", "बढा").opposed & unit("दाम घटा", "घटा").keys


def test_denials_and_names_are_told() -> None:
    """A denial by a verb is one; the first word of a sentence is a name only where no table has it."""
    found = {one.text: one.kind for one in units_of("Kumar refused to come. He did not open Pune's bank.").units}
    assert (found["kumar"], found["refused"], found["not"], found["pune"]) == ("name", "denial", "denial", "name")
    assert found["bank"] == "content"
