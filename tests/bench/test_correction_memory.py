"""The short form of `make bench-correction-memory`."""

from __future__ import annotations

import random

from bench.correction_memory.__main__ import by_hash, coverage, in_turn, mistyped


def test_in_turn_every_correction_is_asked_and_by_hash_most_are_not() -> None:
    """A lineage of ten rounds, asked ten times more."""
    turned, hashed = coverage(in_turn, 0, rounds=10), coverage(by_hash, 0, rounds=10)
    assert turned["corrections"] == hashed["corrections"] > 300
    assert (turned["never_asked"], hashed["longest_wait"]) == (0, 1)
    assert turned["longest_wait"] <= 8
    assert hashed["never_asked"] > 0.4


def test_a_mistyped_question_lacks_letters_of_longer_words_alone() -> None:
    """As many words, each with all its letters or one fewer."""
    asked = "When was the Silver Tank of Madurai built?"
    pairs = list(zip(asked.split(), mistyped(asked, random.Random(1)).split(), strict=True))
    assert all(len(word) - len(typed) in ((0, 1) if len(word) > 3 else (0,)) for word, typed in pairs)
    assert sum(word != typed for word, typed in pairs) >= 2
