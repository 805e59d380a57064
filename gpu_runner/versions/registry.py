"""Versions in the artifact store: what each is, where its weights lie, and what it was made from.

A version is known by `finetuned/<model>/<version>/decision.json` (decided by the gate, or the bootstrap) or
`registration.json` (made elsewhere and registered by a person); both are written after the weights, and never again.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4
from weakref import WeakKeyDictionary

from gpu_runner.versions.active_baselines import StoredBaseline
from gpu_runner.versions.base_models import folder_fault
from gpu_runner.versions.verified import HashEvidence, VerifiedFolders, settled
from runtime.artifacts.content_hash import folder_sha256, verify_folder
from runtime.artifacts.fetch_folder import get_folder
from runtime.artifacts.store import (
    ArtifactConflict,
    ArtifactDamaged,
    ArtifactError,
    ArtifactMissing,
    ArtifactStore,
    files_below,
    put_folder,
    read_stored_json,
)

_AUTOMATIC: Final = re.compile(r"^v(0|[1-9]\d*)$")


def is_automatic(version: str) -> bool:
    """Whether a version's name is one that jobs get.

    >>> is_automatic("v12"), is_automatic("v1.0-finetuned")
    (True, False)
    """
    return _AUTOMATIC.match(version) is not None


def next_version(known: Iterable[str]) -> str:
    """The version after every automatic one known; `v0` is the bootstrap's.

    >>> next_version(["v0", "v9", "v1.0-finetuned"]), next_version([])
    ('v10', 'v1')
    """
    numbers = [int(match[1]) for name in known if (match := _AUTOMATIC.match(name))]
    return f"v{max(numbers, default=0) + 1}"


@dataclass(frozen=True, slots=True)
class _Record:
    """What a decision's record says of an artifact."""

    sha256: str
    at: str
    verdict: str
    applied: bool


# Records are written once and never again, so each is read once by a process; an old model has thousands.
_READ: Final[WeakKeyDictionary[Any, dict[str, _Record]]] = WeakKeyDictionary()


def rolled_back_artifacts(store: ArtifactStore, model: str) -> frozenset[str]:
    """The sha256 of every artifact of a model that a rollback took out of service and no person promoted since.

    One listing, and one read for each record that this process has not seen yet.
    """
    known = _READ.setdefault(store, {})
    newest: dict[str, _Record] = {}
    for key in store.list(f"finetuned/{model}"):
        if "/decisions/" not in key:
            continue
        record = known.get(key)
        if record is None:
            record = known[key] = _read(store, key)
        if record.applied and (record.sha256 not in newest or record.at > newest[record.sha256].at):
            newest[record.sha256] = record
    return frozenset(sha256 for sha256, record in newest.items() if record.verdict == "rollback")


def _read(store: ArtifactStore, key: str) -> _Record:
    whole = read_stored_json(store, key)
    if not whole.get("applied"):
        return _Record("", "", "", applied=False)
    return _Record(str(whole["artifact"]["sha256"]), str(whole["decided_at"]), str(whole["verdict"]), applied=True)


_NAME: Final = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
_SLUG: Final = re.compile(r"^[a-z0-9][a-z0-9._-]{0,99}$")


@dataclass(frozen=True, slots=True)
class RegisteredVersion:
    """A version whose weights are in the store. `evaluated`: the gate scored it; `baseline`: what it was trained from.

    `drift_baseline`: what its documents are held against, where that is known.
    """

    model: str
    version: str
    artifact_uri: str
    sha256: str
    evaluated: bool
    baseline: str | None
    drift_baseline: StoredBaseline | None = None


class VersionAmbiguous(ArtifactError):
    """Several models have a version of this name."""

    def __init__(self, version: str, models: tuple[str, ...]) -> None:
        named = ", ".join(f"{model}/{version}" for model in models)
        super().__init__(f"version {version!r} exists for {len(models)} models: ask for one of {named}")
        self.models = models


def version_key(model: str, version: str) -> str:
    """The folder key of a version; raises ArtifactError for names that are no slug or version.

    >>> version_key("tiny-llama", "v1")
    'finetuned/tiny-llama/v1'
    """
    if not _SLUG.match(model) or not _NAME.match(version):
        raise ArtifactError(f"{model!r}/{version!r}: expected a model slug and a version of letters, digits, '.', '_' and '-'")
    return f"finetuned/{model}/{version}"


def read_record(store: ArtifactStore, model: str, version: str) -> dict[str, Any] | None:
    """The immutable decision or registration of a version; None where there is none."""
    for name in ("decision.json", "registration.json"):
        key = f"{version_key(model, version)}/{name}"
        if store.exists(key):
            record = read_stored_json(store, key)
            if not isinstance(record, dict):
                raise ArtifactDamaged(f"{key} is not a JSON object: the record is damaged")
            return record
    return None


def write_record(store: ArtifactStore, key: str, record: dict[str, Any]) -> dict[str, Any]:
    """Writes an immutable record once; the one that is there already wins and is returned."""
    if store.exists(key):
        there = read_stored_json(store, key)
        if not isinstance(there, dict):
            raise ArtifactDamaged(f"{key} is not a JSON object: the record is damaged")
        return there
    store.write_bytes(key, json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n")
    return record


def find_version(store: ArtifactStore, name: str) -> RegisteredVersion:
    """The version called `model/version`, or `version` where one model has it.

    Raises ArtifactMissing that says where it was looked for, VersionAmbiguous where several models have it.
    """
    if "/" in name:
        model, _, version = name.partition("/")
        found = _version(store, model, version)
        if found is None:
            raise ArtifactMissing(_not_registered(store, name, version_key(model, version)))
        return found
    if not _NAME.match(name):
        raise ArtifactError(f"{name!r} is no version name: expected letters, digits, '.', '_' and '-', or model/version")
    candidates = [found for model in _models(store) if (found := _version(store, model, name)) is not None]
    if not candidates:
        raise ArtifactMissing(_not_registered(store, name, f"finetuned/*/{name}"))
    if len(candidates) > 1:
        raise VersionAmbiguous(name, tuple(found.model for found in candidates))
    return candidates[0]


def register_version(
    store: ArtifactStore, model_id: str, version: str, folder: Path, *, actor: str = "operator", reason: str = "",
    base_model: str | None = None, now: datetime | None = None,
) -> str:  # fmt: skip
    """A full-precision model folder, made elsewhere, becomes a version that can be evaluated; returns its sha256.

    The same folder again changes nothing. Raises ArtifactError for a name that jobs use (`v<N>`) and for a folder that is
    no model, ArtifactConflict for other content under a name that is taken.
    """
    key = version_key(model_id, version)
    if is_automatic(version):
        raise ArtifactError(f"version {version!r} is a name that training jobs get: choose another, such as v1.0-finetuned")
    fault = folder_fault(folder)
    if fault is not None:
        raise ArtifactError(f"{folder} is not a model that can be registered: {fault}")
    sha256 = folder_sha256(folder)
    known = read_record(store, model_id, version)
    if known is not None:
        if known.get("artifact", {}).get("sha256") == sha256:
            return sha256
        raise ArtifactConflict(f"{key} already holds another model: versions are immutable, choose another name")
    put_folder(store, key, files_below(folder, "merged"), replace=True)
    record = {
        "format": 1, "model": model_id, "version": version, "actor": actor, "reason": reason, "base_model": base_model,
        "artifact": {"uri": f"{key}/merged", "sha256": sha256},
        **({"registered_at": now.isoformat()} if now is not None else {}),
    }  # fmt: skip
    write_record(store, f"{key}/registration.json", record)
    return sha256


def artifact_folder(store: ArtifactStore, uri: str, sha256: str, cache: Path) -> Path:
    """The folder of an artifact on this machine, with exactly this hash. What was hashed before and has not changed is not read again.

    Raises ArtifactMissing where it is gone, ArtifactError where its content is another one.
    """
    local = store.local_path(uri)
    if local is not None and not local.is_dir():
        raise ArtifactMissing(f"artifact {uri} is not in the store: looked for {local}")
    copy = cache / sha256 if local is None else None
    verified = VerifiedFolders(cache, store)
    known, before = verified.known(uri, sha256), HashEvidence.of(store, uri, copy)
    folder = local or cache / sha256
    if known is not None and known == before:
        return folder
    began_ns = time.time_ns()
    if local is None:
        if known is not None and before.stored and known.stored != before.stored:
            _require(uri, artifact_folder_sha256(store, uri, cache), sha256)  # the copy here is older than what lies there now
        get_folder(store, uri, folder, without_manifest=True)
        before = HashEvidence(before.stored, HashEvidence.of(store, uri, copy).copied)
    if not verify_folder(folder, sha256):
        found = folder_sha256(folder)
        if local is None:
            shutil.rmtree(folder)  # the next look is at what the store holds then
        _require(uri, found, sha256)
    if local is None or settled(folder, began_ns):  # nobody but us writes a copy
        verified.remember(uri, sha256, before, HashEvidence.of(store, uri, copy))
    return folder


def _require(uri: str, found: str, sha256: str) -> None:
    if found != sha256:
        raise ArtifactError(
            f"artifact {uri} has sha256 {found[:12]}, expected {sha256[:12]}: the stored model was changed; put the original back"
        )


def artifact_folder_sha256(store: ArtifactStore, uri: str, cache: Path) -> str:
    """The hash of a folder of the store as it is now; one of a remote store is fetched for it, and stays in the cache under its hash."""
    local = store.local_path(uri)
    if local is not None:
        return folder_sha256(local)
    incoming = cache / f"incoming-{uuid4().hex}"
    try:
        folder = get_folder(store, uri, incoming / "folder", without_manifest=True)
        sha256 = folder_sha256(folder)
        if not (cache / sha256).exists():
            folder.rename(cache / sha256)
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
    return sha256


def lineage(store: ArtifactStore, model: str, version: str) -> tuple[str, ...]:
    """The version and what it was trained from, back to the first one; records that are missing end it."""
    found: list[str] = []
    at: str | None = version
    while at is not None and at not in found:
        found.append(at)
        record = read_record(store, model, at)
        at = None if record is None else _baseline(record)
    return tuple(found)


def judged_candidates(store: ArtifactStore, model: str) -> int:
    """How many versions of a model have a decision, the bootstrap's among them: it grows by one with every run that is judged."""
    return sum(key.count("/") == 3 and key.endswith("/decision.json") for key in store.list(f"finetuned/{model}"))


def _not_registered(store: ArtifactStore, name: str, key: str) -> str:
    return f"version {name!r} is not registered: looked for s3://{store.bucket}/{key}/decision.json and registration.json"


def _models(store: ArtifactStore) -> Iterator[str]:
    seen: set[str] = set()
    for key in store.list("finetuned"):
        model = key.split("/")[1]
        if model not in seen and _SLUG.match(model):
            seen.add(model)
            yield model


def _version(store: ArtifactStore, model: str, version: str) -> RegisteredVersion | None:
    record = read_record(store, model, version)
    if record is None:
        return None
    artifact = record.get("artifact")
    if not isinstance(artifact, dict) or "uri" not in artifact or "sha256" not in artifact:
        raise ArtifactError(f"the record of {model}/{version} names no artifact: it is damaged")
    evaluated = record.get("verdict") in ("promote", "reject", "inconclusive", "void", "bootstrap")
    uri, sha256 = str(artifact["uri"]), str(artifact["sha256"])
    return RegisteredVersion(model, version, uri, sha256, evaluated, _baseline(record), StoredBaseline.of(record))


def _baseline(record: dict[str, Any]) -> str | None:
    baseline = record.get("baseline")
    return str(baseline["version"]) if isinstance(baseline, dict) and "version" in baseline else None
