"""How many documents of the baseline have each term: a hashed sketch, and the names of the most frequent ones.

A term is a word or a family of spellings (words.py). The sketch answers for every term, also for one that was never seen;
the names are for terms that fell, which recent documents no longer spell out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from consumers.drift.words import Hashes, Words, split

FORMAT: Final = 1
BUCKETS: Final = 1 << 16
NAMES: Final = 4096
# Longer ones are addresses and encoded data. So the names stay under 528 KiB; those of Hindi and English have about 60.
MAX_NAME_CHARACTERS: Final = 32
_SHIFT: Final = np.uint64(48)
_BATCH: Final = 500

Counts = NDArray[np.int32]
Buckets = NDArray[np.int64]


class UnreadableTermTable(ValueError):
    """What was read is no term table of this release; the message says what was expected."""


def buckets(hashes: Hashes) -> Buckets:
    """Where the sketch counts terms of these hashes."""
    return (hashes >> _SHIFT).astype(np.int64)


def document_terms(words: Words) -> tuple[Buckets, Buckets]:
    """Each document's distinct terms as (document, bucket), sorted; words and families alike. O(W log W)."""
    known = words.families != 0
    places = np.concatenate([words.document, words.document[known]]) * BUCKETS
    places += np.concatenate([buckets(words.hashes), buckets(words.families[known])])
    places.sort()
    # What np.unique does, without its second pass.
    places = places[np.append(True, places[1:] != places[:-1])] if len(places) else places
    return places // BUCKETS, places % BUCKETS


@dataclass(frozen=True, slots=True)
class TermTable:
    """Document frequencies of the baseline's terms: `counts` (65536,) int32 of `documents` documents; `names`, most frequent first.

    Two terms in one bucket are counted together: with 60,000 different words most buckets have one rare term and a few have a frequent one.
    """

    documents: int
    counts: Counts
    names: tuple[str, ...]

    @staticmethod
    def fit(texts: Sequence[str]) -> TermTable:
        """The table of a baseline's texts, the same whatever their order. About 10 µs a short document."""
        counts = np.zeros(BUCKETS, np.int64)
        spelled: Counter[str] = Counter()
        for first in range(0, len(texts), _BATCH):
            words = split(texts[first : first + _BATCH])
            counts += np.bincount(document_terms(words)[1], minlength=BUCKETS)
            spelled.update(name for _, name in set(zip(words.document.tolist(), words.spelled(), strict=True)))
        ordered = sorted(((-count, name) for name, count in spelled.items() if len(name) <= MAX_NAME_CHARACTERS))
        return TermTable(len(texts), counts.astype(np.int32), tuple(name for _, name in ordered[:NAMES]))

    @staticmethod
    def merged(tables: Iterable[TermTable]) -> TermTable:
        """The sum of tables, the same in any order and grouping; of the names the most frequent that any of them knows."""
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

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """For a safetensors file: 256 KiB of counts, at most 528 KiB of names."""
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


def hashed(names: Sequence[str]) -> Hashes:
    """The hashes of single words, as `split` gives them; one that is not a single word raises ValueError."""
    words = split(names)
    if len(words) != len(names):
        raise ValueError(f"{len(names)} names are {len(words)} words: expected single words")
    return words.hashes
