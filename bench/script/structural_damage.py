"""Words made illegal in every way that the check of words should find; each kind has variants, told apart in the figures."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Final

from bench.script.damage import CONSONANTS, MATRAS, NUKTA, VIRAMA, Change

_NASALS: Final = "ंँ"
_VOWELS: Final = "अआइईउऊएऐओऔ"
_BLOCKS: Final = {"bengali": 0x0980, "gurmukhi": 0x0A00, "gujarati": 0x0A80, "tamil": 0x0B80, "telugu": 0x0C00, "kannada": 0x0C80}
_LOOK_ALIKES: Final = {"cyrillic": "асеорхутгн", "greek": "ονραυχτκ"}
_JOINERS: Final = str.maketrans({"\u200c": None, "\u200d": None})
_LATIN: Final = "abcdehiklmnoprstuxzABDEGHKNPRST"


def _at(word: str, letters: str) -> list[int]:
    return [place for place, char in enumerate(word) if char in letters]


def _after(letters: str, inserted: str) -> Change:
    """One of `inserted`, another than the letter itself, after one of `letters`."""

    def change(word: str, rng: random.Random) -> str | None:
        places = _at(word, letters)
        if not places:
            return None
        place = rng.choice(places)
        return word[: place + 1] + rng.choice([char for char in inserted if char != word[place]]) + word[place + 1 :]

    return change


def _virama_before_a_sign(word: str, rng: random.Random) -> str | None:
    places = _at(word, MATRAS)
    if not places:
        return None
    place = rng.choice(places)
    return word[:place] + VIRAMA + word[place:]


def _doubled(letters: str) -> Change:
    def change(word: str, rng: random.Random) -> str | None:
        places = _at(word, letters)
        if not places:
            return None
        place = rng.choice(places)
        return word[: place + 1] + word[place] + word[place + 1 :]

    return change


def _sign_before_its_consonant(word: str, rng: random.Random) -> str | None:
    """A vowel sign and the consonant before it (with its nukta) change places."""
    places = [place for place in _at(word, MATRAS) if place and word[place - 1] in CONSONANTS + NUKTA]
    if not places:
        return None
    place = rng.choice(places)
    start = place - 1 - (word[place - 1] == NUKTA)
    return word[:start] + word[place] + word[start:place] + word[place + 1 :]


def _sign_at_the_start(word: str, rng: random.Random) -> str | None:
    places = [place for place in _at(word, MATRAS + _NASALS) if place]
    if not places:
        return None
    place = rng.choice(places)
    return word[place] + word[:place] + word[place + 1 :]


def _latin_put_in(word: str, rng: random.Random) -> str | None:
    if len(word) < 2:
        return None
    place = rng.randrange(1, len(word))
    return word[:place] + "".join(rng.choices(_LATIN, k=rng.randint(1, 2))) + word[place:]


def _latin_for_a_letter(word: str, rng: random.Random) -> str | None:
    if len(word) < 3:
        return None
    place = rng.randrange(1, len(word) - 1)
    return word[:place] + rng.choice(_LATIN) + word[place + 1 :]


def _letter_of(base: int) -> Change:
    def change(word: str, rng: random.Random) -> str | None:
        places = [place for place, char in enumerate(word) if char in CONSONANTS + MATRAS and chr(ord(char) - 0x0900 + base).isprintable()]
        if not places or len(word) < 2:
            return None
        place = rng.choice(places)
        return word[:place] + chr(ord(word[place]) - 0x0900 + base) + word[place + 1 :]

    return change


def _look_alike(letters: str) -> Change:
    def change(word: str, rng: random.Random) -> str | None:
        if len(word) < 2:
            return None
        place = rng.randrange(len(word))
        return word[:place] + rng.choice(letters) + word[place + 1 :]

    return change


def _whole_word(word: str, rng: random.Random) -> str | None:
    base = rng.choice(list(_BLOCKS.values()))
    # The joiners belong to every script of India.
    moved = "".join(chr(ord(char) - 0x0900 + base) if "\u0900" <= char <= "\u097f" else char for char in word)
    return moved if moved.translate(_JOINERS).isprintable() else None


def _misread(page: str, errors: str = "browser", times: int = 1) -> Change:
    def read(raw: bytes) -> str:
        if errors != "browser":
            return raw.decode(page, errors)
        return "".join(_as_browsers(byte, page) for byte in raw)

    def change(word: str, rng: random.Random) -> str | None:
        for _ in range(times):
            word = read(word.encode())
        return word

    return change


def _as_browsers(byte: int, page: str) -> str:
    try:
        return bytes([byte]).decode(page)
    except UnicodeDecodeError:
        return chr(byte)


STRUCTURAL: Final[Mapping[str, Mapping[str, Change]]] = {
    "illegal_syllable": {
        "two vowel signs": _after(MATRAS, MATRAS),
        "virama before a vowel sign": _virama_before_a_sign,
        "virama after a vowel sign": _after(MATRAS, VIRAMA),
        "vowel sign after a nasal": _after(_NASALS, MATRAS),
        "vowel sign after a vowel": _after(_VOWELS, MATRAS),
        "vowel after a virama": _after(VIRAMA, _VOWELS),
    },
    "doubled_sign": {"vowel sign": _doubled(MATRAS), "nasal": _doubled(_NASALS), "virama": _doubled(VIRAMA), "nukta": _doubled(NUKTA)},
    "misplaced_sign": {"before its consonant": _sign_before_its_consonant, "at the word's start": _sign_at_the_start},
    "latin_mid_word": {"put in": _latin_put_in, "for a letter": _latin_for_a_letter},
    "mojibake": {
        **{page: _misread(page) for page in ("cp1252", "latin-1", "cp437", "cp1251", "mac_roman")},
        "cp1252, unknown bytes lost": _misread("cp1252", "ignore"),
        "cp1252, unknown bytes replaced": _misread("cp1252", "replace"),
        **{f"{page}, twice": _misread(page, times=2) for page in ("cp1252", "latin-1", "cp437")},
    },
    "wrong_block": {
        **{name: _letter_of(base) for name, base in _BLOCKS.items()},
        **{name: _look_alike(letters) for name, letters in _LOOK_ALIKES.items()},
        "whole word": _whole_word,
    },
}
