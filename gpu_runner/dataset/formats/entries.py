"""The rows of a file in whatever it holds them: JSON Lines, one JSON text, or CSV; told by its content, never by its name."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, Literal, NamedTuple

from gpu_runner.dataset.fields import MAX_LINE_BYTES, DataError, kind_of, objects_of
from gpu_runner.dataset.formats.csv_rows import columns_of, csv_rows
from gpu_runner.dataset.formats.json_list import list_entries
from gpu_runner.dataset.formats.row_forms import FORMS_EXPECTED, form_of
from gpu_runner.dataset.formats.squad import ArticleNames, rows_of_article
from gpu_runner.dataset.formats.unpacked import unpacked
from schemas.reading.json_lines import NotJsonLines, read_lines
from schemas.reading.json_text import BOM

Container = Literal["JSON Lines", "JSON", "SQuAD articles", "CSV", "nothing"]
# A text that has to be read as one: larger files have a row a line.
MOST_TEXT_BYTES: Final = 256 * 1024 * 1024
_LOOKED_AT: Final = 64 * 1024


class RowEntry(NamedTuple):
    """One row as it stands in the file: where (the file, the line, and its place in a list), and its fields."""

    where: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Entries:
    """What a file holds its rows in, and the rows, each once, read as they are asked for."""

    container: Container
    rows: Iterator[RowEntry]


def entries_of(handle: BinaryIO, name: str, *, cut: bool = False) -> Entries:
    """The rows of an open file that the caller calls `name`, unpacked where it is compressed.

    Of a `cut` file, the beginning of a longer one, only rows that are whole. Raises DataError, here or from the rows, by file and line, for
    content that is none of these.
    """
    handle = unpacked(handle, name)
    first = _first_mark(handle)
    if not first:
        return Entries("nothing", iter(()))
    if first not in (b"{", b"["):
        return Entries("CSV", _csv(handle, name, cut))
    if first == b"{" and _is_lines(handle, cut):
        return Entries("JSON Lines", _lines(handle, name, cut))
    return _text(handle, name, cut)


def _first_mark(handle: BinaryIO) -> bytes:
    """The first byte that is no white space, empty where there is none; the file is at its start again."""
    mark, part = b"", handle.read(_LOOKED_AT).removeprefix(BOM)
    while not mark and part:
        mark, part = part.lstrip(b" \t\r\n")[:1], handle.read(_LOOKED_AT)
    handle.seek(0)
    return mark


def _is_lines(handle: BinaryIO, cut: bool) -> bool:
    """Whether a text that begins with an object has an object a line."""
    lines = read_lines(handle, max_line_bytes=MAX_LINE_BYTES)
    try:
        first, second = next(lines, None), next(lines, None)
    except NotJsonLines:
        return False
    finally:
        handle.seek(0)
    if first is None:
        return True
    if isinstance(first.value, dict):
        # One line may be the whole of a file that has its rows in a list.
        return not ("data" in first.value and second is None) and "paragraphs" not in first.value
    # A line that ends as an object does is one with a mistake in it, to be told by its line; another goes on below.
    return first.raw.rstrip().endswith(b"}") and not (cut and second is None)


def _lines(handle: BinaryIO, name: str, cut: bool) -> Iterator[RowEntry]:
    if cut:
        data = handle.read()
        handle = io.BytesIO(data[: data.rfind(b"\n") + 1])
    return (RowEntry(f"{name}:{number}", value) for number, value in objects_of(handle, name))


def _text(handle: BinaryIO, name: str, cut: bool) -> Entries:
    data = handle.read(MOST_TEXT_BYTES + 1)
    if len(data) > MOST_TEXT_BYTES:
        raise DataError(f"{name}: one JSON text of more than {MOST_TEXT_BYTES} bytes: write a row a line (`jq -c '.[]' FILE`)")
    found = list_entries(data, name, cut=cut)
    first = next(found, None)
    articles = first is not None and isinstance(first.value, dict) and "paragraphs" in first.value

    def rows() -> Iterator[RowEntry]:
        names = ArticleNames()
        for entry in () if first is None else itertools.chain((first,), found):
            line, value = f"{name}:{entry.line}", entry.value
            where = f"{line}: {entry.place}" if entry.place else line
            if not isinstance(value, dict):
                raise DataError(f"{where}: expected an object with {FORMS_EXPECTED}, found {kind_of(value)}")
            if "paragraphs" in value:
                place = "" if entry.number is None else f"data[{entry.number}]"
                yield from (RowEntry(f"{line}: {at}", row) for at, row in rows_of_article(value, names, line, place))
            else:
                yield RowEntry(where, value)

    return Entries("SQuAD articles" if articles else "JSON", rows())


def _csv(handle: BinaryIO, name: str, cut: bool) -> Iterator[RowEntry]:
    first = handle.readline(MAX_LINE_BYTES)
    handle.seek(0)
    columns = columns_of(first, lambda names: form_of(dict.fromkeys(names)) is not None)
    if columns is None:
        try:
            first.decode()
        except UnicodeDecodeError as error:
            raise DataError(f"{name}: not UTF-8 at byte {error.start + 1}: save it as UTF-8") from None
        raise DataError(f"{name}:1: not JSON, and no CSV whose first row names its columns: expected {FORMS_EXPECTED}")
    return (RowEntry(f"{name}:{line}", value) for line, value in csv_rows(handle, name, columns, cut=cut))
