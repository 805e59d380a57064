"""The child behind POST /evaluate, with a generator that knows its answers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gpu_runner.dataset.fields import DataError
from gpu_runner.evaluate.engine.in_process import InProcessEngine
from gpu_runner.evaluate.evaluation import (
    BadModel,
    ask,
    finished,
    load_items,
    load_sources,
    load_spec,
    read_items,
    report,
    verify_model,
)
from gpu_runner.evaluate.score import UnknownMetric
from runtime.artifacts.content_hash import folder_sha256


@dataclass(frozen=True)
class Said:
    """One answer of the fake."""

    text: str
    tokens: int = 2
    latency_ms: float = 1.5
    cut: bool = False


class Parrot:
    """A generator that answers from a table."""

    def __init__(self, known: dict[str, str]) -> None:
        self.known = known

    def lengths(self, asked: Sequence[Any]) -> list[int]:
        """Every prompt has ten tokens."""
        return [10 for _ in asked]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """A token is a word."""
        return [len(text.split()) for text in texts]

    def answer(self, asked: Sequence[Any], *, max_new_tokens: Sequence[int], batch_size: int) -> list[Said]:
        """The answers to the questions."""
        return [Said(self.known.get(question, "")) for question in asked]

    def log_probabilities(self, pairs: Sequence[Any], *, batch_size: int) -> list[None]:
        """It has none."""
        return [None for _ in pairs]


def asked(generator: Parrot, items: Sequence[Any], job: Path, done: Callable[[int], None] = lambda _: None) -> tuple[Any, ...]:
    """The answers to the items, in the job's file."""
    engine = InProcessEngine(generator, "parrot", budget=8192, most=32)
    return ask(engine, items, job / "answers.jsonl", max_new_tokens=8, progress=done).answers


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """A job folder in the seed's form: 40 items without ids, sources by id."""
    folder = tmp_path / "job"
    model = tmp_path / "model"
    model.mkdir()
    folder.mkdir()
    (model / "config.json").write_text("{}", encoding="utf-8")
    items = [{"question": f"कब {number}?", "answer": f"{1900 + number}", "source": f"doc-{number}"} for number in range(40)]
    (folder / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    (folder / "sources.json").write_text(json.dumps({f"doc-{number}": f"वर्ष {1900 + number}।" for number in range(40)}), encoding="utf-8")
    spec = {
        "job_id": "e1",
        "model_id": "tiny",
        "model_version": "v1",
        "model": {"path": str(model), "sha256": folder_sha256(model)},
        "items": "items.jsonl",
        "sources": "sources.json",
        "metrics": ["exact_match", "hallucination_rate"],
        "max_new_tokens": 8,
        "reports_dir": str(tmp_path / "reports"),
    }
    (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    return folder


def change(job: Path, **fields: Any) -> None:
    """Overwrite fields of the spec."""
    spec = json.loads((job / "spec.json").read_text(encoding="utf-8")) | fields
    (job / "spec.json").write_text(json.dumps(spec), encoding="utf-8")


def test_an_evaluation_ends_in_reports_and_a_result(job: Path) -> None:
    """Half the answers are right, the others in no source; the result has figures by language and names the reports."""
    spec = load_spec(job)
    verify_model(spec)
    items = load_items(spec)
    done: list[int] = []
    known = {item.question: item.answers[0] if number % 2 else "1111" for number, item in enumerate(items)}
    answers = asked(Parrot(known), items, job, done.append)
    result = report(spec, job, items, answers, {"loading": 0.1})
    assert done == [0, 32, 40]
    assert result["metrics"] == {"exact_match": 0.5, "hallucination_rate": 0.5}
    assert result["by_language"]["hi"]["items"] == result["items"] == 40
    assert {path.name for path in Path(result["report_dir"]).iterdir()} == {"results.json", "report.md", "report.html"}
    assert finished(job) == result


def test_k4_long_references_whose_answers_are_all_cut_are_told(job: Path) -> None:
    """40 of 40 answers were cut: in the result, in the figures by set, and as a warning of the report."""

    class Endless(Parrot):
        def answer(self, asked: Sequence[Any], *, max_new_tokens: Sequence[int], batch_size: int) -> list[Said]:
            return [Said("वर्ष", tokens=most, cut=True) for most in max_new_tokens]

    spec = load_spec(job)
    items = load_items(spec)
    result = report(spec, job, items, asked(Endless({}), items, job), {})
    assert (result["answers_cut"], result["items"]) == (40, 40)
    told = json.loads((Path(result["report_dir"]) / "results.json").read_text(encoding="utf-8"))
    assert told["aggregates"]["candidate"]["all"]["all"]["cut_rate"] == 1
    assert "40 of 40 answers" in told["warnings"][0]


def test_what_of_the_file_is_not_asked_is_told_by_reason(job: Path) -> None:
    """In the result as a number, in the reports with the reason of each."""
    rows = [
        {"question": "q", "answer": "a"},
        {"question": "q2", "answers": [], "context": "c"},
        {"prompt": "q", "completion": "a", "label": False},
    ]
    (job / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    spec = load_spec(job)
    file = read_items(spec)
    answers = asked(Parrot({"q": "a"}), file.items, job)
    result = report(spec, job, file.items, answers, {}, without_answer=file.without_answer, left_out=file.left_out)
    assert (result["items"], result["questions_without_answer"]) == (1, 2)
    told = (Path(result["report_dir"]) / "report.md").read_text(encoding="utf-8")
    assert "questions without answer, left out: 1" in told
    assert "answers rated bad without a better one, left out: 1" in told


def test_the_items_are_named_as_the_caller_named_them(job: Path) -> None:
    """The copy in the job's folder is no file of the caller's; a spec of an earlier release has no other name for it."""
    (job / "items.jsonl").write_text('{"question": "q"}\n', encoding="utf-8")
    with pytest.raises(DataError, match=rf"^{re.escape(str(job))}/items\.jsonl:1: field 'answers'"):
        load_items(load_spec(job))
    change(job, items_name="s3://models/bench.csv")
    with pytest.raises(DataError, match=r"^s3://models/bench\.csv:1: field 'answers'"):
        load_items(load_spec(job))


def test_an_unfinished_job_runs_again(job: Path) -> None:
    """Without a result, or with a result whose reports are gone, there is nothing to answer with."""
    assert finished(job) is None
    (job / "result.json").write_text(json.dumps({"report_dir": str(job / "gone")}), encoding="utf-8")
    assert finished(job) is None


def test_another_model_than_asked_for_is_refused(job: Path) -> None:
    """A changed folder would be scored under the wrong version's name."""
    spec = load_spec(job)
    (spec.model_path / "config.json").write_text("{ }", encoding="utf-8")
    with pytest.raises(BadModel, match="does not have the hash of version v1"):
        verify_model(spec)


def test_a_spec_with_an_unknown_metric_is_refused(job: Path) -> None:
    """Before any model is loaded."""
    change(job, metrics=["accuracy"])
    with pytest.raises(UnknownMetric, match="'accuracy' is not known"):
        load_spec(job)


@pytest.mark.parametrize(
    ("content", "count"), [('{"a": "x", "b": "y"}', 2), ('[{"id": "a", "text": "x"}]', 1), ('[{"doc_id": "a", "text": "x"}]', 1)]
)
def test_sources_are_read_in_both_forms(tmp_path: Path, content: str, count: int) -> None:
    """An object by id, or a list of documents."""
    (tmp_path / "s.json").write_text(content, encoding="utf-8")
    assert len(load_sources(tmp_path / "s.json")) == count


@pytest.mark.parametrize("content", ["{", "3", '{"a": ""}', '[{"text": "x"}]', '["x"]'])
def test_other_sources_are_refused(tmp_path: Path, content: str) -> None:
    """The message names the file."""
    (tmp_path / "s.json").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=r"s\.json"):
        load_sources(tmp_path / "s.json")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"a": "\\ud800"}', "a: holds half of a surrogate pair"),
        (b"[" * 100_000, "not JSON"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b'[{"id": "a", "text": ' + b"9" * 5_000 + b"}]", r"\[0\]\.text: a number of too many digits"),
        ('{"a": "x"}'.encode("utf-16"), "UTF-16"),
    ],
)
def test_k6_sources_that_can_not_be_taken_are_named_by_field(tmp_path: Path, content: bytes, told: str) -> None:
    """By the project's one reader, before the model answers; a mark of byte order is passed over and ids may be numbers."""
    (tmp_path / "s.json").write_bytes(content)
    with pytest.raises(DataError, match=told):
        load_sources(tmp_path / "s.json")
    (tmp_path / "s.json").write_bytes(b'\xef\xbb\xbf[{"id": 3, "text": "x"}]')
    assert load_sources(tmp_path / "s.json") == {"3": "x"}


@pytest.mark.process
def test_the_child_reports_bad_data_as_json_and_exits_with_3(job: Path) -> None:
    """stdout holds JSON lines alone, the last one an error with kind and message; torch is never imported for it."""
    (job / "items.jsonl").write_text('{"question": "x"}\n', encoding="utf-8")
    command = [sys.executable, "-X", "importtime", "-m", "gpu_runner.evaluate", str(job)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 3
    assert (events[-1]["event"], events[-1]["kind"]) == ("error", "bad_data")
    assert "field 'answers'" in events[-1]["message"]
    assert "| torch\n" not in done.stderr
