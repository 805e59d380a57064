"""Lost vowel signs and mojibake."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bench.drift.streams.broken_text import MATRAS, from_mojibake, mojibake, without_matras


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_mojibake_loses_nothing(text: str) -> None:
    """Whatever the text, mojibake can be read back; ASCII stays as it is."""
    assert from_mojibake(mojibake(text)) == text
    assert (mojibake(text) == text) == text.isascii()


def test_so_many_matras_are_lost() -> None:
    """The asked share of the vowel signs is lost, and nothing else."""
    text = "हिन्दी की पुरानी किताबें " * 1_000
    broken = without_matras(text, 0.02, np.random.default_rng(1))
    signs = sum(letter in MATRAS for letter in text)
    assert 0.015 < (len(text) - len(broken)) / signs < 0.025
    assert [letter for letter in text if letter not in MATRAS] == [letter for letter in broken if letter not in MATRAS]
