"""A runner that former releases left amid a training: its versions are read, and its job goes on from its folder."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from runner_fakes import FakeClock, FakeTopics, Installation, until

from gpu_runner.dataset.rows import load_evaluation_items, load_training_rows
from gpu_runner.jobs.folder import JobFolder
from gpu_runner.settings import RunnerSettings
from gpu_runner.supervisor import Channel
from gpu_runner.versions.lineage_rows import learnt_by_versions
from runtime.artifacts.content_hash import folder_sha256
from runtime.artifacts.local import LocalStore
from schemas.catalogue import BY_TOPIC
from schemas.envelope import decode
from tests.written_before.read import BEFORE, FORMER, unpack_runner

pytestmark = pytest.mark.process


@pytest.fixture(params=[FORMER, BEFORE])
def left(
    request: pytest.FixtureRequest, tmp_path: Path, settings: RunnerSettings, topics: FakeTopics, open_channel: Callable[[], Channel]
) -> Installation:
    """The installation that a release's runner left."""

    def event(one: dict[str, Any]) -> Any:
        return decode(b64decode(one["value"]), [(name, b64decode(raw)) for name, raw in one["headers"]], BY_TOPIC[one["topic"]])[1]

    topics.transactions += [tuple(map(event, transaction)) for transaction in unpack_runner(request.param, tmp_path)]
    settings = settings.model_copy(update={"data_dir": tmp_path})
    return Installation(topics, settings, LocalStore(tmp_path / "store"), open_channel, clock=FakeClock())


def learnt(installation: Installation, version: str) -> list[tuple[str, int, int]]:
    """What each version of a lineage keeps: its name, rows and items."""
    store = installation.store
    found = learnt_by_versions(
        store, "tiny", version,
        rows_of=lambda key: load_training_rows(store.local_path(key)) if store.exists(key) else (),
        items_of=lambda key: load_evaluation_items(store.local_path(key)) if store.exists(key) else (),
    )  # fmt: skip
    return [(one.version, len(one.rows), len(one.items)) for one in found]


async def test_versions_and_job_folders_of_former_releases_are_read_and_the_job_goes_on(left: Installation) -> None:
    """v1 and its job are read; the training of v2 is taken up where its checkpoint is, not prepared anew, and is promoted."""
    serving = left.current()
    assert (serving.version, serving.previous_version) == ("v1", "v0")
    assert folder_sha256(left.store.local_path(serving.artifact_uri)) == serving.artifact_sha256
    assert learnt(left, "v1") == [("v1", 120, 60), ("v0", 0, 0)]
    ended, open_ = (JobFolder(left.settings.jobs_dir(), job) for job in ("cmd-1", "cmd-2"))
    assert len((ended.made_of() or ("", {}))[1]) == 40
    pinned = open_.pinned_spec(1)
    assert open_.verified_result() is None
    async with left.running():
        await until(lambda: left.states("cmd-2")[-1].phase == "ended")
    assert left.states("cmd-2")[-1].outcome == "promoted"
    assert (left.current().version, left.current().previous_version) == ("v2", "v1")
    assert open_.pinned_spec(1) == pinned
    assert json.loads(open_.result.read_text())["resumed_from_step"] == 2
    assert [name for name, *_ in learnt(left, "v2")] == ["v2", "v1", "v0"]
