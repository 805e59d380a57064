"""An S3 server in a dictionary, behind the methods of its client that the store calls."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from types import SimpleNamespace
from typing import IO, Any

from minio.error import S3Error


class FakeMinio:
    """The methods of `minio.Minio` that the store calls, with its error kinds, over a dictionary."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, bytes]] = {}

    def make_bucket(self, bucket: str) -> None:
        self.objects[bucket] = {}

    def stat_object(self, bucket: str, name: str) -> None:
        self._data(bucket, name)

    def get_object(self, bucket: str, name: str) -> Any:
        data = self._data(bucket, name)
        return SimpleNamespace(read=io.BytesIO(data).read, close=lambda: None, release_conn=lambda: None)

    def put_object(self, bucket: str, name: str, data: IO[bytes], length: int) -> None:
        self._bucket(bucket)[name] = data.read(length)

    def list_objects(self, bucket: str, prefix: str, recursive: bool) -> Iterator[Any]:
        assert recursive
        return iter([_listed(name, data) for name, data in self._bucket(bucket).items() if name.startswith(prefix)])

    def _data(self, bucket: str, name: str) -> bytes:
        if name not in self._bucket(bucket):
            raise _s3_error("NoSuchKey")
        return self.objects[bucket][name]

    def _bucket(self, bucket: str) -> dict[str, bytes]:
        if bucket not in self.objects:
            raise _s3_error("NoSuchBucket")
        return self.objects[bucket]


def _listed(name: str, data: bytes) -> Any:
    return SimpleNamespace(object_name=name, size=len(data), etag=hashlib.md5(data, usedforsecurity=False).hexdigest(), last_modified=None)


def _s3_error(code: str) -> S3Error:
    return S3Error(SimpleNamespace(), code, "said the server", "/", "1", "1")  # type: ignore[arg-type]
