"""A text as the units that its facts are made of: numbers, names, content words and denials in order, each with the keys it is known by."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from gpu_runner.evaluate.long_answers.lexicon import LONGEST_PHRASE, denials, function_words, groups, opposites, phrases, plain_words
from gpu_runner.evaluate.long_answers.quantities import WordOfText, quantities
from gpu_runner.evaluate.long_answers.spelling import skeleton, spelled
from gpu_runner.evaluate.long_answers.stems import stem
from gpu_runner.text.sentences import split_sentences

Kind = Literal["number", "name", "content", "denial"]

_WORD: Final = re.compile(
    r"[0-9\u0966-\u096f]+(?:[.,:/][0-9\u0966-\u096f]+)*|[^\W\d_][\w\u0900-\u0963\u0970-\u097f\u200c\u200d]*|[\u0900-\u0963\u0970-\u097f]+|[%₹$€£]"
)
_CLAUSE_ENDS: Final = frozenset(",;:—–()")
_CLAUSE_WORDS: Final = frozenset(map(spelled, ("and", "but", "while", "whereas", "और", "लेकिन", "जबकि", "मगर", "परंतु", "बल्कि", "किंतु", "तथा")))
_INITIALS: Final = re.compile(r"(?<!\w)(?:[A-Z]\.\s?){2,}")
_NO_NAMES: Final = frozenset(["i", "mr", "mrs", "ms", "dr", "sir"])
LEAST_SKELETON: Final = 3


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit: `keys` are what it may be matched by, `opposed` the keys of what it cannot be; places count words of the text."""

    text: str
    kind: Kind
    keys: frozenset[str]
    opposed: frozenset[str]
    sentence: int
    clause: int
    place: int


@dataclass(frozen=True, slots=True)
class Units:
    """The units of a text, and the spelled words that they lie among (function words too)."""

    units: tuple[Unit, ...]
    words: tuple[str, ...]
    sentences: tuple[int, ...]
    keys: frozenset[str]

    def of(self, *kinds: Kind) -> tuple[Unit, ...]:
        """The units of some kinds, in order."""
        return tuple(unit for unit in self.units if unit.kind in kinds)


@lru_cache(maxsize=256)
def units_of(text: str) -> Units:
    """The units of a text; a reference or a rejected answer is read once for many answers."""
    words = words_of(text)
    numbers = quantities(words)
    taken = {place for number in numbers for place in range(number.start, number.end)}
    found: list[Unit] = [
        Unit(" ".join(word.spelled for word in words[number.start : number.end]), "number", number.keys, frozenset(),
             words[number.start].sentence, words[number.start].clause, number.start)
        for number in numbers
    ]  # fmt: skip
    stems = [stem(word.spelled) for word in words]
    # In a text with Devanagari a word in either script may be a name of the other.
    by_sound = any("\u0900" <= char <= "\u097f" for char in text)
    place = 0
    while place < len(words):
        if place in taken:
            place += 1
            continue
        length = _phrase_at(words, stems, place, taken)
        unit = _unit(words, stems, place, length, by_sound=by_sound)
        if unit is not None:
            found.append(unit)
        place += length
    found.sort(key=lambda unit: unit.place)
    return Units(
        tuple(found),
        tuple(word.spelled for word in words),
        tuple(word.sentence for word in words),
        frozenset(key for unit in found for key in unit.keys),
    )


def words_of(text: str) -> list[WordOfText]:
    """The words of a text with the number of their sentence and clause; initials with points ("G. H.") are one word."""
    out: list[WordOfText] = []
    clause = 0
    for number, sentence in enumerate(split_sentences(_INITIALS.sub(_joined, text))):
        clause += 1
        end = 0
        for found in _WORD.finditer(sentence):
            if _CLAUSE_ENDS.intersection(sentence[end : found.start()]):
                clause += 1
            word = spelled(found.group())
            if word in _CLAUSE_WORDS:
                clause += 1
            first = not out or out[-1].sentence != number
            out.append(WordOfText(found.group(), word, number, clause, first))
            end = found.end()
    return out


def _joined(found: re.Match[str]) -> str:
    return "".join(char for char in found.group() if char.isalpha()) + " "


def _phrase_at(words: Sequence[WordOfText], stems: Sequence[str], place: int, taken: set[int]) -> int:
    """How many words from a place are one phrase of the tables."""
    known, denied = phrases(), denials()
    for length in range(min(LONGEST_PHRASE, len(words) - place), 1, -1):
        if any(at in taken for at in range(place, place + length)):
            continue
        if " ".join(stems[place : place + length]) in known or " ".join(word.spelled for word in words[place : place + length]) in denied:
            return length
    return 1


def _unit(words: Sequence[WordOfText], stems: Sequence[str], place: int, length: int, *, by_sound: bool) -> Unit | None:
    word = words[place]
    text = " ".join(one.spelled for one in words[place : place + length])
    key = " ".join(stems[place : place + length])
    is_denial = text in denials()
    if not is_denial and text in function_words() and key not in opposites():
        return None
    keys = {f"w {key}", *(f"g {group}" for group in groups().get(key, ()))}
    opposed = frozenset(f"w {other}" for other in opposites().get(key, ()))
    kind: Kind = "denial" if is_denial else "content"
    if kind == "content" and length == 1:
        if _is_name(word, key) or (not text.isascii() and key not in plain_words() and not text.isdigit()):
            kind = "name"
        if len(text) < 2 and kind == "content":
            return None
        if (kind == "name" or by_sound) and key not in groups() and len(bones := skeleton(text)) >= LEAST_SKELETON:
            keys.add(f"s {bones}")
    return Unit(text, kind, frozenset(keys), opposed, word.sentence, word.clause, place)


def _is_name(word: WordOfText, key: str) -> bool:
    """A word with a capital in Latin letters, but for one that heads a sentence and is in the tables."""
    if not word.text[:1].isupper() or word.spelled in _NO_NAMES or word.spelled in function_words():
        return False
    return not word.first or (key not in plain_words() and len(word.spelled) > 3) or word.text.isupper()
