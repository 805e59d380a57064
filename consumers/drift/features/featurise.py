"""A batch of documents as rows of integers: hashed n-grams projected to 64 dimensions, bins of simple quantities, clusters, indicators.

Rows of the same document are the same in any batch and any order; their sums are the sketches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consumers.drift.features.layout import (
    BINNED,
    BINS,
    BLOCKS,
    DIMENSIONS,
    INDICATORS,
    MOSTLY_DEVANAGARI,
    PHI_SCALE,
    UNKNOWN_IN_DEVANAGARI,
    WIDTH,
)
from consumers.drift.text.characters import CONSONANT, DEVANAGARI, DIGIT, LATIN, MATRA, MOJIBAKE, PUNCTUATION
from consumers.drift.text.code_points import CodePoints, code_points
from consumers.drift.text.ngrams import ngram_rows, word_hashes

# Mojibake of one Devanagari letter has three such code points; "Ã" or "â" alone are letters of other languages.
MOJIBAKE_CHARACTERS: Final = 3
# Kinds that are counted in one pass, three to a number: 21 bits each hold the most that a document can have.
_COUNTED: Final = ((DEVANAGARI, LATIN, MATRA), (CONSONANT, DIGIT, PUNCTUATION))
_BITS: Final = 21


@dataclass(frozen=True, slots=True)
class Featuriser:
    """What was fitted on one half of a baseline.

    `table` `(16384, 64) float32` is idf times projection, `vocabulary` `(2^20,) bool` the hashed words that are known, `edges`
    `(7, 7) float64` the upper edges of each quantity's bins but the last, in the order of `BINNED`, `centroids` `(32, 64) float64`: whole
    numbers, as φ is in a row, so that the nearest one is exact in any batch.
    """

    table: NDArray[np.float32]
    vocabulary: NDArray[np.bool_]
    edges: NDArray[np.float64]
    centroids: NDArray[np.float64]

    def rows(self, texts: Sequence[str] | CodePoints) -> NDArray[np.int64]:
        """One row a document, `(d, WIDTH) int64`. About 7 µs a short document in batches of 500; alone a document costs 50 times that."""
        batch = code_points(texts)
        phi = project(batch, self.table)
        known = Quantities.of(batch, self.vocabulary)
        rows = np.zeros((len(texts), WIDTH), np.int64)
        rows[:, 0] = 1
        whole = np.rint(phi * np.float32(PHI_SCALE)).astype(np.float64)
        rows[:, BLOCKS["phi"].columns] = whole
        document = np.arange(len(texts))
        for number, name in enumerate(BINNED):
            rows[document, BLOCKS[name].first + np.searchsorted(self.edges[number], known.binned[number])] = 1
        rows[document, BLOCKS["cluster"].first + np.argmax(whole @ self.centroids.T, axis=1)] = 1
        for name, having in known.indicators.items():
            rows[:, BLOCKS[name].first] = having
        return rows


def project(batch: CodePoints, table: NDArray[np.float32]) -> NDArray[np.float32]:
    """φ of each document, `(d, 64) float32` of unit length; zeros for a document without words."""
    phi = np.asarray(ngram_rows(batch) @ table, dtype=np.float32)
    length = np.sqrt(np.einsum("ij,ij->i", phi, phi))
    return (phi / np.where(length > 0, length, 1)[:, None]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Quantities:
    """Of each document: `binned` `(7, d) float64` in the order of `BINNED`; indicators (0 or 1) by name, each `(d,) int64`."""

    binned: NDArray[np.float64]
    indicators: dict[str, NDArray[np.int64]]

    @staticmethod
    def of(batch: CodePoints, vocabulary: NDArray[np.bool_]) -> Quantities:
        """Counts of characters by kind, and of words that the vocabulary does not hold."""
        size = np.diff(batch.starts) - 1
        devanagari, latin, matras, consonants, digits, punctuation = _counts(batch)
        letters = np.maximum(devanagari + latin, 1)
        hashes, bounds = word_hashes(batch)
        unknown = np.diff(np.concatenate([[0], np.cumsum(~vocabulary[hashes])])[bounds])
        words = np.diff(bounds)
        binned = np.stack(
            [
                size, devanagari / letters, latin / letters, matras / np.maximum(consonants, 1), digits / np.maximum(size, 1),
                punctuation / np.maximum(size, 1), unknown / np.maximum(words, 1),
            ]
        )  # fmt: skip
        mojibake = _documents(batch, np.flatnonzero(batch.flags & MOJIBAKE))
        errors, mostly = _documents(batch, _misplaced(batch.flags)), devanagari > latin
        having = (errors > 0, mojibake >= MOJIBAKE_CHARACTERS, unknown > 0, mostly, mostly & (unknown > 0))
        names = (*INDICATORS, MOSTLY_DEVANAGARI, UNKNOWN_IN_DEVANAGARI)
        return Quantities(binned, {name: found.astype(np.int64) for name, found in zip(names, having, strict=True)})


def _counts(batch: CodePoints) -> list[NDArray[np.int64]]:
    """How many code points of each counted kind each document has, `(d,)` a kind in the order of `_COUNTED`."""
    if not len(batch):
        return [np.zeros(0, np.int64)] * sum(map(len, _COUNTED))
    sums = [np.add.reduceat(numbers[batch.flags], batch.starts)[:-1] for numbers in _count_numbers()]
    return [found >> _BITS * place & (1 << _BITS) - 1 for found in sums for place in range(len(_COUNTED[0]))]


@cache
def _count_numbers() -> tuple[NDArray[np.int64], ...]:
    """For each group of `_COUNTED` what a code point's flags add to its number, `(256,)`."""
    flags = np.arange(256, dtype=np.int64)
    return tuple(sum(((flags & kind) != 0).astype(np.int64) << _BITS * place for place, kind in enumerate(kinds)) for kinds in _COUNTED)


def _documents(batch: CodePoints, positions: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many of the positions each document has, `(d,)`. For few positions."""
    return np.bincount(np.searchsorted(batch.starts, positions, side="right") - 1, minlength=len(batch))[: len(batch)]


def _misplaced(flags: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Where vowel signs stand behind another vowel sign, or behind no letter of Devanagari at all: no word has them."""
    matras = np.flatnonzero(flags & MATRA)
    # Position 0 holds a NUL.
    behind = flags[matras - 1]
    misplaced: NDArray[np.int64] = matras[((behind & MATRA) != 0) | ((behind & DEVANAGARI) == 0)]
    return misplaced


def bin_edges(quantity: NDArray[np.float64]) -> NDArray[np.float64]:
    """The upper edges of all bins but the last, `(7,) float64`: quantiles, so that equal values share a bin."""
    return np.quantile(quantity, np.linspace(0, 1, BINS + 1)[1:-1])


def spherical_clusters(phi: NDArray[np.float32], clusters: int, rng: np.random.Generator, rounds: int = 12) -> NDArray[np.float32]:
    """Spherical k-means (Dhillon & Modha 2001) from documents drawn at random, `(clusters, 64) float32`. O(rounds · d · clusters · 64)."""
    centroids = phi[rng.choice(len(phi), clusters, replace=len(phi) < clusters)].copy()
    for _ in range(rounds):
        nearest = np.argmax(phi @ centroids.T, axis=1)
        sums = np.zeros((clusters, DIMENSIONS), np.float64)
        np.add.at(sums, nearest, phi)
        length = np.linalg.norm(sums, axis=1)
        kept = length > 0
        centroids[kept] = (sums[kept] / length[kept, None]).astype(np.float32)
    return centroids
