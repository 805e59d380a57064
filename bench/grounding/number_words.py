"""Whole numbers in words, in English and Hindi."""

from __future__ import annotations

from typing import Final

from bench.grounding.edits import listed

_EN: Final = listed("numbers", "en")
_EN_TENS: Final = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_HI: Final = listed("numbers", "hi")
_HI_SCALES: Final = ((10_000_000, "करोड़"), (100_000, "लाख"), (1_000, "हज़ार"), (100, "सौ"))
_EN_SCALES: Final = ((1_000_000_000, "billion"), (1_000_000, "million"), (1_000, "thousand"))
# The single words that are read as numbers in a text; `one` and `एक` are articles more often than numbers.
READ: Final = {
    "en": {word: number for number, word in enumerate(_EN) if number > 1} | {word: 10 * n for n, word in enumerate(_EN_TENS) if n > 1},
    "hi": {word: number for number, word in enumerate(_HI) if number > 1} | {"पाँच": 5, "छः": 6, "छ:": 6},
}


def spell(number: int, language: str, *, year: bool = False) -> str:
    """A whole number below ten thousand million in words; a year of the second thousand by its hundreds.

    >>> spell(1998, "en", year=True), spell(308, "en"), spell(1998, "hi", year=True), spell(250_000, "hi")
    ('nineteen ninety-eight', 'three hundred and eight', 'उन्नीस सौ अट्ठानवे', 'दो लाख पचास हज़ार')
    """
    if year and 1100 <= number < 2000:
        hundreds, rest = divmod(number, 100)
        if language == "hi":
            return f"{_HI[hundreds]} सौ {_HI[rest]}" if rest else f"{_HI[hundreds]} सौ"
        return f"{_english(hundreds)} {'hundred' if not rest else f'oh {_english(rest)}' if rest < 10 else _english(rest)}"
    return _hindi(number) if language == "hi" else _english(number)


def _english(number: int) -> str:
    if number < 20:
        return _EN[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return f"{_EN_TENS[tens]}-{_EN[ones]}" if ones else _EN_TENS[tens]
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        return f"{_EN[hundreds]} hundred and {_english(rest)}" if rest else f"{_EN[hundreds]} hundred"
    scale, name = next((scale, name) for scale, name in _EN_SCALES if number >= scale)
    count, rest = divmod(number, scale)
    return f"{_english(count)} {name}" + (f"{' and' if rest < 100 else ''} {_english(rest)}" if rest else "")


def _hindi(number: int) -> str:
    if number < 100:
        return _HI[number]
    scale, name = next((scale, name) for scale, name in _HI_SCALES if number >= scale)
    count, rest = divmod(number, scale)
    return f"{_hindi(count)} {name}" + (f" {_hindi(rest)}" if rest else "")
