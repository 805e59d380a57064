"""Damage to words, made here and knowing nothing of the checks: each kind at a random place of one word."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Final

CONSONANTS: Final = "कखगघचछजझटठडढणतथदधनपफबभमयरलवशषसह"
MATRAS: Final = "ािीुूृेैोौ"
SIGNS: Final = MATRAS + "ंँ"
VIRAMA: Final = "\u094d"
NUKTA: Final = "\u093c"
WORD: Final = re.compile("[\u0904-\u0939\u0958-\u0961][\u0900-\u0963\u0971-\u097f\u200c\u200d]*")

Change = Callable[[str, random.Random], str | None]


def _places(word: str, letters: str) -> list[int]:
    return [place for place, char in enumerate(word) if char in letters]


def _without(letters: str) -> Change:
    def change(word: str, rng: random.Random) -> str | None:
        places = _places(word, letters)
        if not places or len(word) < 2:
            return None
        place = rng.choice(places)
        return word[:place] + word[place + 1 :]

    return change


def _other(letters: str) -> Change:
    def change(word: str, rng: random.Random) -> str | None:
        places = _places(word, letters)
        if not places or len(word) < 2:
            return None
        place = rng.choice(places)
        return word[:place] + rng.choice([letter for letter in letters if letter != word[place]]) + word[place + 1 :]

    return change


# What stays a legal sequence of letters, mostly. The names are those of the figures.
LEXICAL: Final[Mapping[str, Change]] = {
    "dropped_sign": _without(SIGNS),
    "replaced_sign": _other(MATRAS),
    "dropped_virama": _without(VIRAMA),
    "dropped_consonant": _without(CONSONANTS),
    "replaced_consonant": _other(CONSONANTS),
}


def damaged(texts: Sequence[str], change: Change, share: float, rng: random.Random) -> tuple[list[str], list[tuple[int, str]]]:
    """The texts with `share` of all their words changed, and (number of the text, changed word) of each change.

    Chosen evenly among the words that can be changed; where those are fewer than the share, all of them.
    """
    words = [(number, found) for number, text in enumerate(texts) for found in WORD.finditer(unicodedata.normalize("NFC", text))]
    count = max(1, round(share * len(words)))
    out = [unicodedata.normalize("NFC", text) for text in texts]
    changed: dict[int, list[tuple[int, int, str]]] = {}
    rng.shuffle(words)
    for number, found in words:
        if count and (new := change(found.group(), rng)) not in (None, found.group()):
            changed.setdefault(number, []).append((found.start(), found.end(), str(new)))
            count -= 1
    for number, changes in changed.items():
        for start, end, new in sorted(changes, reverse=True):
            out[number] = out[number][:start] + new + out[number][end:]
    return out, [(number, new) for number, changes in changed.items() for _, _, new in changes]
