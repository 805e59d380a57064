"""Weights are added up, and a limit of the language decides."""

from __future__ import annotations

import pytest

from consumers.collect.worth.complaint import parse
from consumers.collect.worth.doubt import weights
from consumers.collect.worth.doubt.score import doubt, is_doubtful


def test_a_score_is_the_sum_of_the_weights_of_its_traits() -> None:
    """Traits without a weight add nothing, and the order makes no difference."""
    one, other = doubt(["rules:True"]) - weights.OF_NONE, doubt(["?"]) - weights.OF_NONE
    assert doubt(["?", "rules:True", "no such trait"]) == weights.OF_NONE + one + other
    assert one > 0 < other


@pytest.mark.parametrize(
    ("correction", "query", "response"),
    [
        ("they increased it last april", "how many days of paternity leave do we get", "15 days"),
        ("kal phir se dekha, wahi hai", "free plan me export ka option hai kya", "Haan hai."),
        ("पहले ऐसा था, अब आरबीआई ने बदल दिया है", "चेक कितने महीने तक वैध रहता है?", "6 महीने"),
    ],
)
def test_complaints_in_words_of_their_own_are_doubtful(correction: str, query: str, response: str) -> None:
    """What no list of words knows, by how it is made."""
    assert is_doubtful(parse(query, response, correction), response, correction)


@pytest.mark.parametrize(
    ("correction", "query", "response"),
    [
        ("30 days", "how many days of paternity leave do we get", "15 days"),
        ("nahi, sirf paid plan me hai", "free plan me export ka option hai kya", "Haan hai."),
        ("तीन महीने", "चेक कितने महीने तक वैध रहता है?", "6 महीने"),
        ("It was founded by Leela Farrow.", "Who founded the Coral Gate Museum?", "Asha Merwin"),
    ],
)
def test_plain_corrections_are_not(correction: str, query: str, response: str) -> None:
    """A number, a no with what holds instead, a sentence in the question's words."""
    assert not is_doubtful(parse(query, response, correction), response, correction)
