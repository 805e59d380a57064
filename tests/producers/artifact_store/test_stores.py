"""The settings say which store is meant, and settings that can't be used are refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from producers.artifact_store.local_store import LocalStore
from producers.artifact_store.s3_store import S3Store
from producers.artifact_store.stores import open_store
from producers.settings import StoreSettings

S3 = {"minio_endpoint": "127.0.0.1:9000", "minio_access_key": "a", "minio_secret_key": "s"}


def test_the_local_folder_is_the_default(tmp_path: Path) -> None:
    """DATA_DIR/models, or ARTIFACTS_DIR."""
    store = open_store(StoreSettings(data_dir=tmp_path))
    assert isinstance(store, LocalStore)
    assert store.local_path("a/b") == tmp_path / "models" / "a" / "b"
    assert open_store(StoreSettings(data_dir=tmp_path, artifacts_dir=tmp_path / "x")).local_path("a") == tmp_path / "x" / "a"


def test_an_endpoint_means_s3() -> None:
    """With the seed's three variables, and the bucket of its paths."""
    store = open_store(StoreSettings(**S3))
    assert isinstance(store, S3Store)
    assert store.bucket == "models"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"minio_access_key": None}, "MINIO_ACCESS_KEY"),
        ({"minio_secret_key": None}, "MINIO_SECRET_KEY"),
        ({"minio_endpoint": "https://minio:9000"}, "without a scheme"),
        ({"minio_ca_file": Path("/no/such.pem")}, "MINIO_CA_FILE /no/such.pem"),
    ],
)
def test_settings_that_can_not_work_are_named(changes: dict[str, Any], named: str) -> None:
    """At the start, not at the first upload."""
    with pytest.raises(ValueError, match=named):
        open_store(StoreSettings(**(S3 | changes)))


def test_the_secret_key_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """Printing the settings is safe."""
    monkeypatch.setenv("MINIO_SECRET_KEY", "very-secret")
    assert "very-secret" not in repr(StoreSettings())
