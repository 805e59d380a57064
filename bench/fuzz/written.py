"""JSON as nobody's writer makes it: raw fragments, fields that come twice, half of a surrogate pair."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Raw:
    """Stands for these characters."""

    text: str


@dataclass(frozen=True, slots=True)
class Twice:
    """A field's value that comes twice, under the same name."""

    first: Any
    second: Any


def written(value: Any, *, indent: bool = False) -> bytes:
    """The value as JSON text, lone surrogates escaped.

    >>> written({"a": Raw("NaN"), "b": Twice(1, [2, "\\ud800"])})
    b'{"a":NaN,"b":1,"b":[2,"\\\\ud800"]}'
    """
    return _written(value, "\n" if indent else "").encode("utf-8", "surrogatepass")


def _written(value: Any, gap: str) -> str:
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, Twice):  # of an array's place, which has no name
        return f"{_written(value.first, gap)},{_written(value.second, gap)}"
    if isinstance(value, dict):
        return "{" + ",".join(gap + part for part in _fields(value, gap)) + gap + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(gap + _written(one, gap) for one in value) + gap + "]"
    text = json.dumps(value, ensure_ascii=False)
    return text if not isinstance(value, str) or text.isascii() else _escaped(text)


def _fields(value: dict[str, Any], gap: str) -> list[str]:
    found = []
    for name, held in value.items():
        for one in (held.first, held.second) if isinstance(held, Twice) else (held,):
            found.append(f"{_escaped(json.dumps(name, ensure_ascii=False))}:{_written(one, gap)}")
    return found


def _escaped(text: str) -> str:
    return "".join(f"\\u{ord(one):04x}" if "\ud800" <= one <= "\udfff" else one for one in text)
