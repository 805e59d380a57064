"""Rows and items: read with errors that name file, line and field, written so that equal rows give equal bytes."""

from __future__ import annotations

import json
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
    paragraph_group,
    read_evaluation_file,
    save_rows,
)

ROW = TrainingRow("r1", "ताज महल कहाँ है?", "आगरा", "hi", "correction", "taj", "s1")
ITEM = EvaluationItem("i1", "repair", "Where is it?", ("Agra", "in Agra"), "en", "taj", "The Taj is in Agra.")


def write(path: Path, *values: object) -> Path:
    """The values as JSON Lines."""
    path.write_text("".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values), encoding="utf-8")
    return path


def test_rows_survive_writing_and_reading(tmp_path: Path) -> None:
    """Each of the three types reads back as it was written."""
    answer = Answer("i1", "candidate", "", 1.5, 0)
    save_rows(tmp_path / "rows.jsonl", [ROW])
    save_rows(tmp_path / "items.jsonl", [ITEM])
    save_rows(tmp_path / "answers.jsonl", [answer])
    assert load_training_rows(tmp_path / "rows.jsonl") == (ROW,)
    assert load_evaluation_items(tmp_path / "items.jsonl") == (ITEM,)
    assert load_answers(tmp_path / "answers.jsonl") == (answer,)


@given(st.text(min_size=1, max_size=30).filter(lambda text: text.strip() and text.encode("utf-8", "ignore").decode() == text))
def test_any_text_survives_json_lines(text: str) -> None:
    """No text breaks the line format: one row is one line."""
    lines = json_lines([TrainingRow("r", text, text, "en", "dataset", "g")])
    assert lines.count(b"\n") == 1
    assert json.loads(lines)["prompt"] == text


def test_the_seeds_evaluation_form_is_filled_in(tmp_path: Path) -> None:
    """`answer` stands for `answers`; id, set, group and language are added, the language by the script."""
    path = write(tmp_path / "bench.jsonl", {"question": "ताज महल कहाँ है?", "answer": "आगरा"})
    (item,) = load_evaluation_items(path)
    assert item.answers == ("आगरा",)
    assert (item.set, item.language, item.group, item.source) == ("dataset", "hi", "ताज महल कहाँ है?", None)
    assert item.id


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"answer": "x"}, "question"),
        ({"question": "q"}, "answers"),
        ({"question": "q", "answers": []}, "answers"),
        ({"question": "q", "answers": ["a", " "]}, "answers"),
        ({"question": "q", "answer": "a", "set": "training"}, "set"),
        ({"question": "q", "answer": "a", "language": "fr"}, "language"),
        ({"question": "q", "answer": "a", "source": 3}, "source"),
    ],
)
def test_a_bad_item_is_refused_by_file_line_and_field(tmp_path: Path, value: dict[str, object], field: str) -> None:
    """The message says where to look and which field to mend."""
    path = write(tmp_path / "items.jsonl", {"question": "q0", "answer": "a"}, value)
    with pytest.raises(DataError, match=rf"items\.jsonl:2: field '{field}': expected"):
        load_evaluation_items(path)


@pytest.mark.parametrize(("line", "told"), [("{", "not JSON"), ("[1]", "expected a JSON object, found a list")])
def test_a_line_that_is_no_object_is_refused(tmp_path: Path, line: str, told: str) -> None:
    """Broken JSON and other JSON are told apart, with the line."""
    path = tmp_path / "rows.jsonl"
    path.write_text(f'\n{{"prompt": "q", "completion": "a"}}\n{line}\n', encoding="utf-8")
    with pytest.raises(DataError, match=rf"rows\.jsonl:3: {told}"):
        load_training_rows(path)


def test_k6_ids_may_be_numbers_and_may_repeat(tmp_path: Path) -> None:
    """One question of one id is one item with both answers; another question of that id is another item, and other rows are other rows."""
    asked = [
        {"id": 7, "question": "q", "answer": "a"},
        {"id": 7, "question": "q", "answer": "b"},
        {"id": 7, "question": "other", "answer": "c"},
        {"id": "7", "question": "other", "answer": "c"},
    ]
    first, second = load_evaluation_items(write(tmp_path / "items.jsonl", *asked))
    assert (first.id, first.answers, second.question, second.answers) == ("7", ("a", "b"), "other", ("c",))
    assert second.id != first.id
    row = {"id": 1, "prompt": "p", "completion": "c"}
    taught = [row, row, row | {"prompt": "p2"}]
    rows = load_training_rows(write(tmp_path / "rows.jsonl", *taught))
    assert [row.id for row in rows[:2]] == ["1", "1"]
    assert rows[2].id != "1"


@pytest.mark.parametrize(
    "answers",
    [{"text": ["Agra", " ", "Agra"], "answer_start": [0, 1, 0]}, [{"text": "Agra", "answer_start": 0}], ["Agra", ""], {"text": "Agra"}],
)
def test_k6_rows_of_squad_files_are_evaluation_items(tmp_path: Path, answers: object) -> None:
    """Answers flattened or not; the paragraph is source and group, and questions without an answer are left out and counted."""
    rows = [
        {"id": 1, "title": "T", "context": "It is in Agra.", "question": "Where?", "answers": answers},
        {"id": 2, "title": "T", "context": "It is in Agra.", "question": "Since when?", "answers": {"text": [], "answer_start": []}},
        {"id": 3, "title": "T", "context": "It is in Agra.", "question": "Why?", "answers": [{"text": " "}]},
        {"id": 4, "title": "T", "context": "It is in Agra.", "question": "Which?", "answers": None},
    ]
    file = read_evaluation_file(write(tmp_path / "items.jsonl", *rows))
    (item,) = file.items
    assert (item.id, item.answers, item.source, file.without_answer) == ("1", ("Agra",), "It is in Agra.", 3)
    assert item.group == paragraph_group("It is in Agra.")
    with pytest.raises(DataError, match="no items with an answer"):
        load_evaluation_items(write(tmp_path / "none.jsonl", rows[1]))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"question": "\\ud800", "answer": "a"}', r":1: field 'question': holds half of a surrogate pair"),
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
    path.write_bytes(b"\xef\xbb\xbf" + b'{"question": "q", "answer": "a"}\r\n\r\n')
    assert load_evaluation_items(path)[0].question == "q"


def test_k6_an_error_holds_none_of_the_files_words(tmp_path: Path) -> None:
    """Only what kind of value was found."""
    path = write(tmp_path / "items.jsonl", {"question": "q", "answer": "a", "set": "my secret"})
    with pytest.raises(DataError, match=r"expected one of repair.*, found a string$"):
        load_evaluation_items(path)


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    """A missing file, an empty one and one that is not UTF-8 each say so."""
    (tmp_path / "latin.jsonl").write_bytes('{"question": "café"}'.encode("latin-1"))
    (tmp_path / "empty.jsonl").touch()
    for name, told in (("none", "no such file"), ("latin", "not UTF-8"), ("empty", "no items")):
        with pytest.raises(DataError, match=told):
            load_evaluation_items(tmp_path / f"{name}.jsonl")


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
