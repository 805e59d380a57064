"""`abhyas ground`: rows of claims in, verdicts out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ops.commands.measure.ground import ground
from ops.errors import OperationFailed, WrongUsage

SOURCE = "The Kite Hill Fort was built by King Vajradev in 1732. A stair of 268 steps leads up to it."
ROW: dict[str, Any] = {"id": "a", "claim": "The fort was built in 1732.", "sources": [SOURCE], "language": "en"}


def written(folder: Path, *rows: Any) -> Path:
    path = folder / "claims.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_each_row_has_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Supported, not supported, nothing to check; in the order of the rows, with exactly the fields of the format."""
    rows = (
        {**ROW, "claim": "The Kite Hill Fort was built by King Vajradev in 1732."},
        {**ROW, "id": 7, "claim": "A stair of 286 steps leads up to it."},
        {**ROW, "id": "c", "claim": "मुझे नहीं पता।", "language": "hi"},
        {**ROW, "id": "d", "claim": "Vajradev", "question": "Who built the Kite Hill Fort?"},
    )
    assert ground(claims=written(tmp_path, *rows), as_json=True) == 0
    out, err = capsys.readouterr()
    told = [json.loads(line) for line in out.splitlines()]
    assert [(one["id"], one["supported"]) for one in told] == [("a", True), (7, False), ("c", None), ("d", True)]
    assert all(list(one) == ["id", "supported", "score", "evidence", "reasons"] for one in told)
    assert told[0]["evidence"][0] == {"source": 0, "start": 0, "end": 54, "text": SOURCE[:54]}
    assert "not in the sources: 286" in told[1]["reasons"]
    assert told[2]["score"] is None
    assert err.startswith("4 claims: 2 supported, 1 not, 1 without anything to check; judged by rules, weights ")
    assert err.endswith("; no entailment model\n")


def test_people_read_sentences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The verdict, its reasons, and the evidence with the number of its source."""
    ground(claims=written(tmp_path, ROW))
    out = capsys.readouterr().out
    assert out.startswith("a: supported (0.")
    assert f"    [0] {SOURCE[:54]}\n" in out


def test_a_language_without_own_rules_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The verdict on Marathi says that general rules made it."""
    ground(
        claims=written(tmp_path, {**ROW, "claim": "किल्ला 1732 मध्ये बांधला.", "sources": ["किल्ला 1732 मध्ये बांधला."], "language": "mr"}),
        as_json=True,
    )
    assert json.loads(capsys.readouterr().out)["reasons"][-1] == "of mr the general rules alone are known"


@pytest.mark.parametrize(
    ("changed", "field", "expected"),
    [
        ({"id": None}, "id", "a text or a whole number"),
        ({"id": True}, "id", "a text or a whole number"),
        ({"claim": 2}, "claim", "a text, found 2"),
        ({"sources": SOURCE}, "sources", "a list of texts"),
        ({"sources": [{"text": SOURCE}]}, "sources", "a list of texts"),
        ({"question": ["Who?"]}, "question", "a text"),
        ({"language": "Hindi"}, "language", "a language tag"),
        ({"language": None}, "language", "a language tag"),
    ],
)
def test_a_wrong_row_is_named_by_file_line_and_field(
    changed: dict[str, Any], field: str, expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is judged before all rows are read."""
    path = written(tmp_path, ROW, {**ROW, "id": "b", **changed})
    with pytest.raises(WrongUsage, match=f"{path}:2: field '{field}': expected {expected}"):
        ground(claims=path, as_json=True)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", ["[]\n", "{\n", '{"id": "a"}\n'])
def test_what_is_no_row_is_named(content: str, tmp_path: Path) -> None:
    """No object, no JSON, a field that is missing."""
    path = tmp_path / "claims.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(WrongUsage, match=r"claims\.jsonl"):
        ground(claims=path)


def test_an_id_that_comes_twice_is_refused(tmp_path: Path) -> None:
    """Both lines are named: which verdict is whose would not be known."""
    with pytest.raises(WrongUsage, match=":2: field 'id': 'a' is that of line 1 too"):
        ground(claims=written(tmp_path, ROW, ROW))


def test_a_model_that_is_half_set_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address without the model's name is no setting to guess at."""
    monkeypatch.setenv("GROUNDING_ENTAILMENT_URL", "http://127.0.0.1:9/v1")
    with pytest.raises(OperationFailed, match="go together"):
        ground(claims=written(tmp_path, ROW))


def test_a_model_that_does_not_reply_leaves_the_rules(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line says it, and the last lines count it."""
    monkeypatch.setenv("GROUNDING_ENTAILMENT_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("GROUNDING_ENTAILMENT_MODEL", "judge")
    assert ground(claims=written(tmp_path, ROW), as_json=True) == 0
    out, err = capsys.readouterr()
    assert "by the rules, the model failed: ConnectError" in json.loads(out)["reasons"][-1]
    assert "entailment: judge at 127.0.0.1" in err
    assert "\n1 times entailment: ConnectError" in err
