"""Words of any script, and hashes of them that are the same in every process.

A word is a run of letters, marks and digits by Unicode category: `\\w` leaves out the vowel signs of Devanagari and would cut
हिन्दी into pieces. Joiners (ZWJ, ZWNJ, apostrophe) belong to the word they stand inside. UTF-8 read as Latin-1 or
Windows-1252 stays together as well: "à¤¹à¥ˆ" is one broken word, and the operator should see it whole.

Beside its own hash every Latin word has the hash of its *phonetic key*: its consonants after the foldings that spellings of romanised
Hindi differ by. nahi, nahin, nahee and naheen are one phonetic key, so that many rare spellings add up to one frequent term.

And every word has a *shape*: which kinds of characters it is made of, and about how long it is. Words that were never seen before say
little one by one; that unseen words without a vowel sign become frequent says what happened.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consumers.drift.text.characters import POINTS, in_categories
from consumers.drift.text.code_points import CodePoints, code_points

Hashes = NDArray[np.uint64]
Indices = NDArray[np.intp]

_BETWEEN, _WORD, _JOINER, _SYMBOL = 0, 1, 2, 3
_JOINERS: Final = "\u200c\u200d'\u2019"
# How the bytes 0x80-0xBF of UTF-8 look in Latin-1 and, lower-cased, in Windows-1252; U+FFFD where the decoder gave up.
_CONTINUATION: Final = {chr(byte) for byte in range(0x80, 0xC0)} | set(
    bytes(byte for byte in range(0x80, 0xA0) if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)).decode("cp1252").lower() + "\u0178\u00ff\ufffd"
)

_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)
_FINAL: Final = np.uint64(0xD6E8FEB86659FD93)
_PHONETIC_SALT: Final = np.uint64(0xA0761D6478BD642F)
_SHIFT: Final = np.uint64(32)
# Powers of an odd number by position in the word; from the 65th letter on they come round again.
_POWERS: Final = np.cumprod(np.full(64, 0x5851F42D4C957F2D, np.uint64), dtype=np.uint64)

_VOWEL, _NOT_LATIN = 0, 255

# The kinds of characters of a shape, a bit each; above them two bits of length.
CONSONANT, INDEPENDENT_VOWEL, MATRA, VIRAMA, NASAL, NUKTA, LATIN_VOWEL, LATIN_CONSONANT, DIGIT, MISREAD, OTHER = (
    1 << bit for bit in range(11)
)
SHAPES: Final = 1 << 13


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a batch of documents, in order.

    Word i is in document `document[i]`, and `lengths[i]` code points of `letters` are its own. `hashes` and `phonetic_keys` are (W,)
    uint64; a phonetic key of 0 means none (another script, or vowels alone).
    """

    documents: int
    document: Indices
    letters: NDArray[np.uint32]
    lengths: Indices
    hashes: Hashes
    phonetic_keys: Hashes

    def __len__(self) -> int:
        return len(self.hashes)

    def spelled(self) -> list[str]:
        """All words as strings. O(W)."""
        text = self.letters.tobytes().decode("utf-32-le", "surrogatepass")
        ends = np.cumsum(self.lengths)
        return [text[start:end] for start, end in zip((ends - self.lengths).tolist(), ends.tolist(), strict=True)]

    def shapes(self, chosen: NDArray[np.bool_] | Indices) -> Indices:
        """The shapes of some of the words, each below SHAPES: their kinds of characters, and their length as 1, 2, 3 to 4, or more."""
        lengths = self.lengths[chosen]
        if not len(lengths):
            return np.zeros(0, np.intp)
        starts = (np.cumsum(self.lengths) - self.lengths)[chosen]
        behind = np.cumsum(lengths) - lengths
        letters = self.letters[np.arange(int(lengths.sum())) + np.repeat(starts - behind, lengths)]
        found: Indices = np.bitwise_or.reduceat(_kinds()[np.minimum(letters, POINTS)], behind) | np.digitize(lengths, (2, 3, 5)) << 11
        return found


def words(text: str) -> list[str]:
    """The words of one text, NFC and lower case.

    >>> words("हिन्दी की किताबें, don't!")
    ['हिन्दी', 'की', 'किताबें', "don't"]
    """
    return split([text]).spelled()


def split(texts: Sequence[str] | CodePoints) -> Words:
    """The words of each text with their hashes. The batching changes nothing. About 3 µs a short document in batches of 500.

    >>> split(["राम गया", "ram gaya, RAAM gayaa"]).document.tolist()
    [0, 0, 1, 1, 1, 1]
    """
    batch = code_points(texts)
    points = batch.codes
    classes = _classes()[np.minimum(points, POINTS)]
    inside = classes == _WORD
    _keep_broken_bytes_together(points, inside)
    joiners = np.flatnonzero(classes == _JOINER)
    # The batch begins and ends with a NUL.
    inside[joiners[inside[joiners - 1] & inside[joiners + 1]]] = True
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    start, end = edges[0::2], edges[1::2]
    document = np.searchsorted(batch.starts, start, side="right") - 1
    letters = points[inside]
    lengths = end - start
    return Words(len(batch), document, letters, lengths, _hashes(letters, lengths), _phonetic_keys(letters, lengths))


@cache
def _classes() -> NDArray[np.uint8]:
    """What each code point is in a word."""
    found = np.zeros(POINTS + 1, np.uint8)
    found[:-1][in_categories(b"LMN", POINTS)] = _WORD
    for character in _JOINERS:
        found[ord(character)] = _JOINER
    for character in _CONTINUATION:
        if found[ord(character)] == _BETWEEN:
            found[ord(character)] = _SYMBOL
    # A byte that no decoder could read is news in itself.
    found[0xFFFD] = _WORD
    return found


@cache
def _continuations() -> NDArray[np.bool_]:
    found = np.zeros(POINTS + 1, np.bool_)
    found[[ord(character) for character in _CONTINUATION]] = True
    return found


def _keep_broken_bytes_together(points: NDArray[np.uint32], inside: NDArray[np.bool_]) -> None:
    """Marks the symbols of misread UTF-8 as parts of a word: a lead byte's letter and the signs of the bytes that follow it.

    Leads of three bytes want two signs ("café»" stays as it is), but for Devanagari's own E0 A4 and E0 A5, whose third byte
    Windows-1252 may lack.
    """
    # The last point is a NUL, so a sign always has one behind it.
    leads = np.flatnonzero((points >= 0xE0) & (points <= 0xF1))
    leads = leads[_continuations()[np.minimum(points[leads + 1], POINTS)]]
    lead, following = points[leads], points[leads + 1]
    second = _continuations()[np.minimum(points[leads + 2], POINTS)]
    devanagari = (lead == 0xE0) & ((following == 0xA4) | (following == 0xA5))
    two = np.isin(lead, (0xE2, 0xE3, 0xF0, 0xF1, 0xEE, 0xEF))
    inside[leads[devanagari | two] + 1] = True
    with_second = leads[(lead <= 0xEF) & second]
    inside[with_second + 1] = True
    inside[with_second + 2] = True


def _hashes(letters: NDArray[np.uint32], lengths: Indices) -> Hashes:
    """A polynomial over each word's code points, mixed: (W,) uint64."""
    if not len(lengths):
        return np.zeros(0, np.uint64)
    starts = np.cumsum(lengths) - lengths
    places = np.arange(len(letters), dtype=np.int32)
    places -= np.repeat(starts.astype(np.int32), lengths)
    mixed = letters * _MULTIPLIER
    mixed ^= mixed >> _SHIFT
    mixed *= _POWERS[places & 63]
    return _finished(np.add.reduceat(mixed, starts))


def _finished(hashes: Hashes) -> Hashes:
    hashes ^= hashes >> _SHIFT
    hashes *= _FINAL
    hashes ^= hashes >> _SHIFT
    return hashes


@cache
def _foldings() -> NDArray[np.uint8]:
    """Each Latin letter's consonant, without accent; vowels 0; 255 for everything else."""
    found = np.full(0x251, _NOT_LATIN, np.uint8)
    for point in range(0x250):
        base = unicodedata.normalize("NFD", chr(point))[0]
        if "a" <= base <= "z":
            found[point] = _VOWEL if base in "aeiou" else ord({"w": "v", "z": "j", "q": "k"}.get(base, base))
    return found


def _phonetic_keys(letters: NDArray[np.uint32], lengths: Indices) -> Hashes:
    """The phonetic key of each Latin word: initial vowel or not, then its consonants; (W,) uint64, 0 without one.

    h falls after c, p and s (ph is f), doubled letters are one, n and h fall at the end of a word.
    """
    phonetic_keys = np.zeros(len(lengths), np.uint64)
    if not len(lengths):
        return phonetic_keys
    starts = np.cumsum(lengths) - lengths
    folded = _foldings()[np.minimum(letters, 0x250)]
    latin = np.maximum.reduceat(folded, starts) != _NOT_LATIN
    if not latin.any():
        return phonetic_keys
    codes = folded[np.repeat(latin, lengths)]
    word = np.repeat(np.arange(int(latin.sum())), lengths[latin])
    codes, word = _without_aspiration(codes, word)
    first = np.diff(word, prepend=-1) != 0
    last = np.append(first[1:], True)
    doubled = np.append(False, codes[1:] == codes[:-1]) & ~first
    falls = last & ~first & ((codes == ord("n")) | (codes == ord("h")))
    # The word's own vowel at its start is kept as one sign, whichever it is: or, aur and our are one.
    kept = ((codes != _VOWEL) & ~doubled & ~falls) | first
    codes, word = codes[kept], word[kept]
    sizes = np.bincount(word, minlength=int(latin.sum()))
    found = _hashes(codes.astype(np.uint32) + np.uint32(1), sizes) ^ _PHONETIC_SALT
    offsets = np.cumsum(sizes) - sizes
    found[np.maximum.reduceat(codes, offsets) == _VOWEL] = 0
    phonetic_keys[latin] = found
    return phonetic_keys


def _without_aspiration(codes: NDArray[np.uint8], word: Indices) -> tuple[NDArray[np.uint8], Indices]:
    """Drops h and hh behind c, p and s of the same word; the p becomes f."""
    same_word = np.append(False, word[1:] == word[:-1])
    before = np.where(same_word, np.append(np.uint8(0), codes[:-1]), 0)
    is_h = codes == ord("h")
    after_stop = is_h & ((before == ord("c")) | (before == ord("p")) | (before == ord("s")))
    second = is_h & same_word & np.append(False, after_stop[:-1])
    codes = codes.copy()
    codes[np.flatnonzero(after_stop & (before == ord("p"))) - 1] = ord("f")
    kept = ~(after_stop | second)
    return codes[kept], word[kept]


@cache
def _kinds() -> NDArray[np.int64]:
    """The kind of each code point."""
    found = np.full(POINTS + 1, OTHER, np.int64)
    for point in range(0x80):
        found[point] = DIGIT if chr(point).isdigit() else OTHER
    foldings = _foldings()
    for point in range(0x250):
        if foldings[point] != _NOT_LATIN:
            found[point] = LATIN_VOWEL if foldings[point] == _VOWEL else LATIN_CONSONANT
    found[[*range(0x904, 0x915), 0x960, 0x961, *range(0x972, 0x978)]] = INDEPENDENT_VOWEL
    found[[*range(0x915, 0x93A), *range(0x958, 0x960), *range(0x978, 0x980)]] = CONSONANT
    found[[0x93A, 0x93B, *range(0x93E, 0x94D), 0x94E, 0x94F, 0x955, 0x956, 0x957, 0x962, 0x963]] = MATRA
    found[0x94D], found[0x93C] = VIRAMA, NUKTA
    found[[0x900, 0x901, 0x902, 0x903]] = NASAL
    found[[*range(0x966, 0x970)]] = DIGIT
    found[np.flatnonzero(_classes() == _SYMBOL)] = MISREAD
    found[0xFFFD] = MISREAD
    return found
