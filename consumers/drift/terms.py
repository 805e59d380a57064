"""Which terms rose and which fell between a baseline and recent documents, with examples: what an operator reads of an alarm.

Ranked by the signed root of Dunning's log-likelihood ratio (Dunning 1993) of document shares, deflated by how many sources had the term.
The log-odds with an informative Dirichlet prior (Monroe et al. 2008) gives a term that the baseline never saw a large variance, and
misread bytes and lost vowel signs are such terms: `docs/log.md` has both side by side.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from consumers.drift.recent_terms import Generation, RecentTerms
from consumers.drift.term_table import TermTable, buckets, hashed
from consumers.drift.words import Hashes, Words, split

# Of 10,000 candidates that did not move fewer than one gets here.
LEAST_Z: Final = 4.0
# A spelling is named with its family when it rose by itself at least so much.
LEAST_SPELLING_Z: Final = 1.0
SPELLINGS: Final = 5
EXAMPLES: Final = 2
# A term with fewer source bits may be one flood, or two with an accident of hashing: it comes behind all others.
FEW_SOURCES: Final = 3

Numbers = NDArray[np.float64]


class Term(msgspec.Struct, frozen=True):
    """A term that rose or fell: `before` and `after` are shares of documents, `z` is signed, `spellings` the others of its family.

    `several_sources` is false where all its documents may come from one or two sources.
    """

    term: str
    z: float
    before: float
    after: float
    several_sources: bool = True
    spellings: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()


class Explanation(msgspec.Struct, frozen=True):
    """The terms that rose and fell, the clearest first, in `documents` recent documents against `baseline_documents`."""

    documents: int
    baseline_documents: int
    rose: tuple[Term, ...] = ()
    fell: tuple[Term, ...] = ()


def explain(table: TermTable, recent: RecentTerms, k: int = 20) -> Explanation:
    """At most `k` terms that rose and `k` that fell; none where nothing moved by more than chance. About 10 ms."""
    seen = recent.both()
    if not seen.documents or not table.documents:
        return Explanation(seen.documents, table.documents)
    return Explanation(seen.documents, table.documents, _rose(table, seen, k), _fell(table, seen, k))


@dataclass(frozen=True, slots=True)
class _Shares:
    """Terms' document counts before and after, how clearly they differ, and whether several sources had them."""

    before: NDArray[np.int64]
    after: NDArray[np.int64]
    z: Numbers
    several: NDArray[np.bool_]

    @staticmethod
    def of(hashes: Hashes, table: TermTable, seen: Generation) -> _Shares:
        place = buckets(hashes)
        before, after = table.counts[place].astype(np.int64), seen.counts[place].astype(np.int64)
        bits = np.bitwise_count(seen.sources[place])
        z = signed_root(after, seen.documents, before, table.documents) / np.sqrt(_documents_a_source(after, bits))
        return _Shares(before, after, z, bits >= FEW_SOURCES)


def signed_root(after: NDArray[np.int64], documents: int, before: NDArray[np.int64], baseline_documents: int) -> Numbers:
    """The signed root of the log-likelihood ratio of two binomial shares: about a standard normal where the shares are the same.

    >>> signed_root(np.array([10, 50]), 1000, np.array([500, 500]), 50_000).round(1).tolist()
    [0.0, 8.5]
    """
    after_share, before_share = after / documents, before / baseline_documents
    both = (after + before) / (documents + baseline_documents)
    ratio = _likelihood(after, documents, after_share) + _likelihood(before, baseline_documents, before_share)
    ratio -= _likelihood(after, documents, both) + _likelihood(before, baseline_documents, both)
    found: Numbers = np.sign(after_share - before_share) * np.sqrt(2 * np.maximum(ratio, 0.0))
    return found


def _likelihood(count: NDArray[np.int64], documents: int, share: Numbers) -> Numbers:
    tiny = 1e-300
    return count * np.log(np.maximum(share, tiny)) + (documents - count) * np.log(np.maximum(1 - share, tiny))


def _documents_a_source(documents: NDArray[np.int64], bits: NDArray[np.uint8]) -> Numbers:
    """How many of a term's documents come from one source, at least 1: linear counting (Whang et al. 1990) of 8 bits; 1 where all are set."""
    sources = np.append(-8 * np.log(1 - np.arange(8) / 8), np.inf)[bits]
    return np.maximum(documents / np.maximum(sources, 1), 1.0)


def _rose(table: TermTable, seen: Generation, k: int) -> tuple[Term, ...]:
    snippets = [snippet.text for snippet in seen.sample]
    said = split(snippets)
    spelled = said.spelled()
    names, hashes, families = _candidates(said, spelled)
    word, family = _Shares.of(hashes, table, seen), _Shares.of(families, table, seen)
    members: defaultdict[int, list[int]] = defaultdict(list)
    for at in np.flatnonzero((families != 0) & (word.z >= LEAST_SPELLING_Z)).tolist():
        members[int(families[at])].append(at)
    ranked: list[tuple[bool, float, int, bool]] = [
        (not word.several[at], -float(word.z[at]), at, False) for at in np.flatnonzero(word.z >= LEAST_Z).tolist()
    ]
    for spellings in members.values():
        spellings.sort(key=lambda at: (-int(word.after[at]), names[at]))
        first = spellings[0]
        if len(spellings) > 1 and family.z[first] >= LEAST_Z:
            ranked.append((not family.several[first], -float(family.z[first]), first, True))
    ranked.sort(key=lambda entry: (entry[0], entry[1], names[entry[2]], entry[3]))
    found: list[Term] = []
    told: set[int] = set()
    for few, z, at, is_family in ranked:
        group = members[int(families[at])] if is_family else [at]
        if len(found) == k:
            break
        if told.intersection(group):
            continue
        told.update(group)
        shares = family if is_family else word
        found.append(
            Term(
                names[at],
                round(-z, 2),
                float(shares.before[at]) / table.documents,
                float(shares.after[at]) / seen.documents,
                not few,
                tuple(names[other] for other in group[1:SPELLINGS]),
                _examples(said, hashes[group], snippets),
            )
        )
    return tuple(found)


def _candidates(said: Words, spelled: Sequence[str]) -> tuple[list[str], Hashes, Hashes]:
    """The different words of the snippets with their hashes and families; of those that share a bucket the one said most often."""
    often = Counter(spelled)
    place = buckets(said.hashes).tolist()
    best: dict[int, int] = {}
    for at, name in enumerate(spelled):
        other = best.get(place[at])
        if other is None or (often[name], spelled[other]) > (often[spelled[other]], name):
            best[place[at]] = at
    chosen = sorted(best.values())
    return [spelled[at] for at in chosen], said.hashes[chosen], said.families[chosen]


def _examples(said: Words, hashes: Hashes, snippets: Sequence[str]) -> tuple[str, ...]:
    documents = np.unique(said.document[np.isin(said.hashes, hashes)])[:EXAMPLES]
    return tuple(snippets[at] for at in documents.tolist())


def _fell(table: TermTable, seen: Generation, k: int) -> tuple[Term, ...]:
    if not table.names:
        return ()
    shares = _Shares.of(hashed(table.names), table, seen)
    order = np.argsort(shares.z, kind="stable")
    return tuple(
        Term(
            table.names[at],
            round(float(shares.z[at]), 2),
            float(shares.before[at]) / table.documents,
            float(shares.after[at]) / seen.documents,
        )
        for at in order[:k].tolist()
        if shares.z[at] <= -LEAST_Z
    )
