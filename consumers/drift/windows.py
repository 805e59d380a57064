"""Windows of 4, 8, 16 … buckets out of four kept buckets a level: what a month of documents needs is a few dozen sketches.

A level's bucket is two of the level below; each new bucket is looked at together with the three before it. So a window is looked at each
time a quarter of it is new. The exponential histogram of ADWIN (Bifet & Gavaldà 2007) with fixed windows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from consumers.drift.sketch import Sums

# Buckets of a level that make one of the next, and buckets that make a window.
MERGED: Final = 2
BUCKETS: Final = 4


class Windows:
    """The newest buckets of each of `levels` levels. O(levels) sketches."""

    def __init__(self, levels: int) -> None:
        self.kept: list[list[Sums]] = [[] for _ in range(levels)]
        self.closed: list[int] = [0] * levels

    def push(self, bucket: Sums) -> Iterator[tuple[int, Sums]]:
        """Takes a bucket in; gives level and sums of each full window that it completes."""
        for level, kept in enumerate(self.kept):
            kept.append(bucket)
            self.closed[level] += 1
            if len(kept) >= BUCKETS:
                del kept[: len(kept) - BUCKETS]
                window = sum(kept[:-1], kept[-1])
                yield level, window
            if self.closed[level] % MERGED:
                return
            bucket = sum(kept[-MERGED:-1], kept[-1])
