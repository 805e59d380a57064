"""`abhyas holdout`: what is pinned, and another key, from the store alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gpu_runner.dataset.rows import EvaluationItem, json_lines
from gpu_runner.versions.holdout import holdout_record
from gpu_runner.versions.keys import MODEL_ITEMS
from ops.commands.models.bootstrap import configured_store
from ops.commands.models.holdout import rotate_key, show
from ops.errors import OperationFailed
from schemas.holdout import key_id

ITEMS = [EvaluationItem(f"i{number}", "holdout", f"What is in hall {number}?", ("a bell",), "en", f"hall {number}") for number in range(20)]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a bootstrapped model and its key; a file with another key."""
    for name in ("HOLDOUT_KEY", "ARTIFACTS_DIR", "MINIO_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ARTIFACTS_DIR", str(tmp_path / "artifacts"))
    store = configured_store(tmp_path)
    store.write_bytes(MODEL_ITEMS.format(model="tiny"), json_lines(ITEMS))
    record = {"content": {"holdout_key_id": key_id(b"first")}}
    store.write_bytes("finetuned/tiny/v0/decision.json", json.dumps(record).encode())
    pinned = holdout_record(ITEMS, key=key_id(b"first"), percent=10, leaked={"batch": ["i1"], "trained": []})
    store.write_bytes("finetuned/tiny/v0/holdout.json", json.dumps(pinned).encode())
    (tmp_path / "holdout.key").write_bytes(b"first\n")
    (tmp_path / "new.key").write_bytes(b"second\n")
    return tmp_path


def test_a_rotation_is_recorded_with_who_and_why(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A part stays, the others are released; what is shown has the change, and no text of an item."""
    rotate_key(model="tiny", new_key_file=data / "new.key", keep_percent=50, actor="asha", reason="it leaked", data=data)
    assert f"holdout key {key_id(b'first')} -> {key_id(b'second')}" in capsys.readouterr().out
    show(model="tiny", as_json=True, data=data)
    told = json.loads(capsys.readouterr().out)
    (change,) = told["key_changes"]
    assert (change["actor"], change["reason"]) == ("asha", "it leaked")
    assert sorted(change["items_kept"] + change["items_released"]) == sorted(item.id for item in ITEMS)
    assert 0 < len(change["items_kept"]) < len(ITEMS)
    assert "hall" not in json.dumps(told)
    show(model="tiny", data=data)
    assert "20 items held out" in capsys.readouterr().out


def test_a_rotation_from_another_key_is_refused_and_changes_nothing(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The key in force is asked for, and the same change twice is none."""
    (data / "other.key").write_bytes(b"other")
    with pytest.raises(OperationFailed, match="in force is"):
        rotate_key(model="tiny", new_key_file=data / "new.key", old_key_file=data / "other.key", data=data)
    with pytest.raises(OperationFailed, match="not bootstrapped"):
        rotate_key(model="unknown", new_key_file=data / "new.key", data=data)
    rotate_key(model="tiny", new_key_file=data / "new.key", data=data)
    with pytest.raises(OperationFailed, match="in force is"):
        rotate_key(model="tiny", new_key_file=data / "new.key", data=data)
    assert "20 items stay held out, 0 are released" in capsys.readouterr().out
