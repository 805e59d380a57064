"""Which terms a shift really raised: what an explanation is judged by."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from typing import Final

import numpy as np

from bench.drift.pools import Pool
from bench.drift.population import FloatArray

RISEN: Final = 2.0  # times as many documents hold the term among what the shift brings as before it

# What stands between words; a letter's marks belong to its word, and so do the symbols that mojibake leaves.
_WORD: Final = re.compile(r"[^\s!-/:-@\[-`{-~।॥॰“”‘’…–—]+")

Terms = Callable[[str], Iterable[str]]


def words(text: str) -> list[str]:
    """The words of a text, NFC and lower case, Devanagari marks kept.

    >>> words("“हिन्दी” में Likha, है न?")
    ['हिन्दी', 'में', 'likha', 'है', 'न']
    """
    return _WORD.findall(unicodedata.normalize("NFC", text).lower())


def planted_terms(pool: Pool, added: FloatArray, *usual: FloatArray, terms: Terms = words) -> frozenset[str]:
    """The terms whose share of documents among what a shift adds is at least twice their share in each of the usual mixtures.

    All are probabilities of the pool's documents, so the shares are exact, not sampled. `terms` gives a text's terms; hand in the
    detector's own, so that both speak of the same. Seconds for a pool of 50,000.
    """
    brought = _shares(pool, added, terms)
    planted = {*brought}
    for weights in usual:
        share = _shares(pool, weights, terms, only=planted)
        planted = {term for term in planted if brought[term] >= RISEN * share.get(term, 0.0)}
    return frozenset(planted)


def precision(explanation: Iterable[str], planted: Collection[str], at: int = 20) -> float:
    """The share of planted terms among the first `at` of an explanation; what is missing counts as wrong.

    >>> precision(["a", "b", "c"], {"a", "c"}, at=4)
    0.5
    """
    return sum(term in planted for term in list(explanation)[:at]) / at


def _shares(pool: Pool, weights: FloatArray, terms: Terms, only: Collection[str] | None = None) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for number in np.flatnonzero(weights).tolist():
        for term in set(terms(pool.texts[number])):
            if only is None or term in only:
                found[term] += float(weights[number])
    return dict(found)
