"""How many documents of the baseline have each term: a hashed sketch, and the names of the most frequent ones.

A term is a word, a phonetic key of spellings, or the shape of words that are not in the baseline (words.py). The sketch answers for every
term, also for one that was never seen; the names are for terms that fell, which recent documents no longer spell out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from consumers.drift.text.words import SHAPES, Hashes, Indices, Words, split

FORMAT: Final = 1
# At 2^16 the count of 23 % of words was more than twice their own (at 2^18 of 6 %), and what is new was not seen to be new.
HASHED: Final = 1 << 18
BUCKETS: Final = HASHED + SHAPES
NAMES: Final = 4096
# Longer ones are addresses and encoded data. So the names stay under 528 KiB; those of Hindi and English have about 60.
MAX_NAME_CHARACTERS: Final = 32
# A word in fewer than 1 of 100,000 baseline documents counts as unseen.
UNSEEN_IN: Final = 100_000
_SHIFT: Final = np.uint64(46)
_BATCH: Final = 500

Counts = NDArray[np.int32]
Buckets = NDArray[np.int64]


class UnreadableTermTable(ValueError):
    """What was read is no term table of this release; the message says what was expected."""


def buckets(hashes: Hashes) -> Buckets:
    """Where the sketch counts terms of these hashes."""
    return (hashes >> _SHIFT).astype(np.int64)


def document_terms(words: Words, unseen: NDArray[np.bool_], shapes: Indices) -> tuple[Buckets, Buckets]:
    """Each document's distinct terms as (document, bucket), sorted; `shapes` are those of the `unseen` (W,) words. O(W log W)."""
    known = words.phonetic_keys != 0
    # Half as wide, numbers are sorted in half the time.
    width = np.dtype(np.int32 if words.documents * BUCKETS < 1 << 31 else np.int64)
    places = np.concatenate([words.document, words.document[known], words.document[unseen]]).astype(width)
    places *= BUCKETS
    places += np.concatenate([buckets(words.hashes), buckets(words.phonetic_keys[known]), HASHED + shapes]).astype(width)
    places.sort()
    # What np.unique does, without its second pass.
    places = places[np.append(True, places[1:] != places[:-1])] if len(places) else places
    return (places // BUCKETS).astype(np.int64), (places % BUCKETS).astype(np.int64)


@dataclass(frozen=True, slots=True)
class TermTable:
    """Document frequencies of the baseline's terms: `counts` (BUCKETS,) int32 of `documents` documents; `names`, most frequent first.

    Two terms in one bucket are counted together: 6 % of words have more than twice their own count.
    """

    documents: int
    counts: Counts
    names: tuple[str, ...]

    @staticmethod
    def fit(texts: Sequence[str], sources: Sequence[str] | None = None) -> TermTable:
        """The table of a baseline's texts; documents of one source that follow each other are one run of it. About 26 µs a short document.

        Without sources each document is a run, and the order of the texts changes nothing.
        """
        counts = np.zeros(BUCKETS, np.int64)
        first_run, last_run = np.full(BUCKETS, len(texts), np.int64), np.full(BUCKETS, -1, np.int64)
        runs = _runs(len(texts), sources)
        spelled: Counter[str] = Counter()
        for at, words in _batches(texts):
            document, bucket = document_terms(words, np.zeros(len(words), np.bool_), np.zeros(0, np.intp))
            counts += np.bincount(bucket, minlength=BUCKETS)
            np.minimum.at(first_run, bucket, runs[at + document])
            np.maximum.at(last_run, bucket, runs[at + document])
            spelled.update(name for _, name in set(zip(words.document.tolist(), words.spelled(), strict=True)))
        # What would have been unseen if the run had come later.
        unseen = (first_run == last_run) | (counts <= len(texts) // UNSEEN_IN + 1)
        shapes = np.zeros(BUCKETS, np.int64)
        for _, words in _batches(texts):
            new = unseen[buckets(words.hashes)]
            bucket = document_terms(words, new, words.shapes(new))[1]
            shapes += np.bincount(bucket[bucket >= HASHED], minlength=BUCKETS)
        ordered = sorted((-count, name) for name, count in spelled.items() if len(name) <= MAX_NAME_CHARACTERS)
        return TermTable(len(texts), (counts + shapes).astype(np.int32), tuple(name for _, name in ordered[:NAMES]))

    @staticmethod
    def merged(tables: Iterable[TermTable]) -> TermTable:
        """The sum of tables, the same in any order and grouping; of the names the most frequent that any of them knows.

        Words and phonetic keys are counted as if fitted on all documents at once. A word that only one part has was unseen there and is no
        longer: the counts of unseen words' shapes are at least those of one fit.
        """
        found = list(tables)
        counts = np.zeros(BUCKETS, np.int64)
        for table in found:
            counts += table.counts
        names = sorted({name for table in found for name in table.names})
        frequent = counts[buckets(hashed(names))]
        kept = np.argsort(-frequent, kind="stable")[:NAMES].tolist()
        return TermTable(sum(table.documents for table in found), counts.astype(np.int32), tuple(names[at] for at in kept))

    def count(self, hashes: Hashes) -> NDArray[np.int64]:
        """In how many of the baseline's documents the terms of these hashes are, (W,) int64; never too few."""
        return self.counts[buckets(hashes)].astype(np.int64)

    def unseen(self, hashes: Hashes) -> NDArray[np.bool_]:
        """Which of the words the baseline has not, or hardly: (W,)."""
        found: NDArray[np.bool_] = self.counts[buckets(hashes)] <= self.documents // UNSEEN_IN
        return found

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """For a safetensors file: 1,056 KiB of counts, at most 528 KiB of names."""
        names = np.frombuffer("\n".join(self.names).encode(), np.uint8)
        return {"term_counts": self.counts, "term_names": names}

    def to_facts(self) -> dict[str, int]:
        """For the JSON beside the arrays."""
        return {"terms_format": FORMAT, "term_documents": self.documents}

    @staticmethod
    def from_arrays(arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> TermTable:
        """What `to_arrays` and `to_facts` gave; raises UnreadableTermTable."""
        if facts.get("terms_format") != FORMAT:
            raise UnreadableTermTable(
                f"terms_format {facts.get('terms_format')!r}: expected {FORMAT}; fit the baseline again with this release"
            )
        counts, names = arrays["term_counts"], arrays["term_names"]
        if counts.shape != (BUCKETS,) or counts.dtype != np.int32:
            raise UnreadableTermTable(f"term_counts {counts.dtype} {counts.shape}: expected int32 ({BUCKETS},)")
        spelled = names.tobytes().decode()
        return TermTable(int(facts["term_documents"]), counts, tuple(spelled.split("\n")) if spelled else ())


def _batches(texts: Sequence[str]) -> Iterator[tuple[int, Words]]:
    return ((first, split(texts[first : first + _BATCH])) for first in range(0, len(texts), _BATCH))


def _runs(documents: int, sources: Sequence[str] | None) -> NDArray[np.int64]:
    """The number of each document's run."""
    if sources is None:
        return np.arange(documents)
    return np.cumsum([at > 0 and source != sources[at - 1] for at, source in enumerate(sources)], dtype=np.int64)


def hashed(names: Sequence[str]) -> Hashes:
    """The hashes of single words, as `split` gives them; one that is not a single word raises ValueError."""
    words = split(names)
    if len(words) != len(names):
        raise ValueError(f"{len(names)} names are {len(words)} words: expected single words")
    return words.hashes
