"""A person's file of questions and answers, in any of its forms, as training rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from gpu_runner.dataset.fields import DataError, unreadable
from gpu_runner.dataset.formats.entries import Container, entries_of
from gpu_runner.dataset.formats.row_forms import FORMS_EXPECTED, FileRow, UnusedRow, file_row
from gpu_runner.dataset.rows import TrainingRow, language_of, with_own_ids

EXPECTED: Final = "a file of questions and answers"


@dataclass(frozen=True)
class DatasetFile:
    """The rows of a file with origin `dataset`, what was left out of it, rows and parts of rows, by reason, and what held the rows."""

    rows: tuple[TrainingRow, ...]
    dropped: Mapping[str, int]
    container: Container


def load_dataset(path: Path, name: str | None = None) -> DatasetFile:
    """All rows of a file that the caller calls `name` (else its path).

    Raises DataError naming file, line and field where a row has none of the forms, for a file that can't be read or is empty, and where all
    of it would be left out.
    """
    try:
        with path.open("rb") as handle:
            return dataset_rows(handle, name or str(path))
    except OSError as error:
        raise unreadable(path, error, EXPECTED) from error


def dataset_rows(
    handle: BinaryIO, name: str, *, cut: bool = False, most_rows: int | None = None,
    look: Callable[[FileRow, TrainingRow], None] = lambda _found, _row: None, left: Callable[[UnusedRow], None] = lambda _out: None,
) -> DatasetFile:  # fmt: skip
    """The same of an open file, of its first `most_rows`; of a `cut` one, the beginning of a longer file, the rows that are whole.

    Of a file that is not read to its end, no row is no mistake.

    `look` sees each row as it stands in the file and as it is trained, `left` each that is left out.
    """
    entries = entries_of(handle, name, cut=cut)
    rows: list[TrainingRow] = []
    dropped: Counter[str] = Counter()
    for number, entry in enumerate(entries.rows, 1):
        found = file_row(entry.where, entry.values)
        if isinstance(found, UnusedRow):
            dropped[found.reason] += 1
            left(found)
        else:
            rows.append(trained(found))
            dropped.update(dict(found.without))
            look(found, rows[-1])
        if number == most_rows:
            cut = True
            break
    if not rows and not cut:
        raise no_rows(name, entries.container, dropped)
    return DatasetFile(with_own_ids(rows), dict(dropped), entries.container)


def trained(found: FileRow) -> TrainingRow:
    """The row as it is trained. Raises DataError for a field of it that is not as expected."""
    fields, completion = found.fields, found.answers[0]
    return TrainingRow(
        id=fields.identity("id", found.identity("row", found.question, completion)),
        prompt=found.question,
        completion=completion,
        language=language_of(fields, found.question),
        origin="dataset",
        group=fields.text("group", found.group),
        messages=found.messages,
        rejected=found.rejected,
    )


def no_rows(name: str, container: Container, left_out: Mapping[str, int]) -> DataError:
    """The error of a file of which nothing is left: empty, without rows, or all of it left out for these reasons."""
    if container == "nothing":
        return DataError(f"{name}: the file is empty: expected rows with {FORMS_EXPECTED}")
    if not left_out:
        return DataError(f"{name}: the file has no rows: expected {FORMS_EXPECTED} in each")
    told = ", ".join(f"{reason} {count}" for reason, count in sorted(left_out.items()))
    return DataError(f"{name}: no row can be used ({told}): expected at least one question with its right answer")
