"""The entries of one JSON text, one by one with their lines: of the list that it is, or has as `data`; whole, or cut somewhere."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from gpu_runner.dataset.fields import DataError, first_problem, kind_of, unexpected
from schemas.reading.json_text import BOM, UnreadableJson, read_json, shown_name

EXPECTED: Final = "a list of rows, an object with such a list or a SQuAD file's articles as 'data', or one row"
_SPACE: Final = " \t\r\n"
# An error of the scanner so near to the end of a beginning may be that of the cut.
_NEAR_THE_CUT: Final = 16


class ListEntry(NamedTuple):
    """A value of the list: its number from 0 (None: the text is this one value), the line on which it begins, itself, and its place."""

    number: int | None
    line: int
    value: Any
    place: str = ""


def list_entries(data: bytes, name: str, *, cut: bool) -> Iterator[ListEntry]:
    """Each entry, of a text that is called `name`; of a `cut` one those that are whole. O(bytes), in the memory of the text and an entry.

    Raises DataError, naming the line, for what is no JSON, can't be taken, or is neither list nor object.
    """
    scanner = _Scanner(_text(data, name, cut), name, cut)
    try:
        if scanner.passes("["):
            yield from scanner.entries(lambda number: f"row {number + 1} of the list")
        elif scanner.passes("{"):
            yield from _of_object(scanner, name)
        else:
            raise DataError(f"{name}: found {kind_of(scanner.value().value)}: expected {EXPECTED}")
        scanner.end()
    except _Cut:
        if not cut:
            raise DataError(f"{name}:{scanner.line}: not JSON (the text ends too early): expected {EXPECTED}") from None


def _of_object(scanner: _Scanner, name: str) -> Iterator[ListEntry]:
    line = scanner.line
    fields: dict[str, Any] = {}
    listed = False
    scanner.expects('"', "}")
    while not scanner.passes("}"):
        field = scanner.field()
        if field != "data":
            fields[field] = scanner.value(f"field '{shown_name(field)}'").value
        elif listed:
            raise DataError(f"{name}:{scanner.line}: field 'data': expected it once, found it twice")
        elif scanner.passes("["):
            listed = True
            yield from scanner.entries(lambda number: f"data[{number}]")
        else:
            found = scanner.value("field 'data'")
            raise unexpected(f"{name}:{found.line}", "data", "a list", found.value)
        scanner.separates("}")
    if not listed:
        yield ListEntry(None, line, fields)


def _text(data: bytes, name: str, cut: bool) -> str:
    """The characters; of a cut text those that are whole."""
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(data.removeprefix(BOM), final=not cut)
    except UnicodeDecodeError as error:
        shift = len(BOM) if data.startswith(BOM) else 0
        raise DataError(f"{name}: not UTF-8 at byte {error.start + shift + 1}: save it as UTF-8") from None


class _Cut(Exception):
    """The text ends here, the value does not."""


class _Scanner:
    """Reads a JSON text value by value."""

    def __init__(self, text: str, name: str, cut: bool) -> None:
        self._text = text
        self._name = name
        self._cut = cut
        self._place = 0
        self._counted = 0
        self._line = 1
        # Only where a value ends is asked of it: numbers of any length are the reader's matter.
        self._decoder = json.JSONDecoder(parse_int=len, parse_float=len)

    @property
    def line(self) -> int:
        """The line of the place that was reached."""
        self._line += self._text.count("\n", self._counted, self._place)
        self._counted = self._place
        return self._line

    def passes(self, char: str) -> bool:
        """Passes over white space, and over `char` where it comes next."""
        found = self._next() == char
        self._place += found
        return found

    def expects(self, *chars: str) -> None:
        """Raises DataError where the next character is another."""
        if self._next() not in chars:
            raise self._wrong(self._place, f"expected {' or '.join(chars)}")

    def separates(self, end: str) -> None:
        """Passes over the comma between two values; `end` may stand there instead."""
        if self.passes(","):
            if self._next() == end:
                raise self._wrong(self._place, "expected a value behind the comma")
        elif self._next() != end:
            raise self._wrong(self._place, f"expected ',' or '{end}'")

    def end(self) -> None:
        """Raises DataError where more follows."""
        rest = self._text[self._place :].lstrip(_SPACE)
        if rest:
            raise self._wrong(len(self._text) - len(rest), "expected the end, found more")

    def field(self) -> str:
        """The name of a field, and the colon behind it."""
        self.expects('"')
        name = str(self.value().value)
        if not self.passes(":"):
            raise self._wrong(self._place, "expected ':'")
        return name

    def entries(self, place_of: Callable[[int], str]) -> Iterator[ListEntry]:
        """The values of the list that begins here."""
        number = 0
        while not self.passes("]"):
            yield self.value(place_of(number))._replace(number=number)
            number += 1
            self.separates("]")

    def value(self, place: str = "") -> ListEntry:
        """The next value, read as strictly as a line of JSON Lines is."""
        self._next()
        begin, line = self._place, self.line
        try:
            _, self._place = self._decoder.raw_decode(self._text, begin)
            found = read_json(self._text[begin : self._place].encode("utf-8", "surrogatepass"))
        except RecursionError:
            raise DataError(f"{self._name}:{line}: nested too deeply: expected {EXPECTED}") from None
        except json.JSONDecodeError as error:
            if error.msg.startswith("Unterminated") or error.pos >= len(self._text) - _NEAR_THE_CUT * self._cut:
                raise _Cut from None
            raise self._wrong(error.pos, _shown(error.msg)) from None
        except UnreadableJson as error:
            raise DataError(f"{self._name}:{line}: {error}") from None
        if found.problems:
            raise DataError(f"{self._name}:{line}: {f'{place}: ' if place else ''}{first_problem(found.problems)}")
        return ListEntry(None, line, found.value, place)

    def _next(self) -> str:
        """The next character that is no white space."""
        while self._place < len(self._text) and self._text[self._place] in _SPACE:
            self._place += 1
        if self._place == len(self._text):
            raise _Cut
        return self._text[self._place]

    def _wrong(self, place: int, what: str) -> DataError:
        self._place = max(place, self._counted)
        column = self._place - self._text.rfind("\n", 0, self._place)
        return DataError(f"{self._name}:{self.line}: not JSON at column {column} ({what}): expected {EXPECTED}")


def _shown(message: str) -> str:
    """What the standard library's scanner says, in the words of our other errors."""
    what = message.split(": ", maxsplit=1)[0].removesuffix(" at").replace("Expecting", "expected")
    return what[:1].lower() + what[1:]
