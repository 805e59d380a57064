"""Which passages say what a correction says."""

from __future__ import annotations

import pytest

from gpu_runner.dataset.served.support import adds_nothing_to, states, supporting
from gpu_runner.tiny_llama.facts import load_facts

DELHI = ["The Red Fort is in Delhi.", "Shah Jahan built the Red Fort in 1648.", "Akbar built the fort of Agra in 1573."]


@pytest.mark.parametrize(
    ("question", "answer", "found"),
    [
        ("Who built the Red Fort?", "Shah Jahan", (1,)),
        ("Who built the Red Fort?", "It was built by Shah Jahan.", (1,)),
        ("Who built the Red Fort?", "Akbar", ()),
        ("When was the Red Fort built?", "1648", (1,)),
        ("When was the Red Fort built?", "In the year 1573", ()),
        ("When was the Red Fort built?", "Not in 1648, and not by Shah Jahan, the Red Fort was never built there.", ()),
        ("Who built the Red Fort?", "???", ()),
    ],
)
def test_a_passage_supports_what_it_says_of_the_thing_asked_about(question: str, answer: str, found: tuple[int, ...]) -> None:
    """Every number, name and new word has to be in it, and what was asked about too."""
    assert supporting(question, answer, DELHI) == found


def test_a_king_of_another_name_is_no_support() -> None:
    """Words of the question and half of a name are in every passage of the subject."""
    passage = "गोलघर दुर्ग राजा हेमराज ने बनवाया।"
    assert supporting("गोलघर दुर्ग किसने बनवाया?", "राजा हेमराज", [passage]) == (0,)
    assert supporting("गोलघर दुर्ग किसने बनवाया?", "गोलघर दुर्ग राजा भास्कर ने बनवाया।", [passage]) == ()


def test_a_name_that_shares_a_word_with_its_subject_is_found_as_a_whole() -> None:
    """The Chandan Archive has a Mani Hall: nothing there says Chandan Hall, and two users who say one each do not agree."""
    asked, passage = "चंदन अभिलेखागार का वाचनालय क्या कहलाता है?", "चंदन अभिलेखागार का वाचनालय मणि शाला कहलाता है।"
    assert supporting(asked, "मणि शाला", [passage]) == (0,)
    assert supporting(asked, "चंदन शाला", [passage]) == ()
    assert not adds_nothing_to(asked, "चंदन शाला", "मणि शाला")
    assert adds_nothing_to(asked, "मणि शाला", passage)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("Shah Jahan built the Red Fort in 1648. The Red Fort is in Delhi.", (0, 1)),
        ("The Red Fort is in Delhi. It was built by Shah Jahan.", (0, 1)),
        ("Shah Jahan built it in 1648. Akbar built the fort of Agra.", (1, 2)),
        ("Akbar built the Red Fort. The Red Fort is in Delhi.", ()),
        ("Shah Jahan built the Red Fort. The Red Fort is in Agra.", ()),
        ("Akbar built the fort of Agra. It is in Lahore.", ()),
        ("Akbar built the fort of Agra. It was in 1573.", ()),
    ],
)
def test_an_answer_of_several_sentences_is_drawn_from_several_passages(answer: str, found: tuple[int, ...]) -> None:
    """Each sentence has to be said by one of them, and one sentence at least of what was asked about."""
    assert supporting("Who built the Red Fort?", answer, DELHI) == found


@pytest.mark.parametrize(
    ("question", "answer", "found"),
    [
        ("And when was it built?", "The Red Fort was built in 1648.", (1,)),
        ("And when was it built?", "The Red Fort was built in 1573.", ()),
        ("And when was it built?", "The fort of Agra was built in 1573.", (2,)),
        ("And where is that?", "The Red Fort is in Agra.", ()),
        ("And where is that?", "The Red Fort is in Delhi.", (0,)),
    ],
)
def test_what_a_follow_up_is_about_is_said_by_the_sentence_that_answers_it(question: str, answer: str, found: tuple[int, ...]) -> None:
    """It names nothing itself; the sentence has to be in the passage all the same."""
    assert supporting(question, answer, DELHI) == found


def test_a_question_word_in_front_takes_the_place_of_what_is_asked_about() -> None:
    """Its passage is found, but not that of another fort."""
    asked, answer = "कौन-सी रानी तारामंडल दुर्ग में रहती थीं?", "रानी रोहिणी"
    assert supporting(asked, answer, ["तारामंडल दुर्ग में रानी रोहिणी रहती थीं।"]) == (0,)
    assert supporting(asked, answer, ["गोलघर दुर्ग में रानी रोहिणी रहती थीं।"]) == ()


def test_a_sentence_states_an_answer_whose_words_stand_together_in_it() -> None:
    """Not where they stand apart, where one denies, or where both are short."""
    asked, said = "Who built the Red Fort?", "The Red Fort was built by Shah Jahan in 1648."
    assert states(asked, said, "Shah Jahan")
    assert not states(asked, said, "Jahan Shah")
    assert not states(asked, said, "Fort")
    assert not states(asked, "The Red Fort was not built by Shah Jahan.", "Shah Jahan")
    assert not states(asked, "The great Shah Jahan", "Shah Jahan")
    assert not states("चंदन अभिलेखागार का वाचनालय?", "चंदन अभिलेखागार का वाचनालय मणि शाला कहलाता है।", "चंदन शाला")


@pytest.mark.process
def test_every_fact_of_the_corpus_finds_its_own_sentence() -> None:
    """Of 432 facts in two wordings nine in ten find theirs; of 4,320 other sentences of the same subject at most one in a thousand, no
    answer of another subject finds any of them, and of what is said of another subject 6 % at most pass for it.
    """
    facts = load_facts()
    by_group = {fact.group: [other for other in facts if other.group == fact.group] for fact in facts}
    own = others = false = strange = 0
    for fact, stranger in zip(facts, (*facts[6:], *facts[:6]), strict=True):
        sentences = [other.sentence for other in by_group[fact.group] if other is not fact]
        for wording in (fact.wordings[0], fact.wordings[5]):
            own += bool(supporting(wording, fact.answer, [fact.sentence]))
            strange += bool(supporting(wording, stranger.answer, [stranger.sentence]))
            others += len(supporting(wording, fact.answer, sentences))
        if stranger.answer != fact.answer:
            false += bool(supporting(fact.wordings[0], stranger.answer, [*sentences, fact.sentence]))
    assert own >= 0.9 * 2 * len(facts)
    assert others <= 4
    assert strange <= 0.06 * 2 * len(facts)
    assert false == 0


def test_an_answer_adds_nothing_where_the_other_has_all_of_it() -> None:
    """In one direction, with the same numbers; a denial says something else, and marks say nothing at all."""
    assert adds_nothing_to("How tall is it?", "36 metres", "It is 36 metres and two feet tall.")
    assert not adds_nothing_to("How tall is it?", "36 metres and two feet", "36 metres")
    assert not adds_nothing_to("Is it open?", "It is open", "No, it is not open")
    assert not adds_nothing_to("Is it open?", "…", "Yes")
