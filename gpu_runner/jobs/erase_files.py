"""Takes texts of samples that were taken back out of files: job folders, stored rows and items, evaluations, exports. Blocking.

Everything here may be stopped at any point and done again. What is left behind is ids, hashes and reasons.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from gpu_runner.dataset.folder import FILES
from gpu_runner.dataset.rows import answers_to
from gpu_runner.event_log.withdrawals import KnownSample, Reason, TakenBack, known_samples
from gpu_runner.jobs.folder import JobFolder
from gpu_runner.json_files import read_json, write_json
from gpu_runner.versions.keys import REPAIR_ITEMS, TRAINED_ROWS, TRAINED_SAMPLES
from gpu_runner.versions.registry import lineage, version_key
from runtime.artifacts.store import ArtifactStore, read_stored_json
from runtime.whole_files import write_whole
from schemas.json_lines import own_lines
from schemas.json_text import UnreadableJson
from schemas.json_text import read_json as read_line

# In a job's folder: what was taken out of it. Beside an artifact: what its version was made of and was taken back since.
MEMO: Final = "taken_back.json"


@dataclass(frozen=True, slots=True)
class TaintedVersion:
    """A version, and the samples that it was trained on and that were taken back since, with the reason."""

    model: str
    version: str
    samples: Mapping[str, Reason]


def forget_rows(folder: JobFolder, gone: Mapping[str, Reason], *, answers: bool) -> None:
    """Takes rows, items and (where no child writes them) the models' answers of the samples out of a job that has trained.

    The hashes in `spec.json` stay: they say what was trained on.
    """
    for name in FILES:
        _forget_lines(folder.dataset / f"{name}.jsonl", gone)
    _forget_lines(folder.leased_documents, gone)
    if answers:
        # By what is left to ask, and not by what was just removed: that may have happened while the answers were written.
        items = folder.dataset / "evaluation.jsonl"
        left = {str(row["id"]) for _, row in own_lines(items.read_bytes())} if items.is_file() else set()
        path = folder.path / "evaluation" / "answers.jsonl"
        if path.is_file():
            _write_if_shorter(path, answers_to(left, path.read_bytes()))
        write_json(folder.path / MEMO, (read_json(folder.path / MEMO) or {}) | dict(gone))


def forget_job(folder: JobFolder, taken_back: TakenBack) -> dict[str, KnownSample]:
    """A job that no child works on: one that has trained loses the rows, any other its dataset and checkpoints.

    Returns the samples that the folder is made of.
    """
    made_of = folder.made_of()
    if made_of is None:
        # A preparation that was stopped: nobody knows whose text is in it, and the next one begins anew.
        folder.discard()
        return {}
    model, samples = made_of
    for pattern in (".part-*", ".*.part"):  # the second: what former releases called them
        for draft in (*folder.dataset.glob(pattern), *(folder.path / "evaluation").glob(pattern)):
            draft.unlink()  # of a process that was killed while it wrote; no child works here now
    gone = taken_back.gone(model, samples)
    known = read_json(folder.path / MEMO) or {}
    if any(sample_id not in known for sample_id in gone):
        if folder.result.exists():
            forget_rows(folder, gone, answers=True)
        else:
            folder.discard()
    return samples


def forget_version(store: ArtifactStore, model: str, version: str, taken_back: TakenBack) -> tuple[dict[str, KnownSample], TaintedVersion]:
    """Takes the samples out of the rows and repair items that are kept of a version, and writes down what it was trained on.

    Returns the samples that the version is made of, and how it is tainted.
    """
    place = {"model": model, "version": version}
    samples = known_samples(read_stored_json(store, TRAINED_SAMPLES.format(**place)))
    gone = taken_back.gone(model, samples)
    memo = f"{version_key(model, version)}/{MEMO}"
    known = read_stored_json(store, memo) if store.exists(memo) else {"samples": {}}
    if any(sample_id not in known["samples"] for sample_id in gone):
        for pattern in (TRAINED_ROWS, REPAIR_ITEMS):
            key = pattern.format(**place)
            if store.exists(key):
                store.write_bytes(key, b"".join(_without(store.read_bytes(key).splitlines(keepends=True), gone)))
        told = {
            name: {"reason": reason, "user_hash": samples[name].user_hash, "trained": samples[name].trained}
            for name, reason in gone.items()
        }
        known = {"format": 1, **place, "samples": known["samples"] | told}
        store.write_bytes(memo, json.dumps(known, indent=1, sort_keys=True).encode() + b"\n")
    return samples, _tainted(known | place)


def forget_evaluation(folder: Path, gone: Collection[str]) -> None:
    """Takes items of the samples, and the answers to them, out of an evaluation that a person asked for with a stored repair set."""
    paths = [*folder.glob("*.jsonl"), *folder.glob("given/*.jsonl")]
    items = {name for path in paths for name in _forget_lines(path, gone)}
    for path in paths if items else ():
        _write_if_shorter(path, b"".join(line for line in _lines(path) if _field(line, "item_id") not in items))


def forget_exports(folder: Path, taken_back: TakenBack) -> None:
    """Removes exported feedback of `abhyas export feedback` that was taken back. The figures beside it hold no text."""
    for path in folder.glob("feedback_*.json"):
        one = read_json(path)
        if one is None:
            continue
        sample = KnownSample(int(one["revision"]), one.get("user_hash"), datetime.fromisoformat(one["occurred_at"]))
        if taken_back.reason(str(one["model"]), str(one["sample_id"]), sample) is not None:
            path.unlink(missing_ok=True)


def stored_versions(store: ArtifactStore) -> list[tuple[str, str]]:
    """Every (model, version) that rows are kept of."""
    suffix = ".samples.json"
    found = (key.split("/") for key in store.list("training_data") if key.endswith(suffix))
    return [(parts[1], parts[3].removesuffix(suffix)) for parts in found if len(parts) == 4 and parts[2] == "versions"]


def trained_from(store: ArtifactStore, version: TaintedVersion) -> list[str]:
    """The versions of the same model whose weights started from a version's, directly or not."""
    prefix = f"finetuned/{version.model}"
    others = sorted({key.split("/")[2] for key in store.list(prefix) if key.endswith("/decision.json") and key.count("/") == 3})
    return [other for other in others if other != version.version and version.version in lineage(store, version.model, other)]


def tainted_versions(store: ArtifactStore) -> list[TaintedVersion]:
    """Every version that was trained on samples taken back since; ids and reasons only."""
    memos = [key for key in store.list("finetuned") if key.endswith(f"/{MEMO}")]
    found = (_tainted(read_stored_json(store, key)) for key in memos)
    return [version for version in found if version.samples]


def _tainted(memo: Mapping[str, Any]) -> TaintedVersion:
    trained = {name: one["reason"] for name, one in sorted(memo["samples"].items()) if one["trained"]}
    return TaintedVersion(str(memo["model"]), str(memo["version"]), trained)


def _forget_lines(path: Path, gone: Collection[str]) -> set[str]:
    """Removes the rows of the samples from a JSON Lines file; returns the ids of the removed rows."""
    if not path.is_file():
        return set()
    lines = _lines(path)
    kept = _without(lines, gone)
    removed = {str(_field(line, "id")) for line in lines} - {str(_field(line, "id")) for line in kept} if len(kept) < len(lines) else set()
    _write_if_shorter(path, b"".join(kept))
    return removed


def _without(lines: Iterable[bytes], gone: Collection[str]) -> list[bytes]:
    return [line for line in lines if _field(line, "sample_id") not in gone]


def _field(line: bytes, name: str) -> object:
    try:
        row = read_line(line).value  # a person's own evaluation file may hold anything
    except UnreadableJson:
        return None
    return row.get(name) if isinstance(row, dict) else None


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def _write_if_shorter(path: Path, content: bytes) -> None:
    if len(content) < path.stat().st_size:
        write_whole(path, content)
