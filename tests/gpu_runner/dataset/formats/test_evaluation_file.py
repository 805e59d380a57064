"""Items of a person's evaluation file: asked in their conversation, each once, what can't be asked counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gpu_runner.dataset.fields import DataError
from gpu_runner.dataset.formats.evaluation_file import EvaluationFile, read_evaluation_file
from gpu_runner.dataset.rows import paragraph_group


def load(folder: Path, *values: object) -> EvaluationFile:
    """The values as JSON Lines, read."""
    path = folder / "items.jsonl"
    path.write_text("".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values), encoding="utf-8")
    return read_evaluation_file(path)


def test_the_seeds_form_is_filled_in(tmp_path: Path) -> None:
    """`answer` stands for `answers`; id, set, group and language are added, the language by the script."""
    (item,) = load(tmp_path, {"question": "ताज महल कहाँ है?", "answer": "आगरा"}).items
    assert item.answers == ("आगरा",)
    assert (item.set, item.language, item.group, item.source, item.messages) == ("dataset", "hi", "ताज महल कहाँ है?", None, ())
    assert item.id


def test_k6_ids_may_be_numbers_and_may_repeat(tmp_path: Path) -> None:
    """One question of one id is one item with both answers; another question of that id is another item."""
    asked = [
        {"id": 7, "question": "q", "answer": "a"},
        {"id": 7, "question": "q", "answer": "b"},
        {"id": 7, "question": "other", "answer": "c"},
        {"id": "7", "question": "other", "answer": "c"},
        {"id": 7, "question": "q", "answer": "d", "context": "where it is another"},
    ]
    first, second, third = load(tmp_path, *asked).items
    assert (first.id, first.answers, second.question, second.answers) == ("7", ("a", "b"), "other", ("c",))
    assert (third.question, third.answers) == ("q", ("d",))
    assert len({first.id, second.id, third.id}) == 3


@pytest.mark.parametrize(
    "answers",
    [{"text": ["Agra", " ", "Agra"], "answer_start": [0, 1, 0]}, [{"text": "Agra", "answer_start": 0}], ["Agra", ""], {"text": "Agra"}],
)
def test_k6_rows_of_squad_files_are_asked_with_their_paragraph(tmp_path: Path, answers: object) -> None:
    """Answers flattened or not; the paragraph is shown, is source and group, and questions without an answer are left out and counted."""
    rows = [
        {"id": 1, "title": "T", "context": "It is in Agra.", "question": "Where?", "answers": answers},
        {"id": 2, "title": "T", "context": "It is in Agra.", "question": "Since when?", "answers": {"text": [], "answer_start": []}},
        {"id": 3, "title": "T", "context": "It is in Agra.", "question": "Why?", "answers": [{"text": " "}]},
        {"id": 4, "title": "T", "context": "It is in Agra.", "question": "Which?", "answers": None},
    ]
    file = load(tmp_path, *rows)
    (item,) = file.items
    assert (item.id, item.answers, item.source, file.without_answer) == ("1", ("Agra",), "It is in Agra.", 3)
    assert [dict(message) for message in item.messages] == [{"role": "user", "content": "[1] It is in Agra.\n\nWhere?"}]
    assert item.group == paragraph_group("It is in Agra.")
    with pytest.raises(DataError, match=r"no row can be used \(questions_without_answer 1\)"):
        load(tmp_path, rows[1])


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"answer": "x"}, "found the fields answer"),
        ({"question": "q"}, "field 'answers'"),
        ({"question": "q", "answers": []}, "field 'answers'"),
        ({"question": "q", "answers": ["a", " "]}, "field 'answers'"),
        ({"question": "q", "answer": 1947}, "field 'answer': expected a string that is not blank, found a number"),
        ({"question": "q", "answers": "a"}, "field 'answers': expected a list .* found a string"),
        ({"question": "q", "answer": "a", "set": "training"}, "field 'set'"),
        ({"question": "q", "answer": "a", "source": 3}, "field 'source'"),
        ({"question": "q", "answer": "a", "sample_id": 3}, "field 'sample_id'"),
    ],
)
def test_a_bad_item_is_refused_by_file_line_and_field(tmp_path: Path, value: dict[str, object], field: str) -> None:
    """The message says where to look and which field to mend."""
    with pytest.raises(DataError, match=rf"items\.jsonl:2: {field}"):
        load(tmp_path, {"question": "q0", "answer": "a"}, value)
