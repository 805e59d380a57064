"""What files people send to /finetune/start and /evaluate: each is read, or refused before the request is taken."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from runner_fakes import Installation, until

from gpu_runner.api.app import create_app
from gpu_runner.dataset.formats.training_file import dataset_rows
from gpu_runner.jobs.data_files import find_data_file
from schemas.events.operator_requested import OperatorRequested


def lines(*rows: object) -> bytes:
    """JSON Lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def chat(*turns: tuple[str, Any], **more: Any) -> dict[str, Any]:
    """A row in OpenAI's form."""
    return {"messages": [{"role": role, "content": content} for role, content in turns], **more}


ONE_TURN = chat(("system", "Be short."), ("user", "Who?"), ("assistant", "Leela"))
TWO_TURNS = chat(("user", "Who?"), ("assistant", "Leela"), ("user", "When?"), ("assistant", "1927"))
CALL = {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}
TOOLS = {"messages": [{"role": "user", "content": "Open?"}, CALL, {"role": "tool", "tool_call_id": "1", "content": "9 to 5"}]}
SHAREGPT = {"conversations": [{"from": "human", "value": "Who?"}, {"from": "gpt", "value": "Leela"}]}
ALPACA = {"instruction": "Who?", "input": "", "output": "Leela"}
QA = {"question": "Who?", "answer": "Leela"}
HF = {"id": "1", "title": "T", "context": "Leela did.", "question": "Who?", "answers": {"text": ["Leela"], "answer_start": [0]}}
QAS = [
    {"id": "1", "question": "Who?", "answers": [{"text": "Leela"}]},
    {"id": "2", "question": "Why?", "is_impossible": True, "answers": []},
]
SQUAD = {"version": "v2.0", "data": [{"title": "T", "paragraphs": [{"context": "Leela did.", "qas": QAS}]}]}
GOOD = {"prompt": "Who?", "completion": "Leela"}

TAKEN = {
    "messages of one turn with a system prompt": ("d.jsonl", lines(ONE_TURN), 1, {}),
    "messages of two turns": ("d.jsonl", lines(TWO_TURNS), 1, {"earlier_answers_as_context_alone": 1}),
    "messages of one turn and of two": ("d.jsonl", lines(ONE_TURN, TWO_TURNS), 2, {"earlier_answers_as_context_alone": 1}),
    "messages with tool calls": (
        "d.jsonl",
        lines({"messages": [*TOOLS["messages"], {"role": "assistant", "content": "Yes."}]}, TOOLS),
        1,
        {"conversations_that_end_in_a_tool_call": 1},
    ),
    "messages with parts": ("d.jsonl", lines(chat(("user", [{"type": "text", "text": "Who?"}]), ("assistant", "Leela"))), 1, {}),
    "ShareGPT": ("d.jsonl", lines(SHAREGPT), 1, {}),
    "ShareGPT as a list": ("d.json", json.dumps([SHAREGPT]).encode(), 1, {}),
    "Alpaca as a list": ("d.json", json.dumps([ALPACA]).encode(), 1, {}),
    "questions as a list": ("d.json", json.dumps([QA]).encode(), 1, {}),
    "Alpaca": ("d.jsonl", lines(ALPACA), 1, {}),
    "prompt and completion with more fields": ("d.jsonl", lines(GOOD | {"weight": 2, "source": "x"}), 1, {}),
    "prompt and response": ("d.jsonl", lines({"prompt": "Who?", "response": "Leela"}), 1, {}),
    "preference": ("d.jsonl", lines({"prompt": "Who?", "chosen": "Leela", "rejected": "Raktim"}), 1, {}),
    "KTO": (
        "d.jsonl",
        lines(GOOD | {"label": True}, GOOD | {"label": False}),
        1,
        {"answers_rated_bad_without_a_better_one": 1},
    ),
    "question and answer": ("d.jsonl", lines(QA, {"question": "Who?", "answers": ["Leela", "L."]}), 2, {}),
    "question, context and answer": ("d.jsonl", lines(QA | {"context": "Leela did."}), 1, {}),
    "rows of a SQuAD file": ("d.jsonl", lines(HF), 1, {}),
    "SQuAD v2": ("d.json", json.dumps(SQUAD).encode(), 1, {"questions_without_answer": 1}),
    "CSV": ("d.csv", b"prompt,completion\nWho?,Leela\n", 1, {}),
    "gzip": ("d.jsonl.gz", gzip.compress(lines(GOOD)), 1, {}),
    "Marathi": ("d.jsonl", lines(GOOD | {"language": "mr"}), 1, {}),
}
REFUSED = {
    "text alone": (lines({"text": "Leela did."}), ":1: field 'text'"),
    "a bad line of fifteen": (lines(*[GOOD] * 5, {"prompt": "Who?"}, *[GOOD] * 9), ":6: field 'completion'"),
    "UTF-16": (lines(GOOD).decode().encode("utf-16"), ": is UTF-16"),
    "empty": (b"", ": the file is empty"),
    "messages without an answer": (lines(chat(("user", "Who?"))), ":1: field 'messages'"),
    "a picture": (lines(chat(("user", [{"type": "image_url"}]), ("assistant", "a"))), ":1: field 'messages[0].content[0].type'"),
}


@pytest.fixture
async def api(bootstrapped: Installation) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a running, bootstrapped service."""
    async with bootstrapped.running() as supervisor:
        app = create_app(supervisor, bootstrapped.metrics, on_fatal=lambda _error: None)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://runner") as client:
            await until(lambda: supervisor.log is not None)
            yield client


@pytest.mark.parametrize("what", TAKEN)
async def test_a_training_file_is_taken_and_read(api: httpx.AsyncClient, bootstrapped: Installation, what: str) -> None:
    """202, and what the job reads of it has all of its rows, with what is left out told by reason."""
    name, content, rows, dropped = TAKEN[what]
    bootstrapped.store.write_bytes(name, content)
    answer = await api.post("/finetune/start", json={"base_model": "org/tiny", "dataset_path": f"s3://models/{name}"})
    assert answer.status_code == 202, answer.text
    (asked,) = bootstrapped.topics.events(OperatorRequested)
    path = find_data_file(str(asked.dataset_path), store=bootstrapped.store, data_dir=bootstrapped.settings.data_dir).open(
        bootstrapped.store, bootstrapped.settings.data_dir / "read"
    )
    with path.open("rb") as handle:
        read = dataset_rows(handle, name)
    assert (len(read.rows), read.dropped) == (rows, dropped)


@pytest.mark.parametrize("what", REFUSED)
async def test_a_training_file_is_refused_by_line_and_field(api: httpx.AsyncClient, bootstrapped: Installation, what: str) -> None:
    """422 before anything is sent, with the file as the caller named it."""
    content, told = REFUSED[what]
    bootstrapped.store.write_bytes("d.jsonl", content)
    answer = await api.post("/finetune/start", json={"base_model": "org/tiny", "dataset_path": "s3://models/d.jsonl"})
    assert answer.status_code == 422
    assert answer.json()["error"]["details"][0]["message"].startswith(f"s3://models/d.jsonl{told}")
    assert bootstrapped.topics.events(OperatorRequested) == []


ASKED = {
    **{name: content for name, (_, content, _, _) in TAKEN.items()},
    "with more fields": lines(QA | {"difficulty": 3}),
    "the same id twice": lines(QA | {"id": 1}, {"id": 1, "question": "When?", "answer": "1927"}),
}
NOT_ASKED = {
    **REFUSED,
    "no question": (lines({"answer": "Leela"}), ":1: found the fields answer"),
    "no answer": (lines({"question": "Who?"}), ":1: field 'answers'"),
    "a number": (lines({"question": "When?", "answer": 1927}), ":1: field 'answer': expected a string that is not blank, found a number"),
    "answers as a string": (lines({"question": "When?", "answers": "1927"}), ":1: field 'answers': expected a list"),
    "impossible questions alone": (lines(HF | {"answers": {"text": [], "answer_start": []}}), ": no row can be used"),
}


@pytest.mark.parametrize("what", ASKED)
async def test_an_evaluation_file_is_taken(api: httpx.AsyncClient, bootstrapped: Installation, what: str) -> None:
    """Whatever can train can be asked, by the same reader."""
    bootstrapped.store.write_bytes("e", ASKED[what])
    answer = await api.post("/evaluate", json={"model_version": "tiny/v0", "eval_dataset": "s3://models/e", "metrics": ["f1"]})
    assert answer.status_code == 202, answer.text


@pytest.mark.parametrize("what", NOT_ASKED)
async def test_an_evaluation_file_is_refused_by_line_and_field(api: httpx.AsyncClient, bootstrapped: Installation, what: str) -> None:
    """422 before anything is kept, with the file as the caller named it."""
    content, told = NOT_ASKED[what]
    bootstrapped.store.write_bytes("e", content)
    answer = await api.post("/evaluate", json={"model_version": "tiny/v0", "eval_dataset": "s3://models/e", "metrics": ["f1"]})
    assert answer.status_code == 422
    assert answer.json()["error"]["details"][0]["message"].startswith(f"s3://models/e{told}")
    assert not list(bootstrapped.settings.evaluations_dir().glob("*"))
