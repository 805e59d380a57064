"""Checkpoints that are whole or not there: written aside, hashed, flushed, then renamed into place. Torch-free."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from runtime.artifacts.content_hash import file_sha256
from runtime.whole_files import sync_path

MANIFEST = "manifest.json"
KEPT = 2
_NAME = re.compile(r"step-(\d+)")


@dataclass(frozen=True, slots=True)
class Found:
    """The newest verified checkpoint, if any, and why each newer one was passed over."""

    path: Path | None = None
    step: int = 0
    ignored: list[str] = field(default_factory=list)


def seal(written: Path, folder: Path, *, step: int, identity: str) -> Path:
    """Makes the files under `written` the checkpoint `folder/step-<n>` of the job `identity`.

    Order: hash manifest, every file flushed, rename, folder flushed; a crash before the rename leaves no checkpoint.
    The newest two stay, older ones are removed.
    """
    files = {path.relative_to(written).as_posix(): file_sha256(path) for path in sorted(written.rglob("*")) if path.is_file()}
    manifest = {"step": step, "identity": identity, "files": files}
    (written / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    for path in sorted(written.rglob("*")):
        sync_path(path)
    sync_path(written)
    target = folder / f"step-{step}"
    if target.exists():
        shutil.rmtree(target)
    written.rename(target)
    sync_path(folder)
    for _, old in _by_step(folder)[KEPT:]:
        shutil.rmtree(old)
    return target


def newest_verified(folder: Path, *, identity: str) -> Found:
    """The checkpoint to go on from: the newest whose manifest, identity and every hash are right."""
    ignored: list[str] = []
    for step, path in _by_step(folder):
        reason = _fault(path, step, identity)
        if reason is None:
            return Found(path, step, ignored)
        ignored.append(f"{path.name}: {reason}")
    return Found(ignored=ignored)


def _fault(path: Path, step: int, identity: str) -> str | None:
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        files, of_step, of_identity = manifest["files"], manifest["step"], manifest["identity"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"no readable {MANIFEST} ({type(error).__name__})"
    if of_step != step or of_identity != identity:
        return "it belongs to another dataset, start, seed or setting"
    present = {file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()} - {MANIFEST}
    if present != set(files):
        return f"files differ from the manifest: {sorted(present ^ set(files))}"
    wrong = [name for name, expected in files.items() if file_sha256(path / name) != expected]
    return f"hash differs: {wrong}" if wrong else None


def _by_step(folder: Path) -> list[tuple[int, Path]]:
    found = [(int(match[1]), path) for path in folder.glob("step-*") if (match := _NAME.fullmatch(path.name)) and path.is_dir()]
    return sorted(found, reverse=True)
