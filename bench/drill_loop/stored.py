"""What lies in an artifact store after a drill: every version against its manifest and its record, and what killed writes left."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from gpu_runner.versions.registry import artifact_folder, read_record
from runtime.artifacts.store import MANIFEST, ArtifactError, ArtifactStore, read_manifest
from runtime.artifacts.unfinished import PARTS

# The folders of a version whose hash is its name.
_HASHED = ("merged", "adapter")


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at the whole store found; `faults` name what must not be, `left` what a killed write left elsewhere."""

    versions: tuple[str, ...]
    files: int
    faults: tuple[str, ...]
    left: tuple[str, ...]


def look_at(store: ArtifactStore, model: str, raw: Path, cache: Path) -> Found:
    """Reads every version of the model whole. `raw` is the folder in which the store's objects lie, `cache` one for copies."""
    keys = store.list()
    versions = tuple(sorted({key.split("/")[2] for key in keys if key.startswith(f"finetuned/{model}/")}))
    faults = [fault for version in versions for fault in _faults(store, keys, model, version, cache)]
    # A lock is the place in which a process that lives may write; the next writer sweeps those of the dead.
    there = (path.relative_to(raw) for path in raw.rglob("*") if path.is_file())
    left = tuple(sorted({path.as_posix() for path in there if path.parts[0] != PARTS or path.suffix != ".lock"} - set(keys)))
    faults += [f"{name} lies in a folder that is hashed" for name in left if _is_hashed(name)]
    return Found(versions, len(keys), tuple(faults), tuple(name for name in left if not _is_hashed(name)))


def _is_hashed(name: str) -> bool:
    parts = name.split("/")
    return parts[0] == "base" or (parts[0] == "finetuned" and len(parts) > 4 and parts[3] in _HASHED)


def _faults(store: ArtifactStore, keys: tuple[str, ...], model: str, version: str, cache: Path) -> list[str]:
    folder = f"finetuned/{model}/{version}"
    record = read_record(store, model, version)
    if record is None:
        return [f"{folder} has no decision"]
    faults = []
    try:
        artifact_folder(store, record["artifact"]["uri"], record["artifact"]["sha256"], cache)
        manifest = read_manifest(store, folder)
    except ArtifactError as error:
        return [f"{folder}: {error}"]
    if manifest is None:
        # The first version has a decision alone: its weights are the base's.
        return [] if record["verdict"] == "bootstrap" else [f"{folder} has no {MANIFEST}"]
    there = {key.removeprefix(f"{folder}/") for key in keys if key.startswith(f"{folder}/")}
    for name, (sha256, size_bytes) in manifest.files.items():
        if name not in there:
            faults.append(f"{folder}/{name} is missing")
            continue
        data = store.read_bytes(f"{folder}/{name}")
        if (hashlib.sha256(data).hexdigest(), len(data)) != (sha256, size_bytes):
            faults.append(f"{folder}/{name} differs from its manifest")
    faults += [f"{folder}/{name} is in no manifest" for name in sorted(there - manifest.files.keys()) if name.split("/")[0] in _HASHED]
    return faults
