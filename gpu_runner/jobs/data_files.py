"""Where a request's data file lies: `s3://<bucket>/<key>` in the artifact store, or a path below DATA_DIR."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gpu_runner.dataset.fields import unreadable
from gpu_runner.errors import RunnerError
from gpu_runner.jobs.first_rows import MAX_BYTES, FileStart
from runtime.artifacts.store import ArtifactError, ArtifactStore, key_of


class DataFileMissing(RunnerError):
    """There is no such file; the message says where it was looked for."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file that exists: a key of the store, or a path."""

    name: str
    key: str | None
    path: Path | None

    def start(self, store: ArtifactStore) -> FileStart:
        """Its first bytes, in bounded time and memory; raises DataError for a file that can't be read."""
        try:
            if self.key is not None:
                data = store.read_start(self.key, MAX_BYTES + 1)
            else:
                with Path(self.path or "").open("rb") as handle:
                    data = handle.read(MAX_BYTES + 1)
        except OSError as error:
            raise unreadable(Path(self.name), error, "a file of rows") from error
        return FileStart(self.name, data[:MAX_BYTES], len(data) <= MAX_BYTES)

    def open(self, store: ArtifactStore, into: Path) -> Path:
        """The file on this machine; one from the store is copied into the folder `into` under its own name."""
        if self.path is not None:
            return self.path
        if self.key is None:
            raise DataFileMissing(f"{self.name} is neither a key nor a path")
        into.mkdir(parents=True, exist_ok=True)
        target = into / self.key.rpartition("/")[2]
        store.read_file(self.key, target)
        return target


def find_data_file(name: str, *, store: ArtifactStore, data_dir: Path) -> DataFile:
    """The file that a request names; raises DataFileMissing, ArtifactError for a name that is not allowed."""
    try:
        return _found(name, store, data_dir)
    except OSError as error:  # a part of the name may be longer than a file's name can be
        raise ArtifactError(f"{name[:60]!r} can't be looked for ({error.strerror}): expected the name of a file") from error


def _found(name: str, store: ArtifactStore, data_dir: Path) -> DataFile:
    if name.startswith("s3://"):
        key = key_of(name, store.bucket)
        if not store.exists(key):
            local = store.local_path(key)
            if local is not None and local.is_dir():
                raise DataFileMissing(f"{name} is a folder ({local}): expected a file")
            raise DataFileMissing(f"{name} does not exist: looked for {local or f'object {key} in bucket {store.bucket} of the S3 server'}")
        return DataFile(name, key, None)
    if "://" in name or "\x00" in name:
        raise ArtifactError(f"{name!r} is not allowed: expected s3://{store.bucket}/<key> or a path below DATA_DIR")
    root = data_dir.resolve()
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        raise ArtifactError(f"{name!r} lies outside DATA_DIR {root}: put the file there, or into the store as s3://{store.bucket}/<key>")
    if path.is_dir():
        raise DataFileMissing(f"{name} is a folder ({path}): expected a file")
    if not path.is_file():
        raise DataFileMissing(f"{name} does not exist: looked for {path}")
    return DataFile(name, None, path)
