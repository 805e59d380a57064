"""The first version of a model: an explicit decision of a person, checked and recorded before anything trains.

The request's files are copied to immutable `registered/` keys with every item's set assigned by the keyed holdout hash,
so that later changes to the files a person uploaded change nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from gpu_runner.dataset.fields import DataError
from gpu_runner.dataset.formats.evaluation_file import EvaluationFile, read_evaluation_file
from gpu_runner.dataset.formats.training_file import DatasetFile, load_dataset
from gpu_runner.dataset.rows import EvaluationItem, save_rows
from gpu_runner.errors import RunnerError
from gpu_runner.gate.guard_sizes import advice, guard_sizes, sizes_sentence
from gpu_runner.gate.policy import Policy, PolicyError
from gpu_runner.settings import RunnerSettings
from gpu_runner.versions.base_models import (
    BaseLocation,
    BaseNotFound,
    base_files,
    fetch_from_hub,
    find_base,
    slug_of,
    training_base,
)
from gpu_runner.versions.drift_baseline import Fit, first_baseline
from gpu_runner.versions.drift_documents import requested_documents
from gpu_runner.versions.gate_policy_file import FIRST, languages_of, parse_policy, write_policy
from gpu_runner.versions.holdout import HOLDOUT_FILE, holdout_record
from gpu_runner.versions.keys import MODEL_ITEMS, MODEL_REPLAY, REGISTERED_DOCUMENTS
from gpu_runner.versions.registry import artifact_folder_sha256, read_record, version_key, write_record
from runtime.artifacts.content_hash import file_sha256
from runtime.artifacts.store import ArtifactError, ArtifactStore, key_of, put_folder
from schemas.events.operator_requested import OperatorRequested
from schemas.holdout import is_holdout, key_id

if TYPE_CHECKING:
    from consumers.drift.baseline.fit import BaselineDocument


class BootstrapRefused(RunnerError):
    """The model can't be registered like this; the message names the field, what was expected and what to do."""


@dataclass(frozen=True, slots=True)
class BootstrapContent:
    """What decides whether two bootstraps are the same."""

    base_model: str
    documents_sha256: str
    eval_sha256: str
    replay_sha256: str | None
    holdout_key_id: str
    holdout_percent: int
    policy_sha256: str | None = None


def bootstrap(
    request: OperatorRequested, *, store: ArtifactStore, settings: RunnerSettings, fit: Fit, now: datetime
) -> dict[str, Any] | None:
    """Registers version v0, its drift baseline fitted, and returns its record; None where the same content is registered.

    Blocking: a fit of 50,000 documents takes most of a minute.

    Raises BootstrapRefused for anything that is not usable, and for other content than what is registered.
    """
    with TemporaryDirectory(prefix="abhyas-bootstrap-") as temporary:
        work = Path(temporary)
        try:
            files = _fetch_files(request, store, work)
            key = settings.holdout_key_bytes()
        except (ArtifactError, ValueError) as error:
            raise BootstrapRefused(str(error)) from error
        content = BootstrapContent(
            base_model=training_base(request.base_model or request.model),
            documents_sha256=file_sha256(files["documents"]),
            eval_sha256=file_sha256(files["eval"]),
            replay_sha256=file_sha256(files["replay"]) if "replay" in files else None,
            holdout_key_id=key_id(key),
            holdout_percent=settings.holdout_percent,
            policy_sha256=file_sha256(files["policy"]) if "policy" in files else None,
        )
        stated = {name: getattr(content, name) for name in BootstrapContent.__slots__}
        known = read_record(store, request.model, FIRST)
        if known is not None:
            return _repeated(known, stated, request)
        evaluation = _evaluation(files["eval"], str(request.eval_uri))
        items = _assigned(evaluation, key, settings.holdout_percent)
        policy = _policy(files.get("policy"), languages_of(items))
        sizes = guard_sizes(policy, items, seed=settings.training_seed)
        weak = advice(policy, items, sizes, key=key, percent=settings.holdout_percent, seed=settings.training_seed)
        replay = _replay(files.get("replay"), str(request.replay_uri))
        documents = _documents(files["documents"])
        base = _stored_base(request, store, settings, work)
        drift = first_baseline(store, request.model, FIRST, documents, fit=fit, alarms_per_100k=settings.drift_alarms_per_100k)
        save_rows(work / "items.jsonl", items)
        store.write_file(MODEL_ITEMS.format(model=request.model), work / "items.jsonl")
        if replay is not None:
            save_rows(work / "replay.jsonl", replay.rows)
            store.write_file(MODEL_REPLAY.format(model=request.model), work / "replay.jsonl")
        store.write_file(REGISTERED_DOCUMENTS.format(model=request.model), files["documents"])
        active = write_policy(store, request.model, policy)
        rows = 0 if replay is None else len(replay.rows)
        left_out = [*_left_out("eval", evaluation.left_out), *_left_out("replay", {} if replay is None else replay.dropped)]
        reasons = [*_reasons(items, rows, len(documents), request), *left_out, sizes_sentence(sizes), *weak, *drift.reasons]
        pinned = holdout_record(items, key=content.holdout_key_id, percent=content.holdout_percent)
        store.write_bytes(f"{version_key(request.model, FIRST)}/{HOLDOUT_FILE}", json.dumps(pinned, indent=1).encode() + b"\n")
        record = {
            "format": 1,
            "decision_id": request.request_id,
            "model": request.model,
            "version": FIRST,
            "verdict": "bootstrap",
            "applied": True,
            "reasons": reasons,
            "actor": request.actor,
            "reason": request.reason,
            "base_model": content.base_model,
            "artifact": {"uri": base, "sha256": artifact_folder_sha256(store, base, settings.cache_dir())},
            "content": stated,
            "policy": policy.as_dict(),
            "gate_policy": active.named(),
            "guards": [size.as_dict() for size in sizes],
            "items_sha256": file_sha256(work / "items.jsonl"),
            **drift.as_dict(),
            "decided_at": now.isoformat(),
        }
        return write_record(store, f"{version_key(request.model, FIRST)}/decision.json", record)


def _repeated(known: dict[str, Any], stated: dict[str, Any], request: OperatorRequested) -> dict[str, Any] | None:
    registered = known.get("content", {})
    if known.get("decision_id") == request.request_id:
        return known  # the record was written, and the runner stopped before its events were
    changed = sorted(name for name in stated if stated[name] != registered.get(name))
    if not changed:
        return None
    raise BootstrapRefused(
        f"{request.model} is bootstrapped already with other content ({', '.join(changed)} differ): "
        "a model is bootstrapped once; use another --model name"
    )


def _fetch_files(request: OperatorRequested, store: ArtifactStore, work: Path) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for name, uri in (
        ("documents", request.documents_uri),
        ("eval", request.eval_uri),
        ("replay", request.replay_uri),
        ("policy", request.policy_uri),
    ):
        if uri is None:
            continue
        files[name] = work / f"{name}.in.jsonl"
        store.read_file(key_of(uri, store.bucket), files[name])
    return files


def _evaluation(path: Path, name: str) -> EvaluationFile:
    try:
        return read_evaluation_file(path, name)
    except DataError as error:
        raise BootstrapRefused(f"eval: {error}") from error


def _assigned(file: EvaluationFile, key: bytes, percent: int) -> tuple[EvaluationItem, ...]:
    """The items with `holdout` where the keyed hash of the group says so, else `old_facts`, whatever set they came with."""
    return tuple(replace(item, set="holdout" if is_holdout(item.group, key=key, percent=percent) else "old_facts") for item in file.items)


def _left_out(field: str, counts: Mapping[str, int]) -> list[str]:
    return [f"{field}: {count} {reason.replace('_', ' ')} left out" for reason, count in sorted(counts.items())]


def _policy(path: Path | None, languages: tuple[str, ...]) -> Policy:
    """The person's policy, or that of this release, for the languages of the items."""
    if path is None:
        return Policy(languages=languages)
    try:
        return parse_policy(path.read_bytes(), languages=languages)
    except PolicyError as error:
        raise BootstrapRefused(f"policy: {error}") from error


def _replay(path: Path | None, name: str) -> DatasetFile | None:
    if path is None:
        return None
    try:
        return load_dataset(path, name)
    except DataError as error:
        raise BootstrapRefused(f"replay: {error}") from error


def _documents(path: Path) -> list[BaselineDocument]:
    try:
        return requested_documents(path)
    except DataError as error:
        raise BootstrapRefused(f"documents: {error}") from error


def _reasons(items: tuple[EvaluationItem, ...], rows: int, documents: int, request: OperatorRequested) -> list[str]:
    holdout = sum(item.set == "holdout" for item in items)
    known = len(items) - holdout
    facts = f"{documents} documents, {len(items)} evaluation items ({holdout} holdout, {known} old facts), {rows} replay rows"
    return [facts, request.reason] if request.reason else [facts]


def _stored_base(request: OperatorRequested, store: ArtifactStore, settings: RunnerSettings, work: Path) -> str:
    """The store key of the base, copied or fetched into the store first where it lies elsewhere."""
    name = request.base_model or request.model
    try:
        found = find_base(name, store=store, models_dir=settings.models_dir, data_dir=settings.data_dir)
        if found.kind == "store":
            return found.where
        folder = _folder_of(found, settings)
        key = f"base/{slug_of(training_base(name))}"
        put_folder(store, key, base_files(folder))
    except (BaseNotFound, ArtifactError, ValueError) as error:
        raise BootstrapRefused(f"base_model: {error}") from error
    return key


def _folder_of(found: BaseLocation, settings: RunnerSettings) -> Path:
    if found.kind == "folder":
        return Path(found.where)
    name = hashlib.sha256(f"{found.where}@{found.revision}".encode()).hexdigest()[:24]
    return fetch_from_hub(found, settings.cache_dir() / f"hub-{name}")
