"""The lines of a JSONL file, with their numbers, for commands that read files of unknown origin."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ops.errors import WrongUsage


def jsonl_lines(path: Path, *, max_bytes: int, expected: str) -> Iterator[tuple[int, bytes]]:
    """Each line with its number from 1, empty ones passed over; raises WrongUsage for a file that can't be read or a line without end.

    `max_bytes` is longer than any row: a file without line ends must not fill the memory.
    """
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(max_bytes + 1):
                number += 1
                if len(line) > max_bytes:
                    raise WrongUsage(f"{path}:{number}: longer than {max_bytes} bytes: {expected}")
                if not line.isspace():
                    yield number, line
    except OSError as error:
        raise WrongUsage(f"{path} can't be read ({error.strerror}): expected JSONL, one row a line") from None
