"""`abhyas evaluate`: a model's answers to a file of questions, scored and reported; without a runner, from a folder or from a server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from ops.commands.options import Json
from ops.errors import OperationFailed, WrongUsage, settings_trouble

REPORT: Final = "report"


def evaluate(
    questions: Annotated[Path, typer.Argument(metavar="FILE", help="Questions and right answers, in any form of docs/datasets.md.")],
    *,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="For answers, raw judgements and FOLDER/report; the same again goes on.")],
    model: Annotated[Path | None, typer.Option(metavar="FOLDER", help="The model; without it EVALUATION_ENGINE_URL's answers.")] = None,
    sources: Annotated[Path | None, typer.Option(metavar="FILE", help="Source documents: a JSON object of texts by id.")] = None,
    metric: Annotated[list[str] | None, typer.Option(help="One for each metric; unset: the usual four.")] = None,
    as_json: Json = False,
) -> int:
    """Asks every question as it was served, scores the answers and writes results.json, report.md and report.html.

    A run that was stopped, in whatever way, goes on from the answers that are in FOLDER.
    """
    told = evaluated(questions, out, model=model, sources=sources, metrics=tuple(metric or ()))
    print(json.dumps(told, ensure_ascii=False) if as_json else "\n".join(sentences(told)))
    return 0


def evaluated(questions: Path, out: Path, *, model: Path | None, sources: Path | None, metrics: Sequence[str]) -> dict[str, Any]:
    """What the evaluation's child says at its end; raises WrongUsage, and OperationFailed for what it can't do."""
    from gpu_runner.child.process import EVALUATION_KEYS, child_environment
    from gpu_runner.settings import RunnerSettings

    try:
        settings = RunnerSettings()
    except ValueError as error:
        raise settings_trouble(error) from None
    spec = _spec(settings, questions, out, model=model, sources=sources, metrics=metrics)
    _keep(spec, out)
    # A child, because it may need torch, which commands do not import.
    command = [sys.executable, "-m", "gpu_runner.evaluate", str(out)]
    environment = child_environment(os.environ, settings.child_threads, keep=EVALUATION_KEYS)
    with (out / "log").open("ab") as log:
        child = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=log, check=False)
    events = [json.loads(line) for line in child.stdout.splitlines()]
    last: dict[str, Any] = events[-1] if events else {}
    if last.get("event") != "result":
        raise OperationFailed(str(last.get("message") or f"the evaluation ended with exit code {child.returncode}: see {out / 'log'}"))
    return last


def _spec(
    settings: Any, questions: Path, out: Path, *, model: Path | None, sources: Path | None, metrics: Sequence[str]
) -> dict[str, Any]:  # fmt: skip
    from gpu_runner.evaluate.score import DEFAULT_METRICS
    from gpu_runner.hyperparameters import resolve
    from runtime.artifacts.content_hash import folder_sha256
    from schemas.fields import Hyperparameters

    engine, judge = settings.evaluation_engine() if model is None else None, settings.judge()
    name = model.resolve().name if model is not None else engine["model"] if engine else None
    if name is None:
        raise WrongUsage("nobody is there to answer: give --model FOLDER, or set EVALUATION_ENGINE_URL and EVALUATION_ENGINE_MODEL")
    for path in (questions, sources):
        if path is not None and not path.is_file():
            raise OperationFailed(f"{path} is no file: expected one of questions, or of sources")
    if model is not None and not model.is_dir():
        raise OperationFailed(f"{model} is no folder: expected a model as it was published")
    return {
        "job_id": REPORT, "model_id": name, "model_version": "as it is",
        "model": {"path": str(model.resolve()), "sha256": folder_sha256(model)} if model else {"path": "", "sha256": ""},
        "items": str(questions.resolve()), "items_name": str(questions), "sources": str(sources.resolve()) if sources else None,
        "metrics": list(metrics or DEFAULT_METRICS), "max_new_tokens": settings.evaluation_max_new_tokens,
        "max_seq_length": resolve(Hyperparameters(), settings).values["max_seq_length"], "reports_dir": str(out.resolve()),
        **({"engine": engine} if engine else {}), **({"judge": judge} if judge else {}),
    }  # fmt: skip


def _keep(spec: dict[str, Any], out: Path) -> None:
    """Writes the spec, with the date of the first run of the same; what was asked otherwise has no result yet."""
    from gpu_runner.json_files import read_json, write_json

    out.mkdir(parents=True, exist_ok=True)
    before = read_json(out / "spec.json") or {}
    date = before.pop("date", None)
    (out / "result.json").unlink(missing_ok=True)  # the file of questions may have other rows by now; answers are known by their words
    write_json(out / "spec.json", spec | {"date": date if before == spec and date else datetime.now(UTC).isoformat()})


def sentences(told: dict[str, Any]) -> list[str]:
    """The same for a person."""
    left = {"questions_refused": "refused", "questions_too_long": "too long", "questions_without_answer": "without a right answer"}
    counts = ", ".join(f"{told[name]} {words}" for name, words in left.items() if told.get(name))
    lines = [f"{told['items']} questions answered, {told['answers_cut']} answers cut" + (f"; left out: {counts}" if counts else "")]
    lines += [f"{name}: {value:.4f}" for name, value in told["metrics"].items()]
    if judge := told.get("judge"):
        failed = sum(judge["failures"].values())
        lines.append(f"judge (advisory): {judge['judged']} judged, {judge['unjudged']} not, {failed} requests failed")
    return [*lines, f"reports: {told['report_dir']}"]
