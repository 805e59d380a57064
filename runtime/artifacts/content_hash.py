"""The names of artifacts are their contents: sha256 of a file and of a folder.

A folder's hash is the sha256 over the sorted lines `<sha256 of file>  <relative posix path>\\n`, so it depends on
names and bytes alone, never on times, owners or the order of a listing. What a killed copy left beside its target is no content.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from runtime.artifacts.stopping import look

# Nobody writes any more in a leftover that has not changed for so long.
_IDLE_S: Final = 600.0
# What former releases called an unfinished file beside its target, and what a single file is still called outside a store.
_LEFTOVER: Final = re.compile(r"\.part-[0-9a-f]{32}")


def is_leftover(name: str) -> bool:
    """Whether a file of this name is an unfinished copy.

    >>> is_leftover(".part-0123456789abcdef0123456789abcdef"), is_leftover(".part-1"), is_leftover("model.safetensors")
    (True, False, False)
    """
    return _LEFTOVER.fullmatch(name) is not None


def file_sha256(path: Path) -> str:
    """The lower-case hex sha256 of the file's bytes, read in blocks of 1 MiB; may be told to stop between them.

    Raises FileNotFoundError where there is no such file.
    """
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            look()
            digest.update(block)
    return digest.hexdigest()


def folder_sha256(folder: Path) -> str:
    """The hash of every file below `folder`, hidden files included, leftovers not; cost is one read of all bytes.

    Raises NotADirectoryError where `folder` is no folder, so that an absent artifact never has a hash.
    """
    return _sha256(folder, (path for path in _files(folder) if not is_leftover(path.name)))


def folder_has_sha256(folder: Path, sha256: str) -> bool:
    """Whether that is the folder's hash.

    A base that a former release copied, was killed at, and hashed after has its leftover in its hash: that is its hash then.
    Raises NotADirectoryError where `folder` is no folder.
    """
    if folder_sha256(folder) == sha256:
        return True
    return bool(leftovers(folder)) and _sha256(folder, _files(folder)) == sha256


def verify_folder(folder: Path, sha256: str) -> bool:
    """`folder_has_sha256`, which removes the leftovers that are no part of the hash and that nobody works on any more."""
    if folder_sha256(folder) != sha256:
        return folder_has_sha256(folder, sha256)
    sweep_leftovers(folder)
    return True


def leftovers(folder: Path) -> list[Path]:
    """Every unfinished copy below a folder."""
    return [path for path in _files(folder) if is_leftover(path.name)]


def sweep_leftovers(folder: Path) -> int:
    """Removes unfinished copies below a folder on which nobody works any more; returns how many. Never raises for one that stays."""
    swept = 0
    for path in leftovers(folder):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _IDLE_S:
                path.unlink()
                swept += 1
    return swept


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder: nothing to hash")
    return [path for path in folder.rglob("*") if path.is_file()]


def _sha256(folder: Path, paths: Iterable[Path]) -> str:
    files = {path.relative_to(folder).as_posix(): path for path in paths}
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{file_sha256(files[name])}  {name}\n".encode())
    return digest.hexdigest()
