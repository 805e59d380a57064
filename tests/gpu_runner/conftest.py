"""Fixtures of the runner's tests; what they are made of is in `runner_fakes.py` beside this file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# Tests are imported without packages; the fakes have to be found.
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "producers" / "artifact_store"))

from fake_minio import FakeMinio
from runner_fakes import (
    BOOTSTRAP,
    FakeChannel,
    FakeClock,
    FakeTopics,
    Installation,
    command,
    request,
    serving,
    until,
    upload_material,
)

from gpu_runner.settings import RunnerSettings
from gpu_runner.supervisor import Channel
from producers.artifact_store.artifacts import ArtifactStore
from producers.artifact_store.local_store import LocalStore
from producers.artifact_store.s3_store import S3Store
from schemas.decision import RetrainRequested
from schemas.model import ModelCurrent


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
        holdout_percent=25,
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


@pytest.fixture
def installation(
    settings: RunnerSettings, local_store: LocalStore, topics: Any, open_channel: Callable[[], Channel], tmp_path: Path
) -> Installation:
    """An installation with the material in its store, nothing bootstrapped."""
    upload_material(local_store, tmp_path)
    return Installation(topics, settings, local_store, open_channel)


@pytest.fixture
async def bootstrapped(installation: Installation) -> Installation:
    """An installation whose model serves v0."""
    installation.topics.requests.append(request("bootstrap", **BOOTSTRAP))
    async with installation.running():
        await until(lambda: installation.topics.events(ModelCurrent))
    return installation
