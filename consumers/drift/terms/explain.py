"""Which terms rose and which fell between a baseline and recent documents, with examples: what an operator reads of an alarm.

A term's evidence is the signed root of the log-likelihood ratio of its document shares (Dunning 1993), deflated where few sources had
it. A word that the baseline never saw and that is still rare has little evidence of its own; it takes that of its shape: when unseen
words without vowel signs are ten times as frequent as they were, nine of ten of them are news.

The log-odds with an informative Dirichlet prior (Monroe et al. 2008) gives a term that the baseline never saw a large variance, and
misread bytes and lost vowel signs are such terms; `docs/log.md` has the figures.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from consumers.drift.terms.evidence import PRIOR_DOCUMENTS, Numbers, least_lift, signed_root
from consumers.drift.terms.generation import Generation
from consumers.drift.terms.recent import RecentTerms
from consumers.drift.terms.table import HASHED, Buckets, TermTable, buckets, hashed
from consumers.drift.text.words import split

# A term is told when it is no chance with at least this probability.
LEAST_CONFIDENCE: Final = 0.9
# One that only its shape speaks for is mostly in one document, and was wrong more often than its confidence says.
LEAST_SHAPE_CONFIDENCE: Final = 0.95
# A spelling is named with its phonetic key when it rose by itself at least so much, and a shape speaks for its words.
LEAST_SPELLING_Z: Final = 1.0
LEAST_SHAPE_Z: Final = 3.0
# Terms of a smaller chance than this are told by how much they rose.
SURE: Final = 0.01
# A rise by less than a tenth is told of no word: of a large topic the commonest words rise a little too.
LEAST_LIFT: Final = 0.1
SPELLINGS: Final = 4
EXAMPLES: Final = 2
# Documents with a term that count for one source, and again for every so many documents: the rest says how much that source writes. With 2
# a new topic of few sources is lost, and with 3 however many documents came one of 3 %.
DOCUMENTS_OF_SOURCE: Final = 3
COUNTED_AGAIN_AFTER: Final = 4096

_DEVANAGARI: Final = re.compile("[\u0900-\u097f]")

Kind = Literal["word", "family", "shape"]


class Term(msgspec.Struct, frozen=True):
    """A term that rose or fell: `before` and `after` are its own shares of documents.

    `kind` says whose rise it shows: the word's own, that of its phonetic key of `spellings` (whose shares these are), or that of all unseen
    words of its shape. `z` is signed and of that kind; `confidence` is the probability that it is no chance.
    """

    term: str
    kind: Kind
    z: float
    confidence: float
    before: float
    after: float
    spellings: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()


class Explanation(msgspec.Struct, frozen=True):
    """The terms that rose and fell, the surest first, in `documents` recent documents against `baseline_documents`."""

    documents: int
    baseline_documents: int
    rose: tuple[Term, ...] = ()
    fell: tuple[Term, ...] = ()


def explain(
    table: TermTable, recent: RecentTerms, k: int = 20, *, documents: int | None = None, language: str | None = None
) -> Explanation:
    """At most `k` terms that rose, what says most first, and `k` that fell, in the newest `documents` or somewhat more.

    Without `documents` in all that the record has. Of a `language` (`hi`: in Devanagari, `en`: in none) where it alone drifted: the other's
    news of the day would be told beside. None where nothing moved by more than chance. About 20 ms.
    """
    seen = recent.newest(documents)
    if not seen.documents or not table.documents:
        return Explanation(seen.documents, table.documents)
    return Explanation(seen.documents, table.documents, _Rise(table, seen).terms(k, language), _fell(table, seen, k, language))


@dataclass(frozen=True, slots=True)
class _Moves:
    """Of each bucket asked for: documents before and after, the signed evidence, the probability that it is chance, and the least rise."""

    before: NDArray[np.int64]
    after: NDArray[np.int64]
    z: Numbers
    chance: Numbers
    lift: Numbers

    @staticmethod
    def of(place: Buckets, table: TermTable, seen: Generation) -> _Moves:
        before, after = table.counts[place].astype(np.int64), seen.counts[place].astype(np.int64)
        z = signed_root(after, seen.documents, before, table.documents)
        z /= np.sqrt(_excess_of_source(after, np.bitwise_count(seen.sources[place]), seen.documents))
        # False discoveries (Benjamini & Hochberg 1995): how many of all terms would chance bring so far, against how many are there.
        terms = int(np.count_nonzero(table.counts))
        there = np.empty(len(z))
        there[np.argsort(-np.abs(z), kind="stable")] = np.arange(1, len(z) + 1)
        lift = least_lift(after, seen.documents, before, table.documents)
        return _Moves(before, after, z, np.minimum(terms * 2 * ndtr(-np.abs(z)) / there, 1.0), lift)


def _excess_of_source(with_term: NDArray[np.int64], bits: NDArray[np.uint8], documents: int) -> Numbers:
    """By how much a term's documents exceed what counts for each of its sources, at least 1; 1 where all bits are set, or none.

    The number of sources is by linear counting (Whang et al. 1990) of the 8 bits.
    """
    sources = np.array([np.inf, *(-8 * np.log(1 - np.arange(1, 8) / 8)), np.inf])[bits]
    counted = DOCUMENTS_OF_SOURCE * (1 + documents / COUNTED_AGAIN_AFTER)
    excess: Numbers = np.maximum(with_term / (counted * np.maximum(sources, 1)), 1.0)
    return excess


class _Rise:
    """The words of the sampled documents, with all that is known of them."""

    def __init__(self, table: TermTable, seen: Generation) -> None:
        self._table, self._seen = table, seen
        self._snippets = [snippet.text for snippet in seen.sample]
        said = split(self._snippets)
        places: dict[str, int] = {}
        self._said_in: list[list[int]] = []
        first: list[int] = []
        for at, (name, document) in enumerate(zip(said.spelled(), said.document.tolist(), strict=True)):
            place = places.setdefault(name, len(places))
            if place == len(first):
                first.append(at)
                self._said_in.append([document])
            elif self._said_in[place][-1] != document:
                self._said_in[place].append(document)
        self._names = list(places)
        self._phonetic_keys = said.phonetic_keys[first]
        unseen = table.unseen(said.hashes[first])
        self._word = _Moves.of(buckets(said.hashes[first]), table, seen)
        self._phonetic = _Moves.of(buckets(self._phonetic_keys), table, seen)
        self._shape = _Moves.of(HASHED + said.shapes(np.array(first, np.intp)), table, seen)
        self._speaks = unseen & (self._shape.z >= LEAST_SHAPE_Z)
        self._owners = self._owned(buckets(said.hashes[first]).tolist(), buckets(self._phonetic_keys).tolist())

    def _owned(self, word_buckets: list[int], phonetic_buckets: list[int]) -> tuple[set[int], set[int]]:
        """Which words and phonetic keys have their bucket for themselves, or more of the sample than any other in it."""
        often: dict[int, tuple[int, str]] = {}
        phonetic_keys: defaultdict[int, set[int]] = defaultdict(set)
        for at, bucket in enumerate(phonetic_buckets):
            if self._phonetic_keys[at]:
                phonetic_keys[bucket].update(self._said_in[at])
        for at, bucket in enumerate(word_buckets):
            often[bucket] = max(often.get(bucket, (0, "")), (len(self._said_in[at]), self._names[at]))
        words = {
            at
            for at, bucket in enumerate(word_buckets)
            if often[bucket][1] == self._names[at] and len(phonetic_keys.get(bucket, ())) < len(self._said_in[at])
        }
        return words, {bucket for bucket, documents in phonetic_keys.items() if len(documents) >= often.get(bucket, (0, ""))[0]}

    def terms(self, k: int, language: str | None) -> tuple[Term, ...]:
        """The `k` of a language, or of all, that say most."""
        found: list[Term] = []
        told: set[int] = set()
        for rise in sorted([*self._words(), *self._spelled()], key=lambda rise: (*rise.rank, self._names[rise.group[0]], rise.kind)):
            if len(found) < k and not told.intersection(rise.group) and _is_of(self._names[rise.group[0]], language):
                told.update(rise.group)
                found.append(self._term(rise))
        return tuple(found)

    def _words(self) -> Iterator[_ReportedTerm]:
        """Words that rose by themselves, and unseen ones whose shape speaks for them."""
        word, shape = self._word, self._shape
        expected = (shape.before + PRIOR_DOCUMENTS) / self._table.documents * self._seen.documents
        unlike = np.where(self._speaks, np.minimum(expected / np.maximum(shape.after, 1), 1.0), 1.0)
        own = np.where((word.z > 0) & (word.lift >= LEAST_LIFT), word.chance, 1.0)
        chance = own * unlike
        for at in np.flatnonzero(chance <= 1 - LEAST_CONFIDENCE).tolist():
            if own[at] > 1 - LEAST_CONFIDENCE:
                if chance[at] <= 1 - LEAST_SHAPE_CONFIDENCE:
                    yield _ReportedTerm.of("shape", [at], shape, float(chance[at]))
            elif at in self._owners[0]:
                yield _ReportedTerm.of("word", [at], word, float(chance[at]))

    def _spelled(self) -> Iterator[_ReportedTerm]:
        """Families of several spellings that rose, the most frequent spelling first."""
        phonetic, word = self._phonetic, self._word
        members: defaultdict[int, list[int]] = defaultdict(list)
        rose = (self._phonetic_keys != 0) & (word.z >= LEAST_SPELLING_Z) & (phonetic.z > 0) & (phonetic.lift >= LEAST_LIFT)
        for at in np.flatnonzero(rose & (phonetic.chance <= 1 - LEAST_CONFIDENCE)).tolist():
            members[int(self._phonetic_keys[at])].append(at)
        for group in members.values():
            if len(group) > 1 and int(buckets(self._phonetic_keys[group[:1]])[0]) in self._owners[1]:
                ordered = sorted(group, key=lambda at: (-int(word.after[at]), self._names[at]))
                yield _ReportedTerm.of("family", ordered, phonetic, float(phonetic.chance[ordered[0]]))

    def _term(self, rise: _ReportedTerm) -> Term:
        shares, first = self._phonetic if rise.kind == "family" else self._word, rise.group[0]
        documents = sorted({document for at in rise.group for document in self._said_in[at]})[:EXAMPLES]
        return Term(
            self._names[first],
            rise.kind,
            round(rise.z, 2),
            round(1 - rise.chance, 4),
            float(shares.before[first]) / self._table.documents,
            float(shares.after[first]) / self._seen.documents,
            tuple(self._names[at] for at in rise.group[1 : SPELLINGS + 1]),
            tuple(self._snippets[at] for at in documents),
        )


@dataclass(frozen=True, slots=True)
class _ReportedTerm:
    """Words (by number, the one that names them first) that one rise tells, and where in the list it stands, the lowest first."""

    kind: Kind
    group: list[int]
    z: float
    chance: float
    rank: tuple[float, float]

    @staticmethod
    def of(kind: Kind, group: list[int], moves: _Moves, chance: float) -> _ReportedTerm:
        """Of those that are sure first what rose most, by evidence times rise; then the others by their chance."""
        z, lift = float(moves.z[group[0]]), float(moves.lift[group[0]])
        return _ReportedTerm(kind, group, z, chance, (chance if chance > SURE else 0.0, -z * max(lift, 0.0)))


def _is_of(term: str, language: str | None) -> bool:
    return language is None or (_DEVANAGARI.search(term) is not None) == (language == "hi")


def _fell(table: TermTable, seen: Generation, k: int, language: str | None) -> tuple[Term, ...]:
    if not table.names:
        return ()
    moves = _Moves.of(buckets(hashed(table.names)), table, seen)
    order = islice((at for at in np.argsort(moves.z, kind="stable").tolist() if _is_of(table.names[at], language)), k)
    return tuple(
        Term(
            table.names[at],
            "word",
            round(float(moves.z[at]), 2),
            round(1 - float(moves.chance[at]), 4),
            float(moves.before[at]) / table.documents,
            float(moves.after[at]) / seen.documents,
        )
        for at in order
        if moves.z[at] < 0 and moves.chance[at] <= 1 - LEAST_CONFIDENCE
    )
