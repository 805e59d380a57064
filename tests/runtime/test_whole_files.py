"""A file is whole under its name or not there, and on disk when that is said."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from runtime.artifacts.content_hash import is_leftover
from runtime.artifacts.stopping import Stop, WorkStopped
from runtime.whole_files import sync_path, whole_file, write_first, write_whole


class Synced:
    """What was synced, in its order; an error where one is to come."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, error: int | None = None) -> None:
        self.names: list[str] = []
        self._error, self._sync = error, os.fsync
        monkeypatch.setattr(os, "fsync", self)

    def __call__(self, descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        self.names.append("part" if is_leftover(path.name) else path.name)
        if self._error is not None and path.is_dir():
            raise OSError(self._error, os.strerror(self._error))
        self._sync(descriptor)


def test_a_file_and_its_name_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes before the rename, the folder after it; a missing folder is made and nothing else is left in it."""
    synced = Synced(monkeypatch)
    write_whole(tmp_path / "made" / "a", b"old")
    write_whole(tmp_path / "made" / "a", b"new")
    assert (tmp_path / "made" / "a").read_bytes() == b"new"
    assert os.listdir(tmp_path / "made") == ["a"]
    assert synced.names == ["part", "made"] * 2


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    """Neither a failure while it is written nor a stop changes the file, and the unfinished one is gone."""
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(OSError, match="No such"), whole_file(tmp_path / "a") as part:
        part.with_name("absent").rename(part)
    stop = Stop()
    stop.ask()
    with pytest.raises(WorkStopped), stop.active():
        write_whole(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_the_first_stays(tmp_path: Path) -> None:
    """What is there is not replaced; what is written has the rights that were asked for."""
    assert write_first(tmp_path / "key", b"one", mode=0o600)
    assert not write_first(tmp_path / "key", b"two", mode=0o600)
    assert (tmp_path / "key").read_bytes() == b"one"
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["key"]


def test_a_folder_that_cannot_be_synced_is_passed_over_and_a_broken_disk_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some file systems know no sync of a folder; an error of the disk is never hidden."""
    Synced(monkeypatch, error=errno.EINVAL)
    sync_path(tmp_path)
    Synced(monkeypatch, error=errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        sync_path(tmp_path)
    with pytest.raises(FileNotFoundError):
        sync_path(tmp_path / "absent")
