"""Hindi as people type it on a Latin keyboard: schwas dropped where speech drops them, and no two writers spelling alike.

Schwa deletion follows Ohala's rule (Aspects of Hindi Phonology, 1983): a final inherent vowel is silent, and so is a medial one between a
spoken vowel and a consonant with a spoken vowel, from right to left, never beside a conjunct. The spellings are those of chats, not of a
standard: `aa` only in short words, `ee` and `oo` likewise, no diacritics.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

import numpy as np

from bench.drift.streams.usual_spellings import USUAL

CONSONANTS: Final = {
    **dict(zip("कखगघङचछजझञ", ("k", "kh", "g", "gh", "n", "ch", "chh", "j", "jh", "n"), strict=True)),
    **dict(zip("टठडढणतथदधन", ("t", "th", "d", "dh", "n", "t", "th", "d", "dh", "n"), strict=True)),
    **dict(zip("पफबभमयरलळवशषसह", ("p", "ph", "b", "bh", "m", "y", "r", "l", "l", "v", "sh", "sh", "s", "h"), strict=True)),
}
# With a nukta, by the letter below it; the flaps are marked D and Dh until they are spelt.
DOTTED: Final = {"क": "q", "ख": "kh", "ग": "gh", "ज": "z", "झ": "zh", "ड": "D", "ढ": "Dh", "फ": "f", "य": "y", "न": "n", "र": "r", "ळ": "l"}
LETTERS: Final = dict(zip("अआइईउऊऋएऐओऔऑऍऎऒ", ("a", "A", "i", "I", "u", "U", "ri", "e", "ai", "o", "au", "o", "e", "e", "o"), strict=True))
SIGNS: Final = dict(zip("ािीुूृेैोौॉॅॆॊ", ("A", "i", "I", "u", "U", "ri", "e", "ai", "o", "au", "o", "e", "e", "o"), strict=True))
MARKS: Final = {**dict(zip("०१२३४५६७८९", "0123456789", strict=True)), "।": ".", "॥": ".", "॰": "."}
NUKTA, VIRAMA, VISARGA, NASAL = "़", "्", "ः", "ँं"

# How the sounds of a word may be spelt besides the usual way.
VARIANTS: Final = {
    "A": ("a", "aa"), "I": ("i", "ee"), "U": ("u", "oo"), "v": ("v", "w"), "sh": ("sh", "s"), "chh": ("chh", "ch"), "ph": ("ph", "f"),
    "f": ("f", "ph"), "D": ("d", "r"), "Dh": ("dh", "rh"), "ksh": ("ksh", "x"), "z": ("z", "j"), "jh": ("jh", "j"), "kh": ("kh", "k"),
    "bh": ("bh", "b"), "q": ("q", "k"), "ai": ("ai", "e"), "au": ("au", "o"), "ri": ("ri", "r"),
}  # fmt: skip
USUAL_SHARE: Final = 0.6  # of the words of a writer, the rest is spelt otherwise

_HINDI_WORD: Final = re.compile(r"[\u0900-\u0963\u0970-\u097f]+")
_DIGIT_OR_DANDA: Final = re.compile(r"[।॥०-९॰]")


def transliterate(text: str, rng: np.random.Generator | None = None) -> str:
    """Hinglish for Hindi; other scripts stay. With `rng` each word is spelt as some writer would, without it in its usual way.

    >>> transliterate("लड़का स्कूल से घर नहीं गया।")
    'ladka school se ghar nahi gaya.'
    >>> transliterate("सरकार ने २०२६ में भारतीय ज्ञान की परीक्षा ली")
    'sarkar ne 2026 mein bhartiya gyaan ki pariksha li'
    >>> transliterate("विद्यालय की लड़की अच्छी है", np.random.default_rng(4)) != transliterate("विद्यालय की लड़की अच्छी है")
    True
    """
    text = unicodedata.normalize("NFC", text)
    words = _HINDI_WORD.findall(text)
    picks = iter([0.0] * len(words) if rng is None else rng.random(len(words)).tolist())

    def spelt(match: re.Match[str]) -> str:
        ways, pick = spellings(match[0]), next(picks)
        if pick < USUAL_SHARE or len(ways) == 1:
            return ways[0]
        return ways[1 + int((pick - USUAL_SHARE) / (1 - USUAL_SHARE) * (len(ways) - 1))]

    return _DIGIT_OR_DANDA.sub(lambda match: MARKS[match[0]], _HINDI_WORD.sub(spelt, text))


@cache
def spellings(word: str) -> tuple[str, ...]:
    """The ways to type a Hindi word, the usual one first; kept in memory for each word asked about.

    >>> spellings("नहीं")[:3], spellings("आवाज़")
    (('nahi', 'nahin', 'nai'), ('avaz', 'aavaz', 'awaz', 'avaaz', 'avaj', 'aavaaz'))
    """
    word = unicodedata.normalize("NFC", word)
    if word in USUAL:
        return USUAL[word]
    found = sounds(word)
    usual = [_usual(found, place) for place in range(len(found))]
    ways = ["".join(usual)]
    for place, sound in enumerate(found):
        for spelling in VARIANTS.get(sound, ()):
            ways.append("".join([*usual[:place], spelling, *usual[place + 1 :]]))
    ways.append("".join("aa" if sound == "A" else spelling for sound, spelling in zip(found, usual, strict=True)))
    ways.append(re.sub(r"([bdgjklmnprst])\1", r"\1", ways[0]))
    return tuple(dict.fromkeys(way for way in ways if way)) or ("",)


def sounds(word: str) -> list[str]:
    """The sounds of a Hindi word, silent schwas dropped; long vowels and flaps are capital.

    >>> sounds("समझना"), sounds("मतलब"), sounds("मित्र")
    (['s', 'a', 'm', 'a', 'jh', 'n', 'A'], ['m', 'a', 't', 'l', 'a', 'b'], ['m', 'i', 't', 'r', 'a'])
    """
    syllables = _syllables(word)
    _drop_silent(syllables)
    found: list[str] = []
    for place, (onset, vowel, nasal) in enumerate(syllables):
        found += [*onset, vowel] if vowel else onset
        if nasal:
            following = syllables[place + 1][0][:1] if place + 1 < len(syllables) else []
            found.append("m" if following and following[0] in {"p", "ph", "f", "b", "bh"} else "n")
    return found


Syllable = tuple[list[str], str, bool]


def _syllables(word: str) -> list[Syllable]:
    """Consonants, then a vowel (`*` for an inherent one, empty for none), then whether it is nasal."""
    found: list[Syllable] = []
    onset: list[str] = []
    open_onset = False  # whether the last consonant still waits for its vowel
    for letter in unicodedata.normalize("NFD", word):
        if letter in CONSONANTS:
            if open_onset:
                found.append((onset, "*", False))
                onset = []
            onset.append(CONSONANTS[letter])
            open_onset, last = True, letter
        elif letter == NUKTA and onset:
            onset[-1] = DOTTED.get(last, onset[-1])
        elif letter == VIRAMA:
            open_onset = False
        elif letter in SIGNS:
            found.append((onset, SIGNS[letter], False))
            onset, open_onset = [], False
        elif letter in LETTERS:
            if onset:
                found.append((onset, "*" if open_onset else "", False))
            found.append(([], LETTERS[letter], False))
            onset, open_onset = [], False
        elif letter in NASAL:
            if onset:
                found.append((onset, "*", False))
                onset, open_onset = [], False
            if found:
                found[-1] = (found[-1][0], found[-1][1], True)
    if onset:
        found.append((onset, "*" if open_onset else "", False))
    return [(_joined(onset), vowel, nasal) for onset, vowel, nasal in found]


def _joined(onset: list[str]) -> list[str]:
    """Conjuncts that are typed otherwise than letter by letter: ज्ञ gy, क्ष ksh, च्छ chchh as chh."""
    pairs = {("j", "n"): ["g", "y"], ("k", "sh"): ["ksh"], ("ch", "chh"): ["ch", "h"]}
    for place in range(len(onset) - 1):
        if (onset[place], onset[place + 1]) in pairs:
            return [*onset[:place], *pairs[onset[place], onset[place + 1]], *onset[place + 2 :]]
    return onset


def _drop_silent(syllables: list[Syllable]) -> None:
    """Ohala's rule: inherent vowels become `a` or nothing, from right to left."""
    last = len(syllables) - 1
    for place in range(last, -1, -1):
        onset, vowel, nasal = syllables[place]
        if vowel != "*":
            continue
        if place == last:
            after_i = last > 0 and syllables[place - 1][1] in {"i", "I"}
            silent = last > 0 and not (len(onset) > 1 and onset[-1] in {"y", "r", "v", "l"}) and not (onset == ["y"] and after_i)
        else:
            following_onset, following_vowel, _ = syllables[place + 1]
            silent = place > 0 and len(onset) == 1 and len(following_onset) == 1 and bool(following_vowel)
            before_vowel, before_nasal = syllables[place - 1][1:]
            # A nasal after a short vowel closes its syllable, as a conjunct does.
            silent = silent and not (before_nasal and before_vowel in {"*", "a", "i", "u"})
        syllables[place] = (onset, "" if silent and not nasal else "a", nasal)


def _usual(found: list[str], place: int) -> str:
    """The usual spelling of one sound: a long vowel is doubled only in a word of one syllable that ends in a consonant."""
    sound = found[place]
    alone = place < len(found) - 1 and sum(other in _VOWELS for other in found) == 1
    if sound == "A":
        return "aa" if alone else "a"
    if sound in {"I", "U"}:
        return {"I": "ee", "U": "oo"}[sound] if alone else sound.lower()
    return sound.lower()


_VOWELS: Final = {"a", "A", "i", "I", "u", "U", "e", "ai", "o", "au", "ri"}
