"""Reads the training file that a person names: JSON Lines in five forms, or a SQuAD-format file.

Forms of a line: {"prompt", "completion"}, {"question", "answer"} (or "answers", of which the first is learnt), {"messages": [...]}
with one question of the user and its answer, the training row that this project writes, and a row of a SQuAD file ({"id", "context",
"question", "answers"}, the answers flattened or not). `language`, `group` and `id` are optional in all of them; an id may be a number, and
may repeat.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpu_runner.dataset.fields import DataError, Fields, answer_texts, is_json_lines, read_objects
from gpu_runner.dataset.rows import TrainingRow, paragraph_group, row_id, training_row, with_own_ids
from gpu_runner.dataset.squad import load_squad

MULTI_TURN = "chat_with_several_questions"
WITHOUT_ANSWER = "questions_without_answer"
FORMS = "'prompt' and 'completion', 'question' and 'answer', or 'messages'"


@dataclass(frozen=True)
class DatasetFile:
    """The rows of a file with origin `dataset`, and what was left out, by reason."""

    rows: tuple[TrainingRow, ...]
    dropped: Mapping[str, int]


def load_dataset(path: Path) -> DatasetFile:
    """All rows of the file. Raises DataError naming file, line and field where a line has none of the forms."""
    if path.suffix == ".json" and not is_json_lines(path):
        return _squad(path)
    rows: list[TrainingRow] = []
    dropped: Counter[str] = Counter()
    for number, value in read_objects(path):
        where = f"{path}:{number}"
        pair = _pair(where, value)
        if pair is None:
            dropped[MULTI_TURN if "messages" in value else WITHOUT_ANSWER] += 1
            continue
        row = {name: value.get(name) for name in ("id", "language", "group")} | {"prompt": pair[0], "completion": pair[1]}
        if row["group"] is None and isinstance(value.get("context"), str):
            row["group"] = paragraph_group(value["context"])
        rows.append(training_row(Fields(where, row)))
    return DatasetFile(with_own_ids(rows), dict(dropped))


def _pair(where: str, value: Mapping[str, Any]) -> tuple[str, str] | None:
    fields = Fields(where, value)
    if "messages" in value:
        return _chat(where, value["messages"])
    if "prompt" in value or "completion" in value:
        return fields.text("prompt"), fields.text("completion")
    if "question" in value:
        return _question(fields)
    raise DataError(f"{where}: found fields {', '.join(sorted(value)) or 'none'}: expected {FORMS}")


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


def _squad(path: Path) -> DatasetFile:
    squad = load_squad(path)
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
