"""A folder of the store on this machine: whole and verified under its name, or not there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final

from runtime.artifacts.content_hash import file_sha256
from runtime.artifacts.stopping import look
from runtime.artifacts.store import ArtifactError, ArtifactMissing, ArtifactStore, checked_key, folder_manifest

# How long a thread that waits for another's fetch of the same folder goes without looking whether it is to stop.
_LOOK_EVERY_S: Final = 0.2

# sha256 and size of a file of a folder; None where no manifest says them.
_Stated = tuple[str, int] | None
_turns: dict[Path, Lock] = {}
_turn_of_turns = Lock()


def get_folder(store: ArtifactStore, key: str, into: Path, *, without_manifest: bool = False) -> Path:
    """Copies a folder key to a local folder, each file checked against the manifest; returns `into`.

    The manifest is the folder's own or its parent's (`finetuned/<model>/<version>/manifest.json` covers `merged/`). The files grow in
    `.<name>.part` beside `into`, where a fetch that was stopped or killed goes on; `into` appears, or is replaced, when all are there.
    Two threads that want the same folder fetch it once. `without_manifest` takes all files below the key where nothing describes them.
    Raises ArtifactMissing without a manifest, or without files, and ArtifactError for a file that differs.
    """
    files = _files(store, key, without_manifest)
    with _turn(into.absolute()):
        if not _whole(into, files):
            _fetch(store, key, files, into)
    return into


def _files(store: ArtifactStore, key: str, without_manifest: bool) -> Mapping[str, _Stated]:
    try:
        manifest, below = folder_manifest(store, key)
    except ArtifactMissing:
        keys = store.list(key) if without_manifest else ()
        if not keys:
            raise
        return {checked_key(name[len(key) + 1 :]): None for name in keys}
    prefix = f"{below}/" if below else ""
    return {checked_key(name[len(prefix) :]): stated for name, stated in manifest.files.items() if name.startswith(prefix)}


def _fetch(store: ArtifactStore, key: str, files: Mapping[str, _Stated], into: Path) -> None:
    part = into.with_name(f".{into.name}.part")
    if None in files.values():
        shutil.rmtree(part, ignore_errors=True)  # nothing says whether what is there is still the same
    part.mkdir(parents=True, exist_ok=True)
    for name, stated in files.items():
        look()
        target = part / name
        if _is(target, stated):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if _is(into / name, stated):  # of a fetch that a former release began
            target.unlink(missing_ok=True)
            os.link(into / name, target)
            continue
        store.read_file(f"{key}/{name}", target)
        if stated is not None and file_sha256(target) != stated[0]:
            target.unlink()
            raise ArtifactError(
                f"{key}/{name} differs from its manifest: the stored artifact is damaged, upload or promote another version"
            )
    for path in [path for path in part.rglob("*") if path.is_file()]:
        if path.relative_to(part).as_posix() not in files:
            path.unlink()
    look()
    shutil.rmtree(into, ignore_errors=True)
    part.rename(into)


def _whole(folder: Path, files: Mapping[str, _Stated]) -> bool:
    """Whether exactly these files are there, as they are stated; without a manifest by their names, and the caller's hash is the check."""
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} if folder.is_dir() else set()
    return there == set(files) and all(stated is None or _is(folder / name, stated) for name, stated in files.items())


def _is(path: Path, stated: _Stated) -> bool:
    return stated is not None and path.is_file() and path.stat().st_size == stated[1] and file_sha256(path) == stated[0]


@contextmanager
def _turn(into: Path) -> Iterator[None]:
    with _turn_of_turns:
        lock = _turns.setdefault(into, Lock())
    while not lock.acquire(timeout=_LOOK_EVERY_S):
        look()
    try:
        yield
    finally:
        lock.release()
