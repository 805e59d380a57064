"""One evaluation that a person asked for: items and sources read, answers scored, reports written; torch only through `generate`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from gpu_runner.dataset.fields import DataError, kind_of, read_whole
from gpu_runner.dataset.formats.evaluation_file import EvaluationFile, read_evaluation_file
from gpu_runner.dataset.rows import Answer, EvaluationItem
from gpu_runner.evaluate.engine.collect import CollectedAnswers, collect
from gpu_runner.evaluate.engine.endpoint import EndpointSettings
from gpu_runner.evaluate.engine.order import stratified
from gpu_runner.evaluate.engine.protocol import AnswerEngine, LimitedQuestion
from gpu_runner.evaluate.engine.token_limits import token_limits
from gpu_runner.evaluate.judge.configured import Judged, JudgeSettings
from gpu_runner.evaluate.report import write_reports
from gpu_runner.evaluate.report_page.texts import texts_of
from gpu_runner.evaluate.score import JUDGED_METRICS, UnknownMetric, check_metrics
from gpu_runner.evaluate.suite import BenchmarkSuite
from gpu_runner.model_folder.template_messages import asked_of
from runtime.artifacts.content_hash import folder_has_sha256
from runtime.whole_files import write_whole

BATCH = 32
SOURCES = 'a JSON object {"<document id>": "<text>"} or a list of {"id", "text"}'
RESULT_FILE, ANSWERS_FILE, JUDGEMENTS_FILE = "result.json", "answers.jsonl", "judgements.jsonl"


class BadModel(ValueError):
    """The model folder is missing or is not the one that was asked for."""


@dataclass(frozen=True)
class EvaluationSpec:
    """What spec.json asks for; paths of items and sources are relative to the job folder.

    Questions over `max_seq_length` are not asked; `date` is what a chat template with a date shows; `items_name` is what the caller calls
    the items. None in a spec of an earlier release. With `engine` a server answers, and the model's folder is not looked at.
    `max_new_tokens` is the least that an answer may have: more where its longest right answer needs it.
    """

    job_id: str
    model_id: str
    model_version: str
    model_path: Path
    model_sha256: str
    items: Path
    sources: Path | None
    metrics: tuple[str, ...]
    max_new_tokens: int
    reports_dir: Path
    max_seq_length: int | None = None
    date: datetime | None = None
    items_name: str | None = None
    engine: EndpointSettings | None = None
    judge: JudgeSettings | None = None
    judged_metrics: tuple[str, ...] = ()


def load_spec(folder: Path) -> EvaluationSpec:
    """Read JOB_DIR/spec.json. Raises DataError naming the field that is missing or of the wrong kind, UnknownMetric for a metric."""
    path = folder / "spec.json"
    try:
        spec = json.loads(path.read_text(encoding="utf-8"))
        asked = tuple(str(name) for name in spec["metrics"])
        metrics = tuple(name for name in asked if name not in JUDGED_METRICS)
        found = EvaluationSpec(
            job_id=str(spec["job_id"]),
            model_id=str(spec["model_id"]),
            model_version=str(spec["model_version"]),
            model_path=folder / spec["model"]["path"],
            model_sha256=str(spec["model"]["sha256"]),
            items=folder / spec["items"],
            sources=folder / spec["sources"] if spec.get("sources") else None,
            metrics=metrics,
            max_new_tokens=int(spec["max_new_tokens"]),
            reports_dir=Path(spec["reports_dir"]),
            max_seq_length=None if spec.get("max_seq_length") is None else int(spec["max_seq_length"]),
            items_name=None if spec.get("items_name") is None else str(spec["items_name"]),
            date=None if spec.get("date") is None else datetime.fromisoformat(spec["date"]),
            engine=None if spec.get("engine") is None else EndpointSettings(**spec["engine"]),
            judge=None if spec.get("judge") is None else JudgeSettings(**spec["judge"]),
            judged_metrics=tuple(name for name in asked if name in JUDGED_METRICS),
        )
    except KeyError as error:
        raise DataError(f"{path}: field {error} is missing") from error
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"{path}: can't be read as an evaluation's spec: {error}") from error
    check_metrics(metrics)
    if found.judged_metrics and found.judge is None:
        raise UnknownMetric(f"metrics: {found.judged_metrics[0]!r} needs a judge: set JUDGE_URL and JUDGE_MODEL for the runner")
    return found


def load_sources(path: Path) -> dict[str, str]:
    """The source documents by id: a JSON object {"<document id>": "<text>"}, or a list of {"id" or "doc_id", "text"}.

    Raises DataError naming the entry that is neither.
    """
    return sources_of(read_whole(path, SOURCES), str(path))


def sources_of(content: Any, path: str) -> dict[str, str]:
    """The same of the content of a file that is called `path`."""
    if isinstance(content, dict):
        pairs = list(content.items())
    elif isinstance(content, list):
        entries = [entry if isinstance(entry, dict) else {} for entry in content]
        names = [entry.get("id", entry.get("doc_id")) for entry in entries]
        pairs = [(_name(name), entry.get("text")) for name, entry in zip(names, entries, strict=True)]
    else:
        raise DataError(f"{path}: found {kind_of(content)}: expected {SOURCES}")
    if not pairs:
        raise DataError(f"{path}: no documents: expected {SOURCES} with at least one")
    for number, (name, text) in enumerate(pairs):
        if not isinstance(name, str) or not name or not isinstance(text, str) or not text.strip():
            raise DataError(
                f"{path}: entry {number}: expected a document id and a text that is not blank, found {kind_of(name)} and {kind_of(text)}"
            )
    return dict(pairs)


def _name(given: Any) -> Any:
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else given


def finished(folder: Path) -> dict[str, Any] | None:
    """The result of an earlier run of this job whose reports are still there; None where it has to run."""
    try:
        result: dict[str, Any] = json.loads((folder / RESULT_FILE).read_text(encoding="utf-8"))
        return result if (Path(result["report_dir"]) / "results.json").is_file() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def verify_model(spec: EvaluationSpec) -> None:
    """Raise BadModel unless the folder is byte for byte the version that was asked for."""
    if not spec.model_path.is_dir():
        raise BadModel(f"model.path {spec.model_path} is not a folder: fetch version {spec.model_version} again")
    if not folder_has_sha256(spec.model_path, spec.model_sha256):
        raise BadModel(f"model.path {spec.model_path} does not have the hash of version {spec.model_version}: fetch it again")


def ask(
    engine: AnswerEngine, items: Sequence[EvaluationItem], path: Path, *, max_new_tokens: int, progress: Callable[[int], None]
) -> CollectedAnswers:
    """The model's answers in the order of the items, on disk in `path` as they come; what `path` holds already is not asked again.

    `progress` gets the number answered so far. They are asked in an order of which every beginning is a picture of the whole.
    """
    limits = token_limits([item.answers for item in items], engine.count_tokens, least=max_new_tokens)
    questions = [
        LimitedQuestion(
            items[n].id,
            asked_of(items[n].messages, items[n].question),
            limits[n],
            None if items[n].rejected is None else (items[n].answers[0], str(items[n].rejected)),
        )
        for n in stratified(items)
    ]
    return collect(engine, questions, path, least_tokens=max_new_tokens, order=[item.id for item in items], progress=progress)


def report(
    spec: EvaluationSpec, folder: Path, items: Sequence[EvaluationItem], answers: Sequence[Answer], seconds: Mapping[str, float], *,
    without_answer: int = 0, too_long: int = 0, refused: int = 0, left_out: Mapping[str, int] | None = None,
    engine_facts: Mapping[str, str] | None = None, judged: Judged | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Score the answers, write reports and result.json (last), and return the result.

    `without_answer` questions of the file had none, `too_long` are over max_seq_length, `refused` are conversations that the chat template
    or the server does not take; all of them were left out. `left_out` is what of the file is not asked, by reason; `engine_facts` say who
    answered. What was `judged` stands beside the measures, in the result by the names that were asked for.
    """
    sources = load_sources(spec.sources) if spec.sources is not None else None
    benchmark = BenchmarkSuite(spec.metrics, sources=sources).run(items, answers, judged=judged)
    scored = benchmark.scored
    facts = {"model": spec.model_id, "version": spec.model_version, "items": str(len(items)), **(engine_facts or {})}
    for reason, count in sorted((left_out or {}).items()):
        facts[f"{reason.replace('_', ' ')}, left out"] = str(count)
    if too_long:
        facts[f"questions longer than max_seq_length {spec.max_seq_length}, left out"] = str(too_long)
    if refused:
        who = "chat template" if spec.engine is None else "server"
        facts[f"conversations that the {who} refuses, left out"] = str(refused)
    if judged is not None:
        facts |= judged.facts()
    paths = write_reports(
        benchmark.scores, spec.reports_dir, spec.job_id, title=f"Evaluation of {spec.model_id} {spec.model_version}", facts=facts,
        texts=texts_of(items, answers, benchmark.scores["items"], sources),
    )  # fmt: skip
    result = {
        "job_id": spec.job_id,
        "model_version": spec.model_version,
        "model_sha256": spec.model_sha256,
        "items_sha256": scored.items_sha256,
        "items": len(items),
        "questions_without_answer": without_answer,
        "questions_too_long": too_long,
        "questions_refused": refused,
        "answers_cut": sum(bool(answer.cut) for answer in answers),
        "metrics": {name: value for name, value in scored.metrics.items() if name != "items"} | _asked_for(spec, judged),
        "by_language": {name: dict(values) | _asked_for(spec, judged, name) for name, values in scored.by_language.items()},
        **({} if judged is None else {"judge": judged.as_dict()}),
        "report_dir": str(paths.results.parent),
        "seconds": dict(seconds),
    }
    write_whole(folder / RESULT_FILE, (json.dumps(result, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode())
    return result


def _asked_for(spec: EvaluationSpec, judged: Judged | None, language: str | None = None) -> dict[str, float]:
    """The judge's figures that were asked for; one that it could not give is left out."""
    if judged is None:
        return {}
    found = judged.report.metrics if language is None else judged.report.by_language.get(language, {})
    return {name: found[name] for name in spec.judged_metrics if name in found}


def load_items(spec: EvaluationSpec) -> tuple[EvaluationItem, ...]:
    """The items of the evaluation, from a file in any of the usual forms."""
    return read_items(spec).items


def read_items(spec: EvaluationSpec) -> EvaluationFile:
    """The items, and how many questions of the file have no answer; errors name the file as the caller did."""
    return read_evaluation_file(spec.items, spec.items_name)
