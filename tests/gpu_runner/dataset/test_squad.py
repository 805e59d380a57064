"""SQuAD files: paragraphs as documents with their questions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gpu_runner.dataset.rows import DataError
from gpu_runner.dataset.squad import SquadParagraph, load_squad

Xquad = Callable[[str], tuple[SquadParagraph, ...]]


def squad(**question: Any) -> dict[str, Any]:
    """A file with one paragraph and one question."""
    qa = {
        "id": "q1",
        "question": "Where?",
        "answers": [{"text": "Agra", "answer_start": 0}, {"text": "Agra", "answer_start": 9}],
    } | question
    return {"version": "1.1", "data": [{"title": "Taj_Mahal", "paragraphs": [{"context": "Agra has it.", "qas": [qa]}]}]}


def test_a_paragraph_is_a_document_with_its_questions(tmp_path: Path) -> None:
    """Id, title, language and unique answers are there."""
    path = tmp_path / "s.json"
    path.write_text(json.dumps(squad()), encoding="utf-8")
    (paragraph,) = load_squad(path).paragraphs
    assert (paragraph.id, paragraph.title, paragraph.language) == ("Taj_Mahal/0", "Taj Mahal", "en")
    assert paragraph.questions[0].answers == ("Agra",)
    assert paragraph.document().source_group == "Taj_Mahal/0"


def test_a_question_without_an_answer_is_left_out(tmp_path: Path) -> None:
    """SQuAD 2's impossible questions teach nothing."""
    path = tmp_path / "s.json"
    path.write_text(json.dumps(squad(answers=[])), encoding="utf-8")
    assert load_squad(path).paragraphs[0].questions == ()


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ({"version": "1"}, "'data'"),
        ({"data": [{"title": "t"}]}, r"'data\[0\]\.paragraphs'"),
        (squad(question=" "), r"data\[0\]\.paragraphs\[0\]\.qas\[0\]\.question"),
        (squad(answers=[{"text": 3}]), r"qas\[0\]\.answers\[0\]\.text"),
    ],
)
def test_another_form_is_refused_by_its_place(tmp_path: Path, content: object, place: str) -> None:
    """The message names the place in the file that is not as expected."""
    path = tmp_path / "s.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(DataError, match=place):
        load_squad(path)


@pytest.mark.parametrize("language", ["hi", "en"])
def test_xquad_is_read_whole(language: str, xquad: Xquad) -> None:
    """240 paragraphs with ids of their own and 1,190 questions, all in the file's language."""
    read = xquad(language)
    assert len({paragraph.id for paragraph in read}) == len(read) == 240
    assert sum(len(paragraph.questions) for paragraph in read) == 1190
    assert {paragraph.language for paragraph in read} == {language}
