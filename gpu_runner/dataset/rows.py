"""The rows and items of every dataset file: frozen types, read and written as JSON Lines, refused with file, line and field.

UTF-8, one JSON object a line, keys in the order of the fields, so that equal rows give equal bytes.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, cast, get_args

from gpu_runner.dataset.fields import Fields, read_objects
from gpu_runner.text.languages import NO_LANGUAGE, Language, primary_language
from runtime.whole_files import write_whole
from schemas.holdout import normalise_group
from schemas.reading.json_lines import own_lines

REPLAY: Final = "replay"
EARLIER: Final = "earlier"


def is_replayed(origin: str) -> bool:
    """Whether rows of an origin keep what is known: what the base knew, or what an earlier round taught."""
    return origin in (REPLAY, EARLIER)


# `replay` keeps what the base knew, `earlier` what earlier rounds of the lineage taught; the others teach something new.
Origin = Literal["correction", "document", "replay", "dataset", "earlier"]
ItemSet = Literal["repair", "holdout", "old_facts", "earlier_repair", "dataset"]
Side = Literal["baseline", "candidate"]

# One message in OpenAI's form: role, content and, where the assistant called tools, tool_calls.
Message = Mapping[str, Any]

ORIGINS: Final[tuple[str, ...]] = get_args(Origin)
ITEM_SETS: Final[tuple[str, ...]] = get_args(ItemSet)
SIDES: Final[tuple[str, ...]] = get_args(Side)


@dataclass(frozen=True)
class TrainingRow:
    """One question and the answer to learn; the trainer applies the chat template.

    `messages` is the conversation that the answer follows, as it was served, the user's turn at its end (OpenAI's form); without it
    `prompt`, the plain question, is the only turn. `rejected` is the answer that this one is preferred to.
    """

    id: str
    prompt: str
    completion: str
    language: Language
    origin: Origin
    group: str
    sample_id: str | None = None
    messages: tuple[Message, ...] = ()
    rejected: str | None = None


@dataclass(frozen=True)
class EvaluationItem:
    """One question to ask both models; any of `answers` is right, `source` is the text that an answer must be grounded in.

    `messages` is the conversation that it is asked in, the question at its end; without it the question is the only turn.
    `sample_id` names the sample whose words it asks, so that taking that back takes the item back too. `rejected` is the answer that a user
    corrected, or liked less: what was corrected is what a long answer is scored by above all.
    """

    id: str
    set: ItemSet
    question: str
    answers: tuple[str, ...]
    language: Language
    group: str
    source: str | None = None
    sample_id: str | None = None
    messages: tuple[Message, ...] = ()
    rejected: str | None = None


@dataclass(frozen=True)
class Answer:
    """What one side answered to one item; an empty text is an answer, a missing row is not.

    `cut`: it was not at its end when EVALUATION_MAX_NEW_TOKENS was reached; None where nobody looked. `margin`: by how much, in
    nats a token, the model finds the item's first right answer likelier than its `rejected`; None where the engine does not tell.
    """

    item_id: str
    side: Side
    text: str
    latency_ms: float
    tokens: int
    cut: bool | None = None
    margin: float | None = None


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


# Absent where nothing was said, so that rows of a bare question have the bytes that they always had.
_ABSENT_WHEN_EMPTY: Final = ("messages", "rejected", "margin")

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
    """All rows of a training file; of rows that share an id and differ, the later ones get an id of their own.

    Raises DataError for the first line that is no training row.
    """
    return with_own_ids(_load(path, training_row))


def with_own_ids(rows: Iterable[TrainingRow]) -> tuple[TrainingRow, ...]:
    """The rows, in which equal ids mean equal rows: a file that counts from 1 in each of its parts loses nothing."""
    known: dict[str, tuple[str, ...]] = {}
    out = []
    for row in rows:
        words = (row.prompt, row.completion, *([json.dumps(row.messages, ensure_ascii=False)] if row.messages else ()))
        name = row.id if known.get(row.id, words) == words else row_id(row.id, *words)
        known[name] = words
        out.append(row if name == row.id else replace(row, id=name))
    return tuple(out)


def load_evaluation_items(path: Path) -> tuple[EvaluationItem, ...]:
    """All items of a file that this project wrote. Raises DataError for the first line that is no item."""
    return _load(path, evaluation_item)


def load_answers(path: Path) -> tuple[Answer, ...]:
    """All answers of an answers file. Raises DataError for the first line that is no answer."""
    return _load(path, answer_row)


def answers_to(items: Container[str], answers: bytes) -> bytes:
    """The lines of an answers file that a child wrote which answer these items, as they stand."""
    return b"".join(line for line, row in own_lines(answers) if row["item_id"] in items)


def json_lines(rows: Iterable[Row]) -> bytes:
    """The rows as they are written: UTF-8 JSON Lines in field order."""
    return "".join(json.dumps(_written(row), ensure_ascii=False) + "\n" for row in rows).encode()


def _written(row: Row) -> dict[str, object]:
    return {name: value for name, value in asdict(row).items() if value or value == 0 or name not in _ABSENT_WHEN_EMPTY}


def save_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write rows of one type, whole or not at all; equal rows give equal bytes."""
    write_whole(path, json_lines(rows))


def _load(path: Path, parse: Callable[[Fields], Parsed]) -> tuple[Parsed, ...]:
    return tuple(parse(Fields(f"{path}:{number}", value)) for number, value in read_objects(path))


def language_of(fields: Fields, text: str) -> Language:
    """The first part of the tag in the field `language` (hi-IN: hi), or the guess by the script of `text` where it names no language."""
    value = fields.values.get("language")
    if value is None:
        return guess_language(text)
    found = primary_language(value) if isinstance(value, str) else None
    if found is None:
        raise fields.error("language", "a language tag (BCP 47) such as hi, en-IN or mr")
    return guess_language(text) if found == NO_LANGUAGE else found


def training_row(fields: Fields) -> TrainingRow:
    """The object, a row that this project wrote, or one with the same fields, as a training row."""
    prompt, completion = fields.text("prompt"), fields.text("completion")
    return TrainingRow(
        id=fields.identity("id", row_id("row", prompt, completion)),
        prompt=prompt,
        completion=completion,
        language=language_of(fields, prompt),
        origin=cast(Origin, fields.choice("origin", ORIGINS, "dataset")),
        group=fields.text("group", normalise_group(prompt)),
        sample_id=fields.optional_text("sample_id"),
        messages=_messages(fields),
        rejected=fields.optional_text("rejected"),
    )


def _messages(fields: Fields) -> tuple[Message, ...]:
    """The conversation of a row that the project wrote; a person's file has its own, stricter reader."""
    value = fields.values.get("messages")
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(message, dict) and isinstance(message.get("role"), str) for message in value):
        raise fields.error("messages", "a list of objects, each with a 'role'")
    return tuple(value)


def evaluation_item(fields: Fields) -> EvaluationItem:
    """The object, an item that this project wrote, or one with the same fields, as an evaluation item."""
    question, answers = fields.text("question"), fields.values.get("answers")
    if not isinstance(answers, list) or not answers or not all(isinstance(answer, str) and answer.strip() for answer in answers):
        raise fields.error("answers", "a list of at least one string that is not blank")
    return EvaluationItem(
        id=fields.identity("id", row_id("item", question, *answers)),
        set=cast(ItemSet, fields.choice("set", ITEM_SETS, "dataset")),
        question=question,
        answers=tuple(answers),
        language=language_of(fields, question),
        group=fields.text("group", normalise_group(question)),
        source=fields.optional_text("source"),
        sample_id=fields.optional_text("sample_id"),
        messages=_messages(fields),
        rejected=fields.optional_text("rejected"),
    )


def paragraph_group(context: str) -> str:
    """The source group of questions about one paragraph that has no name."""
    return f"paragraph-{row_id('context', context)}"


def answer_row(fields: Fields) -> Answer:
    """The object as an answer; its text may be empty."""
    if not isinstance(fields.values.get("text"), str):
        raise fields.error("text", "a string (an empty one where the model said nothing)")
    return Answer(
        item_id=fields.text("item_id"),
        side=cast(Side, fields.choice("side", SIDES)),
        text=fields.values["text"],
        latency_ms=fields.number("latency_ms"),
        tokens=int(fields.number("tokens")),
        cut=fields.flag("cut"),
        margin=_margin(fields),
    )


def _margin(fields: Fields) -> float | None:
    """A finite number of any sign, or None where the field is absent or null."""
    value = fields.values.get("margin")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < float("inf")):
        raise fields.error("margin", "a finite number")
    return value
