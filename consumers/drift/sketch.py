"""Mergeable integer sketches: sums of feature rows, the same for any partitioning, batching and order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from consumers.drift.layout import BLOCKS, WIDTH

Sums = NDArray[np.int64]
# Sources are dealt to groups by their hash. A flood of one source moves one group; the world moves all of them.
GROUPS: Final = 4


def empty() -> Sums:
    """The sketch of no document, `(GROUPS, WIDTH) int64`."""
    return np.zeros((GROUPS, WIDTH), np.int64)


def group_of(source: str) -> int:
    """The group of a source: the same everywhere and for ever."""
    return crc32(source.encode("utf-8", "surrogatepass")) % GROUPS


def sketched(rows: NDArray[np.int64], groups: NDArray[np.int64]) -> Sums:
    """The sketch of some documents' feature rows `(d, WIDTH)` and their sources' groups `(d,)`."""
    sums = empty()
    for group in range(GROUPS):
        sums[group] = rows[groups == group].sum(axis=0)
    return sums


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
    if len(numbers) != GROUPS * WIDTH or shift:
        raise ValueError(f"a sketch of {len(numbers)} numbers: expected {GROUPS * WIDTH}; was it written by another release?")
    return np.array(numbers, np.int64).reshape(GROUPS, WIDTH)


def documents(sums: Sums) -> int:
    """How many documents the sketch is of."""
    return int(sums[..., 0].sum())


def means(sums: NDArray[np.int64], name: str) -> NDArray[np.float64]:
    """The means of a block of columns over the documents of summed rows `(…, WIDTH)`: φ in its own unit, else shares of documents."""
    block = BLOCKS[name]
    found: NDArray[np.float64] = sums[..., block.columns] / (np.maximum(sums[..., :1], 1) * block.scale)
    return found


class DailySketches:
    """Sketches by event-day (proleptic Gregorian ordinal) of one partition: day by day, exact whatever came when."""

    def __init__(self, days: Mapping[int, Sums] | None = None) -> None:
        self.days: dict[int, Sums] = {} if days is None else {day: sums.copy() for day, sums in days.items()}

    def add(self, days: NDArray[np.int64], groups: NDArray[np.int64], rows: NDArray[np.int64]) -> None:
        """Adds feature rows `(d, WIDTH)` to their event-days `(d,)` and their sources' groups `(d,)`."""
        for day in np.unique(days).tolist():
            chosen = days == day
            self.days[day] = self.days.get(day, empty()) + sketched(rows[chosen], groups[chosen])

    def take_back(self, day: int, group: int, row: NDArray[np.int64]) -> None:
        """Takes back one document's row."""
        self.days[day][group] -= row

    def merge(self, other: DailySketches) -> None:
        """Adds another partition's days."""
        for day, sums in other.days.items():
            self.days[day] = self.days.get(day, empty()) + sums

    def forget(self, before_day: int) -> None:
        """Drops the days before one."""
        for day in [day for day in self.days if day < before_day]:
            del self.days[day]

    def total(self, first_day: int, last_day: int) -> Sums:
        """The sum over the days from the first to the last, both included."""
        return sum((sums for day, sums in self.days.items() if first_day <= day <= last_day), empty())
