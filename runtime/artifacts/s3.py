"""The artifact store as a bucket of an S3 server, through the `minio` client.

It asks for no more than s3:GetObject, s3:PutObject and s3:ListBucket; s3:CreateBucket only where the bucket is not there.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, Final, TypeVar

from minio.error import S3Error

from runtime.artifacts.s3_troubles import TROUBLES, Right, artifact_error
from runtime.artifacts.stopping import WorkStopped, look
from runtime.artifacts.store import MANIFEST, ArtifactError, ArtifactMissing, checked_key
from runtime.whole_files import whole_file

# Nothing is ever written there: asked for to see whether objects may be read.
PROBE: Final = "abhyas-check/nothing-is-here"
# OperationAborted: somebody makes it at this moment.
_OURS_ALREADY: Final = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists", "OperationAborted"})
# Until a bucket that another writer makes at this moment is there for us too.
_BUCKET_WAITS_S: Final = (0.1, 0.3, 1.0, 3.0)

Answer = TypeVar("Answer")


class S3Store:
    """Keys are object names of one bucket, which the first write makes where it is not there; S3 shows an object whole or not at all."""

    def __init__(self, client: Any, bucket: str, *, quick: Any = None, with_region: Callable[[], tuple[Any, Any]] | None = None) -> None:
        """`client` is a `minio.Minio`, or anything with the seven methods of it that are called here; `quick` the same, for `check`.

        `with_region` makes both anew with the usual region: for a key that may not ask where its bucket lies.
        """
        self.bucket = bucket
        self._client = client
        self._quick = quick or client
        self._with_region = with_region

    def exists(self, key: str) -> bool:
        """Whether an object is under the key."""
        name = checked_key(key)
        try:
            self._ask(name, "s3:GetObject", lambda client: client.stat_object(self.bucket, name))
        except ArtifactMissing:
            return False
        return True

    def read_bytes(self, key: str) -> bytes:
        """The object's bytes; raises ArtifactMissing."""
        return self._read(key, None)

    def read_start(self, key: str, size_bytes: int) -> bytes:
        """The object's first bytes; raises ArtifactMissing. The connection is closed after them: a range of an empty object is an error."""
        return self._read(key, size_bytes)

    def _read(self, key: str, size_bytes: int | None) -> bytes:
        name = checked_key(key)

        def read(client: Any) -> bytes:
            response = client.get_object(self.bucket, name)
            try:
                return bytes(response.read() if size_bytes is None else response.read(size_bytes))
            finally:
                response.close()
                response.release_conn()

        return self._ask(name, "s3:GetObject", read)

    def write_bytes(self, key: str, data: bytes) -> None:
        """Puts the bytes under the key."""
        name = checked_key(key)
        self._write(name, lambda client: client.put_object(self.bucket, name, io.BytesIO(data), len(data)))

    def read_file(self, key: str, path: Path) -> None:
        """Fetches the object to `path`, whole or not at all; may be told to stop between blocks of 1 MiB."""
        name = checked_key(key)

        def fetch(client: Any) -> None:
            response = client.get_object(self.bucket, name)
            try:
                with whole_file(path) as part, part.open("wb") as handle:
                    while block := response.read(1 << 20):
                        look()
                        handle.write(block)
            finally:
                response.close()
                response.release_conn()

        self._ask(name, "s3:GetObject", fetch)

    def write_file(self, key: str, path: Path) -> None:
        """Uploads `path`, in parts where it is large; may be told to stop between parts."""
        name = checked_key(key)

        def upload(client: Any) -> None:
            with path.open("rb") as handle:
                client.put_object(self.bucket, name, _Stoppable(handle), path.stat().st_size)

        self._write(name, upload)

    def write_folder(self, key: str, files: Mapping[str, Path], manifest: bytes) -> None:
        """Uploads the files, then the manifest: readers go by it, and take no object that it does not name."""
        for name in sorted(files):
            self.write_file(f"{key}/{name}", files[name])
        self.write_bytes(f"{key}/{MANIFEST}", manifest)

    def list(self, prefix: str = "") -> tuple[str, ...]:
        """The keys of all objects below a folder key, sorted."""
        folder = f"{checked_key(prefix)}/" if prefix else ""

        def names(client: Any) -> tuple[str, ...]:
            return tuple(sorted(item.object_name for item in client.list_objects(self.bucket, prefix=folder, recursive=True)))

        try:
            return self._ask(prefix or "the bucket", "s3:ListBucket", names)
        except ArtifactMissing:
            return ()

    def stamps(self, prefix: str = "") -> dict[str, str]:
        """Size, ETag and time of each object below a folder key, as one listing says them."""
        folder = f"{checked_key(prefix)}/" if prefix else ""

        def stated(client: Any) -> dict[str, str]:
            listed = client.list_objects(self.bucket, prefix=folder, recursive=True)
            return {item.object_name[len(folder) :]: f"{item.size}:{item.etag}:{item.last_modified}" for item in listed}

        try:
            return self._ask(prefix or "the bucket", "s3:ListBucket", stated)
        except ArtifactMissing:
            return {}

    def local_path(self, key: str) -> None:
        """None: objects have to be fetched."""
        checked_key(key)

    def check(self) -> None:
        """Raises ArtifactError where the server can't be reached or refuses our key, within seconds; a bucket that is not there is none."""

        def first(client: Any) -> Any:
            return next(iter(client.list_objects(self.bucket, prefix=PROBE, recursive=True)), None)

        try:
            self._ask("the bucket", "s3:ListBucket", first, quick=True)
            self._ask(PROBE, "s3:GetObject", lambda client: client.stat_object(self.bucket, PROBE), quick=True)
        except ArtifactMissing:
            return
        raise ArtifactError("MINIO_ENDPOINT answers to any name as if it were there: expected the host:port of the S3 API")

    def _write(self, name: str, write: Callable[[Any], Any]) -> None:
        try:
            self._ask(name, "s3:PutObject", write)
        except ArtifactMissing:
            # There is no bucket yet. Another first writer may make it at the same moment.
            self._ask(f"bucket {self.bucket} is not there and can't be made", "s3:CreateBucket", self._make_bucket)
            self._write_again(name, write)

    def _write_again(self, name: str, write: Callable[[Any], Any]) -> None:
        for wait_s in _BUCKET_WAITS_S:
            try:
                self._ask(name, "s3:PutObject", write)
            except ArtifactMissing:
                time.sleep(wait_s)
            else:
                return
        self._ask(name, "s3:PutObject", write)

    def _make_bucket(self, client: Any) -> None:
        try:
            client.make_bucket(self.bucket)
        except S3Error as error:
            if error.code not in _OURS_ALREADY:
                raise

    def _ask(self, what: str, right: Right, call: Callable[[Any], Answer], *, quick: bool = False) -> Answer:
        look()
        try:
            return call(self._quick if quick else self._client)
        except _Stopped:
            raise WorkStopped from None
        except S3Error as error:
            look()  # told to stop, and the key may not abort what had begun
            if error.code != "AccessDenied" or self._with_region is None:
                raise artifact_error(error, what=what, bucket=self.bucket, right=right) from error
        except TROUBLES as error:
            raise artifact_error(error, what=what, bucket=self.bucket, right=right) from error
        # With MINIO_REGION unset the client asks where the bucket lies, which is a right of its own: once more without asking.
        self._client, self._quick = self._with_region()
        self._with_region = None
        return self._ask(what, right, call, quick=quick)


class _Stopped(Exception):
    """Told to stop, in a form in which the client aborts the upload that it had begun."""


class _Stoppable:
    """A file as the client reads it: part by part."""

    def __init__(self, handle: IO[bytes]) -> None:
        self._handle = handle

    def read(self, size: int) -> bytes:
        try:
            look()
        except WorkStopped:
            raise _Stopped from None
        return self._handle.read(size)
