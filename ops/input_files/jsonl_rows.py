"""The rows of a JSON Lines file, with their numbers, for commands that read files of unknown origin."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ops.errors import WrongUsage
from schemas.reading.json_lines import NotJsonLines, read_lines


def jsonl_rows(path: Path, *, max_bytes: int, expected: str) -> Iterator[tuple[int, Any]]:
    """Each row with its line's number from 1, blank lines passed over.

    Raises WrongUsage for a file that can't be read or is of another form, and for the first line that is no JSON, too long, or holds
    what can't be taken: file, line and field are named. `max_bytes` is longer than any row: a file without line ends fills no memory.
    """
    try:
        with path.open("rb") as file:
            for line in read_lines(file, max_line_bytes=max_bytes):
                if line.problems:
                    raise WrongUsage(f"{path}:{line.number}: {line.errors()}: {expected}")
                yield line.number, line.value
    except NotJsonLines as error:
        raise WrongUsage(f"{path} {error}") from None
    except OSError as error:
        raise WrongUsage(f"{path} can't be read ({error.strerror}): expected JSONL, one row a line") from None
