"""`abhyas gate`: two files of scores in, a word out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ops.commands.measure.gate import gate
from ops.errors import WrongUsage


def written(path: Path, fixed: int, lost: int = 0) -> Path:
    """A side: 40 repair items of which the first are fixed, and 60 of a holdout of which the first are lost."""
    rows = [_row(f"r{n}", "repair", n < fixed, n) for n in range(40)] + [_row(f"h{n}", "holdout", n >= lost, n) for n in range(60)]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def _row(name: str, item_set: str, right: bool, number: int) -> dict[str, Any]:
    return {
        "id": name, "group": name, "language": ("hi", "en")[number % 2], "set": item_set, "question": f"क्या {name} ऊँचा है?",
        "metrics": {"exact_match": int(right), "f1": 0.25},
    }  # fmt: skip


@pytest.mark.parametrize(("fixed", "lost", "word"), [(30, 0, "PROMOTE"), (30, 20, "REJECT"), (2, 0, "ABSTAIN")])
def test_json_has_the_word_and_what_it_rests_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fixed: int, lost: int, word: str
) -> None:
    """Every field that a program needs, and exit code 0 for each word."""
    baseline, candidate = written(tmp_path / "b.jsonl", 0), written(tmp_path / "c.jsonl", fixed, lost)
    assert gate(baseline=baseline, candidate=candidate, start=baseline, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told)[:2] == ["verdict", "reasons"]
    assert told["verdict"] == word
    assert {"detectable_effect", "items_needed", "driver", "primary", "guards", "noise_floor", "false_promotions_a_year"} <= set(told)
    assert (told["driver"] is None) == (lost == 0)
    assert (told["items_needed"] is not None) == (word == "ABSTAIN")


def test_people_read_sentences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The word first, then the reasons, then the failing items."""
    gate(baseline=written(tmp_path / "b.jsonl", 0), candidate=written(tmp_path / "c.jsonl", 30, 20))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "REJECT"
    assert any(line.startswith("  holdout: changed by -33.3 points on 60 items, significantly worse") for line in lines)
    assert any(line.startswith("  failing: h0, h1") for line in lines)


@pytest.mark.parametrize("content", [None, "", "{\n", '{"id": 1, "metrics": {"exact_match": NaN}}\n', '{"id": 1, "id": 2}\n', "[]\n"])
def test_a_file_that_is_missing_or_corrupt_is_broken(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None) -> None:
    """Never a promotion, whatever the other side says; the file is named."""
    candidate = written(tmp_path / "c.jsonl", 30)
    baseline = tmp_path / "b.jsonl"
    if content is not None:
        baseline.write_text(content, encoding="utf-8")
    assert gate(baseline=baseline, candidate=candidate, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "BROKEN"
    assert "baseline" in told["reasons"][0] or str(baseline) in told["reasons"][0]


def test_a_policy_file_decides(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A guard that it requires has to be there; a field that it does not know is wrong usage, and decides nothing."""
    baseline, candidate = written(tmp_path / "b.jsonl", 0), written(tmp_path / "c.jsonl", 30)
    policy = tmp_path / "policy.yaml"
    policy.write_text("required: [old_facts]\n", encoding="utf-8")
    gate(baseline=baseline, candidate=candidate, policy=policy, as_json=True)
    assert json.loads(capsys.readouterr().out)["verdict"] == "BROKEN"
    policy.write_text("margn: 0.05\n", encoding="utf-8")
    with pytest.raises(WrongUsage, match="field 'margn' is not known"):
        gate(baseline=baseline, candidate=candidate, policy=policy)
