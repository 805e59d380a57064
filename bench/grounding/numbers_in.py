"""The numbers of a text: where they stand, what they are worth, and other numbers that could stand there."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from bench.grounding.edits import AFTER, BEFORE
from bench.grounding.material import FactPassage
from bench.grounding.number_words import READ, spell

Sort = Literal["year", "percent", "money", "plain", "word"]
_DIGITS: Final = re.compile(r"(?<![\w\u0900-\u0963.,:/°–—'’-])(\d{1,3}(?:,\d{2,3})+|\d+)(\.\d+)?(?![\w\u0900-\u0963/:°–—-]|[.,]\d)")
_WORDS: Final = {
    language: re.compile(BEFORE + "(" + "|".join(sorted(map(re.escape, words), key=len, reverse=True)) + ")" + AFTER, re.I)
    for language, words in READ.items()
}
_PART_OF_A_FORMULA: Final = re.compile(r"(?:(?<!\w)[A-Zb-z]|[×=+^<>≤≥]) ?$")
_SCALE_AFTER: Final = re.compile(r"\s*(hundred|thousand|million|billion|trillion|सौ|हज़ार|हजार|लाख|करोड़|मिलियन|बिलियन)")


@dataclass(frozen=True, slots=True)
class FoundNumber:
    """A number at [start, end) of a text, in digits or as one word."""

    start: int
    end: int
    text: str
    value: float
    sort: Sort

    @property
    def whole(self) -> bool:
        """Whether it has no decimals."""
        return "." not in self.text


@lru_cache(maxsize=8192)
def numbers_in(text: str, language: str) -> tuple[FoundNumber, ...]:
    """The numbers of a text in their order; those glued to letters, signs or other numbers (`2A`, `3-5`, `10:30`) are no numbers here.

    >>> [(one.text, one.sort) for one in numbers_in("In 1998, two of 1,250 (91%) paid $5.50.", "en")]
    [('1998', 'year'), ('two', 'word'), ('1,250', 'plain'), ('91', 'percent'), ('5.50', 'money')]
    """
    found = [
        FoundNumber(one.start(), one.end(), one[0], float(one[0].replace(",", "")), _sort(text, one))
        for one in _DIGITS.finditer(text)
        if not one[0].startswith("00") and not _PART_OF_A_FORMULA.search(text, 0, one.start())
    ]
    words = READ[language]
    found += [
        FoundNumber(one.start(1), one.end(1), one[1], words[one[1].lower()], "word")
        for one in _WORDS[language].finditer(text)
        if not _SCALE_AFTER.match(text, one.end())
    ]
    return tuple(sorted(found, key=lambda one: one.start))


def numbers_of(passage: FactPassage) -> list[FoundNumber]:
    """The numbers of a passage's sentences, one after the other; each stands at its place in its sentence."""
    return [number for sentence in passage.sentences for number in numbers_in(sentence, passage.language)]


def changed(number: FoundNumber, taken: Iterable[float], language: str, rng: random.Random) -> str | None:
    """Another number of the same form whose value is not `taken`; None where twenty tries give none."""
    avoided = {*taken, number.value}
    for _ in range(20):
        new = _other(number, language, rng)
        if new is not None and new[1] not in avoided:
            return new[0]
    return None


def _other(number: FoundNumber, language: str, rng: random.Random) -> tuple[str, float] | None:
    if number.sort == "word":
        value = rng.choice([v for v in range(2, 13) if v != number.value] if number.value < 13 else [20, 30, 40, 50, 60, 70, 80, 90])
        return spell(value, language), value
    if number.sort == "year":
        value = int(number.value) + rng.choice([-30, -20, -12, -10, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 10, 11, 20])
        return str(value), value
    digits = [place for place, sign in enumerate(number.text) if sign.isdecimal()]
    place = rng.choice(digits[: max(1, len(digits) - 1)] if len(digits) > 2 else digits)
    least = 1 if place == 0 else 0
    sign = str(rng.choice([d for d in range(least, 10) if str(d) != number.text[place]]))
    text = number.text[:place] + sign + number.text[place + 1 :]
    return text, float(text.replace(",", ""))


def _sort(text: str, found: re.Match[str]) -> Sort:
    before, after = text[: found.start()].rstrip()[-1:], text[found.end() :].lstrip()[:10].lower()
    if after.startswith(("%", "percent", "per cent", "प्रतिशत", "फीसदी")):
        return "percent"
    if before in "$£€₹" and before:
        return "money"
    return "year" if re.fullmatch(r"1\d{3}|20[0-2]\d", found[0]) else "plain"
