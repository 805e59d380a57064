"""`abhyas evaluate`: a server's answers, scored in a child."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ops.commands.measure.evaluate import evaluate
from ops.errors import OperationFailed, WrongUsage
from tests.openai_stub import completion, openai_stub


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """Two questions."""
    path = tmp_path / "questions.jsonl"
    path.write_text('{"question": "Where?", "answer": "Agra"}\n{"question": "कब?", "answer": "1814"}\n', encoding="utf-8")
    return path


@pytest.mark.process
def test_a_servers_answers_are_scored_and_asked_once(
    questions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Figures and reports; the same again asks nothing, and of a file with one more row that row alone; an error is one line."""

    def answer(path: str, body: dict[str, Any]) -> Any:
        return (200, completion("Agra")) if path.endswith("chat/completions") else (404, {})

    with openai_stub(answer) as stub:
        monkeypatch.setenv("EVALUATION_ENGINE_URL", stub.url)
        monkeypatch.setenv("EVALUATION_ENGINE_MODEL", "m")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert evaluate(questions, out=tmp_path / "out", metric=["exact_match"], as_json=True) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["items"], told["metrics"]) == (2, {"exact_match": 0.5})
        assert (tmp_path / "out" / "report" / "report.html").is_file()
        stub.asked.clear()
        questions.write_text(questions.read_text(encoding="utf-8") + '{"question": "Who?", "answer": "Agra"}\n', encoding="utf-8")
        assert evaluate(questions, out=tmp_path / "out", metric=["exact_match"]) == 0
        assert "exact_match: 0.6667" in capsys.readouterr().out
        assert [body["messages"][-1]["content"] for path, body, _ in stub.asked if path.endswith("chat/completions")] == ["Who?"]
    questions.write_text('{"question": "Where?"}\n', encoding="utf-8")
    with pytest.raises(OperationFailed, match=r"questions\.jsonl:1: field 'answers'"):
        evaluate(questions, out=tmp_path / "out")


def test_without_anybody_to_answer_it_says_what_to_give(questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model's folder or a server; a folder that is none is told."""
    monkeypatch.delenv("EVALUATION_ENGINE_URL", raising=False)
    with pytest.raises(WrongUsage, match="give --model FOLDER, or set EVALUATION_ENGINE_URL"):
        evaluate(questions, out=tmp_path / "out")
    with pytest.raises(OperationFailed, match="is no folder"):
        evaluate(questions, out=tmp_path / "out", model=tmp_path / "none")
