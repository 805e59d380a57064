"""What a character is to the featuriser: letters of which script, vowel sign, digit, punctuation. By Unicode category, never by `\\w`.

Vowel signs and the virama of Devanagari are marks: `\\w` leaves them out and cuts 11.6 % of Hindi words in pieces.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
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

# Code points beyond are of no word: emoji, rare scripts.
KNOWN_CODE_POINTS: Final = 0x10000
_JOINERS: Final = (0x200C, 0x200D)
# Devanagari's dependent vowel signs; a text that lost them is hard to read, and two in a row are an error.
_MATRAS: Final = (*range(0x093A, 0x093C), *range(0x093E, 0x094D), *range(0x094E, 0x0950), *range(0x0955, 0x0958), 0x0962, 0x0963)
_CONSONANTS: Final = (*range(0x0915, 0x093A), *range(0x0958, 0x0960), *range(0x0978, 0x0980))
# As Windows-1252 and Latin-1 show the bytes E0 A4/A5 (Devanagari) and C3/C2/E2 80 (European text); U+FFFD; the C1 controls.
_MOJIBAKE: Final = (0xE0, 0xC3, 0xC2, 0xE2, 0xFFFD, *range(0x80, 0xA0))


@lru_cache(maxsize=1)
def character_flags() -> NDArray[np.uint8]:
    """The flags of each code point below KNOWN_CODE_POINTS, `(65536,) uint8`.

    >>> bool(character_flags()[ord("ि")] & WORD)
    True
    """
    flags = np.zeros(KNOWN_CODE_POINTS, np.uint8)
    for code in range(KNOWN_CODE_POINTS):
        category = unicodedata.category(chr(code))
        if category[0] in "LMN" or code in _JOINERS:
            flags[code] |= WORD
        if category == "Nd":
            flags[code] |= DIGIT
        if category[0] == "P":
            flags[code] |= PUNCTUATION
    flags[0x0900:0x0980] |= DEVANAGARI
    flags[0xA8E0:0xA900] |= DEVANAGARI
    for first, beyond in ((0x41, 0x5B), (0x61, 0x7B), (0xC0, 0xD7), (0xD8, 0xF7), (0xF8, 0x250)):
        flags[first:beyond] |= LATIN
    flags[list(_MATRAS)] |= MATRA
    flags[list(_CONSONANTS)] |= CONSONANT
    flags[list(_MOJIBAKE)] |= MOJIBAKE
    return flags
