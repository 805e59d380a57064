"""The settings say which store is meant, and settings that can't be used are refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runtime.artifacts.local import LocalStore
from runtime.artifacts.open import open_store
from runtime.artifacts.s3 import S3Store
from runtime.settings import StoreSettings

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
        ({"minio_endpoint": "minio:9000/"}, "without a slash or a path"),
        ({"minio_endpoint": "minio:9000/models"}, "without a slash or a path"),
        ({"minio_endpoint": "user:key@minio:9000"}, "without a user"),
        ({"minio_endpoint": "minio:nine"}, "expected host:port, such as"),
        ({"minio_endpoint": "minio:99999"}, "expected host:port, such as"),
        ({"minio_endpoint": "mi nio"}, "expected host:port, such as"),
    ],
)
def test_k7_settings_that_can_not_work_are_named(changes: dict[str, Any], named: str) -> None:
    """At the start, not at the first upload."""
    with pytest.raises(ValueError, match=named):
        open_store(StoreSettings(**(S3 | changes)))


@pytest.mark.parametrize(
    "content", [b"", b"no certificate\n", b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n", b"\xff\xfe"]
)
def test_k7_a_file_without_a_certificate_is_named(content: bytes, tmp_path: Path) -> None:
    """Empty, or of something else: before there is a connection, and never a traceback at the first upload."""
    path = tmp_path / "ca.pem"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="MINIO_CA_FILE"):
        open_store(StoreSettings(**(S3 | {"minio_ca_file": path})))


@pytest.mark.parametrize("endpoint", ["minio", "s3.example.org:443", "10.0.0.7:9000", "[::1]:9000"])
def test_k7_hosts_with_and_without_a_port_are_taken(endpoint: str) -> None:
    """Names and addresses."""
    assert isinstance(open_store(StoreSettings(**(S3 | {"minio_endpoint": endpoint}))), S3Store)


def test_the_secret_key_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """Printing the settings is safe."""
    monkeypatch.setenv("MINIO_SECRET_KEY", "very-secret")
    assert "very-secret" not in repr(StoreSettings())
