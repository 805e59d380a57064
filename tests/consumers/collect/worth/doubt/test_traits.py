"""What is seen of a correction beside its question and its response."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.collect.worth.complaint import parse
from consumers.collect.worth.doubt.beside import Beside, beside
from consumers.collect.worth.doubt.certain import certainly_answers, certainly_complains
from consumers.collect.worth.doubt.traits import traits_of

TEXT = st.lists(
    st.sampled_from(["नहीं", "गलत है", "wrong", "72", "nahi", "Ashoka", "page", "?", ". ", "x"]) | st.text(max_size=4), max_size=9
)


def seen(correction: str, query: str = "How many rooms has the fort?", response: str = "It has 72 rooms.") -> Beside:
    return beside(parse(query, response, correction), correction)


def test_words_are_told_by_where_else_they_stand() -> None:
    """Numbers and words of the question, of the response, names, other words, and words with a role."""
    assert seen("72 forts with Lotus domes, wrong rooms").symbols == ["#r", "Q", "f", "C", "u", "|", "V", "Q", "|"]
    assert seen("The model says 85").content == "d"
    assert [seen(text).content for text in ("Lotus", "not 72", "the rooms")] == ["u", "0", "q"]


def test_clauses_are_told_by_what_they_hold() -> None:
    """New content or not, words of feedback or not."""
    assert seen("That is wrong. It has 85 rooms. The rooms").made == ["T0", "tc", "tq"]


def test_what_the_rules_say_is_a_trait() -> None:
    """The same correction has other traits where the rules call it a complaint, and all else is alike."""
    one, other = (traits_of(seen("not 72"), "not 72", complains=complains) for complains in (True, False))
    assert {trait.partition(":")[0] for trait in one ^ other} == {"rules"}


@pytest.mark.parametrize(
    ("correction", "query", "response"),
    [
        ("not 72", "How many rooms has the fort?", "It has 72 rooms."),
        ("72 nahi", "kile me kitne kamre hain", "72 kamre"),
        ("नहीं", "विश्व का सबसे बड़ा महासागर?", "हिंद महासागर"),
        ("see section 14", "How many rooms has the fort?", "72"),
        ("किताब में पृष्ठ 40 पर है", "किले में कितने कमरे हैं?", "72"),
    ],
)
def test_what_only_denies_or_points_is_a_certain_complaint(correction: str, query: str, response: str) -> None:
    """A "no" where none is asked for, a denial of the response with nothing else, a number that is a page's."""
    assert certainly_complains(seen(correction, query, response), complains=False)


@pytest.mark.parametrize(
    ("correction", "query", "response"),
    [
        ("not 72, 85", "How many rooms has the fort?", "72"),
        ("none", "How many rooms has the fort?", "72"),
        ("कोई नहीं", "किले में कौन रहता है?", "राजा"),
        ("No", "Has the fort 72 rooms?", "Yes"),
        ("cover nahi hai", "plan me maa baap cover hai kya hamare", "haan cover hai"),
        ("section 14", "Which section says so?", "section 12"),
        ("15 days under section 14", "How many days are given?", "72"),
    ],
)
def test_what_answers_in_few_words_is_none(correction: str, query: str, response: str) -> None:
    """The right number beside the denied one, none, a "no" that was asked for, a section that was."""
    assert not certainly_complains(seen(correction, query, response), complains=False)


def test_an_article_alone_is_a_complaint_where_the_rules_say_so() -> None:
    """Among answers to choose from it is one."""
    assert [certainly_complains(seen("a"), complains=complains) for complains in (True, False)] == [True, False]


def test_what_the_documents_do_not_say_is_certainly_an_answer() -> None:
    """But where the rules call it a complaint."""
    assert [certainly_answers(seen("The documents do not say."), complains=complains) for complains in (False, True)] == [True, False]


@given(TEXT.map(" ".join), TEXT.map(" ".join), TEXT.map(" ".join))
def test_any_text_has_traits_and_always_the_same(query: str, response: str, correction: str) -> None:
    """Whatever the words are; none of them has a line break, which would part the line that its weight is written in."""
    found = traits_of(seen(correction, query, response), correction, complains=False)
    assert found == traits_of(seen(correction, query, response), correction, complains=False)
    assert not any("\n" in trait or ", " in trait for trait in found)
