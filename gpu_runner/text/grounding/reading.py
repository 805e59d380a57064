"""A text as grounding reads it: sentences of words with their stems, quantities with their units, names and denials."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Final

from gpu_runner.text.grounding.antonyms import NEGATIONS
from gpu_runner.text.grounding.number_words import CONNECTORS, DOUBTFUL, ORDINALS, SCALES, is_number_word, reads_as_year, value_of
from gpu_runner.text.grounding.rules import FUNCTION_WORDS
from gpu_runner.text.grounding.stems import stem
from gpu_runner.text.grounding.units import MONTH, MONTHS, UNITS
from gpu_runner.text.normalise import fold_digits, strip_zero_width
from gpu_runner.text.sentences import split_sentences

# Longer ones are no figures: a bound on the arithmetic.
MOST_DIGITS: Final = 40


def _marks() -> str:
    """Every mark of the basic plane as ranges of a character class: `\\w` has letters and digits alone."""
    ranges: list[list[int]] = []
    for code in range(0x300, 0x10000):
        if unicodedata.category(chr(code))[0] == "M":
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" if first < last else chr(first) for first, last in ranges)


_LETTERS: Final = rf"\w{_marks()}"
_TOKEN: Final = re.compile(
    rf"(?P<money>[$₹€£])|(?P<figure>(?<![{_LETTERS}])\d{{1,3}}(?:,\d{{2,3}})+(?:\.\d+)?(?!\d)|(?<![{_LETTERS}.])\d+(?:\.\d+)?)(?P<end>st|nd|rd|th|s|वीं|वें|वां|वाँ)?(?![{_LETTERS}]*\d)"
    rf"|(?P<percent>%)|(?P<word>[{_LETTERS}]+(?:['’][{_LETTERS}]+)*)"
)
# "2018-19" is 2018 and 2019.
_RANGE: Final = re.compile(r"(?<!\d)(1[0-9]|20)(\d\d)\s?[-–—]\s?(\d\d)(?![\d-])")
# Between two number words these say that they are two numbers.
_APART: Final = frozenset(",;:()।")
_MONEY: Final = {"$": "$", "₹": "₹", "€": "€", "£": "£"}
_DENYING_ENDS: Final = ("n't", "n’t")


@dataclass(frozen=True, slots=True)
class ReadWord:
    """One word: as it stands, casefolded, its stem; `content`: not a word of a sentence's form; `name`: capital within a sentence."""

    text: str
    folded: str
    stem: str
    content: bool
    name: bool
    denies: bool
    place: int


@dataclass(frozen=True, slots=True)
class ReadQuantity:
    """A number with its unit, where one stands beside it; `sure`: cannot well be another word.

    Its words in the sentence are those from `place` to before `end`, with a unit behind it to before `past`.

    A month is a quantity of the unit MONTH.
    """

    value: Fraction
    unit: str | None
    sure: bool
    place: int
    end: int
    past: int


@dataclass(frozen=True)
class ReadSentence:
    """One sentence."""

    text: str
    words: tuple[ReadWord, ...]
    quantities: tuple[ReadQuantity, ...]

    @cached_property
    def content(self) -> tuple[ReadWord, ...]:
        """Its content words in order, numbers among them left out."""
        figures = {place for one in self.quantities for place in range(one.place, one.past)}
        return tuple(word for word in self.words if word.content and word.place not in figures)

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of its content words."""
        return frozenset(word.stem for word in self.content)

    @cached_property
    def all_stems(self) -> frozenset[str]:
        """The stems of all of its words."""
        return frozenset(word.stem for word in self.words)


def read_sentences(texts: Iterable[str]) -> tuple[ReadSentence, ...]:
    """The sentences of some texts in order; those without a word are left out."""
    found = (read_sentence(sentence) for text in texts for sentence in split_sentences(text))
    return tuple(sentence for sentence in found if sentence.words)


@lru_cache(maxsize=16_384)
def read_sentence(text: str) -> ReadSentence:
    """Reads one sentence.

    >>> read = read_sentence("The fort has twenty-one towers and is 5.2 km long.")
    >>> [(str(one.value), one.unit) for one in read.quantities], [word.stem for word in read.content]
    ([('21', None), ('26/5', 'km')], ['fort', 'tower', 'long'])
    """
    plain = fold_digits(unicodedata.normalize("NFC", strip_zero_width(text))).replace("−", "-")
    words: list[ReadWord] = []
    figures: dict[int, Fraction] = {}
    units: dict[int, str] = {}
    money: dict[int, str] = {}
    apart: set[int] = set()
    end = 0
    first = True
    for found in _TOKEN.finditer(_RANGE.sub(_whole_range, plain)):
        place = len(words)
        if any(mark in plain[end : found.start()] for mark in _APART):
            apart.add(place)
        end = found.end()
        if found["money"]:
            money[place] = _MONEY[found["money"]]
            continue
        if found["percent"]:
            units[place] = "%"
            continue
        token = found.group()
        folded = sys.intern(token.casefold().replace("’", "'"))
        if found["figure"] and len(token) <= MOST_DIGITS:
            value = Fraction(found["figure"].replace(",", ""))
            figures[place] = -value if _is_negative(plain, found.start()) else value
        for part in (folded.removesuffix("'s"),):
            words.append(_word(token, part, place, first=first))
        first = False
    return ReadSentence(" ".join(text.split()), tuple(words), _quantities(words, figures, units, money, apart))


def _word(token: str, folded: str, place: int, *, first: bool) -> ReadWord:
    denies = folded in NEGATIONS or folded.endswith(_DENYING_ENDS)
    content = folded not in FUNCTION_WORDS and not denies and (len(folded) > 1 or not folded.isascii())
    return ReadWord(token, folded, stem(folded), content, content and token[0].isupper() and not first, denies, place)


def _whole_range(found: re.Match[str]) -> str:
    century, first, last = found.groups()
    return f"{century}{first} – {century}{last}" if int(last) > int(first) else found.group()


def _is_negative(text: str, start: int) -> bool:
    return text[start - 1 : start] in ("-", "–") and (start < 2 or text[start - 2].isspace() or text[start - 2] == "(")


def _quantities(
    words: Sequence[ReadWord], figures: dict[int, Fraction], units: dict[int, str], money: dict[int, str], apart: Set[int]
) -> tuple[ReadQuantity, ...]:
    """The numbers of a sentence, a run of number words as one, and its months."""
    found: list[ReadQuantity] = []
    place = 0
    while place < len(words):
        end = _run(words, figures, apart, place)
        if end == place:
            month = MONTHS.get(words[place].folded)
            if month is not None and (words[place].folded not in ("may", "march", "mar", "jan", "sec") or _beside_a_figure(figures, place)):
                found.append(ReadQuantity(Fraction(month), MONTH, True, place, place + 1, place + 1))
            place += 1
            continue
        run = [str(figures[at]) if at in figures else words[at].folded for at in range(place, end)]
        sure = any(at in figures or words[at].folded not in DOUBTFUL for at in range(place, end) if words[at].folded not in CONNECTORS)
        unit = _unit(words, units, money, place, end)
        behind = end < len(words) and words[end].folded == unit
        found.append(ReadQuantity(value_of(run), unit, sure, place, end, end + behind))
        place = end
    return tuple(found)


def _run(words: Sequence[ReadWord], figures: dict[int, Fraction], apart: Set[int], start: int) -> int:
    """The end of the number that begins at a word: a figure with its scales, or number words that belong together; else `start`."""
    end = start
    if start in figures:
        end += 1
        while end < len(words) and words[end].folded in SCALES and end not in apart:
            end += 1
        return end
    last = ""
    while end < len(words):
        word = words[end].folded
        if last and end in apart:
            break
        if word in CONNECTORS and last in SCALES and end + 1 < len(words) and is_number_word(words[end + 1].folded) and word != "":
            end += 1
            continue
        if last and reads_as_year(last, word) and end == start + 1:
            last = "twenty"  # what may follow is what may follow the tens of a year
            end += 1
            continue
        if not is_number_word(word) or end in figures or (last and not _goes_on(last, word)):
            break
        last = word
        end += 1
    return end


def _goes_on(last: str, word: str) -> bool:
    """Whether a number word adds to the one before it: "twenty one", "three hundred", not "nineteen sixty" or "two three"."""
    if last in ORDINALS:
        return False
    if word in SCALES or last in SCALES:
        return True
    before, after = value_of([last]), value_of([word])
    return (before >= 20 and before % 10 == 0 and 0 < after < 10 and last.isascii()) or before.denominator > 1


def _unit(words: Sequence[ReadWord], units: dict[int, str], money: dict[int, str], place: int, end: int) -> str | None:
    """The unit behind a number, or the currency before it."""
    if end in units:
        return units[end]
    if place in money:
        return money[place]
    if end < len(words) and words[end].folded in UNITS:
        return words[end].folded
    return words[place - 1].folded if place and words[place - 1].folded in ("rs", "रु", "inr", "usd") else None


def _beside_a_figure(figures: dict[int, Fraction], place: int) -> bool:
    return place - 1 in figures or place + 1 in figures
