"""Planted terms by exact shares, and the precision of what was told."""

from __future__ import annotations

import numpy as np

from bench.drift.streams.planted import PoolTerms, precision
from bench.drift.streams.pools import Pool


def test_planted_is_what_the_shift_has_twice_as_often(small: Pool) -> None:
    """A word that all of the usual documents have is not planted, one that only the added ones have is."""
    terms = PoolTerms.of(small)
    added, usual = (np.array([text.startswith(start) for text in small.texts], float) for start in ("Post number", "Article"))
    planted = terms.planted(added / added.sum(), usual / usual.sum())
    assert {"post", "number", "short"} <= planted
    assert not {"article", "it’s", "line"} & planted


def test_precision_counts_empty_places_only_where_places_are_asked_for() -> None:
    """Of the terms told the share is among them; of 20 places what is missing is wrong; without terms it is none."""
    told = ["a", "b", "c", "d"]
    assert precision(told, {"a", "b", "c"}) == 0.75
    assert precision(told, {"a", "b", "c"}, 20) == 0.15
    assert precision([], {"a"}) == 0
