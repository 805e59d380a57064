"""Files that are whole or not there: what is written grows under another name beside its place, is synced, and renamed.

What a killed process left has a name that `runtime.artifacts.content_hash.is_leftover` knows, and is swept by those whose folder it is.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

from runtime.artifacts.stopping import look

# Of a folder: the file system can't sync one, or this user may not open it. A rename is then as durable as they make it.
_CANNOT: Final = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES, errno.EPERM})


def write_whole(path: Path, data: bytes) -> None:
    """`path` holds `data`, on disk, or what it held before; its folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as part:
        part.write_bytes(data)
    sync_path(path.parent)


def write_first(path: Path, data: bytes, *, mode: int) -> bool:
    """`path` holds `data`, on disk, with the rights of `mode`; False, and nothing is changed, where something is there already."""
    part = _beside(path)
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as handle:
            handle.write(data)
        sync_path(part)
        # A link fails where the file has come into being meanwhile; a rename would replace it.
        os.link(part, path)
    except FileExistsError:
        return False
    finally:
        part.unlink(missing_ok=True)
    sync_path(path.parent)
    return True


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A name beside `path`: what is written under it is synced and is `path` at the end, or gone after an error.

    The new name is on disk once the folder is synced too (`sync_path`); many files need that once.
    """
    part = _beside(path)
    try:
        yield part
        look()
        sync_path(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def sync_path(path: Path) -> None:
    """The bytes of a file, or the names in a folder, are on disk. Raises OSError, but for a folder that can't be synced."""
    try:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in _CANNOT or not path.is_dir():
            raise


def _beside(path: Path) -> Path:
    return path.with_name(f".part-{uuid4().hex}")
