"""`python -m bench.rounds.planned_child JOB_DIR`: a job as far as its plan, as real as the trainer's; then answers as if it had learnt.

The rows are tokenised, packed and counted as `gpu_runner.train` does it, so the steps are those of a real run. Nothing is optimised: the
merged model is a copy of the start, and the candidate is right on everything.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
from pathlib import Path
from typing import Any

from gpu_runner.child.reporter import Reporter, claim_stdout
from gpu_runner.dataset.rows import Answer, EvaluationItem, load_evaluation_items, save_rows
from gpu_runner.evaluate.score import score_answers
from gpu_runner.json_files import write_json
from gpu_runner.train.spec import Spec, check_counts, load_rows, load_spec
from runtime.artifacts.content_hash import file_sha256, folder_sha256


def main(job: Path, reporter: Reporter) -> None:
    """Leaves what the trainer leaves: adapter, merged model, answers, scores and the result."""
    from gpu_runner.model_folder.chat_tokens import ChatTokens
    from gpu_runner.model_folder.load import load_tokenizer
    from gpu_runner.model_folder.token_limit import TokenLimit
    from gpu_runner.train.encode import fitted, plan_of

    spec = load_spec(job)
    rows = load_rows(job / spec.dataset.train)
    check_counts(rows, spec.dataset)
    chat = ChatTokens(load_tokenizer(Path(spec.start.path)), spec.now())
    known = fitted(rows, chat, TokenLimit(spec.hyperparameters.max_seq_length))
    plan = plan_of(known, spec)
    steps = math.ceil(len(plan.blocks) / spec.hyperparameters.batch_size)
    reporter.start("training", steps)
    reporter.end(steps, steps)
    for name in ("adapter", "merged"):
        shutil.rmtree(job / name, ignore_errors=True)
    shutil.copytree(spec.start.path, job / "merged")
    (job / "merged" / "made_by.json").write_text(json.dumps({"job": spec.job_id}))
    (job / "adapter").mkdir()
    (job / "adapter" / "adapter_config.json").write_text("{}")
    answer(job, spec)
    result: dict[str, Any] = {
        "job_id": spec.job_id, "attempt": spec.attempt, "steps": steps, "new_rows": len(known.fresh),
        "replay_rows": len(known.replay) + len(known.earlier),
        "trained_tokens": plan.trained_tokens, "first_loss": None, "last_loss": None, "resumed_from_step": 0, "rows_too_long": 0,
        "left_out": {}, "scores": "evaluation/scores.json", "scores_sha256": file_sha256(job / "evaluation" / "scores.json"), "seconds": {},
        "versions": {},
    }  # fmt: skip
    result |= {name: {"path": name, "sha256": folder_sha256(job / name)} for name in ("adapter", "merged")}
    write_json(job / "result.json", result)
    reporter.result(result)


def answer(job: Path, spec: Spec) -> None:
    """The start is wrong on the repair items alone, the candidate on none."""
    items = load_evaluation_items(job / spec.dataset.evaluation)
    folder = job / "evaluation"
    folder.mkdir(exist_ok=True)
    save_rows(folder / "answers.jsonl", [one for item in items for one in _both(item)])
    score_answers(job / spec.dataset.evaluation, folder / "answers.jsonl", folder / "scores.json")


def _both(item: EvaluationItem) -> tuple[Answer, Answer]:
    before = "I do not know." if item.set == "repair" else item.answers[0]
    return Answer(item.id, "baseline", before, 10.0, 5), Answer(item.id, "candidate", item.answers[0], 10.0, 5)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Reporter(claim_stdout()))
