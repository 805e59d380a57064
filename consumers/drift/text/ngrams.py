"""Hashed code-point n-grams of words, and hashed words: a batch in a few passes of numpy."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from consumers.drift.text.code_points import CodePoints

NGRAM_BITS: Final = 14
NGRAMS: Final = 1 << NGRAM_BITS
WORD_BITS: Final = 20
# Odd constants of multiplicative hashing (Knuth, TAOCP 3, 6.4); changing one changes every fitted baseline.
_FACTORS: Final = tuple(np.uint32(factor) for factor in (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F))
_SALTS: Final = tuple(np.uint32(salt) for salt in (0x165667B1, 0x5BD1E995, 0x1B873593))
_MIX: Final = np.uint32(0x2C1B3C6D)
_BOUNDARY: Final = np.uint32(1)


def ngram_rows(batch: CodePoints) -> csr_matrix:
    """How often each document has each hashed 2-, 3- and 4-gram, `(d, 16384) float32`; an entry may come in several parts.

    2-grams lie inside words; 3- and 4-grams may begin or end at a word's boundary, so that short words and endings count.
    """
    inside = batch.words
    codes: NDArray[np.uint32] = np.where(inside, batch.codes, _BOUNDARY)
    pairs = codes[:-1] * _FACTORS[0] + codes[1:] * _FACTORS[1]
    triples = pairs[:-1] + codes[2:] * _FACTORS[2]
    fours = triples[:-1] + codes[3:] * _FACTORS[3]
    valid = (inside[:-1] & inside[1:], inside[1:-1], inside[1:-2] & inside[2:-1])
    places = [np.flatnonzero(kept) for kept in valid]
    found = [_hashed(grams[place], salt) for grams, place, salt in zip((pairs, triples, fours), places, _SALTS, strict=True)]
    ends = [np.searchsorted(place, batch.starts).astype(np.int32) for place in places]
    return _by_document(found, ends, len(batch))


def word_hashes(batch: CodePoints) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The hash of each word (20 bits), in order, and the bounds of each document's words in them, `(d + 1,) int64`."""
    inside = batch.words
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    begins, ends = edges[0::2], edges[1::2]
    bounds = np.searchsorted(begins, batch.starts)
    if not len(begins):
        return np.zeros(0, np.uint32), bounds
    # A word's hash is a sum over its code points, each times a factor of its place in the word.
    length = ends - begins
    first = np.cumsum(length) - length
    place = np.arange(int(first[-1] + length[-1]), dtype=np.int32) - np.repeat(first.astype(np.int32), length)
    summed = np.add.reduceat(batch.codes[inside] * _PLACES[place & len(_PLACES) - 1], first, dtype=np.uint32)
    mixed = (summed ^ (summed >> np.uint32(15)) ^ length.astype(np.uint32)) * _MIX
    return mixed >> np.uint32(32 - WORD_BITS), bounds


def _places(count: int) -> NDArray[np.uint32]:
    factors = np.cumprod(np.full(count, 0x9E3779B1, np.uint64)) & np.uint64(0xFFFFFFFF)
    return (factors | np.uint64(1)).astype(np.uint32)


_PLACES: Final = _places(64)


def _hashed(grams: NDArray[np.uint32], salt: np.uint32) -> NDArray[np.int32]:
    grams ^= salt
    grams ^= grams >> np.uint32(15)
    grams *= _MIX
    grams >>= np.uint32(32 - NGRAM_BITS)
    return grams.view(np.int32)


def _by_document(found: list[NDArray[np.int32]], ends: list[NDArray[np.int32]], documents: int) -> csr_matrix:
    """One matrix of several lists of columns, each cut at its own document bounds."""
    counts = [np.diff(end) for end in ends]
    bounds = np.zeros(documents + 1, np.int32)
    np.cumsum(sum(counts), out=bounds[1:])
    columns = np.empty(bounds[-1], np.int32)
    shift = bounds[:-1].copy()
    for part, end, count in zip(found, ends, counts, strict=True):
        columns[np.arange(len(part), dtype=np.int32) + np.repeat(shift - end[:-1], count)] = part
        shift += count
    return csr_matrix((np.ones(len(columns), np.float32), columns, bounds), shape=(documents, NGRAMS))
