"""Documents of an invented world, for runs that need no data: sources that write of subjects in words made up from syllables.

Words are drawn by Zipf's law, a source keeps to its subjects and publishes in runs, and a third of the sources write Latin script. A new
subject is one more vocabulary that no source has used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

SUBJECTS: Final = 12
COMMON_WORDS: Final = 400
SUBJECT_WORDS: Final = 250
SOURCES: Final = 150
LONGEST_RUN: Final = 4
_DEVANAGARI: Final = tuple(first + second for first in "कगचजटडतदनपबमयरलवसह" for second in ("", "ा", "ि", "ी", "ु", "े", "ो", "ं"))
_LATIN: Final = tuple(first + second for first in "bdfgklmnprstvw" for second in ("a", "e", "i", "o", "u", "an", "er"))


@dataclass(frozen=True, slots=True)
class InventedDocument:
    """A document and who published it."""

    text: str
    publisher: str


class InventedWorld:
    """The world of a seed. `documents` goes on where it was: baseline and streams are draws of one population."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._common = [self._words(syllables, COMMON_WORDS) for syllables in (_DEVANAGARI, _LATIN)]
        self._subjects = [[self._words(syllables, SUBJECT_WORDS) for syllables in (_DEVANAGARI, _LATIN)] for _ in range(SUBJECTS + 1)]
        self._of_source = self._rng.integers(SUBJECTS, size=(SOURCES, 2))

    def documents(self, count: int, *, novel_share: float = 0.0) -> Iterator[InventedDocument]:
        """`count` documents; of `novel_share` of the runs the subject is the one that nobody wrote of before."""
        rng, left = self._rng, count
        while left > 0:
            source = int(rng.integers(SOURCES))
            novel = rng.random() < novel_share
            for _ in range(min(int(rng.integers(1, LONGEST_RUN + 1)), left)):
                left -= 1
                subject = SUBJECTS if novel else int(rng.choice(self._of_source[source]))
                yield InventedDocument(self._text(subject, script=int(source % 3 == 0)), f"source-{source}")

    def _text(self, subject: int, script: int) -> str:
        rng, words = self._rng, int(self._rng.integers(8, 20))
        drawn = np.minimum(rng.zipf(1.4, size=words), COMMON_WORDS) - 1
        vocabularies = (self._common[script], self._subjects[subject][script])
        special = rng.random(words) < 0.4
        return " ".join(vocabularies[int(own)][int(rank) % len(vocabularies[int(own)])] for own, rank in zip(special, drawn, strict=True))

    def _words(self, syllables: tuple[str, ...], count: int) -> list[str]:
        return ["".join(self._rng.choice(syllables, size=int(self._rng.integers(2, 5)))) for _ in range(count)]
