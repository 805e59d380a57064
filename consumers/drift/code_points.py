"""A batch of texts as one array of code points, and sums over its documents."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from consumers.drift.characters import KNOWN_CODE_POINTS, WORD, character_flags

# Characters of a document that are looked at: what a longer one says, it has said by then, and the cost of one document is bounded.
LONGEST: Final = 4_000


@dataclass(frozen=True, slots=True)
class CodePoints:
    """`codes` `(c,) uint32` of all documents one behind the other; `flags` `(c,) uint8`; `starts` `(d + 1,) int64`.

    Each document begins with a NUL of its own, and one more ends the last: so every word has a boundary on both sides.
    """

    codes: NDArray[np.uint32]
    flags: NDArray[np.uint8]
    starts: NDArray[np.int64]

    @property
    def words(self) -> NDArray[np.bool_]:
        """Which code points belong to words."""
        found: NDArray[np.bool_] = (self.flags & WORD) != 0
        return found

    def count(self, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How many of the chosen code points each document has, `(d,) int64`."""
        return np.diff(self.before(chosen)[self.starts])

    @staticmethod
    def before(chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How many are chosen before each position and before the end, `(c + 1,) int64`."""
        sums = np.zeros(len(chosen) + 1, np.int64)
        np.cumsum(chosen, out=sums[1:])
        return sums


def code_points(texts: Sequence[str]) -> CodePoints:
    """The texts in NFC and lower case as code points. O(characters).

    >>> code_points(["कि", "A"]).starts.tolist()
    [0, 3, 5]
    """
    read = [_plain(text) for text in texts]
    codes: NDArray[Any] = np.frombuffer("\x00".join(["", *read, ""]).encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))
    starts = np.zeros(len(read) + 1, np.int64)
    np.cumsum([len(text) + 1 for text in read], out=starts[1:])
    flags = character_flags()[np.where(codes < KNOWN_CODE_POINTS, codes, 0)]
    return CodePoints(codes, flags, starts)


def _plain(text: str) -> str:
    text = text[:LONGEST]
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    # A NUL ends a document; no event may hold one, files may.
    return text.lower().replace("\x00", " ")
