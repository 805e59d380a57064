"""One generation of recent documents: how many had each term, from how many sources, and a sample of their text. Merges exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import merge
from typing import Final, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from consumers.drift.terms.table import BUCKETS, HASHED
from consumers.drift.text.code_points import LONGEST

SAMPLED_DOCUMENTS: Final = 32
SAMPLED_OF_SOURCE: Final = 4
# A word in so few documents is no flood, whatever their sources.
SOURCES_MATTER: Final = 5
SNIPPET_CHARACTERS: Final = 160

Number = TypeVar("Number", bound=np.generic)


class Snippet(msgspec.Struct, array_like=True, frozen=True, order=True):
    """A sampled document: its rank (the lower the likelier kept), its source's hash, and a piece of its text."""

    rank: int
    source: int
    text: str


@dataclass(slots=True)
class Generation:
    """`counts` (BUCKETS,) int32 documents with each term, `sources` (BUCKETS,) uint8 which source bits had it (none: not
    known), `sample` by rank."""

    documents: int = 0
    first_day: int = 0
    level: int = 0
    counts: NDArray[np.int32] = field(default_factory=lambda: np.zeros(BUCKETS, np.int32))
    sources: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(BUCKETS, np.uint8))
    sample: list[Snippet] = field(default_factory=list)

    def merge(self, other: Generation) -> None:
        """Adds another generation: sums, unions and the lowest ranks, so any order and grouping gives the same."""
        self.count(other)
        self.keep(other.sample)

    def count(self, other: Generation) -> None:
        """Adds another generation without its sample."""
        known = [part.first_day for part in (self, other) if part.documents]
        self.first_day = min(known, default=0)
        self.level = max(self.level, other.level)
        self.documents += other.documents
        self.counts += other.counts
        self.sources |= other.sources

    def finish(self) -> None:
        """Forgets the sources of words in few documents, however many sources they are: half of all that is stored of them."""
        self.sources[:HASHED][self.counts[:HASHED] <= SOURCES_MATTER] = 0

    def keep(self, snippets: Iterable[Snippet]) -> None:
        """Takes snippets, which come by rank and source, into the sample: the lowest ranks, of each source and of all.

        It asks for no more of them than it needs.
        """
        kept: list[Snippet] = []
        of_source: Counter[int] = Counter()
        for snippet in merge(self.sample, snippets):
            if kept and (kept[-1].rank, kept[-1].source) == (snippet.rank, snippet.source):
                kept[-1] = min(kept[-1], snippet)
            elif len(kept) == SAMPLED_DOCUMENTS:
                break
            elif of_source[snippet.source] < SAMPLED_OF_SOURCE:
                of_source[snippet.source] += 1
                kept.append(snippet)
        self.sample = kept


def snippet(text: str, number: int) -> str:
    """A piece of the text of at most SNIPPET_CHARACTERS, from a place that `number` chooses, between white space where there is any.

    >>> snippet("one two three", 5)
    'one two three'
    """
    if len(text) <= SNIPPET_CHARACTERS:
        return text
    start = number % (min(len(text), LONGEST) - SNIPPET_CHARACTERS + 1)
    # The word that the start stands in is left out, the one that the end stands in as well.
    if start:
        start = text.find(" ", start - 1, start + SNIPPET_CHARACTERS) + 1 or start
    piece = text[start : start + SNIPPET_CHARACTERS]
    if start + SNIPPET_CHARACTERS < len(text) and not text[start + SNIPPET_CHARACTERS].isspace():
        piece = piece[: piece.rfind(" ")] if " " in piece else piece
    return piece


class StoredGeneration(msgspec.Struct, array_like=True):
    """A generation as it is stored."""

    documents: int
    first_day: int
    level: int
    steps: bytes
    counts: bytes
    sources: bytes
    sample: list[Snippet]


def stored(generation: Generation) -> StoredGeneration:
    """Only the buckets that were met, by their distance from one to the next."""
    met = np.flatnonzero(generation.counts)
    steps = np.diff(met, prepend=0).astype(np.uint32)
    return StoredGeneration(
        generation.documents,
        generation.first_day,
        generation.level,
        planes(steps),
        planes(generation.counts[met]),
        generation.sources[met].tobytes(),
        generation.sample,
    )


def restored(stored: StoredGeneration) -> Generation:
    """What `stored` gave."""
    found = Generation(stored.documents, stored.first_day, stored.level, sample=stored.sample)
    met = np.cumsum(from_planes(stored.steps, np.uint32), dtype=np.int64)
    found.counts[met] = from_planes(stored.counts, np.int32)
    found.sources[met] = np.frombuffer(stored.sources, np.uint8)
    return found


def planes(numbers: NDArray[np.int32] | NDArray[np.uint32]) -> bytes:
    """Low bytes first, then the next ones: small numbers compress to little."""
    return numbers.reshape(-1, 1).view(np.uint8).T.tobytes()


def from_planes(value: bytes, kind: type[Number]) -> NDArray[Number]:
    """What `planes` gave."""
    size = np.dtype(kind).itemsize
    return np.ascontiguousarray(np.frombuffer(value, np.uint8).reshape(size, -1).T).view(kind).ravel()
