"""CSV with a header row: each record as an object by the names of the columns, with the line on which it begins."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final

from gpu_runner.dataset.fields import MAX_LINE_BYTES, DataError, first_problem
from schemas.reading.json_text import BOM, UnreadableJson, read_json, shown_name

DELIMITERS: Final = (",", ";", "\t")
# What a cell can only say as JSON, and what it says in a word.
_JSON: Final = ("[", "{")
_FLAGS: Final[Mapping[str, bool]] = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
FLAG_COLUMNS: Final = ("label", "is_impossible")
JSON_COLUMNS: Final = ("messages", "conversations", "chosen", "rejected", "answers", "context", "contexts", "passages", "tools", "history")


def columns_of(first_line: bytes, known: Callable[[Sequence[str]], bool]) -> tuple[str, ...] | None:
    """The names in the first line of a CSV file, whatever stands between them, where they are `known` as a form's; None where not."""
    for delimiter in DELIMITERS:
        names = _header(first_line, delimiter)
        if names is not None and known(names):
            return names
    return None


def csv_rows(
    handle: BinaryIO, name: str, columns: Sequence[str], *, cut: bool, json_columns: Collection[str] = JSON_COLUMNS
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The records of a file that is called `name` and has these columns, empty lines passed over; an empty cell is None.

    Of a `cut` file the last record is left out. Cells of `json_columns` may hold a list or an object. Raises DataError, by line, for a
    record of another length, quotes that do not end, what is not UTF-8, and a column that comes twice.
    """
    doubled = [column for place, column in enumerate(columns) if column and column in columns[:place]]
    if doubled:
        raise DataError(f"{name}:1: the column {shown_name(doubled[0])} comes twice: expected each name once")
    lines = _Lines(handle, name, cut)
    first = lines.first()
    delimiter = next(one for one in DELIMITERS if _header(first, one) == tuple(columns))
    records = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = lines.number + 1
        try:
            cells = next(records, None)
        except csv.Error as error:
            if cut and lines.ended:
                return
            raise DataError(f"{name}:{line}: not CSV ({_reason(error)})") from None
        if cells is None:
            return
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(columns):
            raise DataError(f"{name}:{line}: expected {len(columns)} cells as in the first row, found {len(cells)}")
        pairs = zip(columns, cells, strict=True)
        yield line, {column: _value(f"{name}:{line}", column, cell, json_columns) for column, cell in pairs if column}


def _header(line: bytes, delimiter: str) -> tuple[str, ...] | None:
    try:
        names = next(csv.reader([line.removeprefix(BOM).decode()], delimiter=delimiter, strict=True), [])
    except (csv.Error, UnicodeDecodeError):
        return None
    return tuple(column.strip() for column in names)


def _reason(error: csv.Error) -> str:
    """The reader's reason in our words, without the file's."""
    text = str(error)
    if "field limit" in text:
        return f"a cell is longer than {csv.field_size_limit()} characters"
    if "unexpected end" in text:
        return "a quoted cell does not end"
    return "text behind the quotes of a cell" if "expected after" in text else "a line end within a cell without quotes"


def _value(where: str, column: str, cell: str, json_columns: Collection[str]) -> Any:
    """A cell as the field that it is."""
    if not cell.strip():
        return None
    if column in FLAG_COLUMNS:
        return _FLAGS.get(cell.strip().lower(), cell)
    if column not in json_columns or not cell.lstrip().startswith(_JSON):
        return cell
    try:
        found = read_json(cell.encode())
    except UnreadableJson:
        # A passage may begin with a bracket; where a list is needed, the form's own reader says so.
        return cell
    if found.problems:
        raise DataError(f"{where}: field '{column}': {first_problem(found.problems)}")
    return found.value


class _Lines:
    """The lines of a file as text, counted, after the first; bounded in length."""

    def __init__(self, handle: BinaryIO, name: str, cut: bool) -> None:
        self._handle = handle
        self._name = name
        self._cut = cut
        self.number = 0
        self.ended = False

    def first(self) -> bytes:
        """The first line, as it is."""
        self.number = 1
        return self._handle.readline(MAX_LINE_BYTES)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._handle.readline(MAX_LINE_BYTES + 1)
        if not line or (self._cut and not line.endswith(b"\n")):
            self.ended = True
            raise StopIteration
        self.number += 1
        if len(line) > MAX_LINE_BYTES:
            raise DataError(f"{self._name}:{self.number}: longer than {MAX_LINE_BYTES} bytes: expected shorter lines")
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            raise DataError(f"{self._name}:{self.number}: not UTF-8 at byte {error.start + 1} of the line: save it as UTF-8") from None
