"""One spelling for what is one word to a reader: case, digits, nuktas, nasal signs; and what spellings over scripts have in common."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from gpu_runner.text.normalise import fold_digits, strip_zero_width

_NASALS: Final = re.compile("[ङञणनम]\u094d(?=[क-भ])")
_CONSONANTS: Final = dict(zip("कखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसहळ", "kkggnccjjnttddnttddnpfbbmyrlvssshl", strict=True))
_LATIN: Final = {**{letter: letter for letter in "bcdfghjklmnpqrstvwxyz"}, "w": "v", "z": "j", "q": "k", "x": "ks"}
_CLUSTERS: Final = (
    *(("sch", "s"), ("chh", "c"), ("ch", "c"), ("sh", "s"), ("ph", "f"), ("th", "t"), ("dh", "d"), ("bh", "b"), ("gh", "g"), ("kh", "k")),
    *(("jh", "j"), ("ck", "k"), ("ce", "s"), ("ci", "s"), ("cy", "s"), ("c", "k")),
)


def spelled(text: str) -> str:
    """The text in small letters and ASCII digits, without nuktas and zero-width characters, with one sign for a nasal.

    >>> spelled("हिन्दी") == spelled("हिंदी"), spelled("ज़िला") == spelled("जिला"), spelled("पाँच") == spelled("पांच")
    (True, True, True)
    """
    if text.isascii():
        return text.casefold()
    text = unicodedata.normalize("NFD", fold_digits(strip_zero_width(text))).replace("\u093c", "")
    text = unicodedata.normalize("NFC", text).casefold().replace("\u0901", "\u0902")
    return _NASALS.sub("\u0902", text)


@lru_cache(maxsize=65536)
def skeleton(word: str) -> str:
    """The consonants of a spelled word of Devanagari or Latin letters, folded as spellings differ; what names over scripts share.

    Nasals before a consonant, an h that is no letter of its own, y, and doubled letters fall.

    >>> skeleton("shahjahan"), skeleton("शाहजहां"), skeleton("bhaskar") == skeleton("भास्कर")
    ('sjn', 'sjn', True)
    """
    if any("\u0900" <= char <= "\u097f" for char in word):
        # An anusvara is an n like another.
        found = "".join("n" if char == "\u0902" else _CONSONANTS.get(char, "") for char in word)
    else:
        plain = "".join(char for char in unicodedata.normalize("NFD", word) if "a" <= char <= "z")
        for cluster, one in _CLUSTERS:
            plain = plain.replace(cluster, one.upper())
        found = "".join(char.lower() if char.isupper() else _LATIN.get(char, "") for char in plain)
    out: list[str] = []
    for char in found.replace("h", "").replace("y", "").replace("m", "n"):
        if not out or out[-1] != char:
            out.append(char)
    return "".join(out)
