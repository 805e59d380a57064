"""Reads the training file that a person names: JSON Lines in five forms, or a `.json` file: SQuAD's format, or one list of such rows.

Forms of a row: {"prompt", "completion"}, {"question", "answer"} (or "answers", of which the first is learnt), {"messages": [...]}
with one question of the user and its answer, the training row that this project writes, and a row of a SQuAD file ({"id", "context",
"question", "answers"}, the answers flattened or not). `language`, `group` and `id` are optional in all of them; an id may be a number, and
may repeat.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gpu_runner.dataset.fields import DataError, Fields, answer_texts, is_json_lines, kind_of, read_objects, read_whole
from gpu_runner.dataset.rows import TrainingRow, paragraph_group, row_id, training_row, with_own_ids
from gpu_runner.dataset.squad import SquadFile, squad_of
from schemas.reading.json_text import shown_name

MULTI_TURN = "chat_with_several_questions"
WITHOUT_ANSWER = "questions_without_answer"
FORMS = "'prompt' and 'completion', 'question' and 'answer', or 'messages'"
JSON_SUFFIX: Final = ".json"
DOCUMENT: Final = "a SQuAD file (an object with a list 'data'), a list of rows, or JSON Lines"
_ROW_FIELDS: Final = frozenset({"prompt", "completion", "question", "messages"})


@dataclass(frozen=True)
class DatasetFile:
    """The rows of a file with origin `dataset`, and what was left out, by reason."""

    rows: tuple[TrainingRow, ...]
    dropped: Mapping[str, int]


def load_dataset(path: Path) -> DatasetFile:
    """All rows of the file; raises DataError naming file, place and field where a row has none of the forms, or where there is none."""
    if path.suffix == JSON_SUFFIX and not is_json_lines(path):
        return dataset_of(read_whole(path, DOCUMENT), str(path))
    return rows_of(((f"{path}:{number}", value) for number, value in read_objects(path)), str(path))


def rows_of(objects: Iterable[tuple[str, Mapping[str, Any]]], name: str) -> DatasetFile:
    """The rows of the objects of a file that is called `name`, each with its place; raises DataError as `load_dataset` does."""
    rows: list[TrainingRow] = []
    dropped: Counter[str] = Counter()
    for where, value in objects:
        pair = _pair(where, value)
        if pair is None:
            dropped[MULTI_TURN if "messages" in value else WITHOUT_ANSWER] += 1
            continue
        row = {name: value.get(name) for name in ("id", "language", "group")} | {"prompt": pair[0], "completion": pair[1]}
        if row["group"] is None and isinstance(value.get("context"), str):
            row["group"] = paragraph_group(value["context"])
        rows.append(training_row(Fields(where, row)))
    if not rows and not dropped:
        raise DataError(f"{name}: the file has no rows: expected {FORMS} in each")
    return DatasetFile(with_own_ids(rows), dict(dropped))


def dataset_of(content: Any, name: str) -> DatasetFile:
    """The rows of a JSON text that is called `name`: a SQuAD file, a list of rows, an object with such a list as `data`, or one row."""
    rows = content if isinstance(content, list) else None
    if isinstance(content, dict):
        given = content.get("data")
        if "data" not in content and _ROW_FIELDS & content.keys():
            rows = [content]
        elif isinstance(given, list) and given and not _is_squad(given) and isinstance(given[0], dict) and _ROW_FIELDS & given[0].keys():
            rows = given
        elif "data" not in content:
            raise DataError(f"{name}: found an object with the fields {_names(content)}: expected {DOCUMENT}")
    elif rows is None:
        raise DataError(f"{name}: found {kind_of(content)}: expected {DOCUMENT}")
    return _squad(squad_of(content, name)) if rows is None or _is_squad(rows) else rows_of(_listed(rows, name), name)


def _is_squad(entries: Sequence[Any]) -> bool:
    """Whether the first entry of a list is a SQuAD article or a row of one; the others are then expected to be."""
    return bool(entries) and isinstance(entries[0], dict) and ("paragraphs" in entries[0] or "context" in entries[0])


def _listed(rows: Sequence[Any], name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, row in enumerate(rows, 1):
        where = f"{name}: row {number} of the list"
        if not isinstance(row, dict):
            raise DataError(f"{where}: expected an object with {FORMS}, found {kind_of(row)}")
        yield where, row


def _names(value: Mapping[str, Any]) -> str:
    """Its fields, sorted, without words that are none."""
    return ", ".join(shown_name(name) for name in sorted(value)[:20]) or "none"


def _pair(where: str, value: Mapping[str, Any]) -> tuple[str, str] | None:
    fields = Fields(where, value)
    if "messages" in value:
        return _chat(where, value["messages"])
    if "prompt" in value or "completion" in value:
        return fields.text("prompt"), fields.text("completion")
    if "question" in value:
        return _question(fields)
    raise DataError(f"{where}: found fields {_names(value)}: expected {FORMS}")


def _question(fields: Fields) -> tuple[str, str] | None:
    """The question and its first answer; None for a question of a SQuAD file without one."""
    answers = fields.values.get("answers")
    if "answer" in fields.values:
        return fields.text("question"), fields.text("answer")
    if isinstance(answers, dict) or "context" in fields.values:
        found = answer_texts(fields.where, "answers", answers)
        return (fields.text("question"), found[0]) if found and not fields.flag("is_impossible") else None
    if isinstance(answers, list) and answers:
        return fields.text("question"), Fields(fields.where, {"answers[0]": answers[0]}).text("answers[0]")
    return fields.text("question"), fields.text("answer")


def _chat(where: str, messages: Any) -> tuple[str, str] | None:
    """The one question and its answer; None for a conversation, whose later questions mean little without the earlier ones."""
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise DataError(f"{where}: field 'messages': expected a list of objects with 'role' and 'content'")
    turns = [Fields(f"{where}: messages[{number}]", message) for number, message in enumerate(messages)]
    spoken = [(turn.choice("role", ("system", "user", "assistant")), turn.text("content")) for turn in turns]
    users = [content for role, content in spoken if role == "user"]
    assistants = [content for role, content in spoken if role == "assistant"]
    if not users or not assistants:
        raise DataError(f"{where}: field 'messages': expected a message of role 'user' and one of role 'assistant'")
    return (users[0], assistants[0]) if len(users) == len(assistants) == 1 else None


def _squad(squad: SquadFile) -> DatasetFile:
    rows = with_own_ids(
        TrainingRow(
            id=row_id("dataset", question.id, question.question),
            prompt=question.question,
            completion=question.answers[0],
            language=paragraph.language,
            origin="dataset",
            group=paragraph.group,
        )
        for paragraph in squad.paragraphs
        for question in paragraph.questions
    )
    return DatasetFile(rows, {WITHOUT_ANSWER: squad.without_answer} if squad.without_answer else {})
