"""Windows of 4, 16, 64 … buckets out of at most seven kept buckets a level: what a month of documents needs is a few dozen sketches.

A level's bucket is four of the level below; each new bucket is looked at together with the three before it. So a window of 4^(k+1) buckets
is looked at every 4^k buckets. The exponential histogram of ADWIN (Bifet & Gavaldà 2007) with base four and fixed windows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from consumers.drift.sketch import Sums

BASE: Final = 4


class Windows:
    """The newest buckets of each of `levels` levels. O(levels) sketches."""

    def __init__(self, levels: int) -> None:
        self.kept: list[list[Sums]] = [[] for _ in range(levels)]
        self.closed: list[int] = [0] * levels

    def push(self, bucket: Sums) -> Iterator[tuple[int, Sums, int]]:
        """Takes a bucket in; gives (level, sums of the window, number of that level's bucket) for each full window that it completes."""
        for level, kept in enumerate(self.kept):
            kept.append(bucket)
            self.closed[level] += 1
            if len(kept) >= BASE:
                window = sum(kept[-BASE:-1], kept[-1])
                del kept[: len(kept) - BASE]
                yield level, window, self.closed[level]
            if self.closed[level] % BASE:
                return
            bucket = sum(kept[-BASE:-1], kept[-1])
