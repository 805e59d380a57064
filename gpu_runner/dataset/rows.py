"""The rows and items of every dataset file: frozen types, read and written as JSON Lines, refused with file, line and field.

UTF-8, one JSON object a line, keys in the order of the fields, so that equal rows give equal bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, cast, get_args

from consumers.core.holdout import normalise_group

Language = Literal["hi", "en"]
Origin = Literal["correction", "document", "replay", "dataset"]
ItemSet = Literal["repair", "holdout", "old_facts", "earlier_repair", "dataset"]
Side = Literal["baseline", "candidate"]

LANGUAGES: Final[tuple[str, ...]] = get_args(Language)
ORIGINS: Final[tuple[str, ...]] = get_args(Origin)
ITEM_SETS: Final[tuple[str, ...]] = get_args(ItemSet)
SIDES: Final[tuple[str, ...]] = get_args(Side)


class DataError(ValueError):
    """A file can't be used as it is: names the file, the line, the field, what was expected and what was found."""


@dataclass(frozen=True)
class TrainingRow:
    """One question and the answer to learn; `prompt` is the plain question, the trainer applies the chat template."""

    id: str
    prompt: str
    completion: str
    language: Language
    origin: Origin
    group: str
    sample_id: str | None = None


@dataclass(frozen=True)
class EvaluationItem:
    """One question to ask both models; any of `answers` is right, `source` is the text that an answer must be grounded in.

    `sample_id` names the sample whose words it asks, so that taking that back takes the item back too.
    """

    id: str
    set: ItemSet
    question: str
    answers: tuple[str, ...]
    language: Language
    group: str
    source: str | None = None
    sample_id: str | None = None


@dataclass(frozen=True)
class Answer:
    """What one side answered to one item; an empty text is an answer, a missing row is not.

    `cut`: it was not at its end when EVALUATION_MAX_NEW_TOKENS was reached; None where nobody looked.
    """

    item_id: str
    side: Side
    text: str
    latency_ms: float
    tokens: int
    cut: bool | None = None


@dataclass(frozen=True)
class Document:
    """A document to learn from; `group` is the source group of what is made of it, the document's id where None."""

    id: str
    text: str
    language: Language | None = None
    title: str | None = None
    group: str | None = None

    @property
    def source_group(self) -> str:
        """The group that the holdout and the split go by."""
        return self.group or self.id


Row = TrainingRow | EvaluationItem | Answer
Parsed = TypeVar("Parsed")


def guess_language(text: str) -> Language:
    """`hi` where at least half of the Devanagari and Latin letters and marks are Devanagari, else `en`.

    >>> guess_language("NASA क्या है?"), guess_language("What is a stupa?"), guess_language("1950")
    ('hi', 'en', 'en')
    """
    devanagari = sum("\u0900" <= char <= "\u097f" and unicodedata.category(char)[0] in "LM" for char in text)
    latin = sum(char.isalpha() and char < "\u0250" for char in text)
    return "hi" if devanagari and devanagari >= latin else "en"


def row_id(*parts: str) -> str:
    """A short deterministic id: 16 hex digits of the sha256 over the parts."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def load_training_rows(path: Path) -> tuple[TrainingRow, ...]:
    """All rows of a training file. Raises DataError for the first line that is no training row."""
    return _load(path, lambda fields: fields.training_row())


def load_evaluation_items(path: Path, default_set: ItemSet = "dataset") -> tuple[EvaluationItem, ...]:
    """All items of an evaluation file; the seed's form (`answer`, no set, group, id or language) is filled in.

    A missing language is guessed from the script of the question; a missing group is the normalised question; a missing id is a hash.
    Raises DataError for the first line that is no item, for an id that comes twice, and for a file without items.
    """
    items = _load(path, lambda fields: fields.evaluation_item(default_set))
    seen: dict[str, int] = {}
    for number, item in enumerate(items, 1):
        if item.id in seen:
            raise DataError(f"{path}: item {number}: field 'id': {item.id!r} is also item {seen[item.id]}; every item needs its own id")
        seen[item.id] = number
    if not items:
        raise DataError(f"{path}: no items: expected one JSON object a line with 'question' and 'answers'")
    return items


def load_answers(path: Path) -> tuple[Answer, ...]:
    """All answers of an answers file. Raises DataError for the first line that is no answer."""
    return _load(path, lambda fields: fields.answer())


def json_lines(rows: Iterable[Row]) -> bytes:
    """The rows as they are written: UTF-8 JSON Lines in field order."""
    return "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows).encode()


def write_atomically(path: Path, content: bytes) -> None:
    """`path` holds `content` or what it held before, never a part: temporary file beside it, fsync, rename, fsync of the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    with temporary.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def save_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write rows of one type, whole or not at all; equal rows give equal bytes."""
    write_atomically(path, json_lines(rows))


def read_objects(path: Path) -> Iterable[tuple[int, Mapping[str, Any]]]:
    """The JSON objects of a JSON Lines file with their line numbers; empty lines are passed over.

    Raises DataError for a file that can't be read, is not UTF-8, or has a line that is no JSON object.
    """
    try:
        with path.open(encoding="utf-8-sig") as handle:
            for number, line in enumerate(handle, 1):
                if line.strip():
                    yield number, _json_object(path, number, line)
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file: expected a JSON Lines file there") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 at byte {error.start}: save the file as UTF-8") from error


def _json_object(path: Path, number: int, line: str) -> Mapping[str, Any]:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError(f"{path}:{number}: not JSON ({error.msg} at column {error.colno}): expected one JSON object a line") from error
    if not isinstance(value, dict):
        raise DataError(f"{path}:{number}: expected a JSON object, found {type(value).__name__}")
    return value


def _load(path: Path, parse: Callable[[Fields], Parsed]) -> tuple[Parsed, ...]:
    return tuple(parse(Fields(f"{path}:{number}", value)) for number, value in read_objects(path))


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

    def language(self, text: str) -> Language:
        """The field `language` (a tag such as hi-IN counts by its first part), or the guess by the script of `text`."""
        value = self.values.get("language")
        if value is None:
            return guess_language(text)
        if not isinstance(value, str) or value.split("-")[0] not in LANGUAGES:
            raise self.error("language", f"one of {', '.join(LANGUAGES)}")
        return cast(Language, value.split("-")[0])

    def error(self, name: str, expected: str) -> DataError:
        """The error that names file, line and field."""
        found = "nothing" if self.values.get(name) is None else repr(self.values[name])[:80]
        return DataError(f"{self.where}: field '{name}': expected {expected}, found {found}")

    def training_row(self) -> TrainingRow:
        """The object as a training row."""
        prompt, completion = self.text("prompt"), self.text("completion")
        return TrainingRow(
            id=self.text("id", row_id("row", prompt, completion)),
            prompt=prompt,
            completion=completion,
            language=self.language(prompt),
            origin=cast(Origin, self.choice("origin", ORIGINS, "dataset")),
            group=self.text("group", normalise_group(prompt)),
            sample_id=self.optional_text("sample_id"),
        )

    def evaluation_item(self, default_set: ItemSet) -> EvaluationItem:
        """The object as an evaluation item; `answer` may stand for `answers`."""
        question = self.text("question")
        answers = self.values.get("answers")
        if answers is None and self.values.get("answer") is not None:
            answers = [self.text("answer")]
        if not isinstance(answers, list) or not answers or not all(isinstance(answer, str) and answer.strip() for answer in answers):
            raise self.error("answers", "a list of at least one string that is not blank (or 'answer', one such string)")
        return EvaluationItem(
            id=self.text("id", row_id("item", question, *answers)),
            set=cast(ItemSet, self.choice("set", ITEM_SETS, default_set)),
            question=question,
            answers=tuple(answers),
            language=self.language(question),
            group=self.text("group", normalise_group(question)),
            source=self.optional_text("source"),
            sample_id=self.optional_text("sample_id"),
        )

    def answer(self) -> Answer:
        """The object as an answer; its text may be empty."""
        if not isinstance(self.values.get("text"), str):
            raise self.error("text", "a string (an empty one where the model said nothing)")
        return Answer(
            item_id=self.text("item_id"),
            side=cast(Side, self.choice("side", SIDES)),
            text=self.values["text"],
            latency_ms=self.number("latency_ms"),
            tokens=int(self.number("tokens")),
            cut=self.flag("cut"),
        )
