"""The one reader of JSON from outside: strict UTF-8, bounded depth and digits, and what can't be taken named by its field.

A text that is no JSON is one error, `UnreadableJson`. A text that is JSON but holds values that we can't take (a lone surrogate, NaN, a
number out of range, nesting without end) is read to its end: each such value is a problem at its place, and None stands for it, so that one
bad item of a batch costs that item alone. Of a key that comes twice the last one counts, as in the standard library.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, NoReturn

import msgspec

from schemas.reading.json_depth import CUT_OUT, MAX_DEPTH, Cut, is_too_deep, without_deep_parts

# Python's own limit between integers and text: above it the value could be read and never be written again.
MAX_DIGITS: Final = 4300
# With more than that a text is no event with a mistake; the list of them would take more memory than the text.
MAX_PROBLEMS: Final = 10_000

BOM: Final = b"\xef\xbb\xbf"
# A file that is none of ours by its first bytes, and what to do with it.
_FOREIGN: Final = (
    (b"\xff\xfe", "is UTF-16 or UTF-32: save it as UTF-8"),
    (b"\xfe\xff", "is UTF-16: save it as UTF-8"),
    (b"\x1f\x8b", "is compressed (gzip): unpack it first"),
    (b"PK\x03\x04", "is compressed (zip): unpack it first"),
)
_TOO_DEEP: Final = f"nested too deeply: expected at most {MAX_DEPTH} levels"
_SHOWN_NAME: Final = re.compile(r"[^\W\d][\w.-]{0,59}")
_SHOWN_STEPS: Final = 8
_LISTED: Final = 20


class UnreadableJson(ValueError):
    """The text is no JSON at all; the message says what it is instead, where, and what was expected, without any of its words."""


class Problem(NamedTuple):
    """A value that can't be taken: the steps to it (names and indices), and what was expected."""

    steps: tuple[str | int, ...]
    message: str

    def place(self, after: int = 0) -> str:
        """The field as messages name it, from the step `after` on; empty for the whole text.

        >>> Problem(("items", 1, "query"), "").place(), Problem(("items", 1, "query"), "").place(after=2)
        ('items[1].query', 'query')
        """
        return field_path(self.steps[after:])


@dataclass(frozen=True, slots=True)
class JsonDocument:
    """A text that was read: its value, with None wherever `problems` names a place."""

    value: Any
    problems: tuple[Problem, ...] = ()


def field_path(steps: tuple[str | int, ...]) -> str:
    """Names and indices as one path; a name that is none (a sentence, a telephone number) is shown as `…`, and so is a long path's end.

    >>> field_path(("items", 1, "rating", "value")), field_path(("a", "98765 43210", 0))
    ('items[1].rating.value', 'a.…[0]')
    """
    path = ""
    for step in steps[:_SHOWN_STEPS]:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f"{'.' if path else ''}{shown_name(step)}"
    return path + "…" if len(steps) > _SHOWN_STEPS else path


def shown_name(name: str) -> str:
    """A field's name as messages show it: `…` for one that is no name, and might be a user's words.

    >>> shown_name("source_group"), shown_name("98765 43210")
    ('source_group', '…')
    """
    return name if _SHOWN_NAME.fullmatch(name) else "…"


def read_json(raw: bytes) -> JsonDocument:
    """The value of a JSON text in UTF-8 (a BOM at its start is passed over) and what in it can't be taken.

    Raises UnreadableJson for a text that is not UTF-8, empty, or no JSON, and nothing else; O(bytes), whatever they are.

    >>> read_json(b'{"stars": 4}').value
    {'stars': 4}
    >>> found = read_json(rb'{"items": [{"query": "\\ud800"}, {"query": "ok"}]}')
    >>> found.value["items"][1], [(problem.place(), problem.message) for problem in found.problems]
    ({'query': 'ok'}, [('items[0].query', 'holds half of a surrogate pair: expected whole characters')])
    """
    body = raw.removeprefix(BOM)
    try:
        value = msgspec.json.decode(body)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return _read_on(body, shift=len(raw) - len(body))
    # Fewer brackets than levels: nothing can be too deep.
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH or not is_too_deep(value):
        return JsonDocument(value)
    return _read_on(body, shift=len(raw) - len(body))


def strict_json(raw: bytes) -> Any:
    """The value of a JSON text in which everything can be taken; raises UnreadableJson otherwise, naming the fields.

    >>> strict_json(b'{"share": 0.5}')
    {'share': 0.5}
    """
    found = read_json(raw)
    if found.problems:
        raise UnreadableJson(listed(found.problems))
    return found.value


def trouble(raw: bytes) -> str | None:
    """What keeps a text from being taken, in one line; None where nothing does. For readers with a decoder of their own that refused it.

    >>> trouble(b'{"share": NaN, "stars": Infinity}')
    'share: not a number: expected a number; stars: an infinite number: expected a number'
    """
    try:
        return listed(read_json(raw).problems) or None
    except UnreadableJson as error:
        return str(error)


def listed(problems: tuple[Problem, ...]) -> str:
    """Problems in one line, each with its field; of more than 20 the first 20."""
    return "; ".join(f"{place}: {one.message}" if (place := one.place()) else one.message for one in problems[:_LISTED])


def foreign(start: bytes) -> str | None:
    """What a text is that can't be UTF-8, by its first bytes: `is UTF-16: save it as UTF-8`; None for one that may be.

    >>> foreign("{}".encode("utf-16")), foreign(b"{}")
    ('is UTF-16 or UTF-32: save it as UTF-8', None)
    """
    for mark, reason in _FOREIGN:
        if start.startswith(mark):
            return reason
    # JSON begins with ASCII, whose other byte is zero in UTF-16 and UTF-32 without a mark.
    return _FOREIGN[0][1] if b"\x00" in start[:4] else None


class _Wrong:
    """Stands in a value for what can't be taken."""

    __slots__ = ("message",)

    def __init__(self, message: str) -> None:
        self.message = message


_CONSTANTS: Final = {
    "NaN": _Wrong("not a number: expected a number"),
    "Infinity": _Wrong("an infinite number: expected a number"),
    "-Infinity": _Wrong("an infinite number: expected a number"),
}
_LONG: Final = _Wrong(f"a number of too many digits: expected at most {MAX_DIGITS}")
_HUGE: Final = _Wrong("a number out of range: expected at most 1.7e308 in size")
_NESTED: Final = _Wrong(_TOO_DEEP)
_HALF: Final = _Wrong("holds half of a surrogate pair: expected whole characters")


class _Hooks:
    """What the standard library's scanner makes of numbers; it stops where there are too many to list."""

    def __init__(self) -> None:
        self._left = MAX_PROBLEMS

    def decoder(self) -> json.JSONDecoder:
        """A decoder for one text."""
        return json.JSONDecoder(parse_constant=self._constant, parse_int=self._integer, parse_float=self._real)

    def _wrong(self, wrong: _Wrong) -> _Wrong:
        self._left -= 1
        if self._left < 0:
            raise UnreadableJson(f"more than {MAX_PROBLEMS} values can't be taken; one of them is {wrong.message}")
        return wrong

    def _constant(self, name: str) -> _Wrong:
        return self._wrong(_CONSTANTS[name])

    def _integer(self, digits: str) -> int | _Wrong:
        return int(digits) if len(digits) - (digits[0] == "-") <= MAX_DIGITS else self._wrong(_LONG)

    def _real(self, text: str) -> float | _Wrong:
        number = float(text)
        return self._wrong(_HUGE) if number in (float("inf"), float("-inf")) else number


def _read_on(body: bytes, shift: int) -> JsonDocument:
    """The long way, for what the fast reader refused."""
    stated = foreign(body)
    if stated:
        raise UnreadableJson(f"the text {stated}")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise UnreadableJson(f"not UTF-8 at byte {error.start + shift + 1}: save it as UTF-8") from None
    if not text.strip(" \t\r\n"):
        raise UnreadableJson("empty: expected JSON")
    shallow, cuts = without_deep_parts(text, MAX_PROBLEMS)
    if len(cuts) > MAX_PROBLEMS:
        raise UnreadableJson(f"{_TOO_DEEP}, and more than {MAX_PROBLEMS} parts are deeper")
    try:
        value = _Hooks().decoder().decode(shallow)
    except json.JSONDecodeError as error:
        _refuse(text, error, cuts)
    return _checked(value)


def _refuse(text: str, error: json.JSONDecodeError, cuts: list[Cut]) -> NoReturn:
    position = error.pos
    for start, gone in cuts:
        if start >= error.pos:
            break
        position += gone
    position = min(position, len(text))
    line, column = text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
    what = error.msg.split(": ")[0].removesuffix(" at")
    what = what[:1].lower() + what[1:].replace("Expecting", "expected")
    what = what.replace("expecting", "expected").replace("extra data", "expected the end, found more")
    raise UnreadableJson(f"not JSON at line {line} column {column} ({what})") from None


def _checked(value: Any) -> JsonDocument:
    """The value with None for what can't be taken, and where that was."""
    root = [value]
    problems: list[Problem] = []
    # Containers whose children are still to be looked at, each with the way to it: (the parent's way, the step).
    waiting: list[tuple[Any, Any]] = [(root, None)]
    while waiting:
        container, way = waiting.pop()
        inner: list[tuple[Any, Any]] = []
        wrong: list[tuple[Any, _Wrong]] = []
        children = container.items() if type(container) is dict else enumerate(container)
        for step, child in children:
            kind = type(child)
            if kind is str:
                if not (child.isascii() or _whole(child)):
                    wrong.append((step, _NESTED if child == CUT_OUT else _HALF))
                    if len(wrong) > MAX_PROBLEMS:
                        break
            elif kind is dict or kind is list:
                inner.append((child, (way, step)))
            elif kind is _Wrong:
                wrong.append((step, child))
        for step, found in wrong:
            container[step] = None
            problems.append(Problem(_steps((way, step)), found.message))
        if type(container) is dict:
            for name in [name for name in container if not (name.isascii() or _whole(name))]:
                del container[name]
                problems.append(Problem(_steps(way), "a field's name holds half of a surrogate pair: expected whole characters"))
        if len(problems) > MAX_PROBLEMS:
            first = problems[0]
            raise UnreadableJson(f"more than {MAX_PROBLEMS} values can't be taken; the first: {first.place() or 'value'}: {first.message}")
        waiting += reversed(inner)
    return JsonDocument(root[0], tuple(problems))


def _steps(way: Any) -> tuple[str | int, ...]:
    """The steps of a way, without the first, which leads to the whole text."""
    steps: list[str | int] = []
    while way is not None:
        way, step = way
        steps.append(step)
    return tuple(reversed(steps[:-1]))


def _whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
