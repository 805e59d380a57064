"""Hashes of what a record names, computed again. Reads every byte of the artifact; a remote one is fetched for it and removed. Blocking."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gpu_runner.versions.keys import MODEL_ITEMS, REGISTERED_DOCUMENTS
from gpu_runner.versions.registry import version_key
from ops.lineage.records import StoredRecord, VersionRecords
from ops.lineage.verify.check_result import CheckResult, compared
from runtime.artifacts.content_hash import file_sha256, folder_has_sha256, folder_sha256, is_leftover
from runtime.artifacts.store import (
    MANIFEST,
    ArtifactDamaged,
    ArtifactMissing,
    ArtifactStore,
    Manifest,
    folder_manifest,
    key_of,
    read_manifest,
)


def hash_findings(store: ArtifactStore, model: str, records: VersionRecords, own: StoredRecord) -> Iterator[CheckResult]:
    """The artifact's folders, the files beside it, the policy, and what later decisions say of the same artifact."""
    record = own.content
    artifact = record.get("artifact") or {}
    key = version_key(model, records.version)
    yield folder_finding(store, "artifact", str(artifact.get("uri") or f"{key}/merged"), artifact.get("sha256"))
    if "adapter_sha256" in artifact:
        yield folder_finding(store, "adapter", f"{key}/adapter", artifact["adapter_sha256"])
    if store.exists(f"{key}/{MANIFEST}"):
        yield _manifest_finding(store, key)
    if "scores_sha256" in record:
        scores = key_of(str(record["scores_uri"]), store.bucket) if record.get("scores_uri") else f"{key}/scores.json"
        yield file_finding(store, "scores file", scores, record["scores_sha256"])
    for name, told in (("corrections", record.get("corrections_sha256")), ("told", (record.get("told_corrections") or {}).get("sha256"))):
        if told is not None:
            yield file_finding(store, f"{name} file", f"{key}/{name}.json", told)
    if named := record.get("gate_policy"):
        yield file_finding(store, "policy file", str(named["key"]), str(named["sha256"]))
    elif record.get("policy"):
        yield CheckResult("policy file", "unchecked", "the model was bootstrapped without one: the record holds the policy itself")
    if record.get("verdict") == "bootstrap":
        yield file_finding(store, "registered items", MODEL_ITEMS.format(model=model), record.get("items_sha256"))
        content = record.get("content") or {}
        yield file_finding(store, "registered documents", REGISTERED_DOCUMENTS.format(model=model), content.get("documents_sha256"))
    if drift := record.get("drift_baseline"):
        yield _drift_finding(store, drift)
    yield from (_later_finding(one, str(artifact.get("sha256")), records.version) for one in records.later)


def folder_finding(store: ArtifactStore, name: str, uri: str, recorded: str | None) -> CheckResult:
    """A folder of the store against its recorded hash."""
    if recorded is None:
        return compared(name, None, None, uri)
    local = store.local_path(uri)
    found: str | None
    try:
        found = _folder_hash(store, uri) if local is None else _local_hash(local, recorded)
    except (ArtifactMissing, NotADirectoryError):
        found = None
    return compared(name, found, recorded, uri)


def file_finding(store: ArtifactStore, name: str, key: str, recorded: str | None) -> CheckResult:
    """A file of the store against its recorded hash."""
    if recorded is None:
        return compared(name, None, None, key)
    try:
        found = hashlib.sha256(store.read_bytes(key)).hexdigest()
    except ArtifactMissing:
        found = None
    return compared(name, found, recorded, key)


def _local_hash(folder: Path, recorded: str) -> str:
    """The recorded hash where it is the folder's: what a killed copy left beside the weights is no content."""
    return recorded if folder_has_sha256(folder, recorded) else folder_sha256(folder)


def _folder_hash(store: ArtifactStore, uri: str) -> str:
    """The hash of a remote folder, a file at a time, as the fetch of the folder gives it: without the list of its files."""
    found: dict[str, tuple[str, int]] = {}
    with TemporaryDirectory(prefix="abhyas-verify-") as place:
        path = Path(place) / "file"
        for key in store.list(uri):
            name = key[len(uri) + 1 :]
            if name != MANIFEST and not is_leftover(name.rpartition("/")[2]):
                store.read_file(key, path)
                found[name] = (file_sha256(path), path.stat().st_size)
    if not found:
        raise ArtifactMissing(f"{uri} is not in the artifact store")
    return Manifest(found).sha256()


def _manifest_finding(store: ArtifactStore, key: str) -> CheckResult:
    """The list of the version's files against the files that are there: names, and the hashes of the small ones."""
    name = "manifest"
    try:
        manifest = read_manifest(store, key)
    except ArtifactDamaged as error:
        return CheckResult(name, "differs", str(error))
    if manifest is None:
        return CheckResult(name, "unchecked", f"{key} has no {MANIFEST}")
    gone = sorted(file for file in manifest.files if not store.exists(f"{key}/{file}"))
    if gone:
        return CheckResult(name, "differs", f"{len(gone)} files that {key}/{MANIFEST} lists are not there: {', '.join(gone[:3])}")
    for file, (sha256, _) in manifest.files.items():
        # Those below a folder are in the folders' own hashes.
        if "/" not in file and hashlib.sha256(store.read_bytes(f"{key}/{file}")).hexdigest() != sha256:
            return CheckResult(name, "differs", f"{key}/{file} is not the file that {MANIFEST} lists")
    return CheckResult(name, "ok", f"all {len(manifest.files)} files of {key}/{MANIFEST} are there")


def _drift_finding(store: ArtifactStore, drift: Mapping[str, Any]) -> CheckResult:
    """The drift baseline's folder against the manifest that it was put with, and its arrays against the record."""
    name, uri = "drift baseline", str(drift["uri"])
    try:
        manifest, below = folder_manifest(store, uri)
        prefix = f"{below}/" if below else ""
        root = uri.removesuffix(f"/{below}") if below else uri
        files = {file: at for file, at in manifest.files.items() if file.startswith(prefix)}
        hashes = {file: hashlib.sha256(store.read_bytes(f"{root}/{file}")).hexdigest() for file in files}
    except (ArtifactMissing, ArtifactDamaged) as error:
        return CheckResult(name, "differs", str(error))
    changed = [file for file, (sha256, _) in files.items() if hashes[file] != sha256]
    if changed:
        return CheckResult(name, "differs", f"{root}/{changed[0]} is not the file that was fitted")
    if drift["sha256"] not in hashes.values():
        return CheckResult(name, "differs", f"no file of {uri} has the sha256 {str(drift['sha256'])[:12]} of the record")
    return CheckResult(name, "ok", f"{uri} has the arrays of the record, sha256 {str(drift['sha256'])[:12]}")


def _later_finding(record: StoredRecord, sha256: str, version: str) -> CheckResult:
    said = str((record.content.get("artifact") or {}).get("sha256"))
    what = f"{record.content.get('verdict')} of {str(record.content.get('decided_at'))[:16]} by {record.content.get('actor')}"
    if said == sha256:
        return CheckResult("later decision", "ok", f"{what} speaks of the same artifact")
    return CheckResult("later decision", "differs", f"{what} speaks of artifact {said[:12]}, the record of {version} of {sha256[:12]}")
