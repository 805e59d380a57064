"""Fakes that the runner's tests share: a store in a folder, an S3 client in memory, a channel without Kafka, a settable clock."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from minio.error import S3Error
from pydantic import BaseModel

from gpu_runner.artifacts import ArtifactStore
from gpu_runner.errors import NotConnected
from gpu_runner.ledger import Ledger
from gpu_runner.local_store import LocalStore
from gpu_runner.s3_store import S3Store
from gpu_runner.settings import RunnerSettings
from schemas.catalogue import Event
from schemas.decision import LeasedBatch, RetrainRequested
from schemas.envelope import decode, encode
from schemas.model import ModelCurrent

START = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


class FakeClock:
    """A wall clock that moves when told."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at

    def pass_s(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class FakeMinio:
    """The methods of `minio.Minio` that the store calls, with its error kinds, over a dictionary."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, bytes]] = {}

    def bucket_exists(self, bucket: str) -> bool:
        return bucket in self.objects

    def make_bucket(self, bucket: str) -> None:
        self.objects[bucket] = {}

    def stat_object(self, bucket: str, name: str) -> None:
        self._data(bucket, name)

    def get_object(self, bucket: str, name: str) -> Any:
        data = self._data(bucket, name)
        return SimpleNamespace(read=lambda: data, close=lambda: None, release_conn=lambda: None)

    def put_object(self, bucket: str, name: str, data: io.BytesIO, length: int) -> None:
        self.objects[bucket][name] = data.read(length)

    def fget_object(self, bucket: str, name: str, path: str) -> None:
        Path(path).write_bytes(self._data(bucket, name))

    def fput_object(self, bucket: str, name: str, path: str) -> None:
        self.objects[bucket][name] = Path(path).read_bytes()

    def list_objects(self, bucket: str, prefix: str, recursive: bool) -> Iterator[Any]:
        assert recursive
        if bucket not in self.objects:
            raise _s3_error("NoSuchBucket")
        return iter([SimpleNamespace(object_name=name) for name in self.objects[bucket] if name.startswith(prefix)])

    def _data(self, bucket: str, name: str) -> bytes:
        if bucket not in self.objects:
            raise _s3_error("NoSuchBucket")
        if name not in self.objects[bucket]:
            raise _s3_error("NoSuchKey")
        return self.objects[bucket][name]


def _s3_error(code: str) -> S3Error:
    return S3Error(SimpleNamespace(), code, "said the server", "/", "1", "1")  # type: ignore[arg-type]


@dataclass
class FakeTopics:
    """The topics as a list of records: what is written by one channel is restored by the next."""

    transactions: list[tuple[Event, ...]] = field(default_factory=list)
    requests: list[BaseModel] = field(default_factory=list)
    up: bool = True

    def events(self, kind: type[Any]) -> list[Any]:
        """Every written event of a kind, in order."""
        return [event for transaction in self.transactions for event in transaction if isinstance(event, kind)]


class FakeChannel:
    """A session over `FakeTopics`; every event makes the way over its wire form, as it does with Kafka."""

    def __init__(self, topics: FakeTopics) -> None:
        self._topics = topics
        self._read = 0
        self.closed = False

    async def open(self, ledger: Ledger) -> None:
        self._check()
        for transaction in self._topics.transactions:
            for event in transaction:
                ledger.apply(_over_the_wire(event))
        for request in self._topics.requests:
            ledger.apply(request)
        self._read = len(self._topics.requests)

    async def close(self) -> None:
        self.closed = True

    async def poll(self, timeout_s: float) -> Sequence[BaseModel]:
        self._check()
        await asyncio.sleep(min(timeout_s, 0.01))
        new = self._topics.requests[self._read :]
        self._read += len(new)
        return new

    async def write(self, events: Sequence[Event]) -> None:
        self._check()
        for event in events:
            _over_the_wire(event)
        self._topics.transactions.append(tuple(events))

    async def latency_ms(self) -> float:
        self._check()
        return 0.1

    def _check(self) -> None:
        if not self._topics.up:
            raise NotConnected("the broker is away")


def _over_the_wire(event: Event) -> BaseModel:
    record = encode(event, source="/test", time=START)
    assert isinstance(event, BaseModel)
    return decode(record.value, record.headers, type(event))[1]


@pytest.fixture
def clock() -> FakeClock:
    """A clock at 04:00 on a fixed day."""
    return FakeClock()


@pytest.fixture
def topics() -> FakeTopics:
    """Empty topics."""
    return FakeTopics()


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    """Both kinds of artifact store."""
    return LocalStore(tmp_path / "store") if request.param == "local" else S3Store(FakeMinio(), "models")


@pytest.fixture
def settings(tmp_path: Path) -> RunnerSettings:
    """Settings of a fresh installation whose folders are all below the test's own."""
    return RunnerSettings(
        data_dir=tmp_path / "data",
        models_dir=tmp_path / "mounted",
        eval_reports_dir=tmp_path / "reports",
        holdout_key="a key for tests",
        runner_owner="runner-a",
        lease_renew_s=0.2,
        progress_every_s=0,
        cancel_grace_s=2,
        stop_grace_s=1,
    )


@pytest.fixture
def local_store(settings: RunnerSettings) -> LocalStore:
    """The store of those settings."""
    return LocalStore(settings.artifacts_root())


def serving(model: str = "tiny", version: str = "v0", sha256: str = "a" * 64, **changes: Any) -> ModelCurrent:
    """A serving version."""
    fields: dict[str, Any] = {
        "model": model, "version": version, "artifact_uri": "base/tiny", "artifact_sha256": sha256, "cause": "bootstrap",
        "decision_id": "boot", "base_model": "org/tiny", "holdout_key_id": "00000000", "holdout_percent": 10, "since": START,
    }  # fmt: skip
    return ModelCurrent(**(fields | changes))


def command(command_id: str = "cmd-1", **changes: Any) -> RetrainRequested:
    """A command with an empty batch."""
    fields: dict[str, Any] = {
        "command_id": command_id, "model": "tiny", "serving_version": "v0", "requested_at": START, "rules": ("count",),
        "batch": LeasedBatch(number=1, sha256="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    }  # fmt: skip
    return RetrainRequested(**(fields | changes))


@pytest.fixture
def make_command() -> Callable[..., RetrainRequested]:
    """Makes commands."""
    return command


@pytest.fixture
def make_serving() -> Callable[..., ModelCurrent]:
    """Makes serving versions."""
    return serving


@pytest.fixture
def open_channel(topics: FakeTopics) -> Callable[[], FakeChannel]:
    """Opens sessions over the test's topics."""
    return lambda: FakeChannel(topics)
