"""What recent documents said, in bounded space: how many had each term, from how many sources, and a sample of their text.

Counts are hashed, so nothing has to be thrown away and no order matters. The names come from the sample: the documents with the
lowest hashes (bottom-k, Cohen & Kaplan 2007), divided by what their terms say for showing them (term_weights.py).

Generations of 128 documents, the elder ones merged in pairs up to 2,048, two or three of each size (the exponential histogram of Datar et
al. 2002): the newest 5,200 to 8,100 documents, and an explanation looks at hardly more of them than it is about.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from consumers.drift.terms.generation import (
    SAMPLED_DOCUMENTS,
    Generation,
    Snippet,
    StoredGeneration,
    from_planes,
    planes,
    restored,
    snippet,
    stored,
)
from consumers.drift.terms.table import BUCKETS, Buckets, TermTable, document_terms
from consumers.drift.terms.weights import TermWeights
from consumers.drift.text.code_points import CodePoints, code_points
from consumers.drift.text.words import Hashes, split

FORMAT: Final = 3
GENERATION_DOCUMENTS: Final = 128
# Few documents a day: a generation ends after 8 days, those merged begin within 8 days of each other, and nothing is older than 30.
GENERATION_DAYS: Final = 8
OLDEST_DAYS: Final = 30
# So many generations of a level are kept, and a third until the next ends; of the highest none more.
HIGHEST_LEVEL: Final = 4
KEPT_OF_LEVEL: Final = 2
# From this level on a generation has forgotten the sources of words in few documents.
FORGETS_FROM: Final = 2
# Of 512 documents a source may add 8 and 1 in 64; a text may come 2 times and 1 in 512. More would explain themselves, not the world.
PERIOD_DOCUMENTS: Final = 512
SOURCE_FREE, SOURCE_SHIFT = 8, 6
TEXT_FREE, TEXT_SHIFT = 2, 9
SLOTS: Final = 1 << 12
# Which of 8 bits of a term a source sets.
SOURCE_BITS: Final = 8


class RecentTerms:
    """The record of one model's recent documents against the table of its baseline.

    Any batching of the same documents in the same order, and a restart between any two, gives the same record.
    """

    def __init__(self, table: TermTable) -> None:
        self._table = table
        self.open = Generation()
        # The newest first.
        self.finished: list[Generation] = []
        # How often each source and each text came in the open period, by hash, and how many documents of finished generations it has.
        self._of_source = [0] * SLOTS
        self._of_text = [0] * SLOTS
        self._of_period = 0
        self._elder = np.zeros(BUCKETS, np.int32)
        self._weigher = TermWeights(table)
        self._weigh()

    def _weigh(self) -> None:
        """From merged generations alone: a restart finds the same weights, and every second turn finds none anew."""
        self._weights = self._weigher.of(self._elder, sum(one.documents for one in self.finished if one.level))

    @property
    def documents(self) -> int:
        """How many documents the record counts."""
        return self.open.documents + sum(generation.documents for generation in self.finished)

    def take(self, texts: Sequence[str] | CodePoints, sources: Sequence[str], days: Sequence[int] | None = None) -> None:
        """Takes documents in: redacted texts, where each came from, and their event-days (ordinals; without them nothing ages).

        About 10 µs a short document in batches of 500, 8 where the batch has been read already; always take batches.
        """
        batch = code_points(texts)
        words = split(batch)
        unseen = self._table.unseen(words.hashes)
        shapes = words.shapes(unseen)
        document, bucket = document_terms(words, unseen, shapes)
        hashes = _text_hashes(document, bucket, len(batch))
        of_source = np.array([zlib.crc32(source.encode("utf-8", "surrogatepass")) for source in sources], np.int64)
        came = _Arrivals(batch.texts, of_source, hashes, document, bucket)
        ordinals = [0] * len(batch) if days is None else days
        at = 0
        while at < len(batch):
            if self._is_over(ordinals[at]):
                self._turn(ordinals[at])
            at = self._fill(came, ordinals, at)

    def _is_over(self, day: int) -> bool:
        full = self.open.documents >= GENERATION_DOCUMENTS
        return full or (self.open.documents > 0 and day >= self.open.first_day + GENERATION_DAYS)

    def _turn(self, day: int) -> None:
        """Begins a generation. Where a level has too many, its two eldest become one of the next; what is too much or too old goes."""
        self._of_period += self.open.documents
        if self._of_period >= PERIOD_DOCUMENTS or self.open.documents < GENERATION_DOCUMENTS:
            self._of_source, self._of_text, self._of_period = [0] * SLOTS, [0] * SLOTS, 0
        finished, elder_changed = [self.open, *self.finished], False
        for level in range(HIGHEST_LEVEL):
            mine = [at for at, one in enumerate(finished) if one.level == level]
            if len(mine) <= KEPT_OF_LEVEL:
                break
            eldest = finished[mine[-1]]
            if finished[mine[-2]].first_day < eldest.first_day + GENERATION_DAYS:
                eldest.merge(finished.pop(mine[-2]))
            eldest.level = level + 1
            if eldest.level == FORGETS_FROM:
                eldest.finish()
            if level == 0:
                self._elder += eldest.counts
                elder_changed = True
        lower = sum(one.level < HIGHEST_LEVEL for one in finished)
        self.open, self.finished = Generation(), []
        for at, one in enumerate(finished):
            if at < lower + KEPT_OF_LEVEL and day < one.first_day + OLDEST_DAYS:
                self.finished.append(one)
            elif one.level:
                self._elder -= one.counts
                elder_changed = True
        if elder_changed:
            self._weigh()

    def _fill(self, came: _Arrivals, days: Sequence[int], first: int) -> int:
        """Takes the documents from the first on into the open generation until that is over; gives the number of the next one.

        A document whose source or text has had its share is left out.
        """
        of_source, of_text, of_period = self._of_source, self._of_text, self._of_period
        admitted: list[int] = []
        documents, at = self.open.documents, first
        self.open.first_day = self.open.first_day if documents else days[first]
        over = self.open.first_day + GENERATION_DAYS
        slots = zip((came.sources[first:] % SLOTS).tolist(), (came.hashes[first:] % np.uint64(SLOTS)).tolist(), days[first:], strict=True)
        for at, (source, text, day) in enumerate(slots, first):
            if documents >= GENERATION_DOCUMENTS or (documents and day >= over):
                break
            taken = of_period + documents
            if of_source[source] < SOURCE_FREE + (taken >> SOURCE_SHIFT) and of_text[text] < TEXT_FREE + (taken >> TEXT_SHIFT):
                of_source[source] += 1
                of_text[text] += 1
                documents += 1
                admitted.append(at)
        else:
            at += 1
        self.open.documents = documents
        self._count(came, np.array(admitted, np.int64))
        return at

    def _count(self, came: _Arrivals, admitted: NDArray[np.int64]) -> None:
        """Counts the admitted documents' terms in the open generation, and samples them."""
        newest = self.open
        is_admitted = np.zeros(len(came.hashes), np.bool_)
        is_admitted[admitted] = True
        chosen = is_admitted[came.document]
        bucket = came.bucket[chosen]
        np.add.at(newest.counts, bucket, np.int32(1))
        bits = np.left_shift(1, came.sources >> 16 & SOURCE_BITS - 1).astype(np.uint8)
        np.bitwise_or.at(newest.sources, bucket, bits[came.document[chosen]])
        weights = np.ones(len(came.hashes), np.uint8)
        np.maximum.at(weights, came.document[chosen], self._weights[bucket])
        ranks = came.hashes // weights.astype(np.uint64)
        if len(newest.sample) == SAMPLED_DOCUMENTS:
            admitted = admitted[ranks[admitted] <= np.uint64(newest.sample[-1].rank)]
        ranked = admitted[np.lexsort((came.sources[admitted], ranks[admitted]))].tolist()
        newest.keep(Snippet(int(ranks[at]), int(came.sources[at]), snippet(came.texts[at], int(came.hashes[at]))) for at in ranked)

    def newest(self, documents: int | None = None) -> Generation:
        """The newest generations with at least so many documents together, as one; all of them without a number."""
        together, sampled = Generation(), list[Snippet]()
        for generation in (self.open, *self.finished):
            if documents is not None and together.documents >= documents:
                break
            together.count(generation)
            sampled += generation.sample
        together.sample = sorted(sampled)
        return together

    def save(self) -> bytes:
        """The whole record for a changelog or a snapshot: at most 120 KiB of short documents."""
        slots = np.array([self._of_source, self._of_text], np.uint32)
        record = _Stored(FORMAT, stored(self.open), [stored(one) for one in self.finished], planes(slots), self._of_period)
        return zlib.compress(msgspec.msgpack.encode(record), 9)

    def load(self, value: bytes) -> None:
        """Takes back what `save` gave; raises ValueError for another release's."""
        record = msgspec.msgpack.decode(zlib.decompress(value), type=_Stored)
        if record.format != FORMAT:
            raise ValueError(f"recent terms of format {record.format}: expected {FORMAT}; drop them, they come again with new documents")
        self.open, self.finished = restored(record.open), [restored(one) for one in record.finished]
        slots = from_planes(record.slots, np.uint32).reshape(2, SLOTS)
        self._of_source, self._of_text, self._of_period = slots[0].tolist(), slots[1].tolist(), record.of_period
        self._elder[:] = sum((one.counts for one in self.finished if one.level), np.zeros(BUCKETS, np.int32))
        self._weigh()


@dataclass(frozen=True, slots=True)
class _Arrivals:
    """A batch of documents, by position, with their terms as (document, bucket)."""

    texts: Sequence[str]
    sources: NDArray[np.int64]
    hashes: Hashes
    document: Buckets
    bucket: Buckets


class _Stored(msgspec.Struct, array_like=True):
    format: int
    open: StoredGeneration
    finished: list[StoredGeneration]
    slots: bytes
    of_period: int


def _text_hashes(document: Buckets, bucket: Buckets, documents: int) -> Hashes:
    """A hash of each document's set of terms, (D,) uint64: case, punctuation and order of words change nothing."""
    mixed = (bucket.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(32)
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed, dtype=np.uint64)])
    bounds = np.searchsorted(document, np.arange(documents + 1))
    found: Hashes = sums[bounds[1:]] - sums[bounds[:-1]]
    found ^= found >> np.uint64(31)
    found *= np.uint64(0x94D049BB133111EB)
    found ^= found >> np.uint64(30)
    return found
