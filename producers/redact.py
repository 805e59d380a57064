"""Takes personal numbers and addresses out of a text: Aadhaar, PAN, GSTIN, Indian telephone numbers, e-mail.

Numbers with a check digit are taken only where it holds (Aadhaar: Verhoeff; GSTIN: Luhn mod 36), so most accession
numbers, amounts and years stay. Digits may be Devanagari, or any other decimal digits of Unicode, with spaces, dashes or
brackets between them. Sources: UIDAI's numbering scheme; python-stdnum; the National Numbering Plan of 2003.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec
from stdnum.in_ import aadhaar, gstin, pan

_ANY_DIGIT: Final = re.compile(r"\d")
# Telephone and Aadhaar numbers have no fewer digits.
_FEWEST_DIGITS: Final = 10
_OTHER_DIGIT: Final = re.compile(r"(?![0-9])\d")
_SPACE: Final = r"[ \u00a0\u2009\u202f]"
_DASH: Final = r"[-\u2010-\u2015\u2212]"
_GAP: Final = rf"(?:{_SPACE}|{_DASH}|[()]){{1,3}}"
_NO_WORD_BEFORE: Final = r"(?<![A-Za-z0-9_])"
_NO_WORD_AFTER: Final = r"(?![A-Za-z0-9_])"
# Devanagari vowel signs are no \w for `re`; the danda (U+0964, U+0965) ends a sentence and is left out.
_WORD: Final = r"[\w\u0900-\u0963\u0966-\u097f]"

_EMAIL: Final = re.compile(
    rf"(?:{_WORD}|[.%+-]){{1,64}}@(?:(?:{_WORD}|-){{1,63}}\.){{1,8}}(?:[^\W\d_]|[\u0900-\u0963\u0970-\u097f]){{2,24}}"
)
_G: Final = rf"(?:{_SPACE}|{_DASH})?"
_GSTIN: Final = re.compile(
    rf"{_NO_WORD_BEFORE}\d{{2}}{_G}[A-Za-z]{{5}}{_G}\d{{4}}{_G}[A-Za-z]{_G}[1-9A-Za-z]{_G}[Zz]{_G}[0-9A-Za-z]{_NO_WORD_AFTER}", re.ASCII
)
# What every GSTIN and PAN holds: most texts have none, and need no look at the long patterns.
_TAX_NUMBER: Final = re.compile(rf"[A-Za-z]{_G}\d{{4}}{_G}[A-Za-z]")
# In lower case only without gaps: "the stupa 1500 a day" has the shape of a PAN.
_PAN: Final = re.compile(rf"{_NO_WORD_BEFORE}(?:[A-Za-z]{{5}}\d{{4}}[A-Za-z]|[A-Z]{{5}}{_G}\d{{4}}{_G}[A-Z]){_NO_WORD_AFTER}", re.ASCII)
# A number with a fraction is an amount.
_RUN: Final = re.compile(rf"{_NO_WORD_BEFORE}(?<!\d\.)(?:\+[ (]?)?\d+(?:{_GAP}\d+)*{_NO_WORD_AFTER}(?!\.\d{{1,2}}(?!\d))", re.ASCII)
_GROUP: Final = re.compile(r"\d+", re.ASCII)
_MONEY: Final = re.compile(r"(?:₹|\$|€|£|(?:\b(?:rs|inr)\b\.?)|रु\.?|रुपये|रुपए)\s*$", re.IGNORECASE)
_NOT_DIGIT: Final = re.compile(r"[^0-9A-Za-z]")

# How people write the ten digits of a mobile number; other groupings are more often dates, counts or amounts.
_MOBILE_SHAPES: Final = frozenset(
    {(10,), (5, 5), (3, 3, 4), (4, 3, 3), (4, 6), (6, 4), (3, 7), (2, 8), (2, 4, 4), (3, 4, 3), (2, 2, 2, 2, 2), (1,) * 10}
)


# Between texts that are redacted together: no number reaches across two NULs.
_SEPARATOR: Final = "\x00\x00"


class Redacted(msgspec.Struct, frozen=True, gc=False):
    """The text with `[AADHAAR]`, `[PAN]`, `[GSTIN]`, `[PHONE]`, `[EMAIL]` in the places of what was found, and how many."""

    text: str
    counts: Mapping[str, int]


def redact(text: str) -> Redacted:
    """The text without personal numbers and addresses; doing it again changes nothing.

    Cost: O(length), a few microseconds for a text without digits and without "@".

    >>> redact("मेरा आधार २३४१ २३४१ २३४६ है, फ़ोन +91 98765-43210").text
    'मेरा आधार [AADHAAR] है, फ़ोन [PHONE]'
    >>> redact("built 1911-1931, accession 2341 2341 2347, ₹9876543210").text
    'built 1911-1931, accession 2341 2341 2347, ₹9876543210'
    """
    counts: dict[str, int] = {}
    if "@" in text:
        text = _replaced(text, ((*match.span(), "email") for match in _EMAIL.finditer(text)), counts)
    if _TAX_NUMBER.search(text):
        text = _replaced(text, _checked(_GSTIN, gstin.is_valid, text, "gstin"), counts)
        text = _replaced(text, _checked(_PAN, pan.is_valid, text, "pan"), counts)
    if len(_ANY_DIGIT.findall(text)) >= _FEWEST_DIGITS:
        # A number may become readable as one only when its neighbour has gone ("…2346.2341…"): until nothing changes.
        # Each round takes digits away, so it ends.
        while (shorter := _replaced(text, _numbers(_with_ascii_digits(text)), counts)) != text:
            text = shorter
    return Redacted(text, counts)


def redact_together(texts: Sequence[str]) -> tuple[list[str], int] | None:
    """Several texts, each without personal numbers and addresses, and how many of them were taken out; None where there were none.

    Cheaper than one after the other. No text may hold the NUL character.

    >>> redact_together(["रेल", "फ़ोन +91 98765-43210"])
    (['रेल', 'फ़ोन [PHONE]'], 1)
    >>> redact_together(["रेल"])
    """
    redacted = redact(_SEPARATOR.join(texts))
    return (redacted.text.split(_SEPARATOR), sum(redacted.counts.values())) if redacted.counts else None


def _with_ascii_digits(text: str) -> str:
    # One character for one, so that a place in it is the same place in the text.
    return text if text.isascii() else _OTHER_DIGIT.sub(lambda match: str(unicodedata.decimal(match[0])), text)


def _checked(pattern: re.Pattern[str], valid: Callable[[str], bool], text: str, kind: str) -> Iterator[tuple[int, int, str]]:
    for match in pattern.finditer(_with_ascii_digits(text)):
        if valid(_NOT_DIGIT.sub("", match[0])):
            yield *match.span(), kind


def _replaced(text: str, spans: Iterable[tuple[int, int, str]], counts: dict[str, int]) -> str:
    parts, last = [], 0
    for start, end, kind in spans:
        parts += [text[last:start], f"[{kind.upper()}]"]
        last = end
        counts[kind] = counts.get(kind, 0) + 1
    return "".join([*parts, text[last:]])


def _numbers(plain: str) -> Iterator[tuple[int, int, str]]:
    for run in _RUN.finditer(plain):
        groups = [(match.start(), match.end()) for match in _GROUP.finditer(plain, *run.span())]
        first = 0
        while first < len(groups):
            found = _longest(plain, groups, first)
            if found is None:
                first += 1
                continue
            last, kind = found
            start = groups[first][0]
            if kind == "phone" and first == 0:
                start = run.start()  # the + belongs to it
            end = groups[last][1]
            if plain.count(")", start, end) > plain.count("(", start, end) and plain[start - 1 : start] == "(":
                start -= 1
            yield start, end, kind
            first = last + 1


def _longest(plain: str, groups: Sequence[tuple[int, int]], first: int) -> tuple[int, str] | None:
    """The last group, and the kind, of the longest number that starts at a group: at most 14 digits are looked at."""
    best: tuple[int, str] | None = None
    length = 0
    for last in range(first, len(groups)):
        length += groups[last][1] - groups[last][0]
        if length > 14:
            break
        if 10 <= length != 13:
            kind = _kind([plain[start:end] for start, end in groups[first : last + 1]], plain, groups[first][0])
            best = best if kind is None else (last, kind)
    return best


def _kind(groups: Sequence[str], plain: str, start: int) -> str | None:
    digits = "".join(groups)
    # Three years in a row have the shape of an Aadhaar number, and one in ten has its check digit.
    years = len(groups) == 3 and all(len(group) == 4 and "1000" <= group <= "2199" for group in groups)
    if len(digits) == 12 and not years and aadhaar.is_valid(digits):
        return "aadhaar"
    before = plain[max(0, start - 8) : start]
    # The number after a currency sign is an amount.
    if _is_phone(groups, digits, plus="+" in before[-2:]) and not _MONEY.search(before):
        return "phone"
    return None


def _is_phone(groups: Sequence[str], digits: str, *, plus: bool) -> bool:
    shape = tuple(map(len, groups))
    if len(digits) == 10:
        return digits[0] in "6789" and shape in _MOBILE_SHAPES
    if len(digits) == 11 and digits[0] == "0":
        # A trunk zero before a mobile number, or an area code that is written apart from its number.
        return digits[1] in "6789" or (digits[1] in "12345" and len(shape) > 1 and 3 <= shape[0] <= 5)
    if len(digits) == 12 and digits.startswith("91"):
        return digits[2] in "123456789" if plus else digits[2] in "6789" and (shape == (12,) or groups[0] == "91")
    return len(digits) == 14 and digits.startswith("0091") and digits[4] in "123456789"
