"""The answer behind a complaint, and what is left whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.collect.worth.judge import weigh_correction


@pytest.mark.parametrize(
    ("correction", "query", "response", "answer"),
    [
        ("Wrong! It was built by Ashoka.", "Who built the Sanchi Stupa?", "Akbar", "It was built by Ashoka."),
        ("नहीं, 1947", "भारत कब स्वतंत्र हुआ?", "1950", "1947"),
        ("आपका उत्तर गलत है। राजधानी भुवनेश्वर है।", "ओडिशा की राजधानी क्या है?", "कटक", "राजधानी भुवनेश्वर है।"),
        ("12 nahi 34", "ellora me kitni gufayen hain?", "12", "34"),
        ("The correct answer is Mahari.", "Which form is older?", "Kathak", "Mahari."),
        ("सही उत्तर 1861 है", "भारतीय पुरातत्व सर्वेक्षण कब बना?", "1947", "1861"),
        ("Wrong price: ₹600", "What is the entry fee at Khajuraho?", "₹40", "₹600"),
    ],
)
def test_what_follows_a_complaint_is_the_answer(correction: str, query: str, response: str, answer: str) -> None:
    """A verdict, a refusal or what the response said is cut where a mark ends it, or where it is named and refused."""
    assert weigh_correction(query=query, response=response, correction=correction) == (None, answer)


@pytest.mark.parametrize(
    ("correction", "query"),
    [
        ("No, it is closed on Mondays.", "Is the museum open on Mondays?"),
        ("Wrong", "What is the antonym of 'right'?"),
        ("None, there isn't one officially", "What is the national sport of India?"),
        ("It was 1921, not 1947.", "When was the memorial opened?"),
        ("No refund is given.", "What is the fee after a cancellation?"),
        ("1849. Please fix it.", "When was the Sanchi Stupa dug out?"),
        ("Fill in form 4; check the list first.", "How can I apply for a grant?"),
    ],
)
def test_what_could_change_its_meaning_stays_whole(correction: str, query: str) -> None:
    """Answers to yes-or-no questions, single words, negations without a mark, and complaints that come last."""
    assert weigh_correction(query=query, response="", correction=correction) == (None, correction)


@given(st.text(max_size=60), st.text(max_size=40), st.text(max_size=40))
def test_the_answer_is_always_a_part_of_the_correction(correction: str, query: str, response: str) -> None:
    """Whatever is cut, nothing is added, something is left of what was there, and what is left out is whole."""
    left_out, found = weigh_correction(query=query, response=response, correction=correction)
    assert found in correction
    assert found or not correction.strip()
    assert found == correction or left_out is None
