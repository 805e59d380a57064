"""What a word does in feedback, as bits; a word that is in no list has none and is content."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

FUNCTION: Final = 1 << 0  # pronouns of things, copulas, articles, prepositions, conjunctions
VERDICT: Final = 1 << 1  # judges something: wrong, useless, good
META: Final = 1 << 2  # what is judged: the answer, the information, the reply
ATTRIBUTE: Final = 1 << 3  # what can be wrong in it: the date, the name, the spelling
REQUEST: Final = 1 << 4  # asks for work on the answer: check, fix, update, explain
COURTESY: Final = 1 << 5  # please, thanks, hello, ok
FIRST: Final = 1 << 6
SECOND: Final = 1 << 7
ASKING: Final = 1 << 8
YES: Final = 1 << 9
NO: Final = 1 << 10  # can stand alone as an answer
NOT: Final = 1 << 11  # negates what stands beside it
EMOTE: Final = 1 << 12  # interjections and abuse: nothing beside it is an answer
DEGREE: Final = 1 << 13  # very, again, totally: says nothing by itself
NUMBER: Final = 1 << 14
COMPARED: Final = 1 << 15  # more, higher: no answer without what it is compared with
MODAL: Final = 1 << 16  # can, must, should: advice
BOT: Final = 1 << 17  # the assistant as a thing
POINTER: Final = 1 << 18  # where the answer may be found: a page, a document, a site
CONTRAST: Final = 1 << 19  # Hindi तो: "that, however"
COPULA: Final = 1 << 20
THING: Final = 1 << 21  # it, this, that: stands for what was said
TRUE_OR_FALSE: Final = 1 << 22  # true, false, सही, गलत: answers a question about truth
INDEFINITE: Final = 1 << 23  # some, another, कोई: no name
PERSON_SAID: Final = 1 << 24  # asked, said, told: a user about the conversation

_REPEATED: Final = re.compile(r"(.)\1+")
_FOLDS: Final = re.compile(r"[wz']|([a-z])\1")
_APART: Final = str.maketrans({"w": "v", "z": "j", "'": None, "’": None, "‘": None})
_DEVANAGARI: Final = str.maketrans({"\u093c": None, "\u0901": "\u0902", "\u200c": None, "\u200d": None, "'": None, "’": None})


def fold(word: str) -> str:
    """One spelling for a word in small letters: Latin doubled letters once, `w` as `v`, `z` as `j`; Devanagari without nukta.

    >>> fold("nahee") == fold("nahi"), fold("ग़लत") == fold("गलत"), fold("हाँ") == fold("हां"), fold("don't")
    (True, True, True, 'dont')
    """
    return _remembered(word) if len(word) <= _LONGEST_REMEMBERED else _folded(word)


def _folded(word: str) -> str:
    if word.isascii():
        if not _FOLDS.search(word):
            return word
        word = word.replace("aa", "a").replace("ee", "i").replace("oo", "u").translate(_APART)
        return _REPEATED.sub(r"\1", word) if len(word) > 2 else word
    return unicodedata.normalize("NFD", word).translate(_DEVANAGARI)


# Words come again and again: so many of up to so many letters are 3 MB.
_LONGEST_REMEMBERED: Final = 24
_remembered: Final = lru_cache(1 << 14)(_folded)


def folded(words: str) -> frozenset[str]:
    """The folded words of a list that is separated by white space."""
    return frozenset(map(fold, words.split()))


def table(groups: Mapping[int, str]) -> dict[str, int]:
    """Word to roles, of words that are separated by white space; a word of several groups has the roles of all."""
    found: dict[str, int] = {}
    for role, listed in groups.items():
        for word in listed.split():
            key = fold(word)
            found[key] = found.get(key, 0) | role
    return found
