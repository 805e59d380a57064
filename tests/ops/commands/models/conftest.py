"""What a former release's runner left, as the commands about versions find it by their settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.written_before.read import BEFORE, unpack_runner


@pytest.fixture
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of a model `tiny` whose v1 serves; the environment names its store."""
    unpack_runner(BEFORE, tmp_path)
    monkeypatch.setenv("ARTIFACTS_DIR", str(tmp_path / "store"))
    monkeypatch.delenv("MINIO_ENDPOINT", raising=False)
    monkeypatch.setenv("DEFAULT_MODEL", "tiny")
    return tmp_path
