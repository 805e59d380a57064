"""The artifact store as a local folder."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from producers.artifact_store.artifacts import ArtifactError, ArtifactMissing, checked_key


class LocalStore:
    """Keys are paths below `root`. A write goes to a temporary file beside its target, is synced and renamed."""

    def __init__(self, root: Path, bucket: str = "models") -> None:
        self.bucket = bucket
        self._root = root.absolute()

    def exists(self, key: str) -> bool:
        """Whether a file is under the key."""
        return self._path(key).is_file()

    def read_bytes(self, key: str) -> bytes:
        """The file's bytes; raises ArtifactMissing that says where it was looked for."""
        return self._present(key).read_bytes()

    def write_bytes(self, key: str, data: bytes) -> None:
        """Puts the bytes under the key, whole or not at all."""
        target = self._path(key)
        part = self._part(target)
        try:
            with part.open("wb") as handle:
                handle.write(data)
                handle.flush()
                os.fsync(handle.fileno())
            self._rename(part, target)
        except OSError as error:
            raise ArtifactError(f"{key} can't be written under {self._root}: {error}") from error
        finally:
            part.unlink(missing_ok=True)

    def read_file(self, key: str, path: Path) -> None:
        """Copies the file to `path`."""
        shutil.copyfile(self._present(key), path)

    def write_file(self, key: str, path: Path) -> None:
        """Copies `path` under the key, whole or not at all."""
        target = self._path(key)
        part = self._part(target)
        try:
            with path.open("rb") as source, part.open("wb") as handle:
                shutil.copyfileobj(source, handle, 1 << 20)
                handle.flush()
                os.fsync(handle.fileno())
            self._rename(part, target)
        except OSError as error:
            raise ArtifactError(f"{key} can't be written under {self._root}: {error}") from error
        finally:
            part.unlink(missing_ok=True)

    def list(self, prefix: str = "") -> tuple[str, ...]:
        """The keys of all files below a folder key, sorted."""
        folder = self._path(prefix) if prefix else self._root
        found = (
            path.relative_to(self._root).as_posix() for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".part-")
        )
        return tuple(sorted(found))

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
        path = self._root / checked_key(key)
        # A link inside the store must not lead out of it: whoever may write one key could otherwise read any file.
        if not path.resolve().is_relative_to(self._root.resolve()):
            raise ArtifactError(f"key {key!r} leads out of the store through a symbolic link: put a copy there instead")
        return path

    def _present(self, key: str) -> Path:
        path = self._path(key)
        if not path.is_file():
            raise ArtifactMissing(f"s3://{self.bucket}/{key} is not in the artifact store: looked for {path}")
        return path

    def _part(self, target: Path) -> Path:
        target.parent.mkdir(parents=True, exist_ok=True)
        return target.parent / f".part-{uuid4().hex}"

    @staticmethod
    def _rename(part: Path, target: Path) -> None:
        part.replace(target)
        with suppress(OSError):  # some file systems can't sync a folder; the rename is then as durable as they make it
            handle = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
