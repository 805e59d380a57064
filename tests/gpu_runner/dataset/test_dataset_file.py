"""A person's training file in any of its forms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gpu_runner.dataset.dataset_file import MULTI_TURN, WITHOUT_ANSWER, load_dataset
from gpu_runner.dataset.fields import DataError


def chat(*turns: tuple[str, str]) -> dict[str, object]:
    """A chat row."""
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


@pytest.mark.parametrize(
    "value",
    [
        {"prompt": "Where is it?", "completion": "Agra"},
        {"question": "Where is it?", "answer": "Agra"},
        {"question": "Where is it?", "answers": ["Agra", "In Agra"]},
        chat(("system", "Be short."), ("user", "Where is it?"), ("assistant", "Agra")),
        {
            "id": "x",
            "prompt": "Where is it?",
            "completion": "Agra",
            "language": "en",
            "origin": "correction",
            "group": "taj",
            "sample_id": None,
        },
    ],
)
def test_every_form_gives_the_same_row(tmp_path: Path, value: dict[str, object]) -> None:
    """Prompt, completion, language and origin are read alike from all forms."""
    path = tmp_path / "d.jsonl"
    path.write_text(json.dumps(value) + "\n", encoding="utf-8")
    (row,) = load_dataset(path).rows
    assert (row.prompt, row.completion, row.language, row.origin) == ("Where is it?", "Agra", "en", "dataset")


def test_a_conversation_is_left_out_and_counted(tmp_path: Path) -> None:
    """A later question means little without the earlier ones."""
    path = tmp_path / "d.jsonl"
    path.write_text(json.dumps(chat(("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d"))), encoding="utf-8")
    loaded = load_dataset(path)
    assert loaded.rows == ()
    assert loaded.dropped == {MULTI_TURN: 1}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"text": "x"}, "found fields text: expected 'prompt' and 'completion'"),
        ({"prompt": "x"}, "field 'completion'"),
        ({"question": "x", "answers": [" "]}, r"answers\[0\]"),
        (chat(("user", "a")), "role 'assistant'"),
        (chat(("teacher", "a")), "one of system, user, assistant"),
        ({"messages": "hello"}, "expected a list"),
    ],
)
def test_another_form_is_refused_with_its_line(tmp_path: Path, value: object, told: str) -> None:
    """The message has file, line and what was expected."""
    path = tmp_path / "d.jsonl"
    path.write_text(json.dumps(value), encoding="utf-8")
    with pytest.raises(DataError, match=rf"d\.jsonl:1: .*{told}"):
        load_dataset(path)


def test_a_squad_file_is_a_dataset(tmp_path: Path) -> None:
    """Each question trains with its first answer, in the group of its paragraph."""
    qa = {"id": "q", "question": "Where?", "answers": [{"text": "Agra"}]}
    path = tmp_path / "d.json"
    path.write_text(json.dumps({"data": [{"title": "T", "paragraphs": [{"context": "Agra.", "qas": [qa]}]}]}), encoding="utf-8")
    (row,) = load_dataset(path).rows
    assert (row.prompt, row.completion, row.group) == ("Where?", "Agra", "T/0")


@pytest.mark.parametrize("name", ["d.jsonl", "d.json"])
def test_k6_rows_of_a_squad_file_train(tmp_path: Path, name: str) -> None:
    """As JSON Lines, whatever the file is called: integer ids that repeat, flattened answers, none, and one group a paragraph."""
    rows = [
        {"id": 1, "title": "T", "context": "one", "question": "Where?", "answers": {"text": ["", "Agra"], "answer_start": [0, 3]}},
        {"id": 1, "title": "T", "context": "one", "question": "Who?", "answers": {"text": ["Shah Jahan"], "answer_start": [0]}},
        {"id": 2, "title": "T", "context": "two", "question": "Why?", "answers": {"text": [], "answer_start": []}},
    ]
    path = tmp_path / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    loaded = load_dataset(path)
    assert [(row.prompt, row.completion) for row in loaded.rows] == [("Where?", "Agra"), ("Who?", "Shah Jahan")]
    assert len({row.id for row in loaded.rows}) == 2
    assert len({row.group for row in loaded.rows}) == 1
    assert loaded.dropped == {WITHOUT_ANSWER: 1}


def test_k6_a_squad_file_tells_what_had_no_answer(tmp_path: Path) -> None:
    """Counted among what was left out."""
    qas = [{"id": 1, "question": "Where?", "answers": [{"text": "Agra"}]}, {"id": 1, "question": "Why?", "answers": [{"text": ""}]}]
    path = tmp_path / "d.json"
    path.write_text(json.dumps({"data": [{"title": "", "paragraphs": [{"context": "Agra.", "qas": qas}]}]}), encoding="utf-8")
    loaded = load_dataset(path)
    assert (len(loaded.rows), loaded.dropped) == (1, {WITHOUT_ANSWER: 1})
