"""The training child as a process: what it leaves behind, and what a signal or a crash costs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gpu_runner.child.exit import read_end
from gpu_runner.train.left_out import row_name
from runtime.artifacts.content_hash import file_sha256, folder_sha256

pytestmark = [pytest.mark.process, pytest.mark.timeout(900)]
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


def put_nan(path: Path, name: str) -> None:
    """Makes the first number of a tensor in a safetensors file NaN."""
    from safetensors.torch import load_file, save_file

    tensors = load_file(path)
    tensors[name].view(-1)[0] = float("nan")
    save_file(tensors, path, metadata={"format": "pt"})


def tell(job: Path) -> None:
    """Makes repair items of the job's items, and a correction that the baseline is told of each."""
    spec = json.loads((job / "spec.json").read_text(encoding="utf-8"))
    items = [json.loads(line) for line in (job / "dataset" / "evaluation.jsonl").read_text(encoding="utf-8").splitlines()]
    items = [item | {"set": "repair", "sample_id": f"s{number}"} for number, item in enumerate(items)]
    told = [
        {
            "id": item["id"],
            "prompt": item["question"],
            "completion": item["answers"][0],
            "origin": "correction",
            "sample_id": item["sample_id"],
        }
        for item in items
    ]
    for name, rows in (("evaluation", items), ("told", told)):
        path = job / "dataset" / f"{name}.jsonl"
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        spec["dataset"][name], spec["dataset"]["sha256"][name] = f"dataset/{name}.jsonl", file_sha256(path)
    (job / "spec.json").write_text(json.dumps(spec | {"told_corrections": 3}), encoding="utf-8")


@pytest.fixture(scope="module")
def undisturbed(make_job: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """One job run from start to end, which asks the baseline once more, told corrections."""
    job = make_job(tmp_path_factory.mktemp("undisturbed") / "job")
    tell(job)
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


def test_a_baseline_that_was_told_corrections_leaves_figures_alone(undisturbed: tuple[Path, list[dict[str, Any]]]) -> None:
    """In a file of their own, which the result names; neither side's answers nor the scores have any of it."""
    job, events = undisturbed
    told = events[-1]["told"]
    assert told == {"path": "evaluation/told.json", "sha256": file_sha256(job / "evaluation" / "told.json")}
    figures = json.loads((job / "evaluation" / "told.json").read_text(encoding="utf-8"))
    asked = len((job / "dataset" / "evaluation.jsonl").read_text(encoding="utf-8").splitlines())
    assert (figures["most"], len(figures["items"]) + sum(figures["not_asked"].values())) == (3, asked)
    assert len(figures["items"]) > 0
    assert {path.name for path in (job / "evaluation").iterdir()} == {"answers.jsonl", "scores.json", "told.json"}


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


def test_k9_what_is_over_the_limit_is_neither_trained_nor_measured_nor_asked(make_job: Callable[..., Path], tmp_path: Path) -> None:
    """A question of 8,000 characters is in no row, held-out row, probe or item of either side, and each is counted."""
    long = "यह क्या है? " * 700
    rows = [{"id": f"r{number}", "prompt": "Who?", "completion": "Agra", "origin": "correction"} for number in range(2)]
    rows[0]["prompt"] = long
    job = make_job(tmp_path / "job", rows=rows)
    lines = {
        "eval": [rows[0] | {"id": "e1"}, rows[1] | {"id": "e2"}],
        "evaluation": [
            {"id": name, "set": name.partition("-")[0], "question": question, "answers": ["Agra"], "language": "en", "group": name}
            for name, question in (("holdout-1", long), ("old_facts-1", long), ("old_facts-2", "Who?"), ("repair-1", "Tell me who"))
        ],
    }
    spec = json.loads((job / "spec.json").read_text(encoding="utf-8"))
    spec["hyperparameters"]["epochs"] = 1
    for name, content in lines.items():
        path = job / "dataset" / f"{name}.jsonl"
        path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in content), encoding="utf-8")
        spec["dataset"]["sha256"][name] = file_sha256(path)
    (job / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    result = events_of(start(job))[-1]
    assert result["event"] == "result", result
    assert result["too_long"] == {"limit": 128, "rows": 1, "samples": 0, "held_out_rows": 1, "items": {"holdout": 1, "old_facts": 1}}
    assert result["left_out"]["items"] == ["holdout-1", "old_facts-1"]
    assert result["eval_loss"] > 0
    answers = [json.loads(line) for line in (job / "evaluation" / "answers.jsonl").read_text(encoding="utf-8").splitlines()]
    sides = ("baseline", "candidate")
    assert [(answer["item_id"], answer["side"]) for answer in answers] == [
        (name, side) for side in sides for name in ("old_facts-2", "repair-1")
    ]


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


@pytest.fixture(scope="module")
def in_turn(make_job: Callable[..., Path], multimodal: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Ends of four jobs of one process: no room for one row, a base of NaN, room for one row at once, a base with a vision tower."""
    folder = tmp_path_factory.mktemp("in_turn")
    jobs = {name: make_job(folder / name) for name in ("full", "nan", "halved", "multimodal")}
    nan = folder / "base"
    shutil.copytree(json.loads((jobs["nan"] / "spec.json").read_text(encoding="utf-8"))["start"]["path"], nan)
    put_nan(nan / "model.safetensors", "model.layers.0.mlp.up_proj.weight")
    for name, base in (("nan", nan), ("multimodal", multimodal)):
        spec = json.loads((jobs[name] / "spec.json").read_text(encoding="utf-8"))
        spec["start"] |= {"path": str(base), "sha256": folder_sha256(base)}
        spec["hyperparameters"]["epochs"] = 1
        (jobs[name] / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    room = {"full": 0, "nan": 64, "halved": 1, "multimodal": 64}
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "jobs_in_turn.py"), *(f"{jobs[name]}:{rows}" for name, rows in room.items())],
        capture_output=True, text=True, env=ENVIRONMENT | {"PYTHONPATH": os.getcwd()}, timeout=800, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    ends = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {name: end | {"folder": str(jobs[name])} for name, end in zip(room, ends, strict=True)}


def test_k9_out_of_memory_halves_the_batch_and_ends_in_the_same_model(
    undisturbed: tuple[Path, list[dict[str, Any]]], in_turn: dict[str, dict[str, Any]]
) -> None:
    """With room for one row at once the steps, losses and answered items are those of the run with room for all."""
    half, whole = in_turn["halved"], json.loads((undisturbed[0] / "result.json").read_text(encoding="utf-8"))
    assert (half["sequences_at_once"], whole["sequences_at_once"]) == (1, 2)
    assert set(half["refused"]) > {2}
    assert (half["steps"], half["trained_tokens"]) == (whole["steps"], whole["trained_tokens"])
    for name in ("first_loss", "last_loss", "eval_loss"):
        assert half[name] == pytest.approx(whole[name], rel=0.02), name
    answers = [(folder / "evaluation" / "answers.jsonl").read_text(encoding="utf-8") for folder in (Path(half["folder"]), undisturbed[0])]
    ids = [[(line["item_id"], line["side"]) for line in map(json.loads, text.splitlines())] for text in answers]
    assert ids[0] == ids[1]


def test_k9_one_row_that_does_not_fit_ends_the_job_for_good(in_turn: dict[str, dict[str, Any]]) -> None:
    """After batches of two and of one the error says how long the row is, and no other attempt is made."""
    end = in_turn["full"]
    assert (end["kind"], end["refused"]) == ("does_not_fit", [2, 1])
    assert "one row of " in end["message"]
    assert not read_end(3, end).retryable


def test_k12_weights_that_are_no_numbers_are_the_bases_fault(in_turn: dict[str, dict[str, Any]]) -> None:
    """Not the learning rate's: the tensor and its file are named, and no other attempt is made."""
    end = in_turn["nan"]
    assert end["kind"] == "bad_base"
    assert "tensor model.layers.0.mlp.up_proj.weight in model.safetensors holds NaN" in end["message"]
    assert "learning_rate" not in end["message"]
    assert not read_end(3, end).retryable


def test_k13_a_base_with_a_vision_tower_is_trained_to_the_end(in_turn: dict[str, dict[str, Any]], multimodal: Path) -> None:
    """The merged model is the adapter's sum, and the base's other files lie beside it."""
    end = in_turn["multimodal"]
    assert end["steps"] > 0, end
    assert end["merge_max_logit_difference"] < 0.01
    assert "vision_tower" not in (Path(end["folder"]) / "adapter" / "adapter_config.json").read_text(encoding="utf-8")
    merged = Path(end["folder"]) / "merged"
    assert all((merged / name).read_bytes() == (multimodal / name).read_bytes() for name in ("LICENSE", "config.json", "tokenizer.model"))


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
