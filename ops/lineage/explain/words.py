"""Every sentence of the page in English and Hindi, made of the same figures: nothing is translated when the page is made. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

_FILE: Final = Path(__file__).with_name("words.json")
# {name}, or {name|one|many}: the first where the figure is one.
_FIELD: Final = re.compile(r"\{(\w+)(?:\|([^|{}]*)\|([^|{}]*))?\}")


class Both(NamedTuple):
    """The same in both languages."""

    en: str
    hi: str


Value = str | int | Both


@cache
def sentences() -> Mapping[str, Both]:
    """Key (`<section>.<name>`) to its sentence, fields not yet filled."""
    whole: dict[str, dict[str, list[str]]] = json.loads(_FILE.read_text(encoding="utf-8"))
    return {f"{section}.{key}": Both(*both) for section, keys in whole.items() for key, both in keys.items()}


def tell(key: str, **values: Value) -> Both:
    """The sentence with its fields filled; raises KeyError for a key or a field that is not there.

    >>> tell("trained.seconds", n=1).en, tell("trained.seconds", n=40).en, tell("trained.seconds", n=40).hi
    ('1 second', '40 seconds', '40 सेकंड')
    """
    both = sentences()[key]
    return Both(*(_filled(both[place], values, place) for place in (0, 1)))


def named(section: str, name: str) -> Both:
    """A name in words where it is known, else as it is."""
    return sentences().get(f"{section}.{name}", as_it_is(name))


def as_it_is(text: str) -> Both:
    """The same text in both."""
    return Both(text, text)


def listed(parts: Iterable[Both], separator: str = ", ") -> Both:
    """The parts one after another."""
    parts = tuple(parts)
    return Both(separator.join(part.en for part in parts), separator.join(part.hi for part in parts))


def points(share: float, *, signed: bool = True, digits: bool = False) -> str:
    """A share as so many of 100; what is below one has a decimal, and with `digits` everything.

    >>> points(0.234), points(-0.004), points(0.5, signed=False), points(-0.0)
    ('+23', '−0.4', '50', '0')
    """
    value = 100 * share
    decimal = digits or (abs(value) < 1 and round(abs(value), 1) > 0)
    told = f"{abs(value):.1f}" if decimal else f"{abs(value):.0f}"
    if float(told) == 0 or not signed:
        return told
    return f"{'+' if value > 0 else '−'}{told}"


def day(at: str) -> Both:
    """A time of a record (ISO 8601) as a date to the minute in UTC; what is no time stays as it is."""
    try:
        when = datetime.fromisoformat(at).astimezone(UTC)
    except ValueError:
        return as_it_is(at)
    month = sentences()[f"month.{when.month}"]
    return Both(*(f"{when.day} {month[place]} {when.year}, {when:%H:%M} UTC" for place in (0, 1)))


def _filled(sentence: str, values: Mapping[str, Value], place: int) -> str:
    def fill(match: re.Match[str]) -> str:
        value: Any = values[match[1]]
        if match[2] is not None:
            return match[2] if value == 1 else match[3]
        return value[place] if isinstance(value, Both) else f"{value:,}" if isinstance(value, int) else str(value)

    return _FIELD.sub(fill, sentence)
