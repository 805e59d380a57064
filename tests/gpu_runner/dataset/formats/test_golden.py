"""Every form of file against the rows and items that it is read as: a golden file each, with what is expected of it beside it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from gpu_runner.dataset.formats.evaluation_file import read_evaluation_file
from gpu_runner.dataset.formats.training_file import load_dataset
from gpu_runner.dataset.rows import json_lines
from schemas.conversation import Message

GOLDEN = Path(__file__).parent / "golden"
FILES = sorted(path.name for path in GOLDEN.iterdir() if not path.name.endswith(".expected.json"))


def read(path: Path) -> dict[str, Any]:
    """What a file is read as, for training and for evaluation, as it would be written."""
    dataset, evaluation = load_dataset(path), read_evaluation_file(path)
    return {
        "rows": [json.loads(line) for line in json_lines(dataset.rows).splitlines()],
        "dropped": dict(dataset.dropped),
        "items": [json.loads(line) for line in json_lines(evaluation.items).splitlines()],
        "left_out": dict(evaluation.left_out),
        "without_answer": evaluation.without_answer,
    }


@pytest.mark.parametrize("name", FILES)
def test_a_form_is_read_as_expected(name: str) -> None:
    """Rows with their conversation and answers, items, and what is left out by reason, field by field."""
    expected = json.loads((GOLDEN / f"{name}.expected.json").read_text(encoding="utf-8"))
    assert read(GOLDEN / name) == expected


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith("gzip")])
def test_a_form_is_read_alike_compressed_and_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    """By the content: a name that says another form, or none, changes nothing."""
    expected = read(GOLDEN / name)
    for called, written in (("rows.txt", bytes), ("rows.json", gzip.compress), ("rows.csv", bytes), ("rows", gzip.compress)):
        (tmp_path / called).write_bytes(written((GOLDEN / name).read_bytes()))
        assert read(tmp_path / called) == expected


Change = Callable[[bytes], bytes]


@pytest.mark.parametrize(
    "change", [lambda data: b"\xef\xbb\xbf" + data.removeprefix(b"\xef\xbb\xbf"), lambda data: b"\n \n" * 30_000 + data]
)
@pytest.mark.parametrize("name", [name for name in FILES if name.endswith((".json", ".jsonl")) and not name.startswith("gzip")])
def test_a_byte_order_mark_and_empty_lines_are_passed_over(tmp_path: Path, name: str, change: Change) -> None:
    """Before any JSON."""
    (tmp_path / "rows").write_bytes(change((GOLDEN / name).read_bytes()))
    assert read(tmp_path / "rows") == read(GOLDEN / name)


@pytest.mark.parametrize("name", FILES)
def test_conversations_are_those_of_the_events(name: str) -> None:
    """Each message is one that feedback could have carried, so that whatever trains and asks the one takes the other."""
    for row in read(GOLDEN / name)["rows"]:
        for message in row.get("messages", ()):
            told = Message.model_validate(message).model_dump(mode="json", exclude_none=True)
            assert told == {name: value for name, value in message.items() if value is not None}


def test_every_form_has_a_golden_file() -> None:
    """All forms of a row, and everything that holds rows, are among them."""
    from gpu_runner.dataset.formats.entries import Container, entries_of
    from gpu_runner.dataset.formats.row_forms import _READERS, form_of

    forms, containers = set(), set()
    for name in FILES:
        with (GOLDEN / name).open("rb") as handle:
            entries = entries_of(handle, name)
            containers.add(entries.container)
            forms |= {form_of(entry.values) for entry in entries.rows}
    assert forms == set(_READERS) - {"text"}
    assert containers == set(Container.__args__) - {"nothing"}


def test_the_expected_rows_hold_what_the_dataclass_has() -> None:
    """A field that is added to rows or items has to be thought of here."""
    from gpu_runner.dataset.rows import EvaluationItem, TrainingRow

    row = TrainingRow("i", "p", "c", "en", "dataset", "g")
    item = EvaluationItem("i", "dataset", "q", ("a",), "en", "g")
    assert {*asdict(row)} == {"id", "prompt", "completion", "language", "origin", "group", "sample_id", "messages", "rejected"}
    assert {*asdict(item)} == {"id", "set", "question", "answers", "language", "group", "source", "sample_id", "messages", "rejected"}
