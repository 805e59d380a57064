"""How likely letters are as a word."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_runner.text.script.characters import CharacterModel


@settings(max_examples=20)
@given(st.lists(st.text(alphabet="कमला", min_size=1, max_size=5), max_size=8))
def test_it_is_a_distribution(words: list[str]) -> None:
    """All words of at most three letters together have at most the whole probability, and each some."""
    model = CharacterModel(words)
    found = [model.probability("".join(letters)) for length in range(4) for letters in product("कमला", repeat=length)]
    assert all(value > 0 for value in found)
    assert sum(found) <= 1 + 1e-9


def test_more_of_a_word_seen_makes_it_likelier() -> None:
    """A word of the list is likelier than one with its letters turned about, and that than one of other letters."""
    model = CharacterModel(["कमल", "नमक", "कमरा"])
    assert model.probability("कमल") > model.probability("लकम") > model.probability("झझझ")
    assert CharacterModel([]).probability("क") == pytest.approx(1 / 90**2)
