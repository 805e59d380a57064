"""What a character is to the featuriser: letters of which script, vowel sign, digit, punctuation. By Unicode category, never by `\\w`.

Vowel signs and the virama of Devanagari are marks: `\\w` leaves them out and cuts 11.6 % of Hindi words in pieces.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

WORD: Final = 1
DEVANAGARI: Final = 2
LATIN: Final = 4
MATRA: Final = 8
CONSONANT: Final = 16
DIGIT: Final = 32
PUNCTUATION: Final = 64
# What UTF-8 read as an 8-bit code page leaves behind: the lead bytes of its sequences and the code points that no text uses.
MOJIBAKE: Final = 128

# Letters end at U+323AF in Unicode 15; what lies beyond is unassigned, private or a variation selector.
POINTS: Final = 0x323B0
# To the featuriser code points beyond are of no word: emoji, rare scripts.
KNOWN_CODE_POINTS: Final = 0x10000
_JOINERS: Final = (0x200C, 0x200D)
# Devanagari's dependent vowel signs; a text that lost them is hard to read, and two in a row are an error.
_MATRAS: Final = (*range(0x093A, 0x093C), *range(0x093E, 0x094D), *range(0x094E, 0x0950), *range(0x0955, 0x0958), 0x0962, 0x0963)
_CONSONANTS: Final = (*range(0x0915, 0x093A), *range(0x0958, 0x0960), *range(0x0978, 0x0980))
# As Windows-1252 and Latin-1 show the bytes E0 A4/A5 (Devanagari) and C3/C2/E2 80 (European text); U+FFFD; the C1 controls.
_MOJIBAKE: Final = (0xE0, 0xC3, 0xC2, 0xE2, 0xFFFD, *range(0x80, 0xA0))


@cache
def categories() -> NDArray[np.uint8]:
    """The first letter of each code point's Unicode category, `(POINTS,)`. 20 ms, once.

    >>> chr(categories()[ord("ि")])
    'M'
    """
    found = "".join(map(unicodedata.category, map(chr, range(POINTS))))
    return np.frombuffer(found.encode(), np.uint8)[::2]


def in_categories(letters: bytes, points: int) -> NDArray[np.bool_]:
    """Which of the first `points` code points are of the categories that begin with these letters."""
    return np.isin(categories()[:points], np.frombuffer(letters, np.uint8))


@cache
def character_flags() -> NDArray[np.uint8]:
    """The flags of each code point below KNOWN_CODE_POINTS, and none for those beyond, `(65537,) uint8`.

    >>> bool(character_flags()[ord("ि")] & WORD)
    True
    """
    flags = np.zeros(KNOWN_CODE_POINTS + 1, np.uint8)
    flags[:-1][in_categories(b"LMN", KNOWN_CODE_POINTS)] |= WORD
    flags[list(_JOINERS)] |= WORD
    flags[:-1][in_categories(b"P", KNOWN_CODE_POINTS)] |= PUNCTUATION
    numbers = np.flatnonzero(in_categories(b"N", KNOWN_CODE_POINTS)).tolist()
    flags[[code for code in numbers if unicodedata.category(chr(code)) == "Nd"]] |= DIGIT
    flags[0x0900:0x0980] |= DEVANAGARI
    flags[0xA8E0:0xA900] |= DEVANAGARI
    for first, beyond in ((0x41, 0x5B), (0x61, 0x7B), (0xC0, 0xD7), (0xD8, 0xF7), (0xF8, 0x250)):
        flags[first:beyond] |= LATIN
    flags[list(_MATRAS)] |= MATRA
    flags[list(_CONSONANTS)] |= CONSONANT
    flags[list(_MOJIBAKE)] |= MOJIBAKE
    return flags
