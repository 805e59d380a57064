"""`abhyas history`: a line a period, and JSON for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ops.commands.models.history import history
from ops.errors import OperationFailed
from runtime.artifacts.local import LocalStore


def test_what_served_when_is_a_line_a_period(left: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From, to, version, hash, how, who, what before, why."""
    history("tiny", data=left)
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["from (UTC)", "to", "version", "artifact", "by", "actor", "before", "why"]
    assert [line[2:7] for line in lines[1:]] == [
        ["v0", "3774f33d9fa8", "bootstrap", "asha", ""],
        ["v1", "980851d28a27", "gate", "gate", "v0"],
    ]
    assert lines[2][:2] == ["2026-11-23 04:00", "now"]


def test_all_brings_refused_and_registered_versions_too(left: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its verdict, by the same names in JSON."""
    store = LocalStore(left / "store")
    v2 = {
        "version": "v2",
        "verdict": "inconclusive",
        "applied": False,
        "reasons": ["one", "two"],
        "decided_at": "2026-11-24T04:00:00+00:00",
    }
    store.write_bytes("finetuned/tiny/v2/decision.json", json.dumps(v2).encode())
    store.write_bytes("finetuned/tiny/x/registration.json", json.dumps({"version": "x", "actor": "ravi", "reason": "a try"}).encode())
    history("tiny", every=True, data=left)
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [(line[1], line[2], line[4], line[7]) for line in lines if line[1] == "not served"] == [
        ("not served", "x", "registered", "a try"),
        ("not served", "v2", "abstain", "one; two"),
    ]
    history("tiny", every=True, as_json=True, data=left)
    told = json.loads(capsys.readouterr().out)
    assert [one["version"] for one in told["periods"]] == ["v0", "v1"]
    assert [(one["version"], one["verdict"]) for one in told["refused"]] == [("v2", "inconclusive")]
    assert told["registered"] == ["x"]
    assert told["damaged"] == []


def test_a_damaged_record_is_told_beside_the_others(left: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr, by its key; the rest is shown."""
    LocalStore(left / "store").write_bytes("finetuned/tiny/v2/decision.json", b"")
    history("tiny", data=left)
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 3
    assert "finetuned/tiny/v2/decision.json is damaged" in shown.err


def test_an_unknown_model_is_told_with_those_that_there_are(left: Path) -> None:
    """In one line."""
    with pytest.raises(OperationFailed, match=r"other has no version in the artifact store .*: the store has tiny"):
        history("other", data=left)
