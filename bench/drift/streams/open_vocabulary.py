"""A world that never runs out of names: words which one source alone uses are other words each time that it publishes.

Streams are drawn from a finite pool, so most documents of a quiet stream are in the baseline word for word, and hardly a word of theirs is
unknown. Here a run of a source has its own names, in baselines and in streams alike: no later document has them again. The population is
the same before and after, as in the pool itself; live text lies between the two.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import numpy as np

from bench.drift.streams.pools import IntArray, Pool

# Runs of letters and marks; what the letters are is asked of nothing but their block.
_WORD: Final = re.compile("[A-Za-z\u00c0-\u024f\u0900-\u0963\u0971-\u097f\u200c\u200d]+")
# A letter becomes another of its kind: so a new name looks like the one before to everything but a vocabulary.
_KINDS: Final = (
    "aeiou", "bcdfghjklmnpqrstvwxyz", "AEIOU", "BCDFGHJKLMNPQRSTVWXYZ",
    "कखगघचछजझटठडढणतथदधनपफबभमयरलवशषसह", "ािीुूेैोौ", "अआइईउऊएऐओऔ",
)  # fmt: skip
_KIND_OF: Final = {letter: kind for kind in _KINDS for letter in kind}


class OpenVocabulary:
    """The pool's texts with names anew. Those of `groups` keep theirs: what a topic says is the topic."""

    def __init__(self, pool: Pool, groups: Collection[int]) -> None:
        published = pool.published()
        only: dict[str, int] = {}
        for text, source in zip((pool.texts[number] for number in published.tolist()), pool.source[published].tolist(), strict=True):
            for word in _words(text):
                if only.setdefault(word, source) != source:
                    only[word] = -1
        self._pool = pool
        self._only: Mapping[str, int] = only
        self._kept = np.isin(pool.group, [*groups])

    def texts(self, documents: IntArray, runs: Sequence[int] | IntArray, rng: np.random.Generator) -> list[str]:
        """The texts of pool documents; `runs` numbers what was published together, which has one set of names.

        A damaged form has the names that the damage left whole.
        """
        found, renamed, last = list[str](), dict[str, str](), -1
        for number, run in zip(documents.tolist(), np.asarray(runs).tolist(), strict=True):
            if run != last:
                renamed, last = {}, run
            found.append(self._pool.texts[number] if self._kept[number] else self._with_names(number, renamed, rng))
        return found

    def _with_names(self, number: int, renamed: dict[str, str], rng: np.random.Generator) -> str:
        source = int(self._pool.source[number])

        def name(match: re.Match[str]) -> str:
            word = match[0]
            if self._only.get(word.casefold()) != source:
                return word
            if word not in renamed:
                renamed[word] = _like(word, rng)
            return renamed[word]

        return _WORD.sub(name, self._pool.texts[number])


def _words(text: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(text)}


def _like(word: str, rng: np.random.Generator) -> str:
    """A made-up word of the same kinds of letters in the same places."""
    drawn = zip(word, rng.random(len(word)).tolist(), strict=True)
    return "".join(kind[int(at * len(kind))] if (kind := _KIND_OF.get(letter)) else letter for letter, at in drawn)


def runs_of(sources: IntArray) -> IntArray:
    """The number of each document's run: documents of one source that follow each other."""
    return np.cumsum(np.append(True, sources[1:] != sources[:-1])).astype(np.int32)
