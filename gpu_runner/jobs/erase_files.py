"""Takes texts of samples that were taken back out of files: job folders, stored rows and items, evaluations, exports. Blocking.

Everything here may be stopped at any point and done again. What is left behind is ids, hashes and reasons.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from gpu_runner.event_log.withdrawals import KnownSample, Reason, Withdrawals, known_samples
from gpu_runner.jobs.folder import MEMO, JobFolder
from gpu_runner.jobs.sample_lines import field, forget_lines, keep_lines, lines, without
from gpu_runner.json_files import read_json
from gpu_runner.versions.keys import REPAIR_ITEMS, TRAINED_ROWS, TRAINED_SAMPLES
from gpu_runner.versions.registry import lineage, version_key
from runtime.artifacts.store import ArtifactStore, read_stored_json


@dataclass(frozen=True, slots=True)
class TaintedVersion:
    """A version, and the samples that it was trained on and that were taken back since, with the reason."""

    model: str
    version: str
    samples: Mapping[str, Reason]


def forget_job(folder: JobFolder, withdrawals: Withdrawals) -> dict[str, KnownSample]:
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
    withdrawn = withdrawals.withdrawn(model, samples)
    known = read_json(folder.path / MEMO) or {}
    if any(sample_id not in known for sample_id in withdrawn):
        if folder.result.exists():
            folder.forget(withdrawn, answers=True)
        else:
            folder.discard()
    return samples


def forget_version(
    store: ArtifactStore, model: str, version: str, withdrawals: Withdrawals
) -> tuple[dict[str, KnownSample], TaintedVersion]:
    """Takes the samples out of the rows and repair items that are kept of a version, and writes down what it was trained on.

    Returns the samples that the version is made of, and how it is tainted.
    """
    place = {"model": model, "version": version}
    samples = known_samples(read_stored_json(store, TRAINED_SAMPLES.format(**place)))
    withdrawn = withdrawals.withdrawn(model, samples)
    memo = f"{version_key(model, version)}/{MEMO}"
    known = read_stored_json(store, memo) if store.exists(memo) else {"samples": {}}
    if any(sample_id not in known["samples"] for sample_id in withdrawn):
        for pattern in (TRAINED_ROWS, REPAIR_ITEMS):
            key = pattern.format(**place)
            if store.exists(key):
                store.write_bytes(key, b"".join(without(store.read_bytes(key).splitlines(keepends=True), withdrawn)))
        told = {
            name: {"reason": reason, "user_hash": samples[name].user_hash, "trained": samples[name].trained}
            for name, reason in withdrawn.items()
        }
        known = {"format": 1, **place, "samples": known["samples"] | told}
        store.write_bytes(memo, json.dumps(known, indent=1, sort_keys=True).encode() + b"\n")
    return samples, _tainted(known | place)


def forget_evaluation(folder: Path, withdrawn: Collection[str]) -> None:
    """Takes items of the samples, and the answers to them, out of an evaluation that a person asked for with a stored repair set."""
    paths = [*folder.glob("*.jsonl"), *folder.glob("given/*.jsonl")]
    items = {name for path in paths for name in forget_lines(path, withdrawn)}
    for path in paths if items else ():
        keep_lines(path, b"".join(line for line in lines(path) if field(line, "item_id") not in items))


def forget_exports(folder: Path, withdrawals: Withdrawals) -> None:
    """Removes exported feedback of `abhyas export feedback` that was taken back. The figures beside it hold no text."""
    for path in folder.glob("feedback_*.json"):
        one = read_json(path)
        if one is None:
            continue
        sample = KnownSample(int(one["revision"]), one.get("user_hash"), datetime.fromisoformat(one["occurred_at"]))
        if withdrawals.reason(str(one["model"]), str(one["sample_id"]), sample) is not None:
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
