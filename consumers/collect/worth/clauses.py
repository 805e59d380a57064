"""A text in clauses, each in words with their roles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from consumers.collect.worth.words.english import ENGLISH
from consumers.collect.worth.words.hindi import HINDI
from consumers.collect.worth.words.hinglish import CERTAIN, MIXED
from consumers.collect.worth.words.roles import NUMBER, fold

Roles = Mapping[str, int]

WITH_HINDI: Final[Roles] = {**MIXED, **HINDI}
WITHOUT_HINDI: Final[Roles] = {**ENGLISH, **HINDI}

# Marks of the Indic scripts belong to words, and so do joiners and an apostrophe inside.
_IN_WORD: Final = r"\w\u0900-\u0963\u0966-\u0dff\u200c\u200d'’"
WORD: Final = re.compile(rf"[0-9\u0966-\u096f]+(?:[.,:/-][0-9\u0966-\u096f]+)*|[{_IN_WORD}]+")
# A point, comma or colon inside a number or a name ("72.5", "9:00") separates nothing.
_SEPARATOR: Final = re.compile(r"[!?।\n]+|[.,;:]+(?=\s|$)|\s[-–—]+\s|[–—]")


_ABBREVIATIONS: Final = frozenset({"US", "WHO", "IT", "UP", "UN"})


class Word(NamedTuple):
    """A word: its folded spelling, its roles, and where it stands in the text; `capital` where it begins with one."""

    folded: str
    roles: int
    start: int
    end: int
    capital: bool


class Clause(NamedTuple):
    """The words between two separators; `mark` is the separator that ends it."""

    words: tuple[Word, ...]
    mark: str

    @property
    def start(self) -> int:
        """Where its first word begins in the text."""
        return self.words[0].start


def words_of(text: str) -> list[str]:
    """The folded words of a text."""
    return [found for word in WORD.findall(text.lower()) if (found := fold(word))]


def roles_for(words: Iterable[str]) -> Roles:
    """The roles of words beside these: with Hindi in Latin letters where one of them is certainly that."""
    return WITHOUT_HINDI if CERTAIN.isdisjoint(words) else WITH_HINDI


def clauses_of(text: str, roles: Roles) -> list[Clause]:
    """The clauses of a text that have a word in them, in order."""
    found: list[Clause] = []
    start = 0
    for separator in _SEPARATOR.finditer(text):
        found.append(_clause(text, (start, separator.start()), separator.group().strip(), roles))
        start = separator.end()
    found.append(_clause(text, (start, len(text)), "", roles))
    return [clause for clause in found if clause.words]


def _clause(text: str, span: tuple[int, int], mark: str, roles: Roles) -> Clause:
    words: list[Word] = []
    for match in WORD.finditer(text, *span):
        word = match.group()
        folded, capital = fold(word.lower()), word[0].isupper()
        if not folded:
            continue  # apostrophes or joiners alone
        role = NUMBER if word[0].isdecimal() else roles.get(folded, 0)
        # Part of a name ("World War I", "Kawann Short"), or an abbreviation that reads as a word.
        if capital and ((words and words[-1].capital and not words[-1].roles) or word in _ABBREVIATIONS):
            role = 0
        words.append(Word(folded, role, match.start(), match.end(), capital))
    return Clause(tuple(words), mark)
