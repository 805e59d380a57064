"""Telephone and Aadhaar numbers in a text: runs of digit groups, what their shapes can be, and what the context makes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from producers.redaction.characters import DASHES, SPACES, UNSEEN, with_ascii_digits
from producers.redaction.context import Verdict, judge
from producers.redaction.shapes import LOOSE_SHAPES, Kind, strength

# Between two groups: spaces, dashes, brackets, nothing visible; or one dot, stroke or bullet, one tab, one line break.
_CLOSE: Final = rf"[{SPACES}{DASHES}{UNSEEN}()]{{1,4}}"
_LOOSE: Final = (
    rf"[{UNSEEN}]?[./·•~_*…\\][{UNSEEN}]?|\s[./]\s|[{SPACES}]?\t[{SPACES}]?|"
    rf"[{SPACES}]?\r?\n(?!\d{{1,3}}[.)][{SPACES}])[{SPACES}]?|\.?\)[./]"
)
_LOOSE_MARKS: Final = frozenset("./·•~_*…\\\t\n")
_GAP: Final = rf"(?:{_CLOSE}|{_LOOSE})"
_RUN: Final = re.compile(rf"\d(?:{_GAP}?\d){{9,}}")
_PLUS: Final = re.compile(r"\+[ (]{0,2}$")
# "Mob9876543210"
_GLUED: Final = re.compile(r"(?:^|[^A-Za-z0-9_])(?:ph|mob|mobile|phone|tel|call|contact|whatsapp|aadhaa?r|uid)$", re.IGNORECASE)
# What shows nothing parts nothing.
_GROUP: Final = re.compile(rf"\d+(?:[{UNSEEN}]+\d+)*")
_UNSEEN: Final = re.compile(f"[{UNSEEN}]+")
_LONGEST: Final = 14
_FEWEST: Final = 10

Group = tuple[int, int]


def numbers(text: str) -> Iterator[tuple[int, int, Kind]]:
    """The places of telephone and Aadhaar numbers, from left to right."""
    for run in _RUN.finditer(text):
        yield from _Run(text, *run.span()).numbers()


class _Run:
    """Ten digits and more with nothing but gaps between them."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self._text = text
        self._groups: Sequence[Group] = [match.span() for match in _GROUP.finditer(text, start, end)]
        self._digits = [_UNSEEN.sub("", with_ascii_digits(text[first:last])) for first, last in self._groups]
        plus = _PLUS.search(text[max(0, start - 3) : start])
        self._start = start if plus is None else start - len(plus[0])

    def numbers(self) -> Iterator[tuple[int, int, Kind]]:
        first, taken = 0, -1
        while first < len(self._groups):
            found = self._longest(first, alone=taken == first - 1)
            if found is None:
                first += 1
                continue
            last, kind = found
            start, end = self._extent(first, last, kind)
            yield start, end, kind
            taken, first = last, last + 1

    def _longest(self, first: int, *, alone: bool) -> tuple[int, Kind] | None:
        """The last group and the kind of the longest number that starts at a group; `alone`: the group before is another's end."""
        best: tuple[int, Kind] | None = None
        length = 0
        for last in range(first, len(self._groups)):
            length += self._size(last)
            if length > _LONGEST:
                break
            if length >= _FEWEST:
                kind = self._kind(first, last, alone=alone)
                best = best if kind is None else (last, kind)
        return best

    def _kind(self, first: int, last: int, *, alone: bool) -> Kind | None:
        start, end = self._groups[first][0], self._groups[last][1]
        # Letters on either side make it part of a name: of a file, a hash, a key.
        if (_is_word(self._text[start - 1 : start]) and not _GLUED.search(self._text[max(0, start - 12) : start])) or _is_word(
            self._text[end : end + 1]
        ):
            return None
        plus = first == 0 and self._start < self._groups[0][0]
        found = strength(self._digits[first : last + 1], plus=plus)
        if found is None:
            return None
        kind, how = found
        if how == "sure":
            return kind
        if how in ("told", "mistyped") and first > 0 and not alone:
            return None  # a part of a row: its word would stand before the row
        verdict = judge(self._text, start, end)
        if verdict is Verdict.THING:
            return None
        if how == "mistyped":
            return kind if verdict is Verdict.AADHAAR else None
        if verdict is not Verdict.UNKNOWN:
            return kind
        return kind if how == "plain" and self._stands_apart(first, last, alone=alone) else None

    def _stands_apart(self, first: int, last: int, *, alone: bool) -> bool:
        """Whether no neighbour makes the number a part of something else: a row of a table, a date, a decimal fraction."""
        shape = tuple(map(len, self._digits[first : last + 1]))
        inner = [self._gap(place) for place in range(first + 1, last + 1)]
        loose = {gap.strip() or gap for gap in inner if _is_loose(gap)}
        if loose and shape not in LOOSE_SHAPES and not (shape[0] in (3, 4, 5) and self._digits[first][0] == "0"):
            return False
        if first > 0 and not alone:
            gap, size = self._gap(first), self._size(first - 1)
            if gap == "." or gap in loose or size in shape[1:] or (size == 4 and len(shape) > 1 and self._is_year(first - 1)):
                return False
            if loose and _is_loose(gap):
                return False
        if last + 1 < len(self._groups):
            gap, size = self._gap(last + 1), self._size(last + 1)
            if gap == "." and size <= 2:
                return False
            if gap in loose:
                return False
            if (len(shape) > 1 and size in shape) and not self._starts_number(last + 1):
                return False
        return True

    def _starts_number(self, first: int) -> bool:
        length = 0
        for last in range(first, len(self._groups)):
            length += self._size(last)
            if length > _LONGEST:
                return False
            if length >= _FEWEST and (found := strength(self._digits[first : last + 1], plus=False)) and found[1] == "plain":
                return True
        return False

    def _extent(self, first: int, last: int, kind: Kind) -> tuple[int, int]:
        start, end = self._groups[first][0], self._groups[last][1]
        if kind == "phone" and first == 0:
            start = self._start  # the + belongs to it
        if self._text.count(")", start, end) > self._text.count("(", start, end) and self._text[start - 1 : start] == "(":
            start -= 1
        return start, end

    def _gap(self, place: int) -> str:
        """What lies before a group."""
        return self._text[self._groups[place - 1][1] : self._groups[place][0]]

    def _size(self, place: int) -> int:
        return len(self._digits[place])

    def _is_year(self, place: int) -> bool:
        return "1000" <= self._digits[place] <= "2199"


def _is_word(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character == "_")


def _is_loose(gap: str) -> bool:
    return not _LOOSE_MARKS.isdisjoint(gap)
