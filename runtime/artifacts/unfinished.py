"""Where what is being written grows before it is renamed into its place: never beside it, so that a folder that is hashed holds no part.

Each store object has its own folder below `<root>/.parts`, held by a lock that the system lets go of with the process. So the next one
can tell what a killed process left from what another process is writing, and removes it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Final
from uuid import uuid4

from runtime.artifacts.stopping import look

PARTS: Final = ".parts"


def copy_file(source: Path, target: Path) -> None:
    """Copies a file into a new one; may be told to stop between blocks of 1 MiB."""
    with source.open("rb") as reads, target.open("wb") as writes:
        while block := reads.read(1 << 20):
            look()
            writes.write(block)


class Unfinished:
    """The unfinished files and folders of one store object. Made at the first write, with a sweep of what killed processes left."""

    def __init__(self, root: Path) -> None:
        self._parts = root / PARTS
        self._own: Path | None = None
        self._turn = Lock()

    @contextmanager
    def new(self) -> Iterator[Path]:
        """A path on which nothing is yet; what is there at the end is removed. Raises OSError where none can be made."""
        path = self._folder() / uuid4().hex
        try:
            yield path
        finally:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def _folder(self) -> Path:
        with self._turn:
            if self._own is None or not self._own.is_dir():
                self._parts.mkdir(parents=True, exist_ok=True)
                self._sweep()
                self._own = self._make()
            return self._own

    def _make(self) -> Path:
        while True:
            own = self._parts / uuid4().hex
            lock = own.with_suffix(".lock")
            handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
            with suppress(OSError):  # a file system without locks: nobody can lock it, so nobody sweeps it
                fcntl.flock(handle, fcntl.LOCK_EX)
            if os.fstat(handle).st_nlink == 0:  # swept between the two
                os.close(handle)
                continue
            own.mkdir()
            weakref.finalize(self, _let_go, own, lock, handle, os.getpid())
            return own

    def _sweep(self) -> None:
        for lock in self._parts.glob("*.lock"):
            with suppress(OSError):
                handle = os.open(lock, os.O_RDWR)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
                    lock.unlink()
                finally:
                    os.close(handle)


def _let_go(own: Path, lock: Path, handle: int, pid: int) -> None:
    if os.getpid() != pid:  # a fork of the process that owns it
        return
    shutil.rmtree(own, ignore_errors=True)
    with suppress(OSError):
        lock.unlink()
    os.close(handle)
