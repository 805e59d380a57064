"""SQuAD files: paragraphs as documents with their questions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gpu_runner.dataset.fields import DataError
from gpu_runner.dataset.formats.squad import SquadParagraph, load_squad

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


TITLES = ["", " ", None, 7, "A/B/0", "Taj Mahal", "Taj_Mahal", "x" * 5_000, "a\tb\nc", "…", "Taj Mahal", "A", "A", "article-0", "nul\x00"]


def test_k6_any_title_works(tmp_path: Path) -> None:
    """Empty, blank, missing, a number, with slashes, very long and repeated: ids are unique, short, and fit an event's identifier."""
    articles = [{"title": title, "paragraphs": [{"context": f"Text {n}.", "qas": []}] * 2} for n, title in enumerate(TITLES)]
    path = tmp_path / "s.json"
    path.write_text(json.dumps({"data": articles}), encoding="utf-8")
    read = load_squad(path).paragraphs
    ids = [paragraph.id for paragraph in read]
    assert len(set(ids)) == len(ids) == 2 * len(TITLES)
    assert len({paragraph.group for paragraph in read}) == len(ids)
    assert not [name for name in ids if len(name) > 200 or any(char.isspace() or char < " " for char in name)]
    assert all(len(paragraph.title) <= 500 and "\x00" not in paragraph.title and len(paragraph.group) <= 200 for paragraph in read)
    assert read[TITLES.index("Taj Mahal") * 2].group == "Taj Mahal/0"  # as it always was: the holdout goes by it


def test_k6_a_title_that_comes_ten_thousand_times_is_read_at_once(tmp_path: Path) -> None:
    """Names stay short, and reading stays linear."""
    path = tmp_path / "s.json"
    path.write_text(json.dumps({"data": [{"title": "Same", "paragraphs": [{"context": "c", "qas": []}]}] * 10_000}), encoding="utf-8")
    ids = [paragraph.id for paragraph in load_squad(path).paragraphs]
    assert (len(set(ids)), max(map(len, ids)), ids[:2]) == (10_000, len("Same++++++++/0"), ["Same/0", "Same+/0"])


@pytest.mark.parametrize(
    "answers", [[{"text": ""}], [{"text": " \u3000"}], [], None, {"text": [], "answer_start": []}, {"text": [" "]}, [{"text": None}]]
)
def test_k6_blank_answers_are_no_answer(tmp_path: Path, answers: object) -> None:
    """The question is left out and counted; beside a blank answer the others count."""
    path = tmp_path / "s.json"
    path.write_text(json.dumps(squad(answers=answers)), encoding="utf-8")
    assert (load_squad(path).paragraphs[0].questions, load_squad(path).without_answer) == ((), 1)
    path.write_text(json.dumps(squad(answers=[{"text": ""}, {"text": "Agra"}])), encoding="utf-8")
    assert load_squad(path).paragraphs[0].questions[0].answers == ("Agra",)


def test_k6_an_impossible_question_has_no_answer_whatever_stands_there(tmp_path: Path) -> None:
    """SQuAD 2 marks it."""
    path = tmp_path / "s.json"
    path.write_text(json.dumps(squad(is_impossible=True)), encoding="utf-8")
    assert load_squad(path).without_answer == 1


def test_k6_integer_ids_and_flattened_answers_are_read(tmp_path: Path) -> None:
    """A number is its digits, and the parallel lists of a converted file are its answers."""
    path = tmp_path / "s.json"
    path.write_text(json.dumps(squad(id=42, answers={"text": ["Agra", "Agra"], "answer_start": [0, 9]})), encoding="utf-8")
    (question,) = load_squad(path).paragraphs[0].questions
    assert (question.id, question.answers) == ("42", ("Agra",))


@pytest.mark.parametrize("wrapped", [True, False])
def test_k6_rows_of_one_question_each_are_paragraphs(tmp_path: Path, wrapped: bool) -> None:
    """As `data` or as the whole file; questions of one text come together, and titles of their own stay apart."""
    rows = [
        {"id": n, "title": title, "context": text, "question": f"q{n}", "answers": {"text": ["a"], "answer_start": [0]}}
        for n, (title, text) in enumerate([("T", "one"), ("T", "two"), ("T", "one"), ("U", "one")])
    ]
    path = tmp_path / "s.json"
    path.write_text(json.dumps({"data": rows} if wrapped else rows), encoding="utf-8")
    read = load_squad(path).paragraphs
    found = {paragraph.id: [one.id for one in paragraph.questions] for paragraph in read}
    assert found == {"T/0": ["0", "2"], "T/1": ["1"], "U/0": ["3"]}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (
            json.dumps(squad(question="\ud800")).encode(),
            r"data\[0\]: field 'paragraphs\[0\]\.qas\[0\]\.question': holds half of a surrogate",
        ),
        (b'{"data": ' + b"9" * 5_000 + b"}", "field 'data': a number of too many digits"),
        (json.dumps(squad()).encode("utf-16"), "UTF-16"),
    ],
)
def test_k6_what_can_not_be_taken_is_named_by_its_place(tmp_path: Path, content: bytes, told: str) -> None:
    """By the project's one reader."""
    path = tmp_path / "s.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=told):
        load_squad(path)


@pytest.mark.parametrize("language", ["hi", "en"])
def test_xquad_is_read_whole(language: str, xquad: Xquad) -> None:
    """240 paragraphs with ids of their own and 1,190 questions, all in the file's language."""
    read = xquad(language)
    assert len({paragraph.id for paragraph in read}) == len(read) == 240
    assert sum(len(paragraph.questions) for paragraph in read) == 1190
    assert {paragraph.language for paragraph in read} == {language}
