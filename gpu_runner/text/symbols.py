"""Which punctuation marks carry meaning, so that "A+" is not "A-" and "C#" is not "C" once punctuation is deleted.

Kept: `+` after a letter or digit ("A+", "C++", "1+1") or alone; a minus that ends one to three Latin letters and digits ("A-", "AB−",
"Cl-"); `#` after a Latin letter at the end ("C#"); one `*` after a letter or digit at the end, where no `*` comes before (else it is
emphasis); `%` and `‰` after a number; `$` before a number; `<`, `>`, `<=`, `>=` before a number or alone; `/` between letters ("km/h").
Everything else is taken for punctuation: what stands inside a number is the numeric guard's (`normalise.numbers`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

# Each mark that may be kept, with its one spelling.
_MARKS: Final[Mapping[str, str]] = {
    **{mark: mark for mark in "+#*$<>=/%‰"},
    **dict.fromkeys("-−–", "-"),
    **dict.fromkeys("٪％", "%"),
}
_ANY_MARK: Final = re.compile(f"[{re.escape(''.join(_MARKS))}]")
_TOKEN: Final = re.compile(r"\S+")
_SHORT_LATIN: Final = re.compile(r"(?=[0-9]*[A-Za-z])[0-9A-Za-z]{1,3}[-−–]")
_SPACE_BEFORE_PERCENT: Final = re.compile(r"(?<=\d)\s+(?=[%‰٪％])")


def percent_joined(text: str) -> str:
    """The text with no white space between a number and its percent sign.

    >>> percent_joined("50 % of it")
    '50% of it'
    """
    return _SPACE_BEFORE_PERCENT.sub("", text)


def meaningful_marks(text: str) -> dict[int, str]:
    """Position to spelling of the marks that carry meaning, by the rules above.

    >>> meaningful_marks("(A−), well-known – 5%!")
    {2: '-', 20: '%'}
    """
    found: dict[int, str] = {}
    if not _ANY_MARK.search(text):
        return found
    for token in _TOKEN.finditer(text):
        start, end = _body(text, token.start(), token.end())
        for place in range(start, end):
            if text[place] in _MARKS and _carries_meaning(text, place, start, end, found):
                found[place] = _MARKS[text[place]]
    return found


def symbols(text: str) -> tuple[str, ...]:
    """The meaningful marks of a text in order: what the guarded score compares before punctuation is deleted."""
    return tuple(meaningful_marks(percent_joined(text)).values())


def _body(text: str, start: int, end: int) -> tuple[int, int]:
    """A token without the brackets, quotes and stops around it."""
    while start < end and text[start] not in "$<>+" and _is_punctuation(text[start]):
        start += 1
    while end > start and text[end - 1] not in _MARKS and _is_punctuation(text[end - 1]):
        end -= 1
    return start, end


def _carries_meaning(text: str, place: int, start: int, end: int, found: Mapping[int, str]) -> bool:
    mark, before, after = text[place], text[place - 1 : place] if place > start else "", text[place + 1 : place + 2]
    at_end = place == end - 1
    match _MARKS[mark]:
        case "+":
            return _in_words(before) or (before == "+" and place - 1 in found) or end - start == 1
        case "-":
            return at_end and _SHORT_LATIN.fullmatch(text, start, end) is not None
        case "#":
            return at_end and before.isascii() and before.isalpha()
        case "*":
            return at_end and _in_words(before) and "*" not in text[:place]
        case "%" | "‰":
            return before.isdecimal()
        case "$":
            return after.isdecimal()
        case "<" | ">":
            rest = text[place + 1 : end].removeprefix("=")
            return rest[:1].isdecimal() or (place == start and not rest)
        case "=":
            return place - 1 in found and before in "<>"
        case _:
            return _in_words(before) and _in_words(after) and not (before.isdecimal() and after.isdecimal())


def _is_punctuation(char: str) -> bool:
    return unicodedata.category(char)[0] == "P" or char in "$+<=>^`|~"


def _in_words(char: str) -> bool:
    return bool(char) and unicodedata.category(char)[0] in "LMN"
