"""Users' files, read by the project's one reader of JSON and of JSON Lines, refused with file, line and field, never with their words."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from schemas.reading.json_lines import NotJsonLines, read_lines
from schemas.reading.json_text import Problem, UnreadableJson, strict_json

# Above any document's text with its escapes; a file without line ends can't fill the memory.
MAX_LINE_BYTES: Final = 64 * 1024 * 1024
_OF_THE_FILE: Final = {
    errno.ENOENT: "no such file",
    errno.ENOTDIR: "no such file",
    errno.EISDIR: "is a folder",
    errno.EACCES: "can't be read (no permission)",
    errno.EPERM: "can't be read (no permission)",
    errno.ELOOP: "is a link to itself",
    errno.ENAMETOOLONG: "no file can have that name",
}


class DataError(ValueError):
    """A file can't be used as it is: names the file, the line, the field, what was expected and what was found."""


def read_objects(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The JSON objects of a JSON Lines file with their line numbers; empty lines are passed over.

    Raises DataError for a file that can't be read, is of another form (named once), or has a line that is no JSON object.
    """
    try:
        with path.open("rb") as handle:
            yield from objects_of(handle, str(path))
    except OSError as error:
        raise unreadable(path, error, "a JSON Lines file") from error


def objects_of(handle: BinaryIO, name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The same of an open file that is called `name`."""
    try:
        for line in read_lines(handle, max_line_bytes=MAX_LINE_BYTES):
            if line.problems:
                raise DataError(f"{name}:{line.number}: {first_problem(line.problems)}")
            if not isinstance(line.value, dict):
                raise DataError(f"{name}:{line.number}: expected a JSON object, found {kind_of(line.value)}")
            yield line.number, line.value
    except NotJsonLines as error:
        raise DataError(f"{name}: {error}") from None


def first_problem(problems: Sequence[Problem]) -> str:
    """The first of what can't be taken, with its field."""
    place = problems[0].place()
    return f"{f'field {place!r}: ' if place else ''}{problems[0].message}"


def read_whole(path: Path, expected: str) -> Any:
    """The value of a JSON file. Raises DataError for one that can't be read, naming what was `expected` there."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error, expected) from error
    return whole_of(data, str(path), expected)


def whole_of(data: bytes, name: str, expected: str) -> Any:
    """The value of a JSON text that is called `name`. Raises DataError for one that is none, naming what was `expected`."""
    try:
        return strict_json(data)
    except UnreadableJson as error:
        raise DataError(f"{name}: {error}: expected {expected}") from None


def unreadable(path: Path, error: OSError, expected: str) -> Exception:
    """The DataError of a file that is missing, a folder or not ours to read; `error` itself where the machine is at fault, not the file.

    Too many open files or a failing disk may be over at the next attempt; a folder stays a folder.
    """
    found = _OF_THE_FILE.get(error.errno or 0)
    return error if found is None else DataError(f"{path}: {found}: expected {expected} there")


def kind_of(value: Any) -> str:
    """What a value is, without its words.

    >>> kind_of(None), kind_of(" "), kind_of([1]), kind_of(True)
    ('nothing', 'a blank string', 'a list', 'true or false')
    """
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return "a string" if value.strip() else "a blank string"
    kinds = ((bool, "true or false"), (int | float, "a number"), (list, "a list"), (dict, "an object"))
    return next(name for kind, name in kinds if isinstance(value, kind))


@dataclass(frozen=True)
class Fields:
    """The fields of one JSON object, read with errors that start with `where` (file and line)."""

    where: str
    values: Mapping[str, Any]

    def text(self, name: str, default: str | None = None) -> str:
        """A string that is not blank; `default` stands in where the field is absent or null."""
        value = self.values.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value.strip():
            raise self.error(name, "a string that is not blank")
        return value

    def optional_text(self, name: str) -> str | None:
        """A string, or None where the field is absent or null."""
        return None if self.values.get(name) is None else self.text(name)

    def identity(self, name: str, default: str | None = None) -> str:
        """An id: a string that is not blank, or an integer, which counts as its digits."""
        value = self.values.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return self.text(name, default)

    def choice(self, name: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        """One of `allowed`."""
        value = self.text(name, default)
        if value not in allowed:
            raise self.error(name, f"one of {', '.join(allowed)}")
        return value

    def number(self, name: str) -> float:
        """A finite number that is not negative."""
        value = self.values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise self.error(name, "a finite number of at least 0")
        return float(value)

    def flag(self, name: str) -> bool | None:
        """True or false, or None where the field is absent or null."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.error(name, "true or false")
        return value

    def error(self, name: str, expected: str) -> DataError:
        """The error that names file, line and field."""
        return unexpected(self.where, name, expected, self.values.get(name))


def unexpected(where: str, name: str, expected: str, value: Any) -> DataError:
    """The error of a field `name` of the object at `where` that has another value than `expected`."""
    return DataError(f"{where}: field '{name}': expected {expected}, found {kind_of(value)}")


def answer_texts(where: str, name: str, value: Any) -> tuple[str, ...]:
    """The answers of a question in any form that SQuAD files have, in file order, each once; blank ones are none.

    Forms: {"text": [...], "answer_start": [...]} (flattened), {"text": "…"}, a list of {"text"} or of strings, null. Raises DataError.

    >>> answer_texts("f", "answers", {"text": ["Agra", " "], "answer_start": [0, 4]}), answer_texts("f", "answers", [{"text": "Agra"}])
    (('Agra',), ('Agra',))
    """
    if isinstance(value, dict):
        value = value.get("text")
        name = f"{name}.text"
    if value is None:
        return ()
    entries: Sequence[Any] = value if isinstance(value, list) else [value]
    found: list[str] = []
    for number, entry in enumerate(entries):
        text, inside = (entry.get("text"), ".text") if isinstance(entry, dict) else (entry, "")
        if text is not None and not isinstance(text, str):
            raise DataError(f"{where}: field '{name}[{number}]{inside}': expected a string, found {kind_of(text)}")
        if text is not None and text.strip():
            found.append(text)
    return tuple(dict.fromkeys(found))
