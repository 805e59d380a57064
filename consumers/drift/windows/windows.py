"""Windows of 200, 400, 800 … documents out of a few kept buckets a level: what a month of documents needs is a few dozen sketches.

Level l's window is the newest buckets that hold 4·b·2^l documents, b being the documents of a bucket of level 0; it is looked at each time
a bucket of b·2^l documents is full, so each time a quarter of it is new. The exponential histogram of ADWIN (Bifet & Gavaldà 2007) with
fixed windows.

A bucket holds its nominal documents or more: on the stream it closes at a tick. A window of twice its level's documents or more is left to
the levels above. So a level's windows hold between once and twice its documents and come no oftener than they would with exact buckets:
thresholds calibrated on exact ones hold, those of the two neighbouring levels in proportion (`Baseline.limits`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from consumers.drift.features.sketch import Sums, documents, packed, unpacked

# Buckets of a level that make one of the next, and buckets that make a window.
MERGED: Final = 2
BUCKETS: Final = 4


@dataclass(frozen=True, slots=True)
class Bucket:
    """The sketch of consecutive documents, the earliest event-day among them, and its number among its level's buckets."""

    sums: Sums
    documents: int
    day: int
    number: int = 0

    def __add__(self, other: Bucket) -> Bucket:
        """Both together, the later one's number."""
        return Bucket(self.sums + other.sums, self.documents + other.documents, min(self.day, other.day), other.number)


class StoredBucket(msgspec.Struct, array_like=True, frozen=True):
    """A bucket as a part of the state."""

    number: int
    day: int
    sums: bytes


class Windows:
    """The newest buckets of each of `levels` levels. O(levels) sketches."""

    def __init__(self, levels: int, bucket_documents: int) -> None:
        self._sizes = [bucket_documents * MERGED**level for level in range(levels)]
        self._open: list[Bucket | None] = [None] * levels
        self._kept: list[list[Bucket]] = [[] for _ in range(levels)]
        self._closed = [0] * levels

    def push(self, sums: Sums, day: int) -> Iterator[tuple[int, Bucket]]:
        """Takes the next documents in, whose earliest event-day is `day`; gives level and window of each that they complete."""
        bucket = Bucket(sums, documents(sums), day)
        for level, size in enumerate(self._sizes):
            waiting = self._open[level]
            bucket = bucket if waiting is None else waiting + bucket
            if bucket.documents < size:
                self._open[level] = bucket
                return
            self._open[level] = None
            self._closed[level] += 1
            bucket = Bucket(bucket.sums, bucket.documents, bucket.day, self._closed[level])
            self._kept[level] = _fewest([*self._kept[level], bucket], BUCKETS * size)
            window = self.window(level)
            if window is not None:
                yield level, window

    def window(self, level: int) -> Bucket | None:
        """The level's newest window; None where it has none, or one that is left to the levels above."""
        kept = self._kept[level]
        size = BUCKETS * self._sizes[level]
        held = sum(bucket.documents for bucket in kept)
        if held < size or (held >= MERGED * size and level + 1 < len(self._kept)):
            return None
        return _merged(kept)

    def covering(self, count: int) -> Bucket | None:
        """The smallest of the newest windows that holds `count` documents, else the largest; None where there is none."""
        found = None
        for level in range(len(self._kept)):
            window = self.window(level)
            if window is not None:
                found = window
                if window.documents >= count:
                    break
        return found

    def forget(self, before_day: int) -> None:
        """Drops all documents up to the newest bucket that holds one of an earlier event-day: windows have no gaps."""
        gone = False
        for level, kept in enumerate(self._kept):
            waiting = self._open[level]
            if gone or (waiting is not None and waiting.day < before_day):
                # What waits here is not in the levels above, and all that they have came before it.
                gone = True
                self._open[level], self._kept[level] = None, []
            else:
                stale = [place for place, bucket in enumerate(kept) if bucket.day < before_day]
                self._kept[level] = kept[stale[-1] + 1 :] if stale else kept

    def save(self) -> dict[str, bytes]:
        """The whole state: a part a bucket, the same bytes as long as it is kept."""
        found = {"closed": msgspec.json.encode(self._closed)}
        for level, kept in enumerate(self._kept):
            found |= {f"{level}.{bucket.number % BUCKETS}": _stored(bucket) for bucket in kept}
            waiting = self._open[level]
            if waiting is not None:
                found[f"{level}.open"] = _stored(waiting)
        return found

    def load(self, parts: dict[str, bytes]) -> None:
        """Goes on where `parts` were taken; raises KeyError, ValueError or msgspec.DecodeError for what is none."""
        self._closed = msgspec.json.decode(parts["closed"], type=list[int])
        if len(self._closed) != len(self._sizes):
            raise ValueError(f"windows of {len(self._closed)} levels: expected {len(self._sizes)}")
        for level in range(len(self._sizes)):
            found = [_restored(parts[name]) for slot in range(BUCKETS) if (name := f"{level}.{slot}") in parts]
            self._kept[level] = sorted(found, key=lambda bucket: bucket.number)
            waiting = parts.get(f"{level}.open")
            self._open[level] = None if waiting is None else _restored(waiting)


def _fewest(buckets: list[Bucket], wanted: int) -> list[Bucket]:
    """The fewest newest buckets that hold `wanted` documents; all where they do not."""
    held = 0
    for place in range(len(buckets) - 1, -1, -1):
        held += buckets[place].documents
        if held >= wanted:
            return buckets[place:]
    return buckets


def _merged(buckets: list[Bucket]) -> Bucket:
    found = buckets[0]
    for bucket in buckets[1:]:
        found = found + bucket
    return found


def _stored(bucket: Bucket) -> bytes:
    return msgspec.msgpack.encode(StoredBucket(bucket.number, bucket.day, packed(bucket.sums)))


def _restored(value: bytes) -> Bucket:
    stored = msgspec.msgpack.decode(value, type=StoredBucket)
    sums = unpacked(stored.sums)
    return Bucket(sums, documents(sums), stored.day, stored.number)
