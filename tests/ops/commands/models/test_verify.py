"""`abhyas verify`: a line a check, and an exit code that says whether anything differs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ops.commands.models.verify import verify
from ops.errors import OperationFailed


def test_a_version_as_it_was_left_ends_with_0(left: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What can't be checked is said and is no failure."""
    assert verify("v1", data=left) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split("\t") == ["check", "result", "what was found"]
    assert [line.split("\t")[0] for line in lines if "\tcan't be checked\t" in line] == ["verdict"]
    assert lines[-1] == f"tiny v1: {len(lines) - 3} ok, 0 differ, 1 can't be checked"


def test_a_changed_artifact_ends_with_1(left: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In JSON too, with the check that found it."""
    (left / "store/finetuned/tiny/v1/merged/model.safetensors").write_bytes(b"other weights")
    assert verify("v1", model="tiny", as_json=True, data=left) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["differs"] == 1
    assert [one["name"] for one in told["findings"] if one["state"] == "differs"] == ["artifact"]


def test_an_unknown_version_is_told_with_those_that_there_are(left: Path) -> None:
    """In one line."""
    with pytest.raises(OperationFailed, match="tiny has no version v9: expected one of v0, v1"):
        verify("v9", data=left)


def test_a_version_without_its_own_record_differs(left: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Later decisions speak of it, and nothing else does."""
    path = left / "store/finetuned/tiny/v7/decisions/r.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}", encoding="utf-8")
    assert verify("v7", data=left) == 1
    assert "no record of its own" in capsys.readouterr().out
