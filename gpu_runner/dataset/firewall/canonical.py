"""One spelling for all that a reader takes for the same text: what the firewall compares before it weighs words."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from gpu_runner.text.normalise import hi_lenient

# Nuktas of nine Indic scripts: writers leave them out as often as not (सड़क, सडक).
_NUKTAS: Final = frozenset("\u093c\u09bc\u0a3c\u0abc\u0b3c\u0cbc\U000110ba\U00011173\U00011236")
_LATIN_ACCENTS: Final = frozenset(map(chr, range(0x0300, 0x0370)))
# A nasal before a consonant of its own class, and a chandrabindu, are often written as an anusvara (हिन्दी, हिंदी; हाँ, हां).
_NASAL: Final = re.compile("ङ्(?=[क-घ])|ञ्(?=[च-झ])|ण्(?=[ट-ढ])|न्(?=[त-ध])|म्(?=[प-भ])|ँ")


@lru_cache(maxsize=65_536)
def canonical(text: str) -> str:
    """The text as words between single spaces: equal for every variant in case, punctuation, spacing, digits of any script, joiners,
    Unicode form, full width, accents, nukta and nasal signs. Numbers and marks with a meaning stay apart, as in `hi_lenient`.

    >>> canonical("क़ुतुब  मीनार हिन्दी में, १९५०?") == canonical("कुतुब मीनार हिंदी में 1950")
    True
    >>> canonical("5.5 km") == canonical("55 km")
    False
    """
    wide = "".join(unicodedata.normalize("NFKC", char) if unicodedata.east_asian_width(char) == "F" else char for char in text)
    shown = "".join(char for char in wide if unicodedata.category(char) != "Cf")
    parts = unicodedata.normalize("NFD", shown)
    bare = "".join(char for char in parts if char not in _NUKTAS and char not in _LATIN_ACCENTS)
    return _NASAL.sub("ं", hi_lenient(bare))


def compact(canonical_text: str) -> str:
    """The canonical text without the spaces that only part words: between two digits one stays.

    >>> compact("taj mahal 1 2") == compact("tajmahal 1 2"), compact("1 2") == compact("12")
    (True, False)
    """
    return re.sub(r"(?<!\d) | (?!\d)", "", canonical_text)
