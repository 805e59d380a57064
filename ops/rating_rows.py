"""The rows of a ratings file: JSONL of `{"negative": 0|1}`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import msgspec

from ops.errors import WrongUsage
from ops.jsonl_lines import jsonl_lines

EXPECTED: Final = 'expected a JSON object as {"negative": 0}, negative being 0 or 1'
MAX_LINE_BYTES: Final = 1024 * 1024


class RatingRow(msgspec.Struct):
    """One rating. Further fields are passed over."""

    negative: Literal[0, 1]


def rating_rows(path: Path) -> Iterator[int]:
    """Each row's `negative`, empty lines passed over. Raises WrongUsage that names file, line, field and what was expected."""
    decoder = msgspec.json.Decoder(RatingRow)
    for number, line in jsonl_lines(path, max_bytes=MAX_LINE_BYTES, expected=EXPECTED):
        try:
            row = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise WrongUsage(f"{path}:{number}: {trouble(line)}: {EXPECTED}") from None
        yield row.negative


def trouble(line: bytes) -> str:
    """What is wrong with a row that was refused.

    >>> trouble(b'{"negative": true}'), trouble(b'{"positive": 1}'), trouble(b"[0]"), trouble(b"{")
    ('negative: true', 'negative: missing', 'an array', 'not JSON')
    """
    try:
        item = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "not JSON"
    if not isinstance(item, dict):
        kinds = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
        return kinds.get(type(item), "a number")
    if "negative" not in item:
        return "negative: missing"
    found = msgspec.json.encode(item["negative"]).decode()
    return f"negative: {found if len(found) <= 40 else found[:40] + '…'}"
