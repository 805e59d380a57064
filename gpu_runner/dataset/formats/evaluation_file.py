"""A person's file of questions and right answers, in any of its forms, as evaluation items."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast

from gpu_runner.dataset.fields import unreadable
from gpu_runner.dataset.formats.entries import entries_of
from gpu_runner.dataset.formats.row_forms import FileRow, UnusedRow, file_row
from gpu_runner.dataset.formats.training_file import EXPECTED, no_rows
from gpu_runner.dataset.rows import ITEM_SETS, EvaluationItem, ItemSet, language_of, row_id


@dataclass(frozen=True)
class EvaluationFile:
    """The items of a file, how many of its questions are not asked because no right answer is known, and what is left out by reason."""

    items: tuple[EvaluationItem, ...]
    without_answer: int
    left_out: Mapping[str, int]


def read_evaluation_file(path: Path, name: str | None = None) -> EvaluationFile:
    """All items of a file that the caller calls `name` (else its path).

    A missing language is guessed from the script of the question; a missing group is the normalised question, or stands for the passages
    or the conversation that it comes with; a missing id is a hash. Of an id that comes twice, one question is one item with the answers of
    both, another question gets an id of its own. Raises DataError naming file, line and field for the first row that is no item, for a file
    that can't be read or is empty, and where nothing can be asked.
    """
    try:
        with path.open("rb") as handle:
            return evaluation_items(handle, name or str(path))
    except OSError as error:
        raise unreadable(path, error, EXPECTED) from error


def evaluation_items(handle: BinaryIO, name: str, *, cut: bool = False, most_rows: int | None = None) -> EvaluationFile:
    """The same of an open file, of its first `most_rows`; of a `cut` one, the beginning of a longer file, the rows that are whole.

    Of a file that is not read to its end, no item is no mistake.
    """
    entries = entries_of(handle, name, cut=cut)
    found: list[EvaluationItem] = []
    left_out: Counter[str] = Counter()
    without_answer = 0
    for number, entry in enumerate(entries.rows, 1):
        row = file_row(entry.where, entry.values)
        if isinstance(row, UnusedRow):
            without_answer += 1
            left_out[row.reason] += 1
        else:
            found.append(asked(row))
            left_out.update(dict(row.without))
        if number == most_rows:
            cut = True
            break
    if not found and not cut:
        raise no_rows(name, entries.container, left_out)
    return EvaluationFile(_each_once(found), without_answer, dict(left_out))


def asked(row: FileRow) -> EvaluationItem:
    """The row as it is asked. Raises DataError for a field of it that is not as expected."""
    fields = row.fields
    return EvaluationItem(
        id=fields.identity("id", row.identity("item", row.question, *row.answers)),
        set=cast(ItemSet, fields.choice("set", ITEM_SETS, "dataset")),
        question=row.question,
        answers=row.answers,
        language=language_of(fields, row.question),
        group=fields.text("group", row.group),
        source=fields.optional_text("source") or row.source,
        sample_id=fields.optional_text("sample_id"),
        messages=row.messages,
        rejected=row.rejected or fields.optional_text("rejected"),
    )


def _each_once(items: Iterable[EvaluationItem]) -> tuple[EvaluationItem, ...]:
    known: dict[str, EvaluationItem] = {}
    for item in items:
        name, same = item.id, known.get(item.id)
        if same is not None and (same.question, same.messages) != (item.question, item.messages):
            name = row_id(item.id, item.question, *_conversation(item))
            same = known.get(name)
        answers = item.answers if same is None else (*same.answers, *item.answers)
        known[name] = replace(same or item, id=name, answers=tuple(dict.fromkeys(answers)))
    return tuple(known.values())


def _conversation(item: EvaluationItem) -> tuple[str, ...]:
    return (json.dumps(item.messages, ensure_ascii=False),) if item.messages else ()
