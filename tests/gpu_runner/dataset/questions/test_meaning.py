"""One key for all wordings of a question, and another one for every other question."""

from __future__ import annotations

from collections import defaultdict

import pytest

from gpu_runner.dataset.questions.in_context import asked_in_context, stands_alone, wording_in_context
from gpu_runner.dataset.questions.meaning import kinds_agree, meaning_key
from gpu_runner.dataset.questions.paraphrase import paraphrase, question_key, uncarried
from gpu_runner.tiny_llama.facts import load_facts


@pytest.mark.process
def test_the_reworders_wordings_of_a_question_have_its_key_and_no_other_fact_has() -> None:
    """Of 432 facts in six wordings each, and all that the reworder makes of them."""
    owners = defaultdict(set)
    for fact in load_facts():
        for wording in fact.wordings:
            key = meaning_key(wording)
            owners[key].add(fact.id)
            assert {meaning_key(reworded) for reworded in paraphrase(wording, fact.language)} == {key}
    assert [ids for ids in owners.values() if len(ids) > 1] == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("When was the Lotus Fort built?", "Who built the Lotus Fort?"),
        ("How many steps has the Lotus Fort?", "How has the Lotus Fort steps?"),
        ("Did Rama defeat Ravana?", "Did Ravana defeat Rama?"),
        ("Whom did Akbar defeat?", "Who defeated Akbar?"),
        ("Whose father was Akbar?", "Who was the father of Akbar?"),
        ("Who made C?", "Who made C#?"),
        ("कमल दुर्ग किसने बनवाया?", "कमल दुर्ग कब बनवाया?"),
        ("राजा भास्कर कहाँ थे?", "रानी भास्कर कहाँ थे?"),
    ],
)
def test_other_questions_have_other_keys(one: str, other: str) -> None:
    """What is asked for, an order where a yes or no is asked, and marks with a meaning tell them apart."""
    assert meaning_key(one) != meaning_key(other)


def test_carriers_are_taken_off_however_many_there_are() -> None:
    """In both scripts; a question that is nothing but a carrier's words stays."""
    assert uncarried("नमस्ते, कृपया बताइए, कमल दुर्ग कहाँ है?") == "कमल दुर्ग कहाँ है?"
    assert uncarried("Hello, please tell me: where is it?") == "Where is it?"
    assert question_key(uncarried("Hello, ???"))


def test_kinds_of_answers_agree_where_they_are_the_same() -> None:
    """A person and a time do not, nor does a thing that is named and a place."""
    assert kinds_agree("Who is its founder?", "Who founded it?")
    assert not kinds_agree("Which treasure is it famous for?", "Where is it?")
    assert not kinds_agree("When was it founded?", "Who founded it?")


@pytest.mark.parametrize(
    ("question", "alone"),
    [
        ("Who built the Red Fort?", True),
        ("लाल क़िला किसने बनवाया था?", True),
        ("और उसकी ऊँचाई?", False),
        ("And when was it built?", False),
        ("What is the height?", False),
        ("ऊँचाई कितनी है?", False),
        ("yes", False),
    ],
)
def test_what_means_nothing_by_itself_is_known(question: str, alone: bool) -> None:
    """By a word that points back, a joining word at the start, or too little that it names."""
    assert stands_alone(question) == alone


def test_the_context_is_what_the_user_asked_before() -> None:
    """Not the system prompt, the answers or the passages; a question that stands alone has none."""

    def after(first: str, answer: str = "…") -> list[dict[str, str]]:
        said = (("system", answer), ("user", first), ("assistant", answer), ("user", "last"))
        return [{"role": role, "content": content} for role, content in said]

    assert asked_in_context("And its height?", after("The fort?", "a")) == asked_in_context("And its height?", after("the fort", "b"))
    assert asked_in_context("And its height?", after("The fort?")) != asked_in_context("And its height?", after("The gate?"))
    assert asked_in_context("Who built the Red Fort?", after("Hi")) == asked_in_context("Who built the Red Fort?")
    assert wording_in_context("Who built the Red Fort?", after("Hi")) == question_key("Who built the Red Fort?")
