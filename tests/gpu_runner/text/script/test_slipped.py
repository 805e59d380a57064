"""Vowel signs that slipped before their consonant and made a legal sequence of syllables."""

from __future__ import annotations

import pytest

from gpu_runner.text.script import check_text, structural_faults
from gpu_runner.text.script.base_words import base_model
from gpu_runner.text.script.letters import folded
from gpu_runner.text.script.slipped import slipped_signs

TEXT = "वह काम करेन लगा और उसेन कहा तो लेाग उठे।"


def test_a_slipped_sign_is_told_where_the_letters_are_legal() -> None:
    """With its place; a word that the letters tell already is told once."""
    assert [fault.word for fault in structural_faults(TEXT)] == ["लेाग"]
    found = check_text(TEXT, "hi").faults
    assert [(fault.kind, fault.word) for fault in found] == [("misplaced_sign", word) for word in ("करेन", "उसेन", "लेाग")]
    assert all(TEXT[fault.start : fault.end] == fault.word for fault in found)


@pytest.mark.parametrize("word", ["गाय", "राख", "लीग", "चेन", "थीम", "भुगतान", "गुजरात", "बंगाल"])
def test_words_that_are_a_slip_away_from_others_are_let_pass(word: str) -> None:
    """Real words, though a frequent word is one slip away."""
    assert list(slipped_signs(f"यह {word} है", base_model())) == []


def test_known_words_are_meant() -> None:
    """What a reference says is no fault, whatever the vocabulary says of it; no other language is asked."""
    assert list(slipped_signs(TEXT, base_model(), known={folded("करेन"), folded("उसेन")})) == []
    assert [fault.word for fault in check_text(TEXT, "hi", references=["करेन"]).faults] == ["उसेन", "लेाग"]
    assert [fault.word for fault in check_text(TEXT, "mr").faults] == ["लेाग"]


def test_learnt_documents_tell_their_own_words() -> None:
    """A name is told by a vocabulary that learnt it, and by none else."""
    model = base_model()
    assert list(slipped_signs("जैक्सनिवले", model)) == []
    assert [fault.word for fault in slipped_signs("जैक्सनिवले", model.with_texts(["जैक्सनविले"] * 9))] == ["जैक्सनिवले"]
