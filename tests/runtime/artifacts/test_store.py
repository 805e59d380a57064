"""Folders in the artifact store are whole or absent, verified, immutable, and inside the store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest
from fake_minio import FakeMinio
from urllib3.exceptions import HTTPError

from runtime.artifacts.content_hash import folder_sha256
from runtime.artifacts.fetch_folder import get_folder
from runtime.artifacts.local import LocalStore
from runtime.artifacts.s3 import S3Store
from runtime.artifacts.store import (
    MANIFEST,
    ArtifactConflict,
    ArtifactError,
    ArtifactMissing,
    ArtifactStore,
    checked_key,
    files_below,
    folder_manifest,
    key_of,
    put_folder,
    read_manifest,
    uri_of,
)


class Unreachable:
    """An S3 client without a server: every call ends as urllib3 ends it."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        def call(*_arguments: object, **_options: object) -> None:
            raise HTTPError(f"{name}: connection refused")

        return call


@pytest.fixture
def version(tmp_path: Path) -> Path:
    """A version's folder: adapter and merged weights."""
    folder = tmp_path / "version"
    for name, text in (("adapter/weights", "small"), ("merged/weights", "large"), ("merged/sub/config.json", "{}")):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_a_folder_comes_back_as_it_was(store: ArtifactStore, version: Path, tmp_path: Path) -> None:
    """What is fetched has the hash of what was put, and no manifest among it."""
    sha256 = put_folder(store, "finetuned/tiny/v1", files_below(version))
    fetched = get_folder(store, "finetuned/tiny/v1", tmp_path / "back")
    assert sha256 == folder_sha256(version) == folder_sha256(fetched)


def test_a_part_of_a_version_is_verified_by_the_manifest_above_it(store: ArtifactStore, version: Path, tmp_path: Path) -> None:
    """`merged/` can be fetched alone, and its hash is that of the folder that was put."""
    put_folder(store, "finetuned/tiny/v1", files_below(version))
    fetched = get_folder(store, "finetuned/tiny/v1/merged", tmp_path / "back")
    manifest, below = folder_manifest(store, "finetuned/tiny/v1/merged")
    assert manifest.sha256(below) == folder_sha256(fetched) == folder_sha256(version / "merged")


def test_a_folder_without_its_manifest_is_absent(store: ArtifactStore, tmp_path: Path) -> None:
    """A half-done upload is never taken for a whole one."""
    store.write_bytes("finetuned/tiny/v1/merged/weights", b"half")
    assert read_manifest(store, "finetuned/tiny/v1") is None
    with pytest.raises(ArtifactMissing, match=r"finetuned/tiny/v1/merged/manifest\.json and finetuned/tiny/v1/manifest\.json"):
        get_folder(store, "finetuned/tiny/v1/merged", tmp_path / "back")


def test_the_manifest_is_written_last(version: Path) -> None:
    """Whoever sees the manifest in a bucket sees every file."""
    written: list[str] = []

    class Recording(FakeMinio):
        def put_object(self, bucket: str, name: str, data: IO[bytes], length: int) -> None:
            super().put_object(bucket, name, data, length)
            written.append(name)

    put_folder(S3Store(Recording(), "models"), "v", files_below(version))
    assert written[-1] == f"v/{MANIFEST}"
    assert len(written) == 4


def test_a_version_is_immutable(store: ArtifactStore, version: Path) -> None:
    """The same content again changes nothing, other content is refused; a folder without a record may be replaced."""
    first = put_folder(store, "finetuned/tiny/v1", files_below(version))
    assert put_folder(store, "finetuned/tiny/v1", files_below(version)) == first
    (version / "merged" / "weights").write_text("other")
    with pytest.raises(ArtifactConflict, match="already holds other content"):
        put_folder(store, "finetuned/tiny/v1", files_below(version))
    assert put_folder(store, "finetuned/tiny/v1", files_below(version), replace=True) != first


def test_a_damaged_file_is_refused(store: ArtifactStore, version: Path, tmp_path: Path) -> None:
    """A stored file that differs from the manifest is an error that names it."""
    put_folder(store, "v", files_below(version))
    store.write_bytes("v/adapter/weights", b"bits flipped")
    with pytest.raises(ArtifactError, match="v/adapter/weights differs from its manifest"):
        get_folder(store, "v", tmp_path / "back")


def test_a_damaged_manifest_is_refused(store: ArtifactStore) -> None:
    """A manifest that is no JSON, or contradicts itself, is an error and not an absent folder."""
    store.write_bytes(f"v/{MANIFEST}", b"{")
    with pytest.raises(ArtifactError, match="is no manifest"):
        read_manifest(store, "v")
    store.write_bytes(f"v/{MANIFEST}", b'{"format": 1, "sha256": "0", "files": {}}')
    with pytest.raises(ArtifactError, match="contradicts itself"):
        read_manifest(store, "v")


@pytest.mark.parametrize("key", ["", "/etc/passwd", "a//b", "a/../b", "..", "a/./b", "a\\b", "a\x00b", "a\nb", "a/"])
def test_keys_that_could_leave_the_store_are_refused(store: ArtifactStore, key: str) -> None:
    """Traversal in any form is an error in every operation."""
    for operation in (checked_key, store.exists, store.read_bytes, lambda key: store.write_bytes(key, b"")):
        with pytest.raises(ArtifactError, match="is not allowed"):
            operation(key)


def test_a_link_out_of_the_local_store_is_refused(tmp_path: Path) -> None:
    """A symbolic link inside the store does not lead out of it."""
    secret = tmp_path / "secret"
    secret.write_text("not for you")
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "link").symlink_to(secret)
    with pytest.raises(ArtifactError, match="symbolic link"):
        LocalStore(tmp_path / "store").read_bytes("link")


def test_uris_name_keys_of_one_bucket(store: ArtifactStore) -> None:
    """`s3://models/<key>` and the key are two names of one thing; another bucket is refused."""
    assert key_of(uri_of("training_data/x.jsonl", "models"), "models") == "training_data/x.jsonl"
    with pytest.raises(ArtifactError, match="expected s3://models/<key>"):
        key_of("s3://other/x", store.bucket)
    with pytest.raises(ArtifactError, match="is not allowed"):
        key_of("s3://models/../x", store.bucket)


def test_listing_names_whole_folders(store: ArtifactStore) -> None:
    """A prefix is a folder, never the beginning of a name."""
    for key in ("a/1", "a/b/2", "ab/3"):
        store.write_bytes(key, b"x")
    assert store.list("a") == ("a/1", "a/b/2")
    assert store.list() == ("a/1", "a/b/2", "ab/3")
    assert store.list("nothing") == ()


def test_a_missing_file_says_where_it_was_looked_for(store: ArtifactStore, tmp_path: Path) -> None:
    """Reading an absent key names the key."""
    for read in (lambda: store.read_bytes("no/such"), lambda: store.read_file("no/such", tmp_path / "x")):
        with pytest.raises(ArtifactMissing, match="s3://models/no/such is not in the artifact store: looked for"):
            read()


def test_an_unreachable_server_is_an_error_and_not_an_absence() -> None:
    """A store that is down never says that an artifact does not exist."""
    store = S3Store(Unreachable(), "models")
    for operation in (
        lambda: store.exists("a"),
        lambda: store.read_bytes("a"),
        lambda: store.write_bytes("a", b""),
        store.list,
        store.check,
    ):
        with pytest.raises(ArtifactError, match="can't be reached") as raised:
            operation()
        assert not isinstance(raised.value, ArtifactMissing)
