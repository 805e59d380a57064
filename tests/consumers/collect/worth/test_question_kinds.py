"""What a question asks for."""

from __future__ import annotations

import pytest

from consumers.collect.worth.question import examine
from consumers.collect.worth.question_kinds import (
    ADVICE,
    CHOICE,
    COUNT,
    DIRECTION,
    ENTITY,
    OPEN,
    POLAR,
    QUANTITY,
    TRUTH,
    UTTERANCE,
    WHEN,
    WHERE,
    WORDY,
    kinds_of,
)


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("when was it built?", WHEN),
        ("यह कब बना?", WHEN),
        ("मकबरा किसने बनवाया?", ENTITY),
        ("kitne stambh?", QUANTITY | COUNT),
        ("tell me, was it a fort or a palace?", OPEN | POLAR | CHOICE),
        ("is it true?", POLAR | TRUTH),
        ("the gate (north/south)?", CHOICE),
        ("translate 'wrong'", WORDY | UTTERANCE),
        ("किस ओर?", WHERE | DIRECTION),
        ("kaise?", ADVICE),
        ("priceless", 0),
        ("", 0),
    ],
)
def test_phrases_tell_kinds(query: str, kinds: int) -> None:
    """A phrase counts where it begins a word and, in English, ends one: "कब" is none in "मकबरा"."""
    assert kinds_of(query) == kinds


@pytest.mark.parametrize(
    ("query", "polar"),
    [("क्या यह खुला है?", True), ("यह सोमवार को खुला रहता है?", True), ("यह सोमवार को कब खुलता है?", False), ("It opens on Monday?", False)],
)
def test_a_hindi_question_may_ask_for_yes_or_no_by_its_mark_alone(query: str, polar: bool) -> None:
    """Where it ends with one and has no word that asks."""
    assert bool(examine(query).kinds & POLAR) is polar
