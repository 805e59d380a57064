"""`python -m gpu_runner.train JOB_DIR`: train, merge, evaluate; JSON lines on stdout, logs on stderr.

Exit 0 with `result.json`, 3 for an error that was reported, 143 after SIGTERM.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gpu_runner.child.heartbeat import Heartbeat
from gpu_runner.child.parent import Parent, Terminated, Termination
from gpu_runner.child.reporter import Reporter, claim_stdout
from gpu_runner.dataset.fields import DataError
from gpu_runner.dataset.rows import Side
from gpu_runner.json_files import write_json
from gpu_runner.model_folder.chat_tokens import TemplateMisfit
from gpu_runner.model_folder.memory import DoesNotFit, is_out_of_memory
from gpu_runner.model_folder.weight_files import ModelFault
from gpu_runner.train.repeated import RepeatedBaseline
from gpu_runner.train.spec import Item, Spec, TrainingError, check_counts, load_items, load_rows, load_spec
from gpu_runner.train.told import ToldArm
from runtime.artifacts.content_hash import file_sha256, folder_has_sha256, folder_sha256

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
    from gpu_runner.train.candidate import train_and_merge  # torch comes in here

    result = train_and_merge(
        spec, folder=folder, start=start, rows=rows, items=items, reporter=reporter, termination=termination, parent=parent
    )
    unasked = frozenset(result["left_out"]["items"])
    parent.require()
    evaluation = folder / "evaluation"
    evaluation.mkdir(exist_ok=True)
    items = _asked(folder, spec, unasked)  # again: what was taken back during the training is not asked
    reporter.start("evaluating", 2 * len(items))
    from gpu_runner.train.answers import ModelFolder, keep_answers_to, write_answers

    sides: dict[Side, ModelFolder] = {
        "baseline": ModelFolder(start, spec.start.sha256),
        "candidate": ModelFolder(folder / "merged", result["merged"]["sha256"]),
    }
    answers = evaluation / "answers.jsonl"
    arm = ToldArm(folder, spec, items, parent)
    again = RepeatedBaseline(folder, spec, items)
    timings = write_answers(items, sides, answers, spec=spec, reporter=reporter, parent=parent, also_of_baseline=(arm.ask, again.ask))
    from gpu_runner.evaluate.score import score_answers

    keep_answers_to(_asked(folder, spec, unasked), answers)
    score_answers(
        folder / spec.dataset.evaluation, answers, evaluation / "scores.json", without=unasked, timings=timings, repeat=again.figures()
    )  # fmt: skip
    result |= {"told": arm.finish()}
    reporter.end(2 * len(items), 2 * len(items))
    result |= {"scores": "evaluation/scores.json", "scores_sha256": file_sha256(evaluation / "scores.json")}
    result |= {"seconds": reporter.seconds, "versions": {name: version(name) for name in LIBRARIES}}
    write_json(folder / "result.json", result)
    return result


def _asked(folder: Path, spec: Spec, unasked: frozenset[str]) -> list[Item]:
    return [item for item in load_items(folder / spec.dataset.evaluation) if item.id not in unasked]


def _kind_of(error: Exception) -> str:
    if isinstance(error, TrainingError):
        return error.kind
    if isinstance(error, DataError):
        return "bad_data"
    if isinstance(error, ModelFault | TemplateMisfit):
        return "bad_base"
    if isinstance(error, DoesNotFit):
        return "does_not_fit"
    return "out_of_memory" if is_out_of_memory(error) else "internal"


def main(arguments: list[str]) -> int:
    """Runs one job folder; see the module's text for the exit codes."""
    if len(arguments) != 1:
        print("usage: python -m gpu_runner.train JOB_DIR", file=sys.stderr)
        return 2
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    reporter = Reporter(claim_stdout())
    Heartbeat(reporter).start()
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
