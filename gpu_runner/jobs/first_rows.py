"""Looks at the beginning of a file that a request names, before the request is taken: its first 100 rows, in its first 8 MiB.

The functions that read the whole file later read the rows here too, so a mistake is told in the same words, by line and field. What lies
beyond is not looked at: a file of one line that is longer is taken unseen, but for what its first bytes say.
"""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from gpu_runner.dataset.dataset_file import DOCUMENT, JSON_SUFFIX, dataset_of, rows_of
from gpu_runner.dataset.fields import DataError, Fields, begins_as_lines, objects_of, whole_of
from gpu_runner.dataset.rows import evaluation_item, no_items
from gpu_runner.evaluate.evaluation import SOURCES, sources_of
from schemas.reading.json_lines import NotJsonLines, raw_lines
from schemas.reading.json_text import BOM, foreign

MAX_ROWS: Final = 100
MAX_BYTES: Final = 8 * 1024 * 1024
_SPACE: Final = " \t\r\n"
# An error of the scanner so near to the end may be that of the cut.
_NEAR_THE_CUT: Final = 16


@dataclass(frozen=True, slots=True)
class FileStart:
    """The first bytes of a file that the caller called `name`; `whole`: there are no more."""

    name: str
    data: bytes
    whole: bool


def check_dataset(start: FileStart) -> None:
    """Raises DataError for the first row that can't be trained on, and for a file without rows."""
    if not start.name.endswith(JSON_SUFFIX) or begins_as_lines(io.BytesIO(start.data)):
        lines = [(f"{start.name}:{number}", value) for number, value in _first_lines(start)]
        if lines or start.whole:
            rows_of(lines, start.name)
    elif start.whole:
        dataset_of(whole_of(start.data, start.name, DOCUMENT), start.name)
    elif found := _first_entries(start, DOCUMENT):
        dataset_of(found, start.name)


def check_items(start: FileStart) -> None:
    """Raises DataError for the first row that is no evaluation item, and for a file in which nothing can be asked."""
    found = [evaluation_item(Fields(f"{start.name}:{number}", value), "dataset") for number, value in _first_lines(start)]
    if start.whole and len(found) < MAX_ROWS and not any(found):
        raise no_items(start.name, len(found))


def check_sources(start: FileStart) -> None:
    """Raises DataError for a file that holds no source documents."""
    if start.whole:
        sources_of(whole_of(start.data, start.name, SOURCES), start.name)
        return
    found = _first_entries(start, SOURCES)
    if isinstance(found, list):
        sources_of(found, start.name)


def _first_lines(start: FileStart) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The objects of the first lines that are whole."""
    data = start.data if start.whole else start.data[: start.data.rfind(b"\n") + 1]
    if not data and not start.whole:
        _refuse_other_forms(start)
    return islice(objects_of(io.BytesIO(data), start.name), MAX_ROWS)


def _refuse_other_forms(start: FileStart) -> None:
    try:
        next(raw_lines(io.BytesIO(start.data), max_line_bytes=1024), None)
    except NotJsonLines as error:
        raise DataError(f"{start.name}: {error}") from None


def _first_entries(start: FileStart, expected: str) -> Any:
    """The first entries of the list that a longer JSON text is, or has as `data`, in that form; None where none of them is whole.

    Raises DataError for a text that is no JSON as far as it was read.
    """
    text = _text(start)
    scanner = _Scanner(text, start.name, expected)
    try:
        if scanner.after_space("["):
            return scanner.entries() or None
        if not scanner.after_space("{"):
            raise DataError(f"{start.name}: not JSON: expected {expected}")
        while not scanner.at_end():
            name = scanner.value()
            scanner.after_space(":")
            if name == "data" and scanner.after_space("["):
                entries = scanner.entries()
                return {"data": entries} if entries else None
            scanner.value()
            scanner.after_space(",")
    except _Cut:
        pass
    return None


def _text(start: FileStart) -> str:
    """The characters that are whole."""
    stated = foreign(start.data)
    if stated is not None:
        raise DataError(f"{start.name}: {stated}")
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(start.data.removeprefix(BOM))
    except UnicodeDecodeError as error:
        raise DataError(f"{start.name}: not UTF-8 at byte {error.start + 1}: save it as UTF-8") from None


class _Cut(Exception):
    """The text ends here, the file does not."""


class _Scanner:
    """Reads values of a JSON text that is cut somewhere."""

    def __init__(self, text: str, name: str, expected: str) -> None:
        self._text = text
        self._name = name
        self._expected = expected
        self._place = 0
        self._decoder = json.JSONDecoder()

    def at_end(self) -> bool:
        """Whether an object ends here."""
        return self.after_space("}")

    def after_space(self, char: str) -> bool:
        """Passes over white space, and over `char` where it comes next."""
        while self._place < len(self._text) and self._text[self._place] in _SPACE:
            self._place += 1
        if self._place == len(self._text):
            raise _Cut
        found = self._text[self._place] == char
        self._place += found
        return found

    def value(self) -> Any:
        """The next value, read as strictly as the whole file is later."""
        self.after_space("")
        begin = self._place
        try:
            _, self._place = self._decoder.raw_decode(self._text, begin)
        except RecursionError:
            raise DataError(f"{self._name}: nested too deeply: expected {self._expected}") from None
        except json.JSONDecodeError as error:
            if error.msg.startswith("Unterminated") or error.pos >= len(self._text) - _NEAR_THE_CUT:
                raise _Cut from None
            line = self._text.count("\n", 0, error.pos) + 1
            raise DataError(f"{self._name}: not JSON at line {line}: expected {self._expected}") from None
        return whole_of(self._text[begin : self._place].encode("utf-8", "surrogatepass"), self._name, self._expected)

    def entries(self) -> list[Any]:
        """The values of the list that begins here, at most MAX_ROWS, up to the cut."""
        found: list[Any] = []
        try:
            while len(found) < MAX_ROWS and not self.after_space("]"):
                found.append(self.value())
                self.after_space(",")
        except _Cut:
            pass
        return found
