"""`abhyas score`: the JSON that others read, and errors in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ops.commands.measure.score import ScoredLanguage, score
from ops.errors import OperationFailed

ASKED = {"data": [{"title": "t", "paragraphs": [{"context": "c", "qas": [
    {"id": "a", "question": "कहाँ?", "answers": [{"text": "आगरा में है यह महल", "answer_start": 0}]},
    {"id": "b", "question": "कब?", "answers": [{"text": "1950", "answer_start": 0}]},
]}]}]}  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """References of two questions, and one answer to them and one to another."""
    references, predictions = tmp_path / "squad.json", tmp_path / "predictions.json"
    references.write_text(json.dumps(ASKED))
    predictions.write_text(json.dumps({"a": "आगरा में है यह महल।", "c": "?"}))
    return references, predictions


def test_each_metric_is_told_with_what_it_counts(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """EM and F1 in percent over all questions, corpus scores with signatures, and what has no answer or no question."""
    assert score(language=ScoredLanguage.HI, references=files[0], predictions=files[1], as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert {name: told[name] for name in ("language", "items", "missing", "not_asked", "impossible")} == {
        "language": "hi", "items": 2, "missing": 1, "not_asked": 1, "impossible": 0,
    }  # fmt: skip
    assert set(told["metrics"]) == set(told["nfc"]) == {"mlqa", "squad", "hi_lenient", "bleu_intl", "bleu_13a", "chrf", "chrf++"}
    assert told["metrics"]["mlqa"] == told["metrics"]["hi_lenient"] == {"exact_match": 50, "f1": 50}
    assert told["metrics"]["squad"]["exact_match"] == 0
    assert set(told["metrics"]["bleu_intl"]) == {"score", "signature"}


def test_a_person_reads_a_table(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """Each metric a line, as given and in NFC, the signatures below."""
    assert score(language=ScoredLanguage.HI, references=files[0], predictions=files[1]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2 questions, 1 without an answer, 0 impossible; 1 answers to other questions"
    assert lines[2].split() == ["mlqa", "EM", "50.00", "F1", "50.00", "EM", "50.00", "F1", "50.00"]
    assert lines[-1].startswith("chrf++: nrefs:1")


def test_a_file_that_can_not_be_scored_is_one_line(files: tuple[Path, Path], tmp_path: Path) -> None:
    """The path and what was expected there."""
    with pytest.raises(OperationFailed, match=r"none\.json: no such file: expected a SQuAD-format JSON file there"):
        score(language=ScoredLanguage.EN, references=tmp_path / "none.json", predictions=files[1])
    with pytest.raises(OperationFailed, match=r"expected a JSON object \{id: answer\}"):
        score(language=ScoredLanguage.EN, references=files[0], predictions=tmp_path)
