"""The rows of a ratings file: JSONL of `{"negative": 0|1}`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from ops.errors import WrongUsage
from ops.input_files.jsonl_rows import jsonl_rows

EXPECTED: Final = 'expected a JSON object as {"negative": 0}, negative being 0 or 1'
MAX_LINE_BYTES: Final = 1024 * 1024


class RatingRow(msgspec.Struct):
    """One rating. Further fields are passed over."""

    negative: Literal[0, 1]


def rating_rows(path: Path) -> Iterator[int]:
    """Each row's `negative`, blank lines passed over. Raises WrongUsage that names file, line, field and what was expected."""
    for number, row in jsonl_rows(path, max_bytes=MAX_LINE_BYTES, expected=EXPECTED):
        try:
            yield msgspec.convert(row, RatingRow).negative
        except msgspec.ValidationError:
            raise WrongUsage(f"{path}:{number}: {trouble(row)}: {EXPECTED}") from None


def trouble(row: Any) -> str:
    """What is wrong with a row that was refused.

    >>> trouble({"negative": True}), trouble({"positive": 1}), trouble([0])
    ('negative: true', 'negative: missing', 'an array')
    """
    if not isinstance(row, dict):
        kinds = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
        return kinds.get(type(row), "a number")
    if "negative" not in row:
        return "negative: missing"
    given = row["negative"]
    # What somebody wrote there may be somebody's words.
    return "negative: a string" if isinstance(given, str) else f"negative: {json.dumps(given)[:40]}"
