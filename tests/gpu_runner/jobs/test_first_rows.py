"""What a request names is looked at before it is taken: by line and field, in bounded time and bytes, on every store."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fake_minio import FakeMinio
from runner_fakes import Installation, until

from gpu_runner.api.app import create_app
from gpu_runner.dataset.fields import DataError
from gpu_runner.dataset.formats.training_file import load_dataset
from gpu_runner.jobs.data_files import find_data_file
from gpu_runner.jobs.first_rows import MAX_BYTES, MAX_ROWS, FileStart, check_dataset, check_items, check_sources
from gpu_runner.threads.request_threads import RequestThreads
from runtime.artifacts.s3 import S3Store
from runtime.artifacts.store import ArtifactStore
from runtime.http_errors import ApiError
from schemas.events.operator_requested import OperatorRequested

GOOD = b'{"prompt": "q", "completion": "a"}\n'
LONG = json.dumps({"prompt": "q" * 10_000, "completion": "a"}).encode() + b"\n"
ITEM = b'{"question": "q", "answer": "a"}\n'
ARTICLE = {"title": "T", "paragraphs": [{"context": "Agra.", "qas": [{"id": "1", "question": "Where?", "answers": [{"text": "Agra"}]}]}]}
START = {"base_model": "org/tiny", "dataset_path": "s3://models/rows.jsonl"}
EVALUATE = {"model_version": "tiny/v0", "eval_dataset": "s3://models/items.jsonl", "metrics": ["f1"]}


@pytest.fixture
async def api(bootstrapped: Installation) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a running, bootstrapped service."""
    async with bootstrapped.running() as supervisor:
        app = create_app(supervisor, bootstrapped.metrics, on_fatal=lambda _error: None)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://runner") as client:
            await until(lambda: supervisor.log is not None)
            yield client


BAD_DATASETS = [
    ("rows.jsonl", b"", "the file is empty"),
    ("rows.jsonl", b" \n\n", "the file is empty"),
    ("rows.jsonl", GOOD * 3 + b'{"prompt": "q"}\n', ":4: field 'completion': expected a string that is not blank, found nothing"),
    ("rows.jsonl", GOOD * 5_000 + b"hello\n", ":5001: not JSON"),
    ("rows.jsonl", b'{"prompt": "q"\n' + GOOD, ":2: not JSON at column 1"),
    ("rows.jsonl", b'{"prompt": q}\n' + GOOD, ":1: not JSON at column 12"),
    ("rows.jsonl", b'{"text": "q"}\n', ":1: field 'text': a text alone has no question and no answer: expected 'prompt'"),
    ("rows.jsonl", b'{"label": "q"}\n', ":1: found the fields label: expected 'prompt' and 'completion'"),
    ("rows.jsonl", GOOD.decode().encode("utf-16"), "is UTF-16"),
    ("rows.jsonl", gzip.compress(gzip.compress(GOOD, mtime=0), mtime=0), "is compressed (gzip)"),
    ("rows.jsonl", gzip.compress(GOOD * 1000, mtime=0)[:-20], "is compressed (gzip) and damaged or cut off"),
    ("rows.jsonl.gz", gzip.compress(GOOD + b'{"prompt": "q"}\n', mtime=0), ":2: field 'completion'"),
    ("rows.json", b"[]", "the file has no rows"),
    ("rows.json", b'[{"prompt": "q", "completion": "a"},\n {"prompt": "q"}]', ":2: row 2 of the list: field 'completion'"),
    ("rows.json", b'["q", "a"]', ":1: row 1 of the list: expected an object with 'prompt' and 'completion'"),
    ("rows.json", b'{"rows": []}', ":1: found the fields rows: expected 'prompt'"),
    ("rows.json", b'"q"', ":1: not JSON, and no CSV whose first row names its columns"),
    ("rows.json", b'{"data": [{"title": "T"}]}', ":1: data[0]: found the fields title"),
    ("rows.json", b'{"data": [{"title": "T", "paragraphs": 7}]}', "field 'data[0].paragraphs': expected a list"),
    ("rows.json", b'{"data": 7}', ":1: field 'data': expected a list, found a number"),
    ("rows.json", b'{"data": [], "data": []}', ":1: field 'data': expected it once"),
    ("rows.json", b'[{"prompt": "q", "completion": "a"},]', ":1: not JSON at column 37"),
    ("rows.json", b'[{"prompt": "q", "completion": "a"}] 7', "expected the end, found more"),
    ("rows.json", b'[{"prompt": "q", "completion": "a"}', "the text ends too early"),
    ("rows.csv", b"prompt,completion\nq,a\nq\n", ":3: expected 2 cells as in the first row, found 1"),
    ("rows.csv", b'prompt,completion\nq,"a\n', ":2: not CSV (a quoted cell does not end)"),
    ("rows.csv", b"prompt,completion\nq,caf\xe9\n", ":2: not UTF-8 at byte 6"),
    ("rows.csv", b"prompt,completion\nq,\n", ":2: field 'completion'"),
    ("rows.csv", b"name,value\nq,a\n", ":1: not JSON, and no CSV"),
    ("rows.csv", b"prompt,prompt,completion\nq,q,a\n", ":1: the column prompt comes twice"),
]


def named(value: object) -> str | None:
    """The id of a parameter: of bytes their number."""
    return f"{len(value)} bytes" if isinstance(value, bytes) else None


@pytest.mark.parametrize(("name", "content", "told"), BAD_DATASETS, ids=named)
async def test_k12_a_start_answers_422_for_a_file_that_can_not_be_trained_on(
    api: httpx.AsyncClient, bootstrapped: Installation, name: str, content: bytes, told: str
) -> None:
    """The file is named as the caller named it, with line and field; nothing is sent. From the store and below DATA_DIR."""
    bootstrapped.store.write_bytes(name, content)
    (bootstrapped.settings.data_dir / name).write_bytes(content)
    for given in (f"s3://models/{name}", name):
        answer = await api.post("/finetune/start", json=START | {"dataset_path": given})
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (422, "dataset_unusable")
        ((field, message),) = [(detail["field"], detail["message"]) for detail in error["details"]]
        assert field == "dataset_path"
        assert message.startswith(given)
        assert told in message
    assert bootstrapped.topics.events(OperatorRequested) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.jsonl", GOOD),
        ("rows.jsonl", GOOD * MAX_ROWS + b"what comes later is looked at when it is read\n"),
        ("rows.jsonl", gzip.compress(LONG * (MAX_BYTES // len(LONG) + 1) + b"what comes later is looked at when it is read\n", mtime=0)),
        ("rows.json", b'{"prompt": "q",\n "completion": "a"}\n'),
        ("rows.json", GOOD),
        ("rows.json", GOOD * 2),
        ("rows.json", json.dumps([json.loads(GOOD)] * 3, indent=1).encode()),
        ("rows.json", json.dumps({"data": [json.loads(GOOD)]}).encode()),
        ("rows.json", json.dumps({"version": "1.1", "data": [ARTICLE]}).encode()),
        ("rows.json", json.dumps([ARTICLE]).encode()),
    ],
    ids=named,
)
async def test_k12_a_start_takes_what_can_be_trained_on(
    api: httpx.AsyncClient, bootstrapped: Installation, name: str, content: bytes
) -> None:
    """202, and one request is sent."""
    bootstrapped.store.write_bytes(name, content)
    answer = await api.post("/finetune/start", json=START | {"dataset_path": f"s3://models/{name}"})
    assert answer.status_code == 202, answer.text
    assert len(bootstrapped.topics.events(OperatorRequested)) == 1


@pytest.mark.parametrize(
    ("items", "sources", "field", "told"),
    [
        (b"", None, "eval_dataset", "s3://models/items.jsonl: the file is empty: expected rows with"),
        (ITEM + b'{"question": "q"}\n', None, "eval_dataset", "s3://models/items.jsonl:2: field 'answers'"),
        (b'{"question": "q", "context": "c", "answers": []}\n', None, "eval_dataset", "no row can be used (questions_without_answer 1)"),
        (ITEM, b"", "source_documents", "s3://models/sources.json: empty: expected JSON"),
        (ITEM, b"{}", "source_documents", "no documents: expected a JSON object"),
        (ITEM, b'{"d1": " "}', "source_documents", "entry 0: expected a document id and a text that is not blank"),
        (ITEM, b"7", "source_documents", "found a number: expected a JSON object"),
    ],
)
async def test_k12_an_evaluation_answers_422_for_a_file_that_can_not_be_used(  # noqa: PLR0917 (one argument a column)
    api: httpx.AsyncClient, bootstrapped: Installation, items: bytes, sources: bytes | None, field: str, told: str
) -> None:
    """By field, line and what was expected; nothing is kept."""
    bootstrapped.store.write_bytes("items.jsonl", items)
    body: dict[str, Any] = dict(EVALUATE)
    if sources is not None:
        bootstrapped.store.write_bytes("sources.json", sources)
        body["source_documents"] = "s3://models/sources.json"
    answer = await api.post("/evaluate", json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, "dataset_unusable")
    assert [detail["field"] for detail in error["details"]] == [field]
    assert told in error["details"][0]["message"]
    assert not list(bootstrapped.settings.evaluations_dir().glob("*"))


async def test_k12_a_folder_is_told_as_one(api: httpx.AsyncClient, bootstrapped: Installation) -> None:
    """Not as a file that is not there."""
    (bootstrapped.settings.data_dir / "folder").mkdir()
    bootstrapped.store.write_bytes("folder/rows.jsonl", GOOD)
    for given in ("folder", "s3://models/folder"):
        answer = await api.post("/finetune/start", json=START | {"dataset_path": given})
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "dataset_not_found")
        assert "is a folder" in answer.json()["error"]["details"][0]["message"]


def test_k12_the_beginning_is_read_alike_from_every_store(store: ArtifactStore, tmp_path: Path) -> None:
    """An object of the bucket, a key of the local store and a file below DATA_DIR; empty ones too."""
    for content in (b"", GOOD, GOOD * 300_000):
        store.write_bytes("rows.jsonl", content)
        (tmp_path / "rows.jsonl").write_bytes(content)
        for name in ("s3://models/rows.jsonl", "rows.jsonl"):
            start = find_data_file(name, store=store, data_dir=tmp_path).start(store)
            assert start == FileStart(name, content[:MAX_BYTES], len(content) <= MAX_BYTES)


def test_k12_no_more_than_the_beginning_is_fetched(tmp_path: Path) -> None:
    """The connection to the S3 server is closed after the bytes that are looked at."""
    asked: list[int | None] = []

    class Counting(FakeMinio):
        def get_object(self, bucket: str, name: str) -> Any:
            response = super().get_object(bucket, name)
            read = response.read

            def counted(amount: int | None = None) -> Any:
                asked.append(amount)
                return read(amount)

            response.read = counted
            return response

    store = S3Store(Counting(), "models")
    store.write_bytes("rows.jsonl", GOOD)
    find_data_file("s3://models/rows.jsonl", store=store, data_dir=tmp_path).start(store)
    assert asked == [MAX_BYTES + 1]


def cut(content: bytes, at: int) -> FileStart:
    """The first bytes of a longer file."""
    return FileStart("rows.json", content[:at], False)


@pytest.mark.parametrize(
    "content",
    [json.dumps([json.loads(GOOD)] * 50).encode(), json.dumps({"version": [1, {"a": "é"}], "data": [ARTICLE] * 20}, indent=1).encode()],
)
def test_k12_a_good_file_is_taken_wherever_the_beginning_ends(content: bytes) -> None:
    """A cut in a word, a number, an escape or a character is no mistake of the file's."""
    for at in range(1, len(content), 7):
        check_dataset(cut(content, at))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'[{"prompt": "q", "completion": "a"}, {"prompt": "q"}, ', ":1: row 2 of the list: field 'completion'"),
        (b'[{"prompt": "q", "completion": nothing and so on and on}, ', ":1: not JSON at column 32"),
        (b'{"version": 1, "data": [{"title": "T", "paragraphs": 7}, ', r"field 'data\[0\].paragraphs'"),
        (b"<html><body>404 and a long text about it</body>", "not JSON"),
        (b"[" + b"[" * 100_000, "nested too deeply|expected an object"),
        (b'[{"prompt": "caf\xe9 and more", "completion": "a"}, ', "not UTF-8 at byte 17"),
        ("[1".encode("utf-16"), "is UTF-16"),
    ],
)
def test_k12_a_mistake_in_the_first_entries_of_a_long_list_is_told(content: bytes, told: str) -> None:
    """Without the rest of the file."""
    with pytest.raises(DataError, match=told):
        check_dataset(FileStart("rows.json", content, False))


def test_k12_long_lines_are_taken_unseen_but_for_their_form() -> None:
    """A row that is longer than what is looked at may be right; UTF-16 and no known columns are wrong whatever follows."""
    for check in (check_dataset, check_items):
        for begins in (b'{"prompt": "', b'[{"prompt": "', b'prompt,completion\nq,"'):
            check(FileStart("rows.jsonl", begins + b"a" * 5000, False))
        for content, told in ((b"name,value\n" + b"a" * 5000, "no CSV"), (("{" + " " * 5000).encode("utf-16"), "UTF-16")):
            with pytest.raises(DataError, match=told):
                check(FileStart("rows.jsonl", content, False))
    # What is left out in the beginning may be all that is: the rest may hold questions with answers.
    check_items(FileStart("items.jsonl", b'{"question": "q", "context": "c", "answers": []}\n' * 200, False))


def test_k12_long_sources_are_looked_at_as_far_as_they_were_read() -> None:
    """A list by its first entries, an object by its first bytes."""
    check_sources(FileStart("s.json", b'{"d1": "' + b"a" * 5000, False))
    check_sources(FileStart("s.json", b'[{"id": "d1", "text": "t"}, {"id": "d2", "te', False))
    for content in (b'[{"id": "d1"}, {"id": "d2", "te', b"a" * 5000):
        with pytest.raises(DataError, match="expected"):
            check_sources(FileStart("s.json", content, False))


@pytest.mark.parametrize("content", [row for name, row, _ in BAD_DATASETS if name == "rows.json"])
def test_k12_the_job_tells_the_same_as_the_request(tmp_path: Path, content: bytes) -> None:
    """One reader: a file that came into its place later is refused in the same words."""
    (tmp_path / "rows.json").write_bytes(content)
    with pytest.raises(DataError) as at_the_job:
        load_dataset(tmp_path / "rows.json")
    with pytest.raises(DataError) as at_the_request:
        check_dataset(FileStart(str(tmp_path / "rows.json"), content, True))
    assert str(at_the_job.value) == str(at_the_request.value)


async def test_k12_a_store_that_hangs_holds_no_request() -> None:
    """503 with the time after which to come again; other requests are checked beside it."""
    released, threads = threading.Event(), RequestThreads(within_s=0.05)
    try:
        with pytest.raises(ApiError) as told:
            await threads.store(released.wait)
        assert (told.value.status, told.value.code, told.value.headers) == (503, "store_unavailable", {"Retry-After": "5"})
        assert await threads.store(lambda: 7) == 7
        assert await asyncio.to_thread(lambda: 8) == 8
    finally:
        released.set()
