"""The measurement of the script checks, in short: a few texts of the half that nothing was chosen on."""

from __future__ import annotations

import pytest

from bench.script import lexical, sides, structural
from bench.script.material import DATA

pytestmark = [pytest.mark.process, pytest.mark.skipif(not DATA.is_dir(), reason=f"no development data: {DATA} does not exist")]


def test_structural_damage_is_told() -> None:
    """Every variant of every kind; a sign before its consonant may make a legal syllable, and a word in quotation marks be a quotation."""
    for kind, variants in structural.recall(seed=1, most_texts=20).items():
        for name, found in variants.items():
            assert found["recall_of_texts"] >= 0.95, (kind, name)
            if name not in ("before its consonant", "whole word"):
                assert found["recall_of_words"] >= 0.99, (kind, name)


def test_real_words_are_not_told() -> None:
    """At most one in 30,000, and the listed typing errors are."""
    found = structural.false_flags()
    assert found["false_in_30000"] <= 1
    assert found["typing_errors_missed"] == []


def test_texts_with_damaged_words_are_told() -> None:
    """Better than by unknown words alone."""
    for source, judges in lexical.single_texts(seed=1, most_texts=40)["sources"].items():
        assert judges["evidence"]["false"] <= 0.025, source
        assert judges["evidence"]["mean_recall"] >= 0.75, source
        assert judges["evidence"]["mean_recall"] > judges["unknown words"]["mean_recall"], source


def test_a_candidate_with_damaged_words_is_told() -> None:
    """Of 200 sentences, where the sides say different things."""
    (judges,) = sides.measured(seed=1, repeats=1, sorts=["sentences of articles"]).values()
    assert min(judges["expected damaged words"]["found"].values()) == 1
