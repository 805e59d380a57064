"""The artifact store as a local folder."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from runtime.artifacts.content_hash import is_leftover
from runtime.artifacts.stopping import look
from runtime.artifacts.store import MANIFEST, ArtifactError, ArtifactMissing, checked_key
from runtime.artifacts.unfinished import PARTS, Unfinished, copy_file
from runtime.whole_files import sync_path, whole_file


class LocalStore:
    """Keys are paths below `root`. A write grows in `root/.parts`, is synced, and renamed into its place."""

    def __init__(self, root: Path, bucket: str = "models") -> None:
        self.bucket = bucket
        self._root = root.absolute()
        self._unfinished = Unfinished(self._root)

    def exists(self, key: str) -> bool:
        """Whether a file is under the key."""
        return self._path(key).is_file()

    def read_bytes(self, key: str) -> bytes:
        """The file's bytes; raises ArtifactMissing that says where it was looked for."""
        return self._present(key).read_bytes()

    def read_start(self, key: str, size_bytes: int) -> bytes:
        """The file's first bytes; raises ArtifactMissing."""
        with self._present(key).open("rb") as handle:
            return handle.read(size_bytes)

    def write_bytes(self, key: str, data: bytes) -> None:
        """Puts the bytes under the key, whole or not at all."""
        with self._written(key) as part:
            part.write_bytes(data)

    def read_file(self, key: str, path: Path) -> None:
        """Copies the file to `path`, whole or not at all."""
        source = self._present(key)
        with whole_file(path) as part:
            copy_file(source, part)

    def write_file(self, key: str, path: Path) -> None:
        """Copies `path` under the key, whole or not at all."""
        with self._written(key) as part:
            copy_file(path, part)

    def write_folder(self, key: str, files: Mapping[str, Path], manifest: bytes) -> None:
        """Copies the files and their manifest under the key, whole or not at all, in place of everything that was below it."""
        with self._written(key) as part:
            for name in sorted(files):
                target = part / checked_key(name)
                target.parent.mkdir(parents=True, exist_ok=True)
                copy_file(files[name], target)
                sync_path(target)
            (part / MANIFEST).write_bytes(manifest)
            for path in (part / MANIFEST, *(path for path in part.rglob("*") if path.is_dir())):
                sync_path(path)

    def list(self, prefix: str = "") -> tuple[str, ...]:
        """The keys of all files below a folder key, sorted."""
        folder = self._path(prefix) if prefix else self._root
        look()
        keys = (path.relative_to(self._root).as_posix() for path in folder.rglob("*") if path.is_file() and not is_leftover(path.name))
        return tuple(sorted(key for key in keys if not key.startswith(f"{PARTS}/")))

    def stamps(self, prefix: str = "") -> dict[str, str]:
        """Size, inode, and the times of the last change of each file below a folder key."""
        folder = self._path(prefix) if prefix else self._root
        found = {}
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                state = path.stat()
                found[path.relative_to(folder).as_posix()] = f"{state.st_size}:{state.st_ino}:{state.st_mtime_ns}:{state.st_ctime_ns}"
        return found

    def local_path(self, key: str) -> Path:
        """Where the key lies; nothing needs to be there."""
        return self._path(key)

    def check(self) -> None:
        """Raises ArtifactError where the folder can't be made or written."""
        try:
            self._root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArtifactError(f"ARTIFACTS_DIR {self._root} can't be made: {error}") from error
        if not os.access(self._root, os.W_OK | os.X_OK):
            raise ArtifactError(f"ARTIFACTS_DIR {self._root} can't be written: give this user the right to")

    def _path(self, key: str) -> Path:
        look()
        path = self._root / checked_key(key)
        if key.split("/", maxsplit=1)[0] == PARTS:
            raise ArtifactError(f"key {key!r} is not allowed: {PARTS} holds what is being written")
        # A link inside the store must not lead out of it: whoever may write one key could otherwise read any file.
        if not path.resolve().is_relative_to(self._root.resolve()):
            raise ArtifactError(f"key {key!r} leads out of the store through a symbolic link: put a copy there instead")
        return path

    def _present(self, key: str) -> Path:
        path = self._path(key)
        if not path.is_file():
            raise ArtifactMissing(f"s3://{self.bucket}/{key} is not in the artifact store: looked for {path}")
        return path

    @contextmanager
    def _written(self, key: str) -> Iterator[Path]:
        """A path to write a file or a folder on; it takes the key's place when the block ends well."""
        target = self._path(key)
        try:
            with self._unfinished.new() as part:
                yield part
                look()
                sync_path(part)
                target.parent.mkdir(parents=True, exist_ok=True)
                self._put_in_place(part, target)
                sync_path(target.parent)
        except OSError as error:
            elsewhere = "another file system lies below the store; mount the whole store" if error.errno == errno.EXDEV else error
            raise ArtifactError(f"{key} can't be written under {self._root}: {elsewhere}") from error

    def _put_in_place(self, part: Path, target: Path) -> None:
        if not part.is_dir() or not target.exists():
            part.replace(target)
            return
        with self._unfinished.new() as former:
            target.rename(former)
            part.rename(target)
