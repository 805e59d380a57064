"""A child program without torch that keeps the contract of `python -m gpu_runner.evaluate JOB_DIR`; started by tests."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

from runtime.artifacts.content_hash import file_sha256, folder_sha256


def main(job: Path, words: set[str]) -> int:
    """Checks what it was given, and reports half of the answers right."""
    spec = json.loads((job / "spec.json").read_text())
    if folder_sha256(Path(spec["model"]["path"])) != spec["model"]["sha256"] or "bad_base" in words:
        print(json.dumps({"event": "error", "kind": "bad_base", "message": "this is bad_base"}), flush=True)
        return 3
    print(json.dumps({"event": "progress", "phase": "evaluating", "step": 1, "total": 2}), flush=True)
    if "crash" in words:
        os.kill(os.getpid(), signal.SIGKILL)
    if "hang" in words or "evaluation_hangs" in words:
        time.sleep(60)
    items = job / spec["items"]
    if spec["sources"]:
        json.loads((job / spec["sources"]).read_text())
    report_dir = Path(spec["reports_dir"]) / spec["job_id"]
    result = {
        "job_id": spec["job_id"], "model_version": spec["model_version"], "items_sha256": file_sha256(items), "items": 2,
        "metrics": {"exact_match": 0.5}, "by_language": {"hi": {"exact_match": 0.5, "items": 2}}, "seconds": {},
        "report_dir": str(report_dir),
    }  # fmt: skip
    if "reports" in words:
        write_real_reports(job)
    (job / "result.json").write_text(json.dumps(result))
    return 0


def write_real_reports(job: Path) -> None:
    """Reports as the real child writes them, of a model that knows every right answer."""
    from gpu_runner.dataset.rows import Answer, save_rows
    from gpu_runner.evaluate.evaluation import load_items, load_spec, report

    asked = load_spec(job)
    items = load_items(asked)
    answers = [Answer(item.id, "candidate", item.answers[0], 1, 1) for item in items]
    save_rows(job / "answers.jsonl", answers)
    report(asked, job, items, answers, {})


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[-1]), set(os.environ.get("FAKE_CHILD", "").split())))
