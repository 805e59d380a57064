"""An evaluation whose answers and judgements come from servers: no torch, no weights, the same reports."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import pytest

from gpu_runner.child.parent import Parent
from gpu_runner.child.reporter import Reporter
from gpu_runner.dataset.fields import DataError
from gpu_runner.evaluate.__main__ import run
from gpu_runner.evaluate.score import UnknownMetric
from tests.openai_stub import completion, openai_stub

PASSAGE = "The museum was founded in 1814."
ITEMS = [
    {"id": "1", "question": "When was it founded?", "answer": "1814", "messages": [
        {"role": "system", "content": PASSAGE}, {"role": "user", "content": "When was it founded?"}]},
    {"id": "2", "question": "कब बना?", "answer": "सन् 1814 में कोलकाता में एक बड़े और पुराने भवन के पास"},
    {"id": "3", "question": "Who?", "answer": "Wallich"},
    {"id": "4", "question": "Where?", "answer": "Kolkata"},
]  # fmt: skip


def job(folder: Path, url: str, **fields: Any) -> Path:
    """A job folder whose spec names a server, and a judge at the same place."""
    spec = {
        "job_id": "e1", "model_id": "tiny", "model_version": "v1", "model": {"path": "", "sha256": "0" * 64}, "items": "items.jsonl",
        "sources": None, "metrics": ["exact_match", "correctness"], "max_new_tokens": 8, "reports_dir": str(folder / "reports"),
        "engine": {"url": url, "model": "served", "timeout_s": 5, "at_once": 2}, "judge": {"url": url, "model": "judge"}, **fields,
    }  # fmt: skip
    (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    (folder / "items.jsonl").write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in ITEMS), encoding="utf-8")
    return folder


def answers(path: str, body: dict[str, Any]) -> Any:
    """One right answer, one empty, one refused, one wrong; a judge that breaks over the Hindi one."""
    if path == "/tokenize":
        return 404, {}
    asked = body["messages"][-1]["content"]
    if body["model"] == "judge":
        if "कब" in asked:
            return 200, completion("excellent")
        return 200, completion('{"relevance": 5, "correctness": 5, "completeness": 3, "reason": "."}')
    said = {"When was it founded?": "1814", "कब बना?": "1914", "Who?": ""}
    return (200, completion(said[asked])) if asked in said else (400, {"error": "filtered"})


def test_a_server_answers_and_a_judge_judges_in_the_reports_without_weights(tmp_path: Path) -> None:
    """What was served is asked; the refused question is counted; the judge's figures and failures stand in result and reports; no NaN."""
    with openai_stub(answers) as stub:
        result = run(job(tmp_path, stub.url), Reporter(io.StringIO()), Parent())
        asked = [body for path, body, _ in stub.asked if body.get("model") == "served" and path.endswith("chat/completions")]
        before = len(stub.asked)
        assert run(tmp_path, Reporter(io.StringIO()), Parent()) == result
        assert len(stub.asked) == before
    assert (result["items"], result["questions_refused"]) == (3, 1)
    assert result["metrics"] == {"exact_match": 0.333333, "correctness": 0.5}
    assert result["by_language"]["hi"]["exact_match"] == 0.0
    assert "correctness" not in result["by_language"]["hi"]
    judge = result["judge"]
    assert (judge["judged"], judge["unjudged"], judge["empty"], judge["failures"]["bad_json"]) == (2, 1, 1, 1)
    assert (judge["advisory"], judge["calibrated"]) == (True, [])
    assert PASSAGE in {message["content"] for body in asked for message in body["messages"]}
    hindi = next(body for body in asked if body["messages"][-1]["content"] == "कब बना?")
    assert hindi["max_tokens"] > 8  # room for the longest right answer
    told = json.loads((tmp_path / "reports" / "e1" / "results.json").read_text(encoding="utf-8"), parse_constant=lambda _: math.nan)
    assert told["judge"] == judge
    assert told["items"][0]["candidate"]["judge"]["correctness"] == 1.0
    assert {"answered by", "token limits"} <= told["facts"].keys()
    page = (tmp_path / "reports" / "e1" / "report.md").read_text(encoding="utf-8")
    assert "advisory, calibrated for no language" in page
    assert "nothing here proves that it serves this version" in page
    assert "NaN" not in json.dumps(told)


def test_a_judges_metric_without_a_judge_is_refused(tmp_path: Path) -> None:
    """Before anything is asked, with the settings that are missing."""
    with pytest.raises(UnknownMetric, match="'correctness' needs a judge: set JUDGE_URL and JUDGE_MODEL"):
        run(job(tmp_path, "http://127.0.0.1:9/v1", judge=None), Reporter(io.StringIO()), Parent())


def test_a_server_that_refuses_everything_is_an_error(tmp_path: Path) -> None:
    """No report of nothing: the reason is told."""
    with openai_stub(lambda path, body: (404 if path == "/tokenize" else 400, {})) as stub:
        folder = job(tmp_path, stub.url)
        with pytest.raises(DataError, match="the server refuses all 4 questions: the server answered 400"):
            run(folder, Reporter(io.StringIO()), Parent())
