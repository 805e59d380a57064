"""The names of artifacts are their contents: sha256 of a file and of a folder.

A folder's hash is the sha256 over the sorted lines `<sha256 of file>  <relative posix path>\\n`, so it depends on
names and bytes alone, never on times, owners or the order of a listing.
"""

from __future__ import annotations

import hashlib
from pathlib import Path


def file_sha256(path: Path) -> str:
    """The lower-case hex sha256 of the file's bytes, read in blocks of 1 MiB.

    Raises FileNotFoundError where there is no such file.
    """
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def folder_sha256(folder: Path) -> str:
    """The hash of every file below `folder`, hidden files included; cost is one read of all bytes.

    Raises NotADirectoryError where `folder` is no folder, so that an absent artifact never has a hash.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder: nothing to hash")
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{file_sha256(files[name])}  {name}\n".encode())
    return digest.hexdigest()
