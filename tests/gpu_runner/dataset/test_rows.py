"""Rows and items: read with errors that name file, line and field, written so that equal rows give equal bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.dataset.fields import DataError
from gpu_runner.dataset.rows import (
    Answer,
    EvaluationItem,
    TrainingRow,
    guess_language,
    json_lines,
    load_answers,
    load_evaluation_items,
    load_training_rows,
    save_rows,
)

ROW = TrainingRow("r1", "ताज महल कहाँ है?", "आगरा", "hi", "correction", "taj", "s1")
ITEM = EvaluationItem("i1", "repair", "Where is it?", ("Agra", "in Agra"), "en", "taj", "The Taj is in Agra.")
ASKED = ({"role": "user", "content": "What is the Taj?"}, {"role": "assistant", "content": "A tomb."}, {"role": "user", "content": "कहाँ?"})


def write(path: Path, *values: object) -> Path:
    """The values as JSON Lines."""
    path.write_text("".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values), encoding="utf-8")
    return path


def test_rows_survive_writing_and_reading(tmp_path: Path) -> None:
    """Each of the three types reads back as it was written, in its conversation and with the answer that lost."""
    answer = Answer("i1", "candidate", "", 1.5, 0)
    rows = (ROW, replace(ROW, id="r2", messages=ASKED, rejected="दिल्ली"))
    items = (ITEM, replace(ITEM, id="i2", messages=ASKED), replace(ITEM, id="i3", rejected="Delhi"))
    save_rows(tmp_path / "rows.jsonl", rows)
    save_rows(tmp_path / "items.jsonl", items)
    save_rows(tmp_path / "answers.jsonl", [answer])
    assert load_training_rows(tmp_path / "rows.jsonl") == rows
    assert load_evaluation_items(tmp_path / "items.jsonl") == items
    assert load_answers(tmp_path / "answers.jsonl") == (answer,)


@given(st.text(min_size=1, max_size=30).filter(lambda text: text.strip() and text.encode("utf-8", "ignore").decode() == text))
def test_any_text_survives_json_lines(text: str) -> None:
    """No text breaks the line format: one row is one line."""
    lines = json_lines([TrainingRow("r", text, text, "en", "dataset", "g")])
    assert lines.count(b"\n") == 1
    assert json.loads(lines)["prompt"] == text


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"answers": ["x"]}, "question"),
        ({"question": "q"}, "answers"),
        ({"question": "q", "answers": []}, "answers"),
        ({"question": "q", "answers": ["a", " "]}, "answers"),
        ({"question": "q", "answers": ["a"], "set": "training"}, "set"),
        ({"question": "q", "answers": ["a"], "language": "French"}, "language"),
        ({"question": "q", "answers": ["a"], "source": 3}, "source"),
        ({"question": "q", "answers": ["a"], "messages": ["q"]}, "messages"),
    ],
)
def test_a_bad_item_is_refused_by_file_line_and_field(tmp_path: Path, value: dict[str, object], field: str) -> None:
    """The message says where to look and which field to mend."""
    path = write(tmp_path / "items.jsonl", {"question": "q0", "answers": ["a"]}, value)
    with pytest.raises(DataError, match=rf"items\.jsonl:2: field '{field}': expected"):
        load_evaluation_items(path)


@pytest.mark.parametrize(("line", "told"), [("{", "not JSON"), ("[1]", "expected a JSON object, found a list")])
def test_a_line_that_is_no_object_is_refused(tmp_path: Path, line: str, told: str) -> None:
    """Broken JSON and other JSON are told apart, with the line."""
    path = tmp_path / "rows.jsonl"
    path.write_text(f'\n{{"prompt": "q", "completion": "a"}}\n{line}\n', encoding="utf-8")
    with pytest.raises(DataError, match=rf"rows\.jsonl:3: {told}"):
        load_training_rows(path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"question": "\\ud800", "answers": ["a"]}', r":1: field 'question': holds half of a surrogate pair"),
        (b'{"question": "q", "answer": ' + b"[" * 100_000, r"not JSON"),
        (b'{"question": "q", "answer": "a", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", r":1: field 'x.*': nested too deeply"),
        (b'{"question": "q", "answer": "a", "id": ' + b"9" * 5_000 + b"}", r":1: field 'id': a number of too many digits"),
        ('{"question": "q", "answer": "a"}\n'.encode("utf-16"), r"rows.jsonl: is UTF-16"),
        (b'[\n{"question": "q", "answer": "a"}\n]', r"rows.jsonl: is one JSON array"),
        (b'{\n"question": "q",\n"answer": "a"\n}', r"rows.jsonl: has a JSON object over several lines"),
        (b'{"question": "caf\xe9", "answer": "a"}', r":1: not UTF-8"),
    ],
)
def test_k6_what_can_not_be_taken_is_named_once_by_line_and_field(tmp_path: Path, content: bytes, told: str) -> None:
    """Items and rows have the same reader: a DataError, never a traceback, and no word of the file in it."""
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    for load in (load_evaluation_items, load_training_rows):
        with pytest.raises(DataError, match=told):
            load(path)


def test_k6_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    """As everywhere else."""
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + b'{"question": "q", "answers": ["a"]}\r\n\r\n')
    assert load_evaluation_items(path)[0].question == "q"


def test_k6_an_error_holds_none_of_the_files_words(tmp_path: Path) -> None:
    """Only what kind of value was found."""
    path = write(tmp_path / "items.jsonl", {"question": "q", "answers": ["a"], "set": "my secret"})
    with pytest.raises(DataError, match=r"expected one of repair.*, found a string$"):
        load_evaluation_items(path)


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    """A missing file and one that is not UTF-8 each say so; an empty one has no items, as where all of them were taken back."""
    (tmp_path / "latin.jsonl").write_bytes('{"question": "café"}'.encode("latin-1"))
    (tmp_path / "empty.jsonl").touch()
    for name, told in (("none", "no such file"), ("latin", "not UTF-8")):
        with pytest.raises(DataError, match=told):
            load_evaluation_items(tmp_path / f"{name}.jsonl")
    assert load_evaluation_items(tmp_path / "empty.jsonl") == ()


@pytest.mark.parametrize("latency", [-1, float("inf"), "3", True, None])
def test_an_answer_needs_a_finite_latency(tmp_path: Path, latency: object) -> None:
    """A latency that is no finite number could not be compared."""
    path = write(tmp_path / "a.jsonl", {"item_id": "i", "side": "baseline", "text": "", "latency_ms": latency, "tokens": 1})
    with pytest.raises(DataError, match="field 'latency_ms'"):
        load_answers(path)


@pytest.mark.parametrize(
    ("text", "language"), [("NASA क्या है?", "hi"), ("What is स्तूप called in English?", "en"), ("1950", "en"), ("", "en")]
)
def test_the_language_is_guessed_by_script_share(text: str, language: str) -> None:
    """The script with the larger share decides; without letters it is English."""
    assert guess_language(text) == language


def test_writing_leaves_no_part_behind(tmp_path: Path) -> None:
    """After a write only the file itself is there."""
    save_rows(tmp_path / "deep" / "rows.jsonl", [ROW])
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["rows.jsonl"]
