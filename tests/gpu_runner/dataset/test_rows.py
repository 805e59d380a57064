"""Rows and items: read with errors that name file, line and field, written so that equal rows give equal bytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.dataset.rows import (
    Answer,
    DataError,
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


@pytest.mark.parametrize(("line", "told"), [("{", "not JSON"), ("[1]", "expected a JSON object, found list")])
def test_a_line_that_is_no_object_is_refused(tmp_path: Path, line: str, told: str) -> None:
    """Broken JSON and other JSON are told apart, with the line."""
    path = tmp_path / "rows.jsonl"
    path.write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError, match=rf"rows\.jsonl:2: {told}"):
        load_training_rows(path)


def test_an_id_twice_is_refused(tmp_path: Path) -> None:
    """Two items of one id could not be told apart in the answers."""
    path = write(tmp_path / "items.jsonl", *[{"id": "a", "question": "q", "answer": "a"}] * 2)
    with pytest.raises(DataError, match="'a' is also item 1"):
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
