"""The rows of a file of feedback, turns or documents: JSON Lines, one JSON array or CSV, gzip-compressed or not, told by the content.

What is no JSON Lines is written as such into a file without a name, which is gone when it is closed. So a file that is damaged anywhere is
refused before its first row is used, the rows may be read in any order, and the memory is that of one row, of an array that of its text.
"""

from __future__ import annotations

import json
import shutil
from array import array
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any, BinaryIO, Final, NamedTuple, Self, cast

from gpu_runner.dataset.fields import DataError
from gpu_runner.dataset.formats.csv_rows import JSON_COLUMNS, columns_of, csv_rows
from gpu_runner.dataset.formats.entries import MOST_TEXT_BYTES
from gpu_runner.dataset.formats.json_list import list_entries
from gpu_runner.dataset.formats.unpacked import GZIP, unpacked
from ops.input_files.history_order import lines_by_time
from schemas.reading.json_lines import Line, NotJsonLines, raw_lines, read_lines
from schemas.reading.json_text import BOM, foreign, shown_name

# Longer than any row that could become an event: 384 KiB on the wire, six bytes a character where JSON escapes it.
MAX_LINE_BYTES: Final = 4 * 1024 * 1024
# Fields of submissions, and of rows that become some, which a cell can only say as JSON.
_JSON_CELLS: Final = (*JSON_COLUMNS, "prompt", "completion", "rating", "preferred", "reasons", "tags")
_LOOKED_AT: Final = 4096


class RowPlace(NamedTuple):
    """Where a row stands: its line from 1, and its place in the list where the file is one."""

    line: int
    inside: str = ""


class EventRow(NamedTuple):
    """One row: where it stands in the file that was given, and what it says."""

    place: RowPlace
    line: Line


@dataclass
class EventRows:
    """The rows of an open file, made by `event_rows`; closing it forgets what was unpacked of it.

    `lines` holds the rows a line; `numbers` the lines of the given file on which they begin, None where the two are the same.
    """

    lines: BinaryIO
    numbers: array[int] | None = None
    listed: bool = False
    _copies: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._copies.close()

    def rows(self, *, by_time: bool = False) -> Iterator[EventRow]:
        """Each row that is not blank, in the file's order or by the times of the events; raises NotJsonLines for a file of no form."""
        self.lines.seek(0)
        read = lines_by_time if by_time else read_lines
        for line in read(self.lines, max_line_bytes=MAX_LINE_BYTES):
            yield EventRow(self._place(line.number), line)

    def _place(self, number: int) -> RowPlace:
        if self.numbers is None:
            return RowPlace(number)
        return RowPlace(self.numbers[number - 1], f"row {number} of the list: " if self.listed else "")


def event_rows(file: BinaryIO, name: str, fields: Collection[str]) -> EventRows:
    """The rows of an open file that is called `name`; `fields` are the columns that a CSV file may have. O(bytes) unless it is JSON Lines.

    Raises NotJsonLines for a file of another form, and DataError for one of these forms that can't be read to its end, by line and field.
    """
    with ExitStack() as copies:
        file.seek(0)
        start = file.read(len(GZIP))
        file.seek(0)
        if start == GZIP:
            copy = _copy(copies)
            shutil.copyfileobj(unpacked(file, name), copy)
            copy.seek(0)
            file = copy
        rows, listed = _transcribed(file, name, fields)
        if rows is None:
            return EventRows(file, _copies=copies.pop_all())
        lines, numbers = _copy(copies), array("q")
        for number, value in rows:
            lines.write(json.dumps(value, ensure_ascii=False).encode() + b"\n")
            numbers.append(number)
        if not numbers:
            raise DataError(f"{name}: no rows: expected at least one")
        return EventRows(lines, numbers, listed, copies.pop_all())


def _copy(copies: ExitStack) -> BinaryIO:
    return cast(BinaryIO, copies.enter_context(TemporaryFile()))


def _transcribed(file: BinaryIO, name: str, fields: Collection[str]) -> tuple[Iterable[tuple[int, Any]] | None, bool]:
    """The rows with their lines, and whether they are a list; None for JSON Lines, good or bad. The file is at its start again."""
    start = file.read(_LOOKED_AT).removeprefix(BOM).lstrip()
    file.seek(0)
    if not start.startswith((b"{", b"[")):
        first = file.readline(MAX_LINE_BYTES)
        file.seek(0)
        columns = columns_of(first, lambda names: any(column in fields for column in names))
        return (None if columns is None else _of_csv(file, name, columns, fields)), False
    try:
        next(raw_lines(file, max_line_bytes=MAX_LINE_BYTES), None)
    except NotJsonLines:
        if not start.startswith(b"[") or foreign(start) is not None:
            raise
        return _of_array(file, name), True
    finally:
        file.seek(0)
    return None, False


def _of_csv(file: BinaryIO, name: str, columns: tuple[str, ...], fields: Collection[str]) -> Iterator[tuple[int, Any]]:
    unknown = [column for column in columns if column and column not in fields]
    if unknown:
        raise DataError(f"{name}:1: the column {shown_name(unknown[0])}: expected columns of {', '.join(sorted(fields))}")
    for number, record in csv_rows(file, name, columns, cut=False, json_columns=_JSON_CELLS):
        # An empty cell is a field that the row has not.
        yield number, {column: value for column, value in record.items() if value is not None}


def _of_array(file: BinaryIO, name: str) -> Iterator[tuple[int, Any]]:
    data = file.read(MOST_TEXT_BYTES + 1)
    if len(data) > MOST_TEXT_BYTES:
        raise DataError(f"{name}: one JSON array of more than {MOST_TEXT_BYTES} bytes: write a row a line (`jq -c '.[]' FILE`)")
    for entry in list_entries(data, name, cut=False):
        yield entry.line, entry.value
