"""What a question asks for, and how an answer stands to it."""

from __future__ import annotations

import pytest

from gpu_runner.text.grounding.answer_traits import answer_traits
from gpu_runner.text.grounding.asked_for import asked_nouns, beside, repeats_what_is_asked
from gpu_runner.text.grounding.evidence import read_sources
from gpu_runner.text.grounding.reading import read_sentence
from gpu_runner.text.grounding.verdict import judged


@pytest.mark.parametrize(
    ("question", "nouns"),
    [
        ("What sea lies to the east?", {"sea", "lie"}),
        ("How many towers does it have?", {"tower"}),
        ("What is the name of the company that bought it?", {"name", "compani"}),
        ("Who built it?", set()),
        ("दुर्ग में कितनी मीनारें हैं?", {"मीनार"}),
        ("वह किस शहर में है?", {"शहर"}),
        ("शहर की जनसंख्या क्या थी?", {"जनसंख्या"}),
        ("दुर्ग से क्या दिखता है?", set()),
        ("क्या?", set()),
    ],
)
def test_the_noun_that_is_asked_by(question: str, nouns: set[str]) -> None:
    """Behind the asking word, an article and an auxiliary let pass; in Hindi also before `क्या`; `से` asks only behind `कौन`."""
    assert asked_nouns(question) == {read_sentence(noun).words[0].stem for noun in nouns}


def test_an_answer_that_says_the_noun_and_one_that_says_only_the_question() -> None:
    """The first speaks for it, the second against."""
    asked = asked_nouns("What sea lies east of the empire?")
    assert repeats_what_is_asked(asked, read_sentence("Sea of Japan"), 0.5) == {"noun_in_answer": 1, "all_from_the_question": 0}
    assert repeats_what_is_asked(asked, read_sentence("the empire"), 1.0) == {"noun_in_answer": 0, "all_from_the_question": 1}


def test_what_stands_beside_an_answer() -> None:
    """The noun behind it, `in` before a place, `ने` behind a person; each only where it was asked for, and none at the borders."""
    towers = asked_nouns("How many towers?")
    said = read_sentence("In Agra the fort has three tall towers")
    assert beside(towers, "number", read_sentence("three"), said, (5, 5)) == {"noun_behind": 1, "before_a_place": 0, "behind_a_person": 0}
    assert beside(towers, "number", read_sentence("towers"), said, (7, 7))["noun_behind"] == 0
    assert beside(frozenset(), "where", read_sentence("Agra"), said, (1, 1))["before_a_place"] == 1
    assert beside(frozenset(), "who", read_sentence("Agra"), said, (1, 1))["before_a_place"] == 0
    king = read_sentence("राजा वज्रदेव ने दुर्ग बनवाया")
    assert beside(frozenset(), "who", read_sentence("वज्रदेव"), king, (1, 1))["behind_a_person"] == 1
    assert beside(frozenset(), "who", read_sentence("दुर्ग"), king, (3, 3))["behind_a_person"] == 0


def test_who_answers_with_the_question_answers_nothing() -> None:
    """Where the sources have no other word of the question. An answer of other words is then judged as a claim: its place tells nothing."""
    sources = read_sources(("Lady Gaga performed the national anthem. The museum opened later.",))
    asked = "Who sang the national anthem?"
    assert judged("the national anthem", sources, asked).supported is False
    assert judged("Lady Gaga", sources, asked).supported is True
    assert judged("Lady Gaga", sources, "Who sang it?").supported is True
    assert not answer_traits(read_sentence("Who sang it?"), read_sentence("Lady Gaga"), sources).asked_there
