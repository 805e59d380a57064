"""The lines of a JSON Lines file in the order of their event times, whatever order they lie in. Memory: 24 bytes a line."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from datetime import UTC, datetime
from math import inf
from typing import Any, BinaryIO, Final

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from schemas.json_lines import Line, raw_lines
from schemas.json_text import Problem, UnreadableJson, read_json

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_time: Final = TypeAdapter(AwareDatetime)


def lines_by_time(file: BinaryIO, *, max_line_bytes: int) -> Iterator[Line]:
    """Each line that is not blank, oldest event first, equal times in the file's order; those without a readable time come before all.

    Raises NotJsonLines as `schemas.json_lines.raw_lines` does. The file is read twice.
    """
    import numpy as np

    # For what it says of a file of another form.
    next(raw_lines(file, max_line_bytes=max_line_bytes), None)
    file.seek(0)
    times, starts, numbers = array("d"), array("q"), array("q")
    start = number = 0
    while raw := file.readline(max_line_bytes + 2):
        number += 1
        if raw.strip():
            times.append(_time_of(raw, max_line_bytes))
            starts.append(start)
            numbers.append(number)
        _to_line_end(file, raw, max_line_bytes)
        start = file.tell()
    for at in np.argsort(np.frombuffer(times), kind="stable") if times else ():
        file.seek(starts[at])
        yield _read(numbers[at], file.readline(max_line_bytes + 2), max_line_bytes)


def _time_of(raw: bytes, limit: int) -> float:
    found = _read(0, raw, limit).value
    try:
        given: Any = found.get("occurred_at") if isinstance(found, dict) else None
        return (_time.validate_python(given) - _EPOCH).total_seconds()
    except (ValidationError, OverflowError):
        return -inf


def _read(number: int, raw: bytes, limit: int) -> Line:
    content = raw.removesuffix(b"\n").removesuffix(b"\r")
    if len(content) > limit:
        return Line(number, b"", None, (Problem((), f"longer than {limit} bytes: expected shorter lines"),))
    content = content.removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\n")
    try:
        read = read_json(content)
    except UnreadableJson as error:
        return Line(number, content, None, (Problem((), str(error)),))
    return Line(number, content, read.value, read.problems)


def _to_line_end(file: BinaryIO, raw: bytes, limit: int) -> None:
    while raw and not raw.endswith(b"\n"):
        raw = file.readline(limit + 2)
