"""Numbers, dates and times of a text, in digits and words of English and Hindi, as the values that they may stand for.

`12,000`, `12 thousand` and `बारह हज़ार` are one; so are `1.5 km` and `1,500 metres`, `half an hour` and `30 minutes`, `5 pm` and `17:00`,
`साढ़े नौ` and `9:30`. A year in words is its two halves ("nineteen forty-seven").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gpu_runner.evaluate.long_answers import number_words as tables
from gpu_runner.evaluate.long_answers.spelling import spelled

_DIGITS: Final = re.compile(r"[0-9]+(?:[.,:/][0-9]+)*")
_SUFFIXED: Final = re.compile(r"([0-9]+(?:[.,][0-9]+)*)(st|nd|rd|th|s|k|m|km|kg|g|cm|mm|am|pm|वां|वीं|वें|वा|वी|वे)")
_HINDI_ORDINAL: Final = re.compile("(.{2,}?)(वां|वीं|वें|वा|वी|वे)")
_JOINING: Final = frozenset({"and", "a", "an", "of"})
_AM: Final = frozenset({"am", *map(spelled, ("सुबह", "प्रातः", "तड़के")), "morning"})
_PM: Final = frozenset({"pm", *map(spelled, ("शाम", "रात", "दोपहर")), "evening", "night", "afternoon"})
_HALVES: Final = {"half": 0.5, "quarter": 0.25}


@dataclass(frozen=True, slots=True)
class WordOfText:
    """A word as it is written and as it is spelled here, and where it stands."""

    text: str
    spelled: str
    sentence: int
    clause: int
    first: bool


@dataclass(frozen=True, slots=True)
class Quantity:
    """The words from `start` to `end` as a number; two are one where they share a key."""

    start: int
    end: int
    keys: frozenset[str]


def quantities(words: Sequence[WordOfText]) -> list[Quantity]:
    """The quantities of a text in order, none inside another.

    >>> def keys(text): return quantities([WordOfText(word, spelled(word), 0, 0, False) for word in text.split()])[0].keys
    >>> bool(keys("बारह हज़ार") & keys("12,000")), bool(keys("half an hour") & keys("30 minutes")), bool(keys("1947") & keys("1974"))
    (True, True, False)
    """
    out: list[Quantity] = []
    place = 0
    while place < len(words):
        found = _at(words, place)
        if found is None:
            place += 1
        else:
            out.append(found)
            place = found.end
    return out


def _at(words: Sequence[WordOfText], place: int) -> Quantity | None:
    word = words[place]
    calendar = tables.CALENDAR.get(word.spelled)
    if calendar is not None and (not word.text.isascii() or word.text[:1].isupper()):
        return Quantity(place, place + 1, frozenset({f"n {calendar}"}))
    found = _value(words, place)
    if found is None:
        return None
    values, end, weak = found
    values, end, weak = _with_half(words, values, end, weak)
    more = set(values)
    unit_end = end
    if end < len(words) and words[end].sentence == word.sentence:
        following = end + 1 if words[end].spelled in _JOINING and end + 1 < len(words) else end
        unit = tables.UNITS.get(words[following].spelled)
        if unit is not None:
            more |= {value * unit[1] for value in values}
            weak = False
            if following > end or unit[0] != "month":
                unit_end = end
    around = {words[at].spelled for at in (*range(max(0, place - 2), place), *range(end, min(len(words), end + 3)))}
    for value in values:
        if 0 < value <= 12 and around & _PM:
            more.add(value + 12)
        if 13 <= value < 24 and around.isdisjoint(tables.UNITS):
            more.add(value)
    if weak:
        return None
    return Quantity(place, unit_end, frozenset(f"n {_shown(value)}" for value in more))


def _value(words: Sequence[WordOfText], place: int) -> tuple[set[float], int, bool] | None:
    """The values from a place on, where they end, and whether the words are as often no number."""
    word = words[place].spelled
    if _DIGITS.fullmatch(word) or _SUFFIXED.fullmatch(word):
        return _in_digits(words, place)
    if word in tables.FRACTIONS_BEFORE and place + 1 < len(words):
        behind = _simple(words[place + 1].spelled)
        if behind is not None:
            return _scaled(words, {behind + tables.FRACTIONS_BEFORE[word]}, place + 2, False)
    if word in tables.ALONE:
        return _scaled(words, {tables.ALONE[word]}, place + 1, word in tables.NOT_COUNTED_ALONE)
    if word in tables.SCALES and word not in ("k", "mn", "bn"):
        before = words[place - 1].spelled if place else ""
        if before not in ("a", "an") and word.isascii():
            return None
        return _scaled(words, {1.0}, place, False)
    return _in_words(words, place)


def _in_digits(words: Sequence[WordOfText], place: int) -> tuple[set[float], int, bool]:
    word = words[place].spelled
    ending = _SUFFIXED.fullmatch(word)
    figure = ending.group(1) if ending else word
    values: set[float] = set()
    if ":" in figure:
        parts = figure.split(":")
        values.add(float(parts[0]) + float(parts[1]) / 60 if parts[1].isdigit() and float(parts[1]) < 60 else float(parts[0]))
    elif "/" in figure:
        parts = figure.split("/")
        if len(parts) == 2 and all(part.isdigit() for part in parts) and int(parts[1]):
            values.add(int(parts[0]) / int(parts[1]))
        values.update(float(part) for part in parts if part.isdigit())
    else:
        plain = figure.replace(",", "")
        values.add(float(plain if plain.count(".") <= 1 else plain.replace(".", "")))
    if ending and ending.group(2) == "k":
        values = {value * 1_000 for value in values}
    if ending and ending.group(2) in tables.UNITS:
        values |= {value * tables.UNITS[ending.group(2)][1] for value in values}
    if ending and ending.group(2) == "pm":
        values |= {value + 12 for value in values if value < 12}
    before = words[place - 1].text if place else ""
    if len(figure) == 2 and before.endswith(("'", "’")):
        values |= {1900 + value for value in values} | {2000 + value for value in values}
    return _scaled(words, values, place + 1, False)


def _in_words(words: Sequence[WordOfText], place: int) -> tuple[set[float], int, bool] | None:
    total, end, weak = 0.0, place, True
    found = False
    first = _simple(words[place].spelled)
    if first is None:
        return None
    # A year in two halves: nineteen forty-seven, उन्नीस सौ सैंतालीस is the other way.
    while end < len(words) and words[end].sentence == words[place].sentence:
        word = words[end].spelled
        value = _simple(word)
        if value is not None:
            weak = weak and word in tables.WEAK
            if found and value < 10 and total % 100 >= 20 and total % 10 == 0:
                total += value
            elif found and 10 <= total < 21 and 10 <= value < 100:
                total = total * 100 + value
            elif found and total >= 100 and total % 100 == 0 and value < 100:
                total += value
            elif found:
                break
            else:
                total, found = value, True
            end += 1
            if word in tables.ORDINALS or word.endswith(("th", "st", "rd")):
                return {total}, end, weak
        elif word in tables.SCALES and tables.SCALES[word] >= 100 and word not in ("k",):
            return _scaled(words, {total}, end, False)
        elif word == "and" and total >= 100 and end + 1 < len(words) and _simple(words[end + 1].spelled) is not None:
            end += 1
        else:
            break
    return {total}, end, weak


def _scaled(words: Sequence[WordOfText], values: set[float], end: int, weak: bool) -> tuple[set[float], int, bool]:
    """The values with the scales that follow (12 lakh, पाँच सौ, two hundred and five)."""
    total = 0.0
    (current,) = values if len(values) == 1 else (None,)
    if current is None:
        return values, end, weak
    scaled = False
    while end < len(words):
        word = words[end].spelled
        scale = tables.SCALES.get(word)
        if scale is not None:
            # A hundred thousand: the scale multiplies what stands before it.
            current = (current or 1) * scale
            scaled = True
            end += 1
            continue
        skip = end + 1 if scaled and word == "and" and end + 1 < len(words) else end
        small = _simple(words[skip].spelled) if scaled and skip < len(words) else None
        if (
            small is None
            and scaled
            and skip < len(words)
            and _DIGITS.fullmatch(words[skip].spelled)
            and "." not in words[skip].spelled
            and skip == end
        ):
            plain = words[skip].spelled.replace(",", "")
            small = float(plain) if plain.isdigit() and current and float(plain) < current else None
        if not scaled or small is None or (current is not None and small >= current):
            break
        total += current or 0
        current = small
        end = skip + 1
        if end < len(words) and small >= 20 and small % 10 == 0:
            unit = _simple(words[end].spelled)
            if unit is not None and unit < 10:
                current += unit
                end += 1
        if end >= len(words) or words[end].spelled not in tables.SCALES:
            break
    return {total + (current or 0)}, end, weak and not scaled


def _with_half(words: Sequence[WordOfText], values: set[float], end: int, weak: bool) -> tuple[set[float], int, bool]:
    """`two and a half`, `one and a quarter`."""
    spelt = [word.spelled for word in words[end : end + 3]]
    if len(spelt) == 3 and spelt[:2] == ["and", "a"] and spelt[2] in _HALVES:
        return {value + _HALVES[spelt[2]] for value in values}, end + 3, False
    return values, end, weak


def _simple(word: str) -> float | None:
    """The value of one word: below a hundred, or an ordinal."""
    value = tables.CARDINALS.get(word, tables.ORDINALS.get(word))
    if value is not None:
        return float(value)
    ordinal = _HINDI_ORDINAL.fullmatch(word)
    if ordinal is not None:
        value = tables.CARDINALS.get(ordinal.group(1))
        return None if value is None else float(value)
    return None


def _shown(value: float) -> str:
    return f"{value:.6g}" if value < 1e6 else f"{value:.0f}"
