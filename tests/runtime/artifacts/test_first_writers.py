"""K8: what the runner's and the commands' S3 clients met beside each other in the composition."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fake_minio import FakeMinio, _s3_error
from s3_server import S3Server, serving

from runtime.artifacts.open import open_store
from runtime.artifacts.s3 import S3Store
from runtime.artifacts.store import ArtifactError
from runtime.settings import StoreSettings

AT_ONCE = 48


class Crowded(S3Server):
    """Answers the first connections only when all of them are there."""

    request_queue_size = 2 * AT_ONCE

    def __init__(self) -> None:
        super().__init__({"GetObject", "PutObject", "ListBucket"})
        self.buckets["models"] = {}
        self._there = threading.Barrier(AT_ONCE)
        self._places = threading.Semaphore(AT_ONCE)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        if self._places.acquire(blocking=False):
            self._there.wait(30)
        super().process_request_thread(request, client_address)


def test_k8_as_many_connections_are_kept_as_are_used_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """Uploads in parts beside health checks and reads: none is thrown away with a warning that the pool is full."""
    with serving(Crowded()) as server, caplog.at_level(logging.WARNING):
        settings = {
            "minio_endpoint": server.endpoint,
            "minio_access_key": "reader",
            "minio_secret_key": "secret",
            "minio_region": "us-east-1",
        }
        store = open_store(StoreSettings(**settings))  # type: ignore[arg-type]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            assert not any(pool.map(lambda number: store.exists(f"k{number}"), range(AT_ONCE)))
    assert not [record for record in caplog.records if "pool is full" in record.getMessage()]


class MadeElsewhere(FakeMinio):
    """Another writer is making the bucket: our request is in its way, and the bucket is there a moment later."""

    def __init__(self, code: str, later: int) -> None:
        super().__init__()
        self._code, self._later = code, later

    def make_bucket(self, bucket: str) -> None:
        raise _s3_error(self._code)

    def _bucket(self, bucket: str) -> dict[str, bytes]:
        self._later -= 1
        if self._later < 0:
            self.objects.setdefault(bucket, {})
        return super()._bucket(bucket)


@pytest.mark.parametrize("code", ["OperationAborted", "BucketAlreadyOwnedByYou", "BucketAlreadyExists"])
def test_k8_a_bucket_that_another_first_writer_makes_is_waited_for(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the server says to the second one, and where the bucket is seen a moment after it was made."""
    monkeypatch.setattr("runtime.artifacts.s3._BUCKET_WAITS_S", (0.01,) * 4)
    store = S3Store(MadeElsewhere(code, later=3), "models")
    store.write_bytes("a/b", b"x")
    assert store.read_bytes("a/b") == b"x"


def test_k8_a_bucket_that_does_not_come_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waiting ends."""
    monkeypatch.setattr("runtime.artifacts.s3._BUCKET_WAITS_S", (0.0, 0.0))
    with pytest.raises(ArtifactError, match="is not in the artifact store"):
        S3Store(MadeElsewhere("BucketAlreadyExists", later=100), "models").write_bytes("a", b"x")
