"""Damage is undone."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.script.damage import LEXICAL
from bench.script.structural_damage import STRUCTURAL
from gpu_runner.text.script.base_words import base_counts
from gpu_runner.text.script.channels import DAMAGES, Damage, chance, originals
from gpu_runner.text.script.letters import folded
from gpu_runner.text.script.structure import word_fault

# Without typing errors of the stories, and the one word with two signs over a letter.
WORDS = [word for word in sorted(base_counts()) if word_fault(word) is None and "ॅं" not in word]
CHANGES = {**LEXICAL, "slipped_sign": STRUCTURAL["misplaced_sign"]["before its consonant"]}


@pytest.mark.parametrize("damage", DAMAGES)
@given(word=st.sampled_from(WORDS), seed=st.integers(0, 99))
def test_the_word_that_was_meant_is_among_the_originals(damage: Damage, word: str, seed: int) -> None:
    """Whatever place was hit; a slipped sign where it lands on a legal syllable. A virama at a word's end (अकस्मात्) is left out by many."""
    hurt = CHANGES[damage](word, random.Random(seed))
    if hurt is not None and word_fault(hurt) is None and folded(hurt) != folded(word) and folded(hurt) + "्" != folded(word):
        assert folded(word) in set(originals(folded(hurt), damage))


def test_a_result_of_many_is_less_likely() -> None:
    """One place of two, and one other sign of ten."""
    assert chance("कमला", "dropped_sign") == 1
    assert chance("कामला", "dropped_sign") == 1 / 2
    assert chance("कामला", "replaced_sign") == 1 / 20
    assert chance("शब्द", "dropped_virama") == 1
