"""Reads the training file that a person names: JSON Lines in four forms, or a SQuAD-format file.

Forms of a line: {"prompt", "completion"}, {"question", "answer"} (or "answers", of which the first is learnt), {"messages": [...]}
with one question of the user and its answer, and the training row that this project writes. `language`, `group` and `id` are
optional in all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpu_runner.dataset.rows import DataError, Fields, TrainingRow, read_objects, row_id
from gpu_runner.dataset.squad import load_squad

MULTI_TURN = "chat_with_several_questions"
FORMS = "'prompt' and 'completion', 'question' and 'answer', or 'messages'"


@dataclass(frozen=True)
class DatasetFile:
    """The rows of a file with origin `dataset`, and what was left out, by reason."""

    rows: tuple[TrainingRow, ...]
    dropped: Mapping[str, int]


def load_dataset(path: Path) -> DatasetFile:
    """All rows of the file. Raises DataError naming file, line and field where a line has none of the forms."""
    if path.suffix == ".json":
        return DatasetFile(_squad_rows(path), {})
    rows: list[TrainingRow] = []
    dropped: Counter[str] = Counter()
    for number, value in read_objects(path):
        pair = _pair(f"{path}:{number}", value)
        if pair is None:
            dropped[MULTI_TURN] += 1
        else:
            row = {name: value.get(name) for name in ("id", "language", "group")} | {"prompt": pair[0], "completion": pair[1]}
            rows.append(Fields(f"{path}:{number}", row).training_row())
    return DatasetFile(tuple(rows), dict(dropped))


def _pair(where: str, value: Mapping[str, Any]) -> tuple[str, str] | None:
    fields = Fields(where, value)
    if "messages" in value:
        return _chat(where, value["messages"])
    if "prompt" in value or "completion" in value:
        return fields.text("prompt"), fields.text("completion")
    if "question" in value:
        answers = value.get("answers")
        if "answer" not in value and isinstance(answers, list) and answers:
            return fields.text("question"), Fields(where, {"answers[0]": answers[0]}).text("answers[0]")
        return fields.text("question"), fields.text("answer")
    raise DataError(f"{where}: found fields {', '.join(sorted(value)) or 'none'}: expected {FORMS}")


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


def _squad_rows(path: Path) -> tuple[TrainingRow, ...]:
    return tuple(
        TrainingRow(
            id=row_id("dataset", question.id, question.question),
            prompt=question.question,
            completion=question.answers[0],
            language=paragraph.language,
            origin="dataset",
            group=paragraph.id,
        )
        for paragraph in load_squad(path).paragraphs
        for question in paragraph.questions
    )
