"""The Devanagari that the checks of words are written in: its letters by what they do in a syllable, and where words stand in a text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

CONSONANTS: Final = "कखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसह"
VOWEL_SIGNS: Final = "ािीुूृेैोौॉ"
SIGNS: Final = VOWEL_SIGNS + "ंँ"
VIRAMA: Final = "\u094d"
NUKTA: Final = "\u093c"

_JOINERS: Final = "\u200c\u200d"
# Letters, digits and marks with the joiners inside a word: `\w` has no marks. The marks of the other scripts of India too, lest one of
# their letters within a word cuts it.
_WORD: Final = re.compile(r"[\w\u0300-\u036f\u0900-\u0963\u0966-\u0dff\u1cd0-\u1cff\u200c\u200d\ua8e0-\ua8ff]+")
_LETTER: Final = re.compile("[\u0900-\u0963\u0971-\u097f\ua8e0-\ua8ff]")
# What two spellings of one word differ in, and no reader calls damage: the nukta, the chandrabindu, the joiners.
_FOLDED: Final = str.maketrans({NUKTA: None, "\u0901": "\u0902", "\u200c": None, "\u200d": None})


@dataclass(frozen=True)
class PlacedWord:
    """A word as it stands in its text, with its offsets there in code points: `text[start:end] == word`."""

    word: str
    start: int
    end: int


def placed_words(text: str) -> Iterator[PlacedWord]:
    """The words of a text that have a Devanagari letter or sign, whatever else is in them; the danda is none.

    >>> [found.word for found in placed_words("कमल, NASA और लेाग।")]
    ['कमल', 'और', 'लेाग']
    """
    for found in _WORD.finditer(text):
        if _LETTER.search(found.group()):
            # A joiner at the border belongs to the space beside it, unless it shows a virama.
            word = found.group().lstrip(_JOINERS)
            yield PlacedWord(word, found.end() - len(word), found.end())


@lru_cache(maxsize=65_536)
def folded(word: str) -> str:
    """The key of a word in a vocabulary: decomposed, without nukta and joiners, chandrabindu as anusvara.

    >>> folded("हाँ") == folded("हां"), folded("ज़्यादा") == folded("ज्यादा")
    (True, True)
    """
    return unicodedata.normalize("NFD", word).translate(_FOLDED)
