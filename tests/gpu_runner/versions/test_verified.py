"""What was hashed and has not changed is not read again; what has changed is noticed, on both kinds of store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from fake_minio import FakeMinio

from gpu_runner.versions import verified
from gpu_runner.versions.registry import artifact_folder
from runtime.artifacts import content_hash, fetch_folder
from runtime.artifacts.content_hash import file_sha256, folder_sha256
from runtime.artifacts.local import LocalStore
from runtime.artifacts.s3 import S3Store
from runtime.artifacts.store import ArtifactError, ArtifactMissing, ArtifactStore, files_below, put_folder

KEY = "finetuned/tiny/v1"


def counting(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Files are hashed as ever, and remembered here."""
    found: list[Path] = []

    def counted(path: Path) -> str:
        found.append(path)
        return file_sha256(path)

    for module in (content_hash, fetch_folder):
        monkeypatch.setattr(module, "file_sha256", counted)
    return found


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every file that is read to be hashed; what was just written counts as settled."""
    monkeypatch.setattr(verified, "SETTLED_NS", 0)
    return counting(monkeypatch)


@pytest.fixture
def version(store: ArtifactStore, tmp_path: Path) -> str:
    """A version in the store; its sha256."""
    merged = tmp_path / "made" / "merged"
    merged.mkdir(parents=True)
    (merged / "config.json").write_bytes(b"{}")
    (merged / "model.safetensors").write_bytes(b"weights " * 100)
    put_folder(store, KEY, files_below(merged, "merged"))
    return folder_sha256(merged)


def change(store: ArtifactStore, content: bytes) -> None:
    """Somebody overwrites the weights where they lie, past the store's own ways."""
    if isinstance(store, LocalStore):
        path = store.local_path(f"{KEY}/merged/model.safetensors")
        before = path.stat()
        path.write_bytes(content)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    else:
        store.write_bytes(f"{KEY}/merged/model.safetensors", content)


def test_k9_a_version_is_read_once_and_restarts_do_not_read_it_again(
    store: ArtifactStore, version: str, hashed: list[Path], tmp_path: Path
) -> None:
    """The second question reads nothing, whoever asks it."""
    first = artifact_folder(store, f"{KEY}/merged", version, tmp_path / "cache")
    read = len(hashed)
    assert read >= 1
    for _ in range(3):
        assert artifact_folder(store, f"{KEY}/merged", version, tmp_path / "cache") == first
    assert len(hashed) == read


def test_k9_a_verified_version_that_was_changed_is_noticed(store: ArtifactStore, version: str, hashed: list[Path], tmp_path: Path) -> None:
    """Of the same size and with its old time too; and the original put back is good again."""
    artifact_folder(store, f"{KEY}/merged", version, tmp_path / "cache")
    change(store, b"WEIGHTS " * 100)
    for _ in range(2):
        with pytest.raises(ArtifactError, match=r"changed|damaged"):
            artifact_folder(store, f"{KEY}/merged", version, tmp_path / "cache")
    change(store, b"weights " * 100)
    assert folder_sha256(artifact_folder(store, f"{KEY}/merged", version, tmp_path / "cache")) == version


def test_k9_a_verified_version_that_lost_or_got_a_file_is_noticed(
    hashed: list[Path], tmp_path: Path, version: str, store: ArtifactStore
) -> None:
    """A leftover beside the weights is other content, and a folder that is gone is missing."""
    artifact_folder(store, f"{KEY}/merged", version, tmp_path / "cache")
    store.write_bytes(f"{KEY}/merged/extra.bin", b"x")
    if isinstance(store, LocalStore):
        with pytest.raises(ArtifactError, match="changed"):
            artifact_folder(store, f"{KEY}/merged", version, tmp_path / "cache")
        for path in sorted(store.local_path(f"{KEY}/merged").iterdir()):
            path.unlink()
        store.local_path(f"{KEY}/merged").rmdir()
        with pytest.raises(ArtifactMissing):
            artifact_folder(store, f"{KEY}/merged", version, tmp_path / "cache")


def test_k9_a_damaged_copy_is_noticed(hashed: list[Path], tmp_path: Path) -> None:
    """The copy on this machine of what lies on S3 is looked at too, and fetched again."""
    store: Any = S3Store(FakeMinio(), "models")
    made = tmp_path / "made"
    made.mkdir()
    (made / "model.safetensors").write_bytes(b"weights")
    put_folder(store, KEY, files_below(made, "merged"))
    sha256, cache = folder_sha256(made), tmp_path / "cache"
    copy = artifact_folder(store, f"{KEY}/merged", sha256, cache)
    (copy / "model.safetensors").write_bytes(b"WEIGHTS")
    assert (artifact_folder(store, f"{KEY}/merged", sha256, cache) / "model.safetensors").read_bytes() == b"weights"


def test_k9_what_has_just_changed_is_not_relied_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a file system's granularity of time a second change would look like the first."""
    store = LocalStore(tmp_path / "store")
    store.write_bytes(f"{KEY}/merged/model.safetensors", b"weights")
    sha256 = folder_sha256(store.local_path(f"{KEY}/merged"))
    found = counting(monkeypatch)
    for _ in range(2):
        artifact_folder(store, f"{KEY}/merged", sha256, tmp_path / "cache")
    assert len(found) == 2
