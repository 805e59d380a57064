"""Which questions mean nothing by themselves."""

from __future__ import annotations

import pytest

from consumers.collect.worth.context import needs_context
from consumers.wire import MessageText


@pytest.mark.parametrize(
    "query",
    ["", "?", "yes", "हाँ", "And when was it built?", "और उसकी ऊँचाई?", "aur uska?", "Who built it?", "why?", "what about the fee?",
     "इसे किसने बनवाया?",
     "tell me more", "and in Delhi?", "aur wo kab bana?"],
)  # fmt: skip
def test_follow_ups_hang(query: str) -> None:
    """Answers, conjunctions and pronouns without a name are about something that was said before."""
    assert needs_context(query)
    assert not needs_context(
        query, [MessageText("user", "Where is the Taj Mahal?"), MessageText("assistant", "In Agra."), MessageText("user", query)]
    )


@pytest.mark.parametrize(
    "query",
    ["When was the Taj Mahal built?", "Is it raining in Delhi?", "यह पांडुलिपि शारदा लिपि में है क्या?", "kya hampi world heritage site hai?",
     "capital of Odisha",
     "And what is the entry fee of the Coral Gate Museum in Port Anmol?", "भारत कब स्वतंत्र हुआ?", "Who is the president of India?"],
)  # fmt: skip
def test_questions_with_a_name_stand(query: str) -> None:
    """A name, or enough words of its own, says what a question is about."""
    assert not needs_context(query)
