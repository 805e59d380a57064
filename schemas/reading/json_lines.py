"""The one reader of JSON Lines from outside: numbered lines of bounded length, and a file of another form named once, not once a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, NamedTuple

from schemas.reading.json_text import BOM, Problem, UnreadableJson, foreign, listed, read_json

_ARRAY: Final = "is one JSON array: expected one JSON object a line (`jq -c '.[]' FILE` writes it so)"
_PRETTY: Final = "has a JSON object over several lines: expected one JSON object a line (`jq -c . FILE` writes it so)"


class NotJsonLines(ValueError):
    """The file is of another form: the message says which, and what to do; it is to be read after the file's name."""


class RawLine(NamedTuple):
    """A line that is not blank: its number from 1, its bytes, and what is wrong with it before it was read as JSON (then without bytes)."""

    number: int
    raw: bytes
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank, read: its value, with None wherever `problems` names a place (none: the whole line)."""

    number: int
    raw: bytes
    value: Any
    problems: tuple[Problem, ...] = ()

    def errors(self) -> str:
        """The problems in one line, empty where there are none.

        >>> import io
        >>> [line.errors() for line in read_lines(io.BytesIO(b'{"a": NaN}\\n{"a"\\n{}'), max_line_bytes=100)]
        ['a: not a number: expected a number', "not JSON at column 5 (expected ':' delimiter)", '']
        """
        return listed(self.problems)


def read_lines(file: BinaryIO, *, max_line_bytes: int) -> Iterator[Line]:
    """Each line that is not blank, read by `read_json`; raises NotJsonLines as `raw_lines` does. Memory: two lines.

    >>> import io
    >>> list(read_lines(io.BytesIO(b'{"stars": 4}\\n'), max_line_bytes=100))
    [Line(number=1, raw=b'{"stars": 4}', value={'stars': 4}, problems=())]
    """
    return map(parsed, raw_lines(file, max_line_bytes=max_line_bytes))


def parsed(line: RawLine) -> Line:
    """The line read by `read_json`, with what is wrong with it."""
    if line.error is not None:
        return Line(line.number, line.raw, None, (Problem((), line.error),))
    try:
        found = read_json(line.raw)
    except UnreadableJson as error:
        return Line(line.number, line.raw, None, (Problem((), str(error).replace(" at line 1 column", " at column")),))
    return Line(line.number, line.raw, found.value, found.problems)


def raw_lines(file: BinaryIO, *, max_line_bytes: int) -> Iterator[RawLine]:
    """Each line that is not blank, without its end and without a BOM, for readers with a decoder of their own.

    A line over `max_line_bytes` comes without its bytes and with an error. Raises NotJsonLines, before the first line, for a file that is
    UTF-16, compressed, one JSON array, or JSON over several lines. Memory: two lines.

    >>> import io
    >>> list(raw_lines(io.BytesIO(b'\\xef\\xbb\\xbf{}\\r\\n\\n[]'), max_line_bytes=100))
    [RawLine(number=1, raw=b'{}', error=None), RawLine(number=3, raw=b'[]', error=None)]
    """
    lines = _bounded(file, max_line_bytes)
    first = next(lines, None)
    if first is None:
        return
    second = next(lines, None)
    other = _other_form(first, second)
    if other is not None:
        raise NotJsonLines(other)
    yield first
    if second is not None:
        yield second
    yield from lines


def raw_line(number: int, read: bytes, *, max_line_bytes: int) -> RawLine:
    """A line as a file has it, of which at most `max_line_bytes` + 2 bytes need to have been read: its end may be two bytes.

    >>> raw_line(1, b' {}\\r\\n', max_line_bytes=3), raw_line(2, b'[1, 2]', max_line_bytes=3).raw
    (RawLine(number=1, raw=b'{}', error=None), b'')
    """
    content = read.removesuffix(b"\n").removesuffix(b"\r")
    if len(content) > max_line_bytes:
        return RawLine(number, b"", f"longer than {max_line_bytes} bytes: expected shorter lines")
    return RawLine(number, content.removeprefix(BOM).strip(b" \t\r\n"))


def to_line_end(file: BinaryIO, read: bytes, *, max_line_bytes: int) -> None:
    """Passes over what is left of a line of which `read` was read."""
    while read and not read.endswith(b"\n"):
        read = file.readline(max_line_bytes + 2)


def own_lines(data: bytes) -> Iterator[tuple[bytes, Any]]:
    """Each line of a file that this program wrote, with its end, and the value in it. Raises ValueError for a line that is no JSON.

    >>> list(own_lines(b'{"a": 1}\\n[]\\n'))
    [(b'{"a": 1}\\n', {'a': 1}), (b'[]\\n', [])]
    """
    return ((line, json.loads(line)) for line in data.splitlines(keepends=True))


def _other_form(first: RawLine, second: RawLine | None) -> str | None:
    start = first.raw.lstrip()
    stated = foreign(start)
    if stated is not None:
        return stated
    if start.startswith(b"[") and (second is None or first.error is not None or not _is_json(first.raw)):
        return _ARRAY
    # A line of ours begins with a bracket; a name or an end can only go on with what the line before began.
    if start.startswith(b"{") and second is not None and second.raw[:1] in (b'"', b"}", b"]") and not _is_json(first.raw):
        return _PRETTY
    return None


def _is_json(raw: bytes) -> bool:
    try:
        read_json(raw)
    except UnreadableJson:
        return False
    return True


def _bounded(file: BinaryIO, limit: int) -> Iterator[RawLine]:
    number = 0
    while read := file.readline(limit + 2):
        number += 1
        line = raw_line(number, read, max_line_bytes=limit)
        if line.error is not None:
            # The beginning is kept for `_other_form`, which looks at the first line alone.
            yield line._replace(raw=read[:4].lstrip()) if number == 1 else line
            to_line_end(file, read, max_line_bytes=limit)
        elif line.raw:
            yield line
