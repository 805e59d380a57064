"""What the users of the real demo ask."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from gpu_runner.tiny_llama.reading import SYSTEM
from ops.demo.real.conversations import (
    FOLLOW_UPS,
    FORM,
    FOUND_PERCENT,
    PASSAGES,
    Conversation,
    conversations,
    followed_up_without,
    without_passage,
)

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def talks() -> list[Conversation]:
    """All conversations of seed 0."""
    return conversations(random.Random(0))


def test_passages_are_of_the_questions_institution_and_mostly_hold_the_answer(talks: list[Conversation]) -> None:
    """Four different ones each, in any order; the share without the answer is the stated one."""
    turns = [turn for talk in talks for turn in talk]
    assert all(len(set(turn.passages)) == PASSAGES for turn in turns)
    assert {fact.group == turn.fact.group for turn in turns for fact in turn.passages} == {True}
    assert sum(turn.found for turn in turns) / len(turns) == pytest.approx(FOUND_PERCENT / 100, abs=0.02)
    assert len({turn.passages.index(turn.fact) for turn in turns if turn.found}) == PASSAGES
    assert len({turn.id for turn in turns}) == len(turns)


def test_a_conversation_is_asked_as_one_with_what_was_said_before(talks: list[Conversation]) -> None:
    """The system prompt once, then each question behind its passages, the model's own answer between them."""
    first, second = next(talk for talk in talks if len(talk) == 2)
    messages = second.messages([*first.messages()[1:], {"role": "assistant", "content": "So it is."}])
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert messages[0]["content"] == SYSTEM[FORM][first.fact.language]
    assert first.messages(form="short")[0]["content"] == SYSTEM["short"][first.fact.language]
    assert messages[1]["content"].endswith(first.question)
    assert messages[3]["content"] == "\n\n".join([*(f"[{n}] {text}" for n, text in enumerate(second.texts, 1)), second.question])


def test_users_ask_in_their_own_words_first(talks: list[Conversation]) -> None:
    """In each wording that no lesson has, every fact once, before any in a lesson's words."""
    unseen = [talk[0].question in talk[0].fact.unseen_wordings for talk in talks]
    own = sum(unseen)
    assert all(unseen[:own])
    assert own == 2 * len(talks) // 6
    assert len({talk[0].question for talk in talks}) == len(talks)


def test_a_follow_up_has_other_answers_in_other_conversations(talks: list[Conversation]) -> None:
    """It names nothing itself, and each of its wordings is asked about several institutions with different answers."""
    asked = [talk[1] for talk in talks if len(talk) == 2]
    assert len(asked) > len(talks) / 6
    assert {turn.question for turn in asked} <= set(FOLLOW_UPS.values())
    answers = Counter(turn.question for turn in {(turn.question, turn.fact.answer): turn for turn in asked}.values())
    assert all(count > 1 for count in answers.values())
    assert not any(turn.fact.name.lower() in turn.question.lower() for turn in asked)


def test_right_is_what_the_passages_say_or_that_they_do_not(talks: list[Conversation]) -> None:
    """In a sentence or in a word; where the passage was not found only an abstention is right."""
    found, lost = (next(talk[0] for talk in talks if talk[0].found is is_found) for is_found in (True, False))
    for answer, with_it, without in ((found.fact.sentence, True, False), ("I don't know.", False, True), ("No.", False, False)):
        assert (found.is_right(answer), lost.is_right(answer)) == (with_it, without)
    assert found.is_right(found.fact.answer)
    assert not lost.is_right(lost.fact.sentence)


def test_without_its_passage_a_question_has_as_many_others_of_its_institution(talks: list[Conversation]) -> None:
    """Those that it had in their order, and another one."""
    turn = next(talk[0] for talk in talks if talk[0].found)
    other = without_passage(turn)
    assert not other.found
    assert len(set(other.passages)) == PASSAGES
    assert {fact.group for fact in other.passages} == {turn.fact.group}
    assert other.passages[: PASSAGES - 1] == tuple(fact for fact in turn.passages if fact is not turn.fact)
    assert without_passage(other) == other


def test_a_follow_up_without_its_passage_finds_its_answer_in_neither_turn(talks: list[Conversation]) -> None:
    """Each turn has its four passages and its question still; where the first answer tells it, nothing is asked."""
    both = [talk for talk in talks if len(talk) == 2]
    assert any(second.fact in first.passages for first, second in both)
    for first, second in both:
        messages = followed_up_without(first, second, "So it is.")
        assert messages is not None
        assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
        assert second.fact.sentence not in str(messages)
        for message, turn in ((messages[1], first), (messages[3], second)):
            assert message["content"].endswith(f"\n\n{turn.question}")
            assert f"[{PASSAGES}] " in message["content"]
        assert followed_up_without(first, second, second.fact.sentence) is None
