"""Mergeable integer sketches: sums of feature rows, the same for any partitioning, batching and order.

A sketch has a row for each group of sources, and one more for the documents that are mostly Devanagari, which are in their groups' rows
too: all other documents are the total minus it.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from functools import lru_cache
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from consumers.drift.features.layout import BINNED, BINS, BLOCKS, CLUSTERS, INDICATORS, MOSTLY_DEVANAGARI, WIDTH

# A day's sketch is read once when it comes and once more when the next one of its day is held against it.
REMEMBERED: Final = 256


@lru_cache(maxsize=REMEMBERED)
def sums_of(sketch: str) -> Sums:
    """The sums, read-only; raises ValueError for what is no sketch of this release."""
    sums = unpacked(b64decode(sketch, validate=True))
    sums.setflags(write=False)
    return sums


def text_of(sums: Sums) -> str:
    """The sketch of sums.

    >>> from consumers.drift.features.sketch import empty
    >>> int(sums_of(text_of(empty() + 5)).min())
    5
    """
    return b64encode(packed(sums)).decode()


Sums = NDArray[np.int64]
# Sources are dealt to groups by their hash. A flood of one source moves one group; the world moves all of them.
GROUPS: Final = 4
LANGUAGES: Final = ("hi", "en")
_HI: Final = GROUPS
_ROWS: Final = GROUPS + 1
_DEVANAGARI: Final = BLOCKS[MOSTLY_DEVANAGARI].first
# What a document's row holds besides φ: one 1 in each set of bins, then 0 or 1 in each of the last columns.
_PHI: Final = BLOCKS["phi"].columns
_ONES: Final = slice(BLOCKS[BINNED[0]].first, BLOCKS["cluster"].beyond)
_ONES_FIRST: Final = np.array([BLOCKS[name].first - BLOCKS[BINNED[0]].first for name in (*BINNED, "cluster")])
_ONES_WIDTH: Final = np.array([BINS] * len(BINNED) + [CLUSTERS])
_FLAGS: Final = slice(BLOCKS[INDICATORS[0]].first, WIDTH)
_FLAG_BITS: Final = 1 << np.arange(WIDTH - _FLAGS.start)
_GROUP_SHIFT: Final = WIDTH - _FLAGS.start
_PHI_BYTES: Final = 2 * (_PHI.stop - _PHI.start)
_ROW_BYTES: Final = _PHI_BYTES + len(_ONES_FIRST) + 1


def empty() -> Sums:
    """The sketch of no document: as many rows as a sketch has, `(…, WIDTH) int64`."""
    return np.zeros((_ROWS, WIDTH), np.int64)


def group_of(source: str) -> int:
    """The group of a source: the same everywhere and for ever."""
    return crc32(source.encode("utf-8", "surrogatepass")) % GROUPS


def sketched(rows: NDArray[np.int64], groups: NDArray[np.int64]) -> Sums:
    """The sketch of some documents' feature rows `(d, WIDTH)` and their sources' groups `(d,)`."""
    sums = empty()
    for group in range(GROUPS):
        sums[group] = rows[groups == group].sum(axis=0)
    sums[_HI] = rows[rows[:, _DEVANAGARI] != 0].sum(axis=0)
    return sums


def total(sums: Sums) -> NDArray[np.int64]:
    """The sum over all documents of the sketch, `(WIDTH,)`."""
    found: NDArray[np.int64] = sums[:GROUPS].sum(axis=0)
    return found


def of_language(sums: Sums, language: str | None) -> NDArray[np.int64]:
    """The sum over the documents of one of `LANGUAGES`, or over all of them, `(WIDTH,)`."""
    if language is None:
        return total(sums)
    hindi: NDArray[np.int64] = sums[_HI]
    return hindi if language == "hi" else total(sums) - hindi


def without_each_group(sums: Sums) -> NDArray[np.int64]:
    """The sums over all documents but those of one group of sources, for each group, `(GROUPS, WIDTH)`."""
    return total(sums) - sums[:GROUPS]


def documents(sums: Sums) -> int:
    """How many documents the sketch is of."""
    return int(sums[:GROUPS, 0].sum())


def means(sums: NDArray[np.int64], name: str) -> NDArray[np.float64]:
    """The means of a block of columns over the documents of summed rows `(…, WIDTH)`: φ in its own unit, else shares of documents."""
    block = BLOCKS[name]
    found: NDArray[np.float64] = sums[..., block.columns] / (np.maximum(sums[..., :1], 1) * block.scale)
    return found


def packed(sums: Sums) -> bytes:
    """The sketch in few bytes: 7 bits of each number a byte, the sign lowest (protocol buffers' zigzag varints)."""
    flat = sums.ravel()
    zigzag = ((flat << 1) ^ (flat >> 63)).tolist()
    out = bytearray()
    for number in zigzag:
        rest = number
        while rest > 0x7F:
            out.append(rest & 0x7F | 0x80)
            rest >>= 7
        out.append(rest)
    return bytes(out)


def unpacked(value: bytes) -> Sums:
    """The sketch of `packed`'s bytes; raises ValueError where they hold another count of numbers.

    >>> unpacked(packed(empty() - 300)).min()
    -300
    """
    numbers, number, shift = [], 0, 0
    for byte in value:
        number |= (byte & 0x7F) << shift
        if byte & 0x80:
            shift += 7
        else:
            numbers.append((number >> 1) ^ -(number & 1))
            number, shift = 0, 0
    if len(numbers) != _ROWS * WIDTH or shift:
        raise ValueError(f"a sketch of {len(numbers)} numbers: expected {_ROWS * WIDTH}; was it written by another release?")
    return np.array(numbers, np.int64).reshape(_ROWS, WIDTH)


def packed_row(row: NDArray[np.int64], group: int) -> bytes:
    """One document's feature row `(WIDTH,)` and its source's group in 137 bytes."""
    bins = np.flatnonzero(row[_ONES]) - _ONES_FIRST
    flags = int(row[_FLAGS] @ _FLAG_BITS) | group << _GROUP_SHIFT
    return b"".join((row[_PHI].astype("<i2").tobytes(), bins.astype(np.uint8).tobytes(), bytes([flags])))


def unpacked_row(value: bytes) -> tuple[NDArray[np.int64], int]:
    """Row and group of `packed_row`'s bytes; raises ValueError for others."""
    if len(value) != _ROW_BYTES:
        raise ValueError(f"a feature row of {len(value)} bytes: expected {_ROW_BYTES}; was it written by another release?")
    bins = np.frombuffer(value, np.uint8, len(_ONES_FIRST), _PHI_BYTES)
    if (bins >= _ONES_WIDTH).any():
        raise ValueError("a feature row with a bin that is not there; was it written by another release?")
    row = np.zeros(WIDTH, np.int64)
    row[0] = 1
    row[_PHI] = np.frombuffer(value, "<i2", _PHI_BYTES // 2)
    row[_ONES.start + _ONES_FIRST + bins] = 1
    row[_FLAGS] = (value[-1] & _FLAG_BITS) != 0
    return row, value[-1] >> _GROUP_SHIFT


def plausible(sums: Sums) -> Sums:
    """The part of a difference of sketches that documents can have: no count below 0 or above its group's documents.

    What was taken back of documents counted earlier is in the rest, `sums` less it. The whole where all documents are new.

    >>> difference = empty()
    >>> difference[0, 0], difference[0, -1], difference[1, 0] = 50, -1, -2
    >>> found = plausible(difference)
    >>> found[0, 0].item(), found[0, -1].item(), found[1, 0].item()
    (50, 0, 0)
    """
    part = sums.copy()
    groups, hi = part[:GROUPS], part[_HI]
    groups[groups[:, 0] < 0] = 0
    counts = slice(_ONES.start, WIDTH)
    groups[:, counts] = np.clip(groups[:, counts], 0, groups[:, :1])
    whole = total(part)
    hi[0] = min(max(hi[0], 0), whole[0])
    # Neither language may have a count below 0, or above its documents.
    least = np.maximum(whole[counts] - (whole[0] - hi[0]), 0)
    hi[counts] = np.clip(hi[counts], least, np.minimum(whole[counts], hi[0]))
    return part
