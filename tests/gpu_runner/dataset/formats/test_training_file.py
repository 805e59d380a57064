"""Rows of a person's training file: what is refused by file, line and field, and what is left out and counted."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.dataset.fields import DataError
from gpu_runner.dataset.formats.row_forms import (
    AFTER_THE_ANSWER,
    ANSWER_BEHIND_ANSWER,
    EARLIER_ANSWERS,
    EQUAL_SIDES,
    PASSAGES_BESIDE,
    WITHOUT_ANSWER,
)
from gpu_runner.dataset.formats.training_file import DatasetFile, load_dataset
from gpu_runner.dataset.formats.unpacked import unpacked, unpacked_start
from gpu_runner.dataset.prepare import PrepareRequest, prepare
from gpu_runner.dataset.rows import load_evaluation_items, load_training_rows


def chat(*turns: tuple[str, Any]) -> dict[str, object]:
    """A chat row."""
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


def load(folder: Path, *rows: object) -> DatasetFile:
    """The rows as JSON Lines, read."""
    path = folder / "d.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return load_dataset(path)


BARE = [
    {"prompt": "Where is it?", "completion": "Agra"},
    {"prompt": "Where is it?", "response": "Agra"},
    {"question": "Where is it?", "answer": "Agra"},
    {"question": "Where is it?", "answers": ["Agra", "In Agra"]},
    {"instruction": "Where is it?", "input": "", "output": "Agra"},
    {"prompt": "Where is it?", "completion": "Agra", "label": True},
    {"conversations": [{"from": "human", "value": "Where is it?"}, {"from": "gpt", "value": "Agra"}]},
    {"prompt": [{"role": "user", "content": "Where is it?"}], "completion": [{"role": "assistant", "content": "Agra"}]},
    chat(("system", " "), ("user", "Where is it?"), ("assistant", "Agra")),
    chat(("user", [{"type": "text", "text": "Where is it?"}]), ("assistant", "Agra")),
]


ASKED, SAID, AGAIN = (
    {"role": "user", "content": "Where is it?"},
    {"role": "assistant", "content": "Agra"},
    {"role": "user", "content": "And since when?"},
)
RIGHT, WRONG = {"role": "assistant", "content": "1653"}, {"role": "assistant", "content": "1853"}


@pytest.mark.parametrize(
    ("prompt", "before"),
    [
        ([ASKED, SAID, AGAIN], []),
        ([ASKED], [SAID, AGAIN]),
        ("Where is it?", [SAID, AGAIN]),
        ([ASKED], [ASKED, SAID, AGAIN]),
        ([ASKED, SAID, AGAIN], [AGAIN]),
        ("Where is it?", [ASKED, SAID, AGAIN]),
        (None, [ASKED, SAID, AGAIN]),
    ],
)
def test_the_conversation_of_a_preference_is_whole_whichever_field_has_it(tmp_path: Path, prompt: object, before: list[Any]) -> None:
    """The sides hold the prompt, its last turns or what follows it; nothing of it is lost and nothing comes twice."""
    (row,) = load(tmp_path, {"prompt": prompt, "chosen": [*before, RIGHT], "rejected": [*before, WRONG]}).rows
    assert [message["content"] for message in row.messages] == ["Where is it?", "Agra", "And since when?"]
    assert (row.prompt, row.completion, row.rejected) == ("And since when?", "1653", "1853")


@pytest.mark.parametrize("value", BARE)
def test_every_form_of_a_bare_question_gives_the_same_row(tmp_path: Path, value: dict[str, object]) -> None:
    """Without system prompt and passages no conversation is kept, so rows are as they always were."""
    (row,) = load(tmp_path, value).rows
    (other,) = load(tmp_path, BARE[0]).rows
    assert row == other
    assert (row.prompt, row.completion, row.language, row.origin, row.messages) == ("Where is it?", "Agra", "en", "dataset", ())


def test_the_last_answer_of_a_conversation_is_learnt_in_its_context(tmp_path: Path) -> None:
    """One row a conversation; earlier answers are context, and told with what stands behind the answer and beside the conversation."""
    turns = (("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d"), ("user", "thanks"))
    loaded = load(tmp_path, chat(*turns) | {"context": "passage", "group": "g"})
    (row,) = loaded.rows
    assert [(message["role"], message["content"]) for message in row.messages] == list(turns[:3])
    assert (row.prompt, row.completion, row.group) == ("c", "d", "g")
    assert loaded.dropped == {EARLIER_ANSWERS: 1, AFTER_THE_ANSWER: 1, PASSAGES_BESIDE: 1}


def test_one_follow_up_in_two_conversations_is_two_rows_of_two_groups(tmp_path: Path) -> None:
    """With ids of their own too, though question and answer are the same."""
    rows = load(
        tmp_path, *(chat(("user", about), ("assistant", "b"), ("user", "and since when?"), ("assistant", "1899")) for about in "xy")
    ).rows
    assert len({row.id for row in rows}) == len({row.group for row in rows}) == 2


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"text": "secret"}, "field 'text': a text alone"),
        ({"secret word": "x"}, "found the fields …: expected 'prompt' and 'completion'"),
        ({"prompt": "secret"}, "field 'completion': expected a string that is not blank, found nothing"),
        ({"prompt": "secret", "completion": 7}, "field 'completion': .* found a number"),
        ({"question": "secret", "answers": [" "]}, "field 'answers'"),
        ({"question": "secret", "answers": "secret"}, "field 'answers': expected a list .* found a string"),
        ({"question": "secret", "context": ["secret", 7], "answer": "a"}, r"field 'context\[1\]'"),
        ({"question": "secret", "answers": {"text": [7]}}, r"field 'answers.text\[0\]'"),
        ({"prompt": "secret", "completion": "a", "label": "secret"}, "field 'label': expected true or false, found a string"),
        ({"prompt": "secret", "completion": "a", "label": None}, "field 'label'"),
        ({"prompt": "secret", "chosen": "a"}, "field 'rejected'"),
        ({"prompt": "secret", "rejected": "a"}, "field 'chosen'"),
        ({"chosen": "secret", "rejected": "a"}, "field 'prompt'"),
        ({"instruction": "secret"}, "field 'output'"),
        ({"instruction": "secret", "input": 7, "output": "a"}, "field 'input'"),
        ({"instruction": "secret", "output": "a", "history": [["q"]]}, r"field 'history\[0\]'"),
        ({"prompt": "secret", "completion": "a", "system": 7}, "field 'system'"),
        ({"prompt": "secret", "completion": "a", "language": "Hindi"}, "field 'language': expected a language tag"),
        ({"messages": "secret"}, "field 'messages': expected a list of messages"),
        ({"messages": []}, "field 'messages'"),
        ({"messages": ["secret"]}, r"field 'messages\[0\]'"),
        (chat(("user", "secret")), "field 'messages': expected a message of role 'user' and one of role 'assistant'"),
        (chat(("assistant", "secret")), "field 'messages': expected a message of role 'user'"),
        (chat(("teacher", "secret")), r"field 'messages\[0\].role': expected one of system, developer, user, assistant, tool"),
        (chat(("user", "secret"), ("assistant", " ")), r"field 'messages\[1\].content'"),
        (chat(("user", [{"type": "image_url", "image_url": "secret"}]), ("assistant", "a")), r"field 'messages\[0\].content\[0\].type'"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"secret": 1}]}]}, r"field 'messages\[0\].tool_calls\[0\].function'"),
        ({"conversations": [{"from": "secret", "value": "a"}]}, r"field 'conversations\[0\].from': expected one of human"),
        ({"conversations": [{"from": "human", "value": ["secret"]}]}, r"field 'conversations\[0\].value\[0\].type'"),
        ({"prompt": "secret", "completion": "a", "messages": [{"role": "assistant", "content": "b"}]}, r"field 'messages\[0\].role'"),
    ],
)
def test_another_form_is_refused_with_its_line_and_field(tmp_path: Path, value: object, field: str) -> None:
    """The message has the file, the line, the field and what was expected, and none of the file's words."""
    with pytest.raises(DataError, match=rf"^\S*d\.jsonl:2: {field}") as told:
        load(tmp_path, BARE[0], value)
    assert "secret" not in str(told.value).replace(str(tmp_path), "")


def test_a_file_of_which_nothing_is_left_is_refused_with_the_reasons(tmp_path: Path) -> None:
    """Nothing could come of a run that has it."""
    with pytest.raises(DataError, match=rf"no row can be used \({ANSWER_BEHIND_ANSWER} 1, {EQUAL_SIDES} 1, {WITHOUT_ANSWER} 1\)"):
        load(
            tmp_path,
            {"question": "q", "context": "c", "answers": []},
            {"prompt": "q", "chosen": "a", "rejected": "a"},
            chat(("user", "a"), ("assistant", "b"), ("assistant", "c")),
        )


def test_the_file_is_named_as_its_owner_names_it(tmp_path: Path) -> None:
    """A copy that lies elsewhere is no name for a person."""
    (tmp_path / "copy").write_text('{"prompt": "q"}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"^s3://models/mine\.jsonl:1: field 'completion'"):
        load_dataset(tmp_path / "copy", "s3://models/mine.jsonl")


@pytest.mark.parametrize(
    ("tag", "language"),
    [("mr", "mr"), ("hi-IN", "hi"), ("zh-Hant-TW", "zh"), ("PT_br", "pt"), ("sat", "sat"), ("x-ours", "en"), ("mul", "en")],
)
def test_any_language_is_taken(tmp_path: Path, tag: str, language: str) -> None:
    """By the first part of its tag; where that names none, by the script."""
    assert load(tmp_path, BARE[0] | {"language": tag}).rows[0].language == language


def test_what_unpacks_to_more_than_is_taken_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    """By its name, whether its lines are short or there are none."""
    for number, content in enumerate((b'{"prompt": "q", "completion": "a"}\n' * 3000, b" " * 100_000)):
        path = tmp_path / f"{number}.gz"
        path.write_bytes(gzip.compress(content))
        with path.open("rb") as handle:
            assert unpacked(handle, "f", most_bytes=len(content)).read() == content
        with path.open("rb") as handle, pytest.raises(DataError, match="f: unpacks to more than 50000 bytes"):
            unpacked(handle, "f", most_bytes=50_000).read()


PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=300).map(str.encode)


@given(PRINTABLE, PRINTABLE, st.integers(1, 700), st.data())
def test_the_start_of_a_compressed_file_is_that_of_its_content(first: bytes, second: bytes, most: int, data: st.DataObject) -> None:
    """Of several members, wherever the file is cut, and never more than is asked for."""
    packed, content = gzip.compress(first) + gzip.compress(second), first + second
    assert unpacked_start(packed, "f", whole=True, most_bytes=most) == (content[:most], len(content) <= most)
    cut = data.draw(st.integers(2, len(packed)))
    found, whole = unpacked_start(packed[:cut], "f", whole=False, most_bytes=most)
    assert content.startswith(found)
    assert not whole


def test_k6_rows_of_a_squad_file_train(tmp_path: Path) -> None:
    """Integer ids that repeat, flattened answers, none, and one group a paragraph, which is shown with the question."""
    rows = [
        {"id": 1, "title": "T", "context": "one", "question": "Where?", "answers": {"text": ["", "Agra"], "answer_start": [0, 3]}},
        {"id": 1, "title": "T", "context": "one", "question": "Who?", "answers": {"text": ["Shah Jahan"], "answer_start": [0]}},
        {"id": 2, "title": "T", "context": "two", "question": "Why?", "answers": {"text": [], "answer_start": []}},
    ]
    loaded = load(tmp_path, *rows)
    assert [(row.prompt, row.completion) for row in loaded.rows] == [("Where?", "Agra"), ("Who?", "Shah Jahan")]
    assert [row.messages[0]["content"] for row in loaded.rows] == ["[1] one\n\nWhere?", "[1] one\n\nWho?"]
    assert len({row.id for row in loaded.rows}) == 2
    assert len({row.group for row in loaded.rows}) == 1
    assert loaded.dropped == {WITHOUT_ANSWER: 1}


def test_rows_with_passages_train_and_are_asked_with_them_in_every_wording(tmp_path: Path) -> None:
    """A dataset's rows alone: the wordings stand where the question stood, and so does what the gate asks."""
    path = tmp_path / "rows.jsonl"
    rows = [{"question": f"Who built the {n} tower?", "context": f"King {n}\nbuilt it.", "answer": f"King {n}"} for n in range(12)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    prepared = prepare(PrepareRequest(tmp_path / "out", (), (), (), b"key", dataset_path=path, holdout_percent=1))
    trained, asked = load_training_rows(prepared.train), load_evaluation_items(prepared.evaluation)
    assert prepared.primary == "dataset"
    assert len(trained) > 3 * 8
    for messages, question in (*((row.messages, row.prompt) for row in trained), *((item.messages, item.question) for item in asked)):
        (turn,) = messages
        assert re.fullmatch(rf"\[1\] King \d+\nbuilt it\.\n\n{re.escape(question)}", turn["content"])
    assert len({json.dumps(row.messages) for row in trained}) == len(trained)
    assert asked
    assert not {item.messages[0]["content"] for item in asked} & {row.messages[0]["content"] for row in trained}
