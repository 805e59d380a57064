"""The training child as a process: what it leaves behind, and what a signal or a crash costs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gpu_runner.train.left_out import row_name
from producers.artifact_store.content_hash import file_sha256, folder_sha256

pytestmark = pytest.mark.torch
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}


def start(job: Path) -> subprocess.Popen[str]:
    log = (job / "child.log").open("a", encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, "-m", "gpu_runner.train", str(job)], stdout=subprocess.PIPE, stderr=log, text=True, env=ENVIRONMENT
    )


def events_of(child: subprocess.Popen[str]) -> list[dict[str, Any]]:
    out, _ = child.communicate(timeout=200)
    return [json.loads(line) for line in out.splitlines()]


def wait_for_checkpoint(job: Path, child: subprocess.Popen[str], step: int) -> None:
    deadline = time.monotonic() + 150
    while not (job / "checkpoints" / f"step-{step}" / "manifest.json").is_file():
        assert child.poll() is None, (job / "child.log").read_text(encoding="utf-8")[-2000:]
        assert time.monotonic() < deadline, "no checkpoint came"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def undisturbed(make_job: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """One job run from start to end."""
    job = make_job(tmp_path_factory.mktemp("undisturbed") / "job")
    child = start(job)
    events = events_of(child)
    assert child.returncode == 0, (job / "child.log").read_text(encoding="utf-8")[-2000:]
    return job, events


def test_a_job_ends_with_artifacts_that_are_what_the_result_says(undisturbed: tuple[Path, list[dict[str, Any]]]) -> None:
    """Phases come in order, result.json names the hashes on disk, both sides answered every item, merged equals trained."""
    job, events = undisturbed
    phases = [event["phase"] for event in events if event["event"] == "progress"]
    assert list(dict.fromkeys(phases)) == ["loading", "training", "merging", "evaluating"]
    result = json.loads((job / "result.json").read_text(encoding="utf-8"))
    assert events[-1] == {"event": "result"} | result
    assert result["merged"]["sha256"] == folder_sha256(job / "merged")
    assert result["merge_max_logit_difference"] < 0.01
    assert result["last_loss"] < result["first_loss"]
    answers = [json.loads(line) for line in (job / "evaluation" / "answers.jsonl").read_text(encoding="utf-8").splitlines()]
    asked = len((job / "dataset" / "evaluation.jsonl").read_text(encoding="utf-8").splitlines())
    assert [answer["side"] for answer in answers] == ["baseline"] * asked + ["candidate"] * asked


def test_k11_the_scores_hold_what_both_sides_took_for_the_same_work(undisturbed: tuple[Path, list[dict[str, Any]]]) -> None:
    """Two passes of each side over the same batches, all of them with a time."""
    job, _ = undisturbed
    timings = json.loads((job / "evaluation" / "scores.json").read_text(encoding="utf-8"))["timings"]
    assert {side: [len(one) for one in timings[side]] for side in ("baseline", "candidate")} == {
        "baseline": [len(timings["baseline"][0])] * 2,
        "candidate": [len(timings["baseline"][0])] * 2,
    }
    assert len(timings["baseline"][0]) >= 8
    assert all(ms > 0 for side in ("baseline", "candidate") for one in timings[side] for ms in one)


def test_a_finished_job_answers_at_once(undisturbed: tuple[Path, list[dict[str, Any]]]) -> None:
    """Run again, the child gives the same result without training."""
    job, events = undisturbed
    again = events_of(start(job))
    assert again[-1] == events[-1]
    assert {event["phase"] for event in again if event["event"] == "progress"} == {"loading"}


def test_interrupted_runs_end_in_the_same_weights(
    undisturbed: tuple[Path, list[dict[str, Any]]], make_job: Callable[..., Path], tmp_path: Path
) -> None:
    """SIGTERM leaves a checkpoint and 143; after SIGKILL a damaged checkpoint is passed over; the weights come out the same."""
    job = make_job(tmp_path / "job")
    child = start(job)
    wait_for_checkpoint(job, child, 4)
    child.send_signal(signal.SIGTERM)
    events_of(child)
    assert child.returncode == 143
    child = start(job)
    wait_for_checkpoint(job, child, 16)
    child.kill()
    child.communicate()
    newest = max((job / "checkpoints").glob("step-*"), key=lambda path: int(path.name.split("-")[1]))
    (newest / "adapter_model.safetensors").write_bytes(b"torn")
    child = start(job)
    events_of(child)
    assert child.returncode == 0, (job / "child.log").read_text(encoding="utf-8")[-2000:]
    result = json.loads((job / "result.json").read_text(encoding="utf-8"))
    whole = json.loads((undisturbed[0] / "result.json").read_text(encoding="utf-8"))
    assert 0 < result["resumed_from_step"] < int(newest.name.split("-")[1])
    assert result["ignored_checkpoints"][0].startswith(newest.name)
    for name in ("steps", "trained_tokens", "first_loss", "last_loss", "merged"):
        assert result[name] == whole[name], name


def test_k4_rows_too_long_are_said_on_every_line_and_their_repair_items_are_not_asked(
    make_job: Callable[..., Path], tmp_path: Path
) -> None:
    """A correction longer than `max_seq_length` teaches nothing: neither trained nor asked, and counted from the start."""
    long, short = "a" * 64, "b" * 64
    rows = [
        {"id": "r1", "prompt": "Who?", "completion": "word " * 200, "origin": "correction", "group": "g1", "sample_id": long},
        {"id": "r2", "prompt": "Where?", "completion": "Agra", "origin": "correction", "group": "g2", "sample_id": short},
    ]
    job = make_job(tmp_path / "job", rows=rows)
    shared = {"set": "repair", "language": "en"}
    items = [
        {"id": "i1", "question": "Tell me who", "answers": ["word " * 200], "group": "g1", "sample_id": long} | shared,
        {"id": "i2", "question": "Tell me where", "answers": ["Agra"], "group": "g2", "sample_id": short} | shared,
    ]
    (job / "dataset" / "evaluation.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    spec = json.loads((job / "spec.json").read_text(encoding="utf-8"))
    spec["hyperparameters"]["epochs"] = 1
    spec["dataset"]["sha256"]["evaluation"] = file_sha256(job / "dataset" / "evaluation.jsonl")
    (job / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    child = start(job)
    events = events_of(child)
    assert child.returncode == 0, (job / "child.log").read_text(encoding="utf-8")[-2000:]
    assert events[-1]["left_out"] == {"rows": [row_name("r1", "Who?")], "samples": [long], "items": ["i1"]}
    told = [(event["rows_too_long"], event["samples_too_long"]) for event in events if event.get("phase") in ("training", "evaluating")]
    assert told
    assert set(told) == {(1, 1)}
    answers = [json.loads(line) for line in (job / "evaluation" / "answers.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(answer["item_id"], answer["side"]) for answer in answers] == [("i2", "baseline"), ("i2", "candidate")]
    assert all(answer["cut"] in (True, False) for answer in answers)
    scores = json.loads((job / "evaluation" / "scores.json").read_text(encoding="utf-8"))
    assert [item["item_id"] for item in scores["items"]] == ["i2"]


def test_no_rows_are_reported_as_no_data(make_job: Callable[..., Path], tmp_path: Path) -> None:
    """An empty training file ends with 3 and an error line of the kind `no_data`, before anything is loaded."""
    child = start(make_job(tmp_path / "job", rows=[]))
    events = events_of(child)
    assert (child.returncode, events[-1]["event"], events[-1]["kind"]) == (3, "error", "no_data")


def test_a_changed_dataset_is_refused(make_job: Callable[..., Path], tmp_path: Path) -> None:
    """A file that is not the one named in spec.json ends with `bad_data` and names the file."""
    job = make_job(tmp_path / "job")
    (job / "dataset" / "train.jsonl").write_text("{}\n", encoding="utf-8")
    events = events_of(start(job))
    assert events[-1]["kind"] == "bad_data"
    assert "train.jsonl" in events[-1]["message"]
