"""Both kinds of artifact store."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported without packages; the fake has to be found

from fake_minio import FakeMinio

from producers.artifact_store.artifacts import ArtifactStore
from producers.artifact_store.local_store import LocalStore
from producers.artifact_store.s3_store import S3Store


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    """Both kinds of artifact store."""
    return LocalStore(tmp_path / "store") if request.param == "local" else S3Store(FakeMinio(), "models")
