"""A child program without torch that keeps the contract of `python -m gpu_runner.train JOB_DIR`; started by tests.

What it does besides is read from FAKE_CHILD: words such as `crash`, `hang`, `slow`, `bad_base`, `worse`, `corrupt`, `long`, `told`. A file
`once.<word>` beside the job folder makes a word count for the first start only.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

from gpu_runner.dataset.rows import Answer, load_evaluation_items, save_rows
from gpu_runner.evaluate.score import score_answers
from gpu_runner.json_files import write_json
from gpu_runner.train.left_out import LeftOut, left_out
from gpu_runner.train.spec import load_items, load_rows
from runtime.artifacts.content_hash import file_sha256, folder_sha256

STEPS = 4


def say(**event: object) -> None:
    """One JSON line."""
    print(json.dumps(event), flush=True)


def main(job: Path, words: set[str]) -> int:
    """Trains nothing: both sides answer from the items, so that the verdict is what the words ask for."""
    spec: dict[str, Any] = json.loads((job / "spec.json").read_text())
    starts = job / "starts"
    starts.write_text((starts.read_text() if starts.exists() else "") + f"{spec['attempt']}\n")
    words = {word.removeprefix("first_") for word in words if not word.startswith("first_") or starts.read_text().count("\n") == 1}
    for name in ("train", "eval", "evaluation"):
        if file_sha256(job / spec["dataset"][name]) != spec["dataset"]["sha256"][name]:
            say(event="error", kind="bad_data", message=f"{name} differs")
            return 3
    if folder_sha256(Path(spec["start"]["path"])) != spec["start"]["sha256"]:
        say(event="error", kind="bad_base", message="start differs")
        return 3
    for kind in ("bad_base", "no_data", "out_of_memory", "internal"):
        if kind in words:
            say(event="error", kind=kind, message=f"this is {kind}")
            return 3
    long = too_long(job, spec) if "long" in words else LeftOut()
    told = {"rows_too_long": len(long.rows), "samples_too_long": len(long.samples)} if long.rows else {}
    say(event="progress", phase="loading", step=0, total=0, **told)
    if "loading" in words:
        time.sleep(60)
    done = checkpoint(job, spec)
    signal.signal(signal.SIGTERM, signal.SIG_IGN if "deaf" in words else stop)
    for step in range(done + 1, STEPS + 1):
        say(
            event="progress",
            phase="training",
            step=step,
            total=STEPS,
            loss=2.0 / step,
            tokens_per_s=100.0,
            memory_bytes=1000,
            eta_s=STEPS - step,
            **told,
        )
        (job / "checkpoints").mkdir(exist_ok=True)
        (job / "checkpoints" / "step").write_text(json.dumps([spec["dataset"]["sha256"]["train"], step]))
        if "crash" in words and step == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        if "hang" in words and step == 2:
            time.sleep(60)
        time.sleep(0.3 if "slow" in words else 0.01)
    say(event="progress", phase="evaluating", step=0, total=1)
    finish(job, spec, done, words, long)
    return 0


def too_long(job: Path, spec: dict[str, Any]) -> LeftOut:
    """As if the rows of the three samples with the smallest ids were longer than `max_seq_length`."""
    rows, items = load_rows(job / spec["dataset"]["train"]), load_items(job / spec["dataset"]["evaluation"])
    chosen = sorted({row.sample_id for row in rows if row.sample_id and row.origin == "correction"})[:3]
    long = [row for row in rows if row.sample_id in chosen]
    return left_out(long, [row for row in rows if row.sample_id not in chosen], items, spec["dataset"]["stands_for"])


def stop(_signal: int, _frame: FrameType | None) -> None:
    """What SIGTERM does: the checkpoint is there already."""
    sys.exit(143)


def checkpoint(job: Path, spec: dict[str, Any]) -> int:
    """The step to go on from; a checkpoint of other training rows is none."""
    path = job / "checkpoints" / "step"
    train, step = json.loads(path.read_text()) if path.exists() else ("", 0)
    return int(step) if train == spec["dataset"]["sha256"]["train"] else 0


def finish(job: Path, spec: dict[str, Any], resumed_from: int, words: set[str], long: LeftOut) -> None:
    """Artifacts, answers of both sides, scores, and the result last."""
    for name in ("adapter", "merged"):
        (job / name).mkdir(exist_ok=True)
        (job / name / "config.json").write_text("{}")
        (job / name / "model.safetensors").write_text(f"{name} of {spec['job_id']}")
    items = [item for item in load_evaluation_items(job / spec["dataset"]["evaluation"]) if item.id not in long.items]
    answers = []
    for item in items:
        right, wrong = item.answers[0], "no idea"
        candidate = wrong if "worse" in words and item.set == "old_facts" else right
        answers.append(Answer(item.id, "baseline", wrong if item.set == "repair" else right, 10.0, 5))
        answers.append(Answer(item.id, "candidate", candidate, 10.0, 5))
    (job / "evaluation").mkdir(exist_ok=True)
    save_rows(job / "evaluation" / "answers.jsonl", answers)
    evaluation = job / "evaluation"
    score_answers(job / spec["dataset"]["evaluation"], evaluation / "answers.jsonl", evaluation / "scores.json", without=long.items)
    result = {
        "job_id": spec["job_id"], "attempt": spec["attempt"], "steps": STEPS, "trained_tokens": 1000, "first_loss": 2.0, "last_loss": 0.5,
        "resumed_from_step": resumed_from, "rows_too_long": len(long.rows), "left_out": long.as_dict(),
        "adapter": {"path": "adapter", "sha256": folder_sha256(job / "adapter")},
        "merged": {"path": "merged", "sha256": folder_sha256(job / "merged")},
        "scores": "evaluation/scores.json", "scores_sha256": file_sha256(job / "evaluation" / "scores.json"),
        "seconds": {"training": 1.0}, "versions": {"torch": "none"},
    }  # fmt: skip
    if "told" in words:
        figures = [{"item_id": item.id, "told": 3, "found": True, "fixed": False} for item in items if item.set == "repair"]
        write_json(evaluation / "told.json", {"format": 1, "most": spec["told_corrections"], "items": figures, "not_asked": {}})
        (evaluation / "told_answers.jsonl").write_text("as a child leaves them that was killed\n")
        result["told"] = {"path": "evaluation/told.json", "sha256": file_sha256(evaluation / "told.json")}
    if "long" in words:
        limit = spec["hyperparameters"]["max_seq_length"]
        result["too_long"] = {"limit": limit, "rows": len(long.rows), "held_out_rows": 2, "items": {"holdout": 3}}
    if "corrupt" in words:
        (job / "merged" / "model.safetensors").write_text("other bytes")
    part = job / "result.json.part"
    part.write_text(json.dumps(result))
    part.replace(job / "result.json")
    say(event="result")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[-1]), set(os.environ.get("FAKE_CHILD", "").split())))
