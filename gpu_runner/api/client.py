"""`python -m gpu_runner.api.client finetune BASE DATASET` and `… evaluate VERSION EVAL [SOURCES]`: asks a running service and waits.

A local file that is not below the service's DATA_DIR is read to its end, and then put into the artifact store under a name that holds its
hash, so that two files of one name never replace each other. Exit code 0: promoted or completed; 1: any other end; 2: refused.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx
from pydantic import ValidationError

from gpu_runner.dataset.formats.evaluation_file import read_evaluation_file
from gpu_runner.dataset.formats.training_file import load_dataset
from gpu_runner.evaluate.evaluation import load_sources
from gpu_runner.jobs.data_files import DataFileMissing, find_data_file
from gpu_runner.settings import RunnerSettings
from runtime.artifacts.content_hash import file_sha256
from runtime.artifacts.open import open_store
from runtime.artifacts.store import ArtifactError, ArtifactStore, uri_of
from schemas.envelope import describe
from schemas.reading.json_text import UnreadableJson, strict_json

GOOD_ENDS: Final = frozenset({"promoted", "completed"})
ENDS: Final = GOOD_ENDS | {"rejected", "inconclusive", "void", "no_data", "failed", "cancelled"}
METRICS: Final = ("exact_match", "f1", "bleu", "hallucination_rate")


class RequestRefused(RuntimeError):
    """The service, or this program, refused; the message is for the person who asked."""


def reachable_name(
    given: str, folder: str, *, store: ArtifactStore, data_dir: Path, check: Callable[[Path], object] = lambda _path: None
) -> str:
    """The name under which the service finds a file: as given where it does already, else `s3://…` of an uploaded copy.

    `check` looks at a file before it is uploaded, while it has the name that its owner knows. Raises RequestRefused for a file that is
    nowhere, and DataError for one that can't be used.
    """
    try:
        return find_data_file(given, store=store, data_dir=data_dir).name
    except (DataFileMissing, ArtifactError) as error:
        local = Path(given)
        if "://" in given or not local.is_file():
            here = f"{local} is a folder" if local.is_dir() else f"there is no local file {local}"
            raise RequestRefused(f"{error}; and {here}") from error
        check(local)
        try:
            key = f"{folder}/uploads/{file_sha256(local)[:16]}-{local.name}"
        except OSError as unread:
            raise RequestRefused(f"{local} can't be read ({unread.strerror}): expected a file that you may read") from unread
        store.write_file(key, local)
        return uri_of(key, store.bucket)


def ask(client: httpx.Client, path: str, body: dict[str, Any]) -> str:
    """Posts a request; returns its status URL. Raises RequestRefused with the service's own words."""
    return str(_answer(client.post(path, json=body))["status_url"])


def follow(client: httpx.Client, status_url: str, say: Callable[[str], None], every_s: float) -> dict[str, Any]:
    """The status at the end; says each change on the way."""
    said = ""
    while True:
        status = _answer(client.get(status_url))
        line = summary(status)
        if line != said:
            say(line)
            said = line
        if status["status"] in ENDS:
            return status
        time.sleep(every_s)


def summary(status: dict[str, Any]) -> str:
    """A status in one line."""
    parts = [str(status["status"])]
    progress = status.get("progress") or {}
    if progress.get("total_steps"):
        parts.append(f"step {progress['step']}/{progress['total_steps']}")
    if progress.get("loss") is not None:
        parts.append(f"loss {progress['loss']:.3f}")
    if status.get("total"):
        parts.append(f"{status.get('step', 0)}/{status['total']} items")
    if status.get("answers_cut"):
        parts.append(f"{status['answers_cut']} of {status.get('items')} answers were cut at EVALUATION_MAX_NEW_TOKENS")
    if status.get("error"):
        parts.append(str(status["error"]))
    return ", ".join(parts)


def _answer(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        body = {}
    if response.is_success:
        return dict(body)
    message = body.get("error", {}).get("message", response.text[:500]) if isinstance(body, dict) else response.text[:500]
    raise RequestRefused(f"{response.request.url} answered {response.status_code}: {message}")


def _object(text: str) -> dict[str, Any]:
    try:
        value = strict_json(text.encode("utf-8", "surrogateescape"))
    except UnreadableJson as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError('expected a JSON object, for example {"epochs": 1}')
    return value


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m gpu_runner.api.client", description="Asks a running service and waits for the end.")
    kinds = parser.add_subparsers(dest="kind", required=True)
    finetune = kinds.add_parser("finetune", help="fine-tune a base model on a dataset")
    finetune.add_argument("base_model")
    finetune.add_argument("dataset")
    finetune.add_argument("--hyperparameters", type=_object, default={}, help='JSON, for example {"epochs": 1}')
    evaluate = kinds.add_parser("evaluate", help="evaluate a version")
    evaluate.add_argument("model_version")
    evaluate.add_argument("eval_dataset")
    evaluate.add_argument("source_documents", nargs="?")
    evaluate.add_argument("--metrics", default=",".join(METRICS), help=f"comma-separated (default {','.join(METRICS)})")
    for one in (finetune, evaluate):
        one.add_argument("--url", default=os.environ.get("RUNNER_URL", "http://127.0.0.1:8007"), help="the service (default RUNNER_URL)")
        one.add_argument("--every-s", type=float, default=2.0, help="seconds between looks at the status")
    return parser.parse_args(arguments)


def _body(options: argparse.Namespace, settings: RunnerSettings) -> tuple[str, dict[str, Any]]:
    store = open_store(settings)

    def name_of(given: str, folder: str, check: Callable[[Path], object]) -> str:
        return reachable_name(given, folder, store=store, data_dir=settings.data_dir, check=check)

    if options.kind == "finetune":
        dataset = name_of(options.dataset, "training_data", load_dataset)
        return "/finetune/start", {"base_model": options.base_model, "dataset_path": dataset, "hyperparameters": options.hyperparameters}
    body = {
        "model_version": options.model_version,
        "eval_dataset": name_of(options.eval_dataset, "eval_data", read_evaluation_file),
        "metrics": [name for name in options.metrics.split(",") if name],
    }
    if options.source_documents:
        body["source_documents"] = name_of(options.source_documents, "eval_data", load_sources)
    return "/evaluate", body


def main(arguments: list[str]) -> int:
    """Asks, waits, and prints the last status as JSON on stdout; everything on the way goes to stderr."""
    options = _arguments(arguments)
    try:
        with httpx.Client(base_url=options.url, timeout=30) as client:
            status_url = ask(client, *_body(options, RunnerSettings()))
            print(f"{options.url}{status_url}", file=sys.stderr)
            status = follow(client, status_url, lambda line: print(line, file=sys.stderr), options.every_s)
    except ValidationError as error:
        print(f"settings: {describe(error)}", file=sys.stderr)
        return 2
    except (RequestRefused, ArtifactError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    except httpx.HTTPError as error:
        print(f"no answer from {options.url} ({type(error).__name__}): start the service, or set RUNNER_URL", file=sys.stderr)
        return 2
    print(json.dumps(status, ensure_ascii=False))
    return 0 if status["status"] in GOOD_ENDS else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
