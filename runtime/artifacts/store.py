"""Where artifacts live: keys of docs/requirements.md, in a bucket or in a local folder.

A folder in the store is as good as its `manifest.json`, which is written last: a reader that finds no manifest sees
no folder, and one that finds it verifies every file against it, so a half-done upload is never taken for a whole one. In a local
folder, which is also read without its manifest, all of it appears at once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from runtime.artifacts.content_hash import file_sha256, is_leftover

MANIFEST: Final = "manifest.json"


class ArtifactError(Exception):
    """The store refuses the request, or can't be used; the message names the key."""


class ArtifactMissing(ArtifactError):
    """There is nothing under the key."""


class ArtifactDamaged(ArtifactError):
    """What lies under the key is not what it has to be, and will not be another time; the message names the key and what was expected."""


class ArtifactConflict(ArtifactError):
    """Other content is already under an immutable key."""


class ArtifactStore(Protocol):
    """Files under keys, in one bucket. Every call blocks; a write is seen whole or not at all."""

    bucket: str

    def exists(self, key: str) -> bool:
        """Whether a file is under the key."""
        ...

    def read_bytes(self, key: str) -> bytes:
        """The file's bytes; raises ArtifactMissing."""
        ...

    def read_start(self, key: str, size_bytes: int) -> bytes:
        """The file's first bytes, at most `size_bytes` of them; no more is fetched. Raises ArtifactMissing."""
        ...

    def write_bytes(self, key: str, data: bytes) -> None:
        """Puts the bytes under the key, in place of what was there."""
        ...

    def read_file(self, key: str, path: Path) -> None:
        """Copies the file to `path`; raises ArtifactMissing."""
        ...

    def write_file(self, key: str, path: Path) -> None:
        """Copies `path` to the key, in place of what was there."""
        ...

    def write_folder(self, key: str, files: Mapping[str, Path], manifest: bytes) -> None:
        """Copies files (by their name below the key) and then their manifest, in place of a folder that was there.

        Until it returns whoever looks finds no folder, or the former one. A local folder is made elsewhere and renamed.
        """
        ...

    def list(self, prefix: str = "") -> tuple[str, ...]:
        """The keys of all files below a folder key, sorted; `prefix` is a whole folder, or empty for everything."""
        ...

    def stamps(self, prefix: str = "") -> Mapping[str, str]:
        """What tells a changed file without reading it, by the name below a folder key; empty where there is no file."""
        ...

    def local_path(self, key: str) -> Path | None:
        """Where the file or folder lies on this machine, or None where it has to be fetched."""
        ...

    def check(self) -> None:
        """Raises ArtifactError where the store can't be reached."""
        ...


def checked_key(key: str) -> str:
    """The key itself; raises ArtifactError for one that could leave the store.

    >>> checked_key("finetuned/tiny-llama/v1/manifest.json")
    'finetuned/tiny-llama/v1/manifest.json'
    """
    parts = key.split("/")
    if not key or len(key) > 900 or any(part in ("", ".", "..") for part in parts) or any(c in key for c in "\\\x00\n\r"):
        raise ArtifactError(
            f"key {key!r} is not allowed: expected a relative path such as training_data/rows.jsonl, without '..' or empty parts"
        )
    return key


def key_of(uri: str, bucket: str) -> str:
    """The key of `s3://<bucket>/<key>`; raises ArtifactError for another bucket or a key that could leave the store.

    >>> key_of("s3://models/training_data/ministry_qa.jsonl", "models")
    'training_data/ministry_qa.jsonl'
    """
    prefix = f"s3://{bucket}/"
    if not uri.startswith(prefix):
        raise ArtifactError(f"{uri!r} is not in the artifact store: expected {prefix}<key>")
    return checked_key(uri[len(prefix) :])


def uri_of(key: str, bucket: str) -> str:
    """The `s3://` form of a key, in the local form of the store too."""
    return f"s3://{bucket}/{checked_key(key)}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """The files of a folder: relative name to (sha256, size in bytes)."""

    files: Mapping[str, tuple[str, int]]

    def sha256(self, below: str = "") -> str:
        """The folder hash of `content_hash.folder_sha256` over the files below a relative folder (all by default)."""
        prefix = f"{below}/" if below else ""
        digest = hashlib.sha256()
        for name in sorted(self.files):
            if name.startswith(prefix):
                digest.update(f"{self.files[name][0]}  {name[len(prefix) :]}\n".encode())
        return digest.hexdigest()

    def has(self, below: str) -> bool:
        """Whether any file is below a relative folder."""
        return any(name.startswith(f"{below}/") for name in self.files)

    def as_json(self) -> bytes:
        """The bytes of `manifest.json`: the same for the same files."""
        files = {name: {"sha256": self.files[name][0], "size_bytes": self.files[name][1]} for name in sorted(self.files)}
        return json.dumps({"format": 1, "sha256": self.sha256(), "files": files}, indent=1).encode() + b"\n"


def read_manifest(store: ArtifactStore, key: str) -> Manifest | None:
    """The manifest of a folder key, or None where the folder has none; raises ArtifactError for one that can't be read."""
    name = f"{key}/{MANIFEST}"
    if not store.exists(name):
        return None
    try:
        whole = json.loads(store.read_bytes(name))
        manifest = Manifest({str(file): (str(at["sha256"]), int(at["size_bytes"])) for file, at in whole["files"].items()})
        stated = whole["sha256"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactDamaged(f"{name} is no manifest ({error}): upload the folder again") from None
    if stated != manifest.sha256():
        raise ArtifactDamaged(f"{name} contradicts itself: its sha256 is not that of its files; upload the folder again")
    return manifest


def read_stored_json(store: ArtifactStore, key: str) -> Any:
    """The value of a JSON file of ours under a key; raises ArtifactMissing, and ArtifactDamaged for one that is empty or no JSON."""
    data = store.read_bytes(key)
    try:
        return json.loads(data)
    except ValueError:
        found = f"{len(data)} bytes that are no JSON" if data.strip() else "an empty file"
        raise ArtifactDamaged(f"{key} is damaged: expected JSON, found {found}; put back a copy of it") from None


def files_below(folder: Path, prefix: str = "") -> dict[str, Path]:
    """Every file below a local folder by its relative name, put under `prefix`; for `put_folder`."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and not is_leftover(path.name))
    files = {path.relative_to(folder).as_posix(): path for path in paths}
    return {f"{prefix}/{name}" if prefix else name: path for name, path in files.items()}


def put_folder(store: ArtifactStore, key: str, files: Mapping[str, Path], *, replace: bool = False) -> str:
    """Uploads files under a folder key, `manifest.json` last; returns the folder's sha256.

    The same content again writes nothing; other content under a key that has a manifest is refused with
    ArtifactConflict, because versions are immutable. `replace` is for a folder that no record speaks of yet: an upload
    of a run whose job folder was lost before its decision.
    """
    if not files or MANIFEST in files:
        raise ArtifactError(f"{key}: expected files to upload, none of them named {MANIFEST}")
    manifest = Manifest({checked_key(name): (file_sha256(path), path.stat().st_size) for name, path in files.items()})
    before = read_manifest(store, key)
    if before is not None:
        if before.sha256() == manifest.sha256():
            return manifest.sha256()
        if not replace:
            raise ArtifactConflict(
                f"{key} already holds other content ({before.sha256()[:12]}, now {manifest.sha256()[:12]}): use a new version"
            )
    store.write_folder(key, files, manifest.as_json())
    return manifest.sha256()


def folder_manifest(store: ArtifactStore, key: str) -> tuple[Manifest, str]:
    """The manifest that covers a folder key, and the folder's relative name in it; raises ArtifactMissing."""
    return _nearest_manifest(store, key)


def _nearest_manifest(store: ArtifactStore, key: str) -> tuple[Manifest, str]:
    own = read_manifest(store, checked_key(key))
    if own is not None:
        return own, ""
    parent, _, name = key.rpartition("/")
    above = read_manifest(store, parent) if parent else None
    if above is not None and above.has(name):
        return above, name
    raise ArtifactMissing(f"{uri_of(key, store.bucket)} is not in the artifact store: looked for {key}/{MANIFEST} and {parent}/{MANIFEST}")
