"""Both kinds of artifact store."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported without packages; the fake has to be found

from fake_minio import FakeMinio

from runtime.artifacts.local import LocalStore
from runtime.artifacts.s3 import S3Store
from runtime.artifacts.store import ArtifactStore


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    """Both kinds of artifact store."""
    return LocalStore(tmp_path / "store") if request.param == "local" else S3Store(FakeMinio(), "models")
