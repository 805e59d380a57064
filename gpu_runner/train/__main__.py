"""`python -m gpu_runner.train JOB_DIR`: train, merge, evaluate; JSON lines on stdout, logs on stderr.

Exit 0 with `result.json`, 3 for an error that was reported, 143 after SIGTERM.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
import traceback
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gpu_runner.dataset.fields import DataError
from gpu_runner.train.left_out import left_out
from gpu_runner.train.parent import Parent, Terminated, Termination
from gpu_runner.train.progress import Reporter, claim_stdout
from gpu_runner.train.spec import Item, Row, Spec, TrainingError, check_counts, load_items, load_rows, load_spec
from producers.artifact_store.content_hash import file_sha256, folder_has_sha256, folder_sha256

REPORTED, TERMINATED = 3, 143
LIBRARIES = ("torch", "transformers", "peft", "trl", "bitsandbytes", "accelerate", "datasets", "tokenizers")
log = logging.getLogger("gpu_runner.train")


def finished(folder: Path) -> dict[str, Any] | None:
    """The result of an earlier run of this job, if it is there and what it names is byte for byte as it says."""
    try:
        result: dict[str, Any] = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        for part in ("adapter", "merged"):
            if folder_sha256(folder / result[part]["path"]) != result[part]["sha256"]:
                return None
        return result if file_sha256(folder / result["scores"]) == result["scores_sha256"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def run(folder: Path, reporter: Reporter, termination: Termination, parent: Parent) -> dict[str, Any]:
    """The whole job. Returns what `result.json` says, which is written last."""
    reporter.start("loading")
    spec = load_spec(folder)
    earlier = finished(folder)
    if earlier is not None:
        reporter.end()
        return earlier
    start = folder / spec.start.path
    if not start.is_dir() or not folder_has_sha256(start, spec.start.sha256):
        raise TrainingError("bad_base", f"start.path {start} is missing or its hash is not {spec.start.sha256}: fetch the weights again")
    rows = load_rows(folder / spec.dataset.train)
    items = load_items(folder / spec.dataset.evaluation)
    if not rows:
        raise TrainingError("no_data", f"{spec.dataset.train} has no row: nothing to train on")
    if not items:
        raise TrainingError("bad_data", f"{spec.dataset.evaluation} has no items: expected at least one question to compare both models by")
    check_counts(rows, spec.dataset)
    result = _train_and_merge(
        spec, folder=folder, start=start, rows=rows, items=items, reporter=reporter, termination=termination, parent=parent
    )
    unasked = frozenset(result["left_out"]["items"])
    parent.require()
    evaluation = folder / "evaluation"
    evaluation.mkdir(exist_ok=True)
    items = _asked(folder, spec, unasked)  # again: what was taken back during the training is not asked
    reporter.start("evaluating", 2 * len(items))
    from gpu_runner.train.answers import keep_answers_to, write_answers

    sides = {"baseline": start, "candidate": folder / "merged"}
    answers = evaluation / "answers.jsonl"
    timings = write_answers(items, sides, answers, max_new_tokens=spec.max_new_tokens, reporter=reporter, parent=parent)
    from gpu_runner.evaluate.score import score_answers

    keep_answers_to(_asked(folder, spec, unasked), answers)
    score_answers(folder / spec.dataset.evaluation, answers, evaluation / "scores.json", without=unasked, timings=timings)
    reporter.end(2 * len(items), 2 * len(items))
    result |= {"scores": "evaluation/scores.json", "scores_sha256": file_sha256(evaluation / "scores.json")}
    result |= {"seconds": reporter.seconds, "versions": {name: version(name) for name in LIBRARIES}}
    _write_whole(folder / "result.json", result)
    return result


def _asked(folder: Path, spec: Spec, unasked: frozenset[str]) -> list[Item]:
    return [item for item in load_items(folder / spec.dataset.evaluation) if item.id not in unasked]


def _train_and_merge(
    spec: Spec, *, folder: Path, start: Path, rows: list[Row], items: list[Item], reporter: Reporter, termination: Termination,
    parent: Parent,
) -> dict[str, Any]:  # fmt: skip
    from transformers import AutoTokenizer, set_seed
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    from gpu_runner.train.encode import encode, fitted, plan_of
    from gpu_runner.train.merge import held_out_loss, merge, probe_logits, shrink
    from gpu_runner.train.sft import train

    set_seed(spec.seed)
    try:
        tokenizer = AutoTokenizer.from_pretrained(start, local_files_only=True)
    except (OSError, ValueError) as error:
        raise TrainingError("bad_base", f"{start} has no tokenizer that can be loaded: {error}") from error
    if tokenizer.chat_template is None:
        raise TrainingError("bad_base", f"{start} has no chat template: add chat_template.jinja, questions can't be asked without it")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    known = fitted(rows, tokenizer, spec)
    without = left_out(known.too_long, known.fitting, items, spec.dataset.stands_for)
    if known.too_long:
        log.warning("%d rows are longer than max_seq_length and were left out", len(known.too_long))
        reporter.left_out(len(known.too_long), len(without.samples))
    plan = plan_of(known, spec)
    if items and len(items) == len(without.items):
        raise TrainingError(
            "no_data", f"all {len(items)} items to ask stand for rows longer than max_seq_length: nothing could be compared"
        )
    trained = train(
        spec,
        folder=folder,
        start=start,
        tokenizer=tokenizer,
        plan=plan,
        reporter=reporter,
        termination=termination,
        parent=parent,
    )
    reporter.start("merging")
    for name in ("adapter", "merged"):
        shutil.rmtree(folder / name, ignore_errors=True)
    shrink(trained.model, spec.adapter_scale)
    trained.model.save_pretrained(folder / "adapter")
    prompts = [row.ids[: row.prompt] for row in encode(rows[:8], tokenizer)]
    before = probe_logits(trained.model, prompts)
    summary = {
        "job_id": spec.job_id,
        "attempt": spec.attempt,
        "steps": trained.steps,
        "new_rows": len(known.fresh),
        "replay_rows": len(known.replay) + len(known.earlier),
        "trained_tokens": plan.trained_tokens,
        "adapter_scale": spec.adapter_scale,
        "rows_too_long": len(known.too_long),
        "left_out": without.as_dict(),
        "first_loss": trained.first_loss,
        "last_loss": trained.last_loss,
        "resumed_from_step": trained.resumed_from_step,
        "ignored_checkpoints": trained.ignored_checkpoints,
    }
    del trained
    merged = merge(start, folder / "adapter", folder / "merged", tokenizer)
    summary["merge_max_logit_difference"] = float((before - probe_logits(merged, prompts)).abs().max())
    held_out = encode(load_rows(folder / spec.dataset.eval), tokenizer)
    summary["eval_loss"] = held_out_loss(merged, held_out, spec.hyperparameters.batch_size, tokenizer.pad_token_id)
    for name in ("adapter", "merged"):
        summary[name] = {"path": name, "sha256": folder_sha256(folder / name)}
    reporter.end()
    return summary


def _write_whole(path: Path, content: dict[str, Any]) -> None:
    aside = path.with_suffix(".tmp")
    with aside.open("w", encoding="utf-8") as handle:
        json.dump(content, handle, ensure_ascii=False, indent=1)
        handle.flush()
        os.fsync(handle.fileno())
    aside.rename(path)


def _kind_of(error: Exception) -> str:
    if isinstance(error, TrainingError):
        return error.kind
    if isinstance(error, DataError):
        return "bad_data"
    torch = sys.modules.get("torch")
    if isinstance(error, MemoryError) or (torch is not None and isinstance(error, torch.OutOfMemoryError)):
        return "out_of_memory"
    return "internal"


def main(arguments: list[str]) -> int:
    """Runs one job folder; see the module's text for the exit codes."""
    if len(arguments) != 1:
        print("usage: python -m gpu_runner.train JOB_DIR", file=sys.stderr)
        return 2
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    reporter = Reporter(claim_stdout())
    termination = Termination()
    parent = Parent()
    parent.tie()
    try:
        reporter.result(run(Path(arguments[0]).resolve(), reporter, termination, parent))
    except Terminated:
        log.info("ended by SIGTERM")
        return TERMINATED
    except Exception as error:
        traceback.print_exc()
        reporter.error(_kind_of(error), str(error))
        return REPORTED
    return 0


if __name__ == "__main__":
    for name, value in {"OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}.items():
        os.environ.setdefault(name, value)
    sys.exit(main(sys.argv[1:]))
