"""A sketch as summaries, journal and changelog hold it: base64 of its packed bytes."""

from __future__ import annotations

from base64 import b64decode, b64encode
from functools import lru_cache
from typing import Final

from consumers.drift.sketch import Sums, packed, unpacked

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

    >>> from consumers.drift.sketch import empty
    >>> int(sums_of(text_of(empty() + 5)).min())
    5
    """
    return b64encode(packed(sums)).decode()
