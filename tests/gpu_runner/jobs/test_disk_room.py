"""Free disk is looked at before a job begins, and what an ended job leaves is what somebody may still need."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from runner_fakes import FakeClock, FakeSamples, Installation, request, until

from gpu_runner.api.health import Health
from gpu_runner.event_log.read_model import ReadModel
from gpu_runner.hyperparameters import ResolvedHyperparameters
from gpu_runner.jobs import disk_room
from gpu_runner.jobs import state as jobs
from gpu_runner.jobs.disk_room import Need, adapter_bytes, need_of
from gpu_runner.jobs.ended_files import clear_ended, has_ended_for_good
from gpu_runner.jobs.folder import JobFolder
from runtime.artifacts.store import ArtifactError
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.training_state import Outcome, TrainingState

Maker = Callable[..., RetrainRequested]
LLAMA_8B = {
    "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
    "torch_dtype": "bfloat16",
}  # fmt: skip
GB = 10**9


def test_k9_what_a_job_writes_is_estimated_from_its_base() -> None:
    """An 8B model of 16 GB: its weights in the folder and in the store, an adapter of 168 MB ten times and once; on S3 the base too."""
    assert adapter_bytes(LLAMA_8B, 16, 16 * GB) == 4 * 41_943_040
    need = need_of(LLAMA_8B, 16 * GB, 16, gpu=True, local_store=True, cached=False)
    assert 33 * GB < need.data + need.artifacts < 35 * GB
    assert need_of(LLAMA_8B, 16 * GB, 16, gpu=False, local_store=True, cached=False).artifacts > 32 * GB
    remote = need_of(LLAMA_8B, 16 * GB, 16, gpu=True, local_store=False, cached=False)
    assert (remote.data, remote.artifacts) == (need.data + 16 * GB, 0)
    assert need_of(LLAMA_8B, 16 * GB, 16, gpu=True, local_store=False, cached=True) == Need(need.data, 0)
    assert need_of({}, 16 * GB, 32, gpu=True, local_store=True, cached=False).artifacts == pytest.approx(16.32 * GB)


async def test_k9_a_job_without_room_is_refused_by_name_and_may_be_retried(
    bootstrapped: Installation, make_command: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written; state, health and metrics say what is missing where; with room the next attempt is promoted."""
    free = {"bytes": 2 * GB}
    monkeypatch.setattr(disk_room.shutil, "disk_usage", lambda _path: SimpleNamespace(free=free["bytes"]))
    async with bootstrapped.running() as supervisor:
        await until(lambda: supervisor.log is not None)
        health = Health(supervisor, now=supervisor.now, on_gpus=lambda _gpus: None)
        assert (await health.report())["dependencies"]["disk"]["status"] == "healthy"
        free["bytes"] = 1 << 30
        bootstrapped.ask(make_command)
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].phase == "ended")
        refused = bootstrapped.states()[-1]
        assert (refused.outcome, refused.retryable, bootstrapped.starts()) == ("failed", True, 0)
        assert "no room on the disk for job cmd-1" in str(refused.error)
        assert not (bootstrapped.settings.jobs_dir() / "cmd-1" / "dataset").exists()
        told = await health.report()
        assert (told["status"], told["dependencies"]["disk"]["error"]) == ("degraded", refused.error)
        assert b'abhyas_runner_disk_missing_bytes{place="DATA_DIR"} 0.0' not in bootstrapped.metrics.text()
        free["bytes"] = 2 * GB
        assert (await health.report())["dependencies"]["disk"]["status"] == "healthy"
        bootstrapped.ask(make_command, attempt=2)
        await until(lambda: bootstrapped.states()[-1].attempt == 2 and bootstrapped.states()[-1].phase == "ended", seconds=60)
        assert bootstrapped.states()[-1].outcome == "promoted"
        assert b'abhyas_runner_disk_missing_bytes{place="DATA_DIR"} 0.0' in bootstrapped.metrics.text()


def test_k9_what_the_folder_holds_already_needs_no_room_again(bootstrapped_room: tuple[Any, Any], tmp_path: Any, monkeypatch: Any) -> None:
    """A job that goes on from its checkpoints has written most of it."""
    room, serving = bootstrapped_room
    monkeypatch.setattr(disk_room.shutil, "disk_usage", lambda _path: SimpleNamespace(free=(1 << 30) + 1000))
    folder = tmp_path / "job"
    folder.mkdir()
    with pytest.raises(disk_room.NoRoom) as refused:
        room.require("cmd-1", serving, 16, folder)
    with (folder / "model.safetensors").open("wb") as handle:
        handle.truncate(refused.value.missing[disk_room.DATA])
    room.require("cmd-1", serving, 16, folder)


async def test_k9_a_store_that_does_not_say_how_large_the_base_is_ends_no_job(
    bootstrapped: Installation, make_command: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is away at the start may be back when the job needs it."""

    def away(*_: Any) -> None:
        raise ArtifactError("the server is away")

    monkeypatch.setattr(disk_room.DiskRoom, "require", away)
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].phase == "ended", seconds=60)
    assert bootstrapped.states()[-1].outcome == "promoted"


@pytest.fixture
def bootstrapped_room(local_store: Any, settings: Any, make_serving: Callable[..., Any]) -> tuple[Any, Any]:
    """The room of an installation with a small base, and what serves."""
    local_store.write_bytes("base/tiny/model.safetensors", b"base weights")
    local_store.write_bytes("base/tiny/config.json", b"[]")
    return disk_room.DiskRoom(local_store, settings), make_serving()


def ended(command: RetrainRequested, outcome: Outcome, *, retryable: bool = False) -> TrainingState:
    """A job's last state."""
    at = FakeClock()()
    state = jobs.take(
        jobs.accept(command, None, version="v1", hyperparameters=ResolvedHyperparameters({}, {}), now=at), "a", now=at, lease_s=45
    )
    return jobs.end(state, outcome, now=at, retryable=retryable)


@pytest.mark.parametrize(
    ("outcome", "retryable", "attempt", "newest", "goes"),
    [
        ("rejected", False, 1, 1, True),
        ("inconclusive", False, 1, 1, True),
        ("promoted", False, 1, 1, True),
        ("cancelled", False, 1, 1, True),
        ("failed", False, 1, 1, True),
        ("failed", True, 1, 1, False),
        ("failed", True, 3, 3, True),
        ("cancelled", False, 1, 2, False),
    ],
)
def test_k9_checkpoints_stay_for_an_attempt_that_may_come(  # noqa: PLR0917 (one argument a column)
    tmp_path: Any, make_command: Maker, outcome: Outcome, retryable: bool, attempt: int, newest: int, goes: bool
) -> None:
    """And go with every other end; rows, answers and results stay in any case."""
    state, read_model = ended(make_command(attempt=attempt), outcome, retryable=retryable), ReadModel()
    for event in (state, make_command(attempt=newest)):
        read_model.apply(event)
    folder = JobFolder(tmp_path, state.job_id).path
    for name in (
        "checkpoints/step-4/optimizer.pt",
        "merged/model.safetensors",
        "adapter/a.safetensors",
        "dataset/train.jsonl",
        "result.json",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    assert has_ended_for_good(state, read_model) is goes
    assert clear_ended([state], read_model, tmp_path) == int(goes)
    assert {path.name for path in folder.iterdir()} >= {"dataset", "result.json"}
    assert (folder / "checkpoints").exists() is not goes
    assert (folder / "merged").exists() is not goes
    assert clear_ended([state], read_model, tmp_path) == 0


async def test_k9_a_rejected_job_leaves_no_weights_in_its_folder(bootstrapped: Installation, make_command: Maker) -> None:
    """Those in the store stay: a person may promote the candidate."""
    bootstrapped.behaviour = "worse"
    bootstrapped.samples = FakeSamples()
    bootstrapped.ask(make_command)
    folder = bootstrapped.settings.jobs_dir() / "cmd-1"
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].outcome == "rejected", seconds=60)
        await until(lambda: not (folder / "merged").exists())
        assert not (folder / "checkpoints").exists()
        assert (folder / "dataset" / "train.jsonl").exists()
        bootstrapped.topics.requests.append(request("promote", version="v1"))
        await until(lambda: bootstrapped.current().version == "v1")
