"""A question with its passages as the model sees it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.dataset.conversation import asked_in_other_words, with_passages

WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)


@given(WORDS, st.lists(WORDS, max_size=5), st.none() | WORDS)
def test_no_word_is_lost_or_changed(question: str, passages: list[str], system: str | None) -> None:
    """Passages in their order, numbered, then the question at the end, line breaks and spaces as they were given."""
    *before, asked = with_passages(question, passages, system)
    assert [dict(message) for message in before] == ([] if system is None else [{"role": "system", "content": system}])
    rest = asked["content"]
    for number, passage in enumerate(passages, 1):
        assert rest.startswith(f"[{number}] {passage}\n\n")
        rest = rest[len(f"[{number}] {passage}\n\n") :]
    assert rest == question


def test_a_bare_question_is_a_conversation_of_its_own() -> None:
    """Without passages and system prompt nothing is added."""
    assert with_passages("कहाँ?\nabout what", []) == ({"role": "user", "content": "कहाँ?\nabout what"},)


@given(WORDS, WORDS, st.lists(WORDS, max_size=5), st.none() | WORDS)
def test_another_wording_stands_where_the_question_stood(question: str, wording: str, passages: list[str], system: str | None) -> None:
    """And nothing else of the conversation changes, what came before and behind the turn included."""
    before = ({"role": "user", "content": wording}, {"role": "assistant", "content": question})
    behind = ({"role": "tool", "content": question},)
    given = (*before, *with_passages(question, passages, system), *behind)
    assert asked_in_other_words(given, question, wording) == (*before, *with_passages(wording, passages, system), *behind)


def test_a_turn_that_does_not_end_with_its_question_is_not_reworded() -> None:
    """What the frontend made of the question is not known; a bare question stays one."""
    assert asked_in_other_words(({"role": "user", "content": "Where? Answer briefly."},), "Where?", "Tell me where.") is None
    assert asked_in_other_words((), "Where?", "Tell me where.") == ()
