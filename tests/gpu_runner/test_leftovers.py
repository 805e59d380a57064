"""What killed processes left unfinished stops no job, no rollback, and does not stay for ever."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_minio import FakeMinio
from runner_fakes import Installation, correction, request, until

from gpu_runner.leftovers import sweep_data_dir
from gpu_runner.settings import RunnerSettings
from gpu_runner.versions.registry import artifact_folder, artifact_folder_sha256
from runtime.artifacts.content_hash import folder_sha256
from runtime.artifacts.s3 import S3Store
from runtime.artifacts.store import ArtifactError, files_below, put_folder
from schemas.events.retrain_requested import RetrainRequested

LEFTOVER = f".part-{'0' * 32}"
Maker = Callable[..., RetrainRequested]


async def test_k9_a_version_with_a_leftover_goes_on(bootstrapped: Installation, make_command: Maker) -> None:
    """An upload that a former release was killed in left its part inside the version: jobs and rollbacks go on, and it is swept."""
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].phase == "ended")
    folders = [bootstrapped.store.local_path(key) for key in ("base/tiny", "finetuned/tiny/v1/merged")]
    for folder in folders:
        (folder / LEFTOVER).write_bytes(b"half")
    async with bootstrapped.running():
        bootstrapped.samples.collected = [correction(number) for number in range(100, 160)]
        bootstrapped.ask(make_command, command_id="cmd-2", serving_version="v1")
        await until(lambda: bootstrapped.states("cmd-2") and bootstrapped.states("cmd-2")[-1].phase == "ended")
        assert bootstrapped.states("cmd-2")[-1].outcome == "promoted", bootstrapped.states("cmd-2")[-1].error
        for folder in folders:
            os.utime(folder / LEFTOVER, (time.time() - 3_600,) * 2)
        for number, version in enumerate(("v1", "v0")):
            bootstrapped.topics.requests.append(request("rollback", f"r-{number}", version=version))
            await until(lambda version=version: bootstrapped.current().version == version)
    assert not [folder for folder in folders if (folder / LEFTOVER).exists()]


def test_k9_a_fetch_that_was_killed_does_not_spoil_the_cache(settings: RunnerSettings, tmp_path: Path) -> None:
    """The client of a former release wrote beside the file: the cached model verifies all the same."""
    model = tmp_path / "model"
    model.mkdir()
    (model / "model.safetensors").write_bytes(b"weights")
    sha256, store = folder_sha256(model), S3Store(FakeMinio(), "models")
    put_folder(store, "finetuned/tiny/v1", files_below(model, "merged"))
    cached = settings.cache_dir() / sha256
    cached.mkdir(parents=True)
    (cached / "model.safetensors.e1.part.minio").write_bytes(b"wei")
    folder = artifact_folder(store, "finetuned/tiny/v1/merged", sha256, settings.cache_dir())
    assert folder_sha256(folder) == sha256


def test_k9_a_cached_model_that_is_another_is_fetched_again(settings: RunnerSettings) -> None:
    """A model put there by hand was changed and put back: the cache does not keep the wrong one."""
    store = S3Store(FakeMinio(), "models")
    store.write_bytes("base/tiny/model.safetensors", b"right")
    sha256 = artifact_folder_sha256(store, "base/tiny", settings.cache_dir())
    shutil.rmtree(settings.cache_dir() / sha256)
    store.write_bytes("base/tiny/model.safetensors", b"wrong")
    with pytest.raises(ArtifactError, match="the stored model was changed"):
        artifact_folder(store, "base/tiny", sha256, settings.cache_dir())
    store.write_bytes("base/tiny/model.safetensors", b"right")
    assert folder_sha256(artifact_folder(store, "base/tiny", sha256, settings.cache_dir())) == sha256


def test_k9_the_data_folder_is_swept_at_the_start(settings: RunnerSettings) -> None:
    """Unfinished files and half-hashed downloads go; a fetch that can go on, and everything else, stays."""
    kept = ("jobs/cmd-1/spec.json", "cache/.abc.part/weights", "jobs/cmd-1/dataset/train.jsonl")
    withdrawn = (f"jobs/cmd-1/{LEFTOVER}", f"evaluations/e-1/{LEFTOVER}", f"jobs/cmd-1/requested/{LEFTOVER}", "cache/incoming-1/weights")
    roots = {"jobs": settings.jobs_dir(), "evaluations": settings.evaluations_dir(), "cache": settings.cache_dir()}
    places = {name: roots[name.split("/")[0]] / name.split("/", 1)[1] for name in (*kept, *withdrawn)}
    for path in places.values():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    assert sweep_data_dir(settings) == len(withdrawn)
    assert [name for name in kept if not places[name].exists()] == []
    assert [name for name in withdrawn if places[name].exists()] == []
    assert sweep_data_dir(settings) == 0
