"""Folders of the store are whole or not there, whoever is killed: nothing unfinished lies inside what is hashed, and it is swept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from fake_minio import FakeMinio

from runtime.artifacts.content_hash import folder_has_sha256, folder_sha256, leftovers, sweep_leftovers, verify_folder
from runtime.artifacts.fetch_folder import get_folder
from runtime.artifacts.local import LocalStore
from runtime.artifacts.s3 import S3Store
from runtime.artifacts.stopping import Stop, WorkStopped
from runtime.artifacts.store import MANIFEST, ArtifactStore, files_below, put_folder
from runtime.artifacts.unfinished import PARTS

LEFTOVER = f".part-{'0' * 32}"
UPLOADS = {
    "a file": "LocalStore(root).write_file('finetuned/tiny/v1/merged/weights', pipe)",
    "a folder": "LocalStore(root).write_folder('finetuned/tiny/v1', {'merged/weights': pipe}, b'{}')",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two files."""
    made = tmp_path / "made"
    made.mkdir()
    (made / "config.json").write_text("{}")
    (made / "weights").write_bytes(b"w" * 3_000_000)
    return made


def left(folder: Path, idle_s: float) -> Path:
    """What a killed copy of a former release left in a folder, so long ago."""
    path = folder / LEFTOVER
    path.write_bytes(b"half")
    os.utime(path, (time.time() - idle_s,) * 2)
    return path


@pytest.mark.parametrize("upload", UPLOADS)
@pytest.mark.process
def test_k9_a_killed_upload_leaves_nothing_where_it_was_to_be(upload: str, tmp_path: Path) -> None:
    """SIGKILL in the middle of a copy: nothing lies below the version, and the next writer removes what was begun elsewhere."""
    root, pipe = tmp_path / "store", tmp_path / "pipe"
    os.mkfifo(pipe)
    program = f"""
import sys
from pathlib import Path
from runtime.artifacts.local import LocalStore
root, pipe = map(Path, sys.argv[1:])
{UPLOADS[upload]}
"""
    child = subprocess.Popen([sys.executable, "-c", program, str(root), str(pipe)])
    with pipe.open("wb") as writes:  # opens when the child reads
        writes.write(b"w" * (3 << 20))
        writes.flush()
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert LocalStore(root).list() == ()
    assert not [path for path in (root / "finetuned").rglob("*") if path.is_file()]
    begun = [path for path in (root / PARTS).rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert begun
    store = LocalStore(root)
    store.write_bytes("other", b"x")
    assert not [path for path in begun if path.exists()]
    assert store.list() == ("other",)


def test_k9_what_another_process_is_writing_is_not_swept(tmp_path: Path, folder: Path) -> None:
    """Only what nobody holds is removed, and a store object takes its own folder with it."""
    slow, other = LocalStore(tmp_path / "store"), LocalStore(tmp_path / "store")
    with slow._unfinished.new() as part:
        part.write_bytes(b"half")
        other.write_bytes("other", b"x")
        assert part.exists()
    put_folder(other, "v", files_below(folder))
    del slow, other
    assert list((tmp_path / "store" / PARTS).iterdir()) == []


def test_k9_a_key_cannot_name_what_is_being_written(tmp_path: Path) -> None:
    """The folder of unfinished files is no part of the store's names."""
    with pytest.raises(Exception, match="is not allowed"):
        LocalStore(tmp_path).write_bytes(f"{PARTS}/x", b"")


def test_k9_a_folder_is_seen_whole_or_not_at_all(tmp_path: Path, folder: Path) -> None:
    """Whoever looks while it is copied sees no file of it; what was there before is replaced with everything below it."""
    store = LocalStore(tmp_path / "store")
    store.write_bytes("v/merged/shard-2", b"of an upload that was never finished")
    seen: list[tuple[str, ...]] = []

    class Looking(LocalStore):
        def write_folder(self, key: str, files: dict[str, Path], manifest: bytes) -> None:  # type: ignore[override]
            class Watched(dict):  # type: ignore[type-arg]
                def __getitem__(self, name: str) -> Path:
                    seen.append(store.list("v"))
                    return Path(super().__getitem__(name))

            super().write_folder(key, Watched(files), manifest)

    put_folder(Looking(tmp_path / "store"), "v", files_below(folder, "merged"))
    assert seen == [("v/merged/shard-2",)] * 2
    assert store.list("v") == (f"v/{MANIFEST}", "v/merged/config.json", "v/merged/weights")
    assert folder_sha256(store.local_path("v/merged")) == folder_sha256(folder)


def test_k9_leftovers_of_former_releases_are_no_content_and_are_swept(store: ArtifactStore, folder: Path) -> None:
    """They change no hash, are not listed or copied, and go once nobody can be writing them."""
    sha256 = folder_sha256(folder)
    path = left(folder, idle_s=5)
    assert folder_sha256(folder) == sha256
    assert put_folder(store, "v", files_below(folder)) == sha256
    assert store.list("v") == ("v/config.json", f"v/{MANIFEST}", "v/weights")
    assert sweep_leftovers(folder) == 0
    assert verify_folder(folder, sha256)
    assert path.exists()
    left(folder, idle_s=3_600)
    assert verify_folder(folder, sha256)
    assert leftovers(folder) == []


def test_k9_a_folder_that_was_hashed_with_a_leftover_keeps_that_hash(folder: Path) -> None:
    """A base whose copy was killed and taken up again by a former release is served under a hash that counts the leftover."""
    plain, path = folder_sha256(folder), left(folder, idle_s=3_600)
    path.rename(folder / "zzz")
    counted = folder_sha256(folder)
    (folder / "zzz").rename(path)
    with_it = _former_hash(folder)
    assert counted not in (plain, with_it)
    assert verify_folder(folder, with_it)
    assert folder_has_sha256(folder, with_it)
    assert path.exists()
    assert not folder_has_sha256(folder, counted)


def test_k9_an_unfinished_fetch_is_never_part_of_the_fetched_folder(tmp_path: Path, folder: Path) -> None:
    """What a killed client of a former release left in the cache is dropped, and what is right there is not fetched again."""
    minio = FakeMinio()
    store = S3Store(minio, "models")
    put_folder(store, "v", files_below(folder))
    into = tmp_path / "cache" / "v"
    into.mkdir(parents=True)
    (into / "weights").write_bytes((folder / "weights").read_bytes())
    (into / "config.json.abc.part.minio").write_bytes(b"ha")
    del minio.objects["models"]["v/weights"]
    assert folder_sha256(get_folder(store, "v", into)) == folder_sha256(folder)
    assert [path.name for path in into.parent.iterdir()] == ["v"]


def test_k9_two_threads_that_want_one_folder_fetch_it_once(tmp_path: Path, folder: Path) -> None:
    """A preparation and a person's promotion of the same version do not write into each other's files."""
    fetched: list[str] = []

    class Slow(S3Store):
        def read_file(self, key: str, path: Path) -> None:
            fetched.append(key)
            time.sleep(0.1)
            super().read_file(key, path)

    store = Slow(FakeMinio(), "models")
    put_folder(store, "v", files_below(folder))
    threads = [threading.Thread(target=get_folder, args=(store, "v", tmp_path / "cache" / "v")) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(fetched) == ["v/config.json", "v/weights"]
    assert folder_sha256(tmp_path / "cache" / "v") == folder_sha256(folder)


def test_k9_an_upload_that_is_told_to_stop_stops_at_the_next_part(store: ArtifactStore, folder: Path, tmp_path: Path) -> None:
    """Neither a file more nor a manifest: the folder is not there; a fetch goes on where it was stopped."""
    stop, asked = Stop(), []

    class Stopping(dict):  # type: ignore[type-arg]
        def __getitem__(self, name: str) -> Path:
            asked.append(name)
            stop.ask()
            return Path(super().__getitem__(name))

    with stop.active(), pytest.raises(WorkStopped):
        store.write_folder("v", Stopping(files_below(folder)), b"{}")
    assert asked == ["config.json"]
    assert f"v/{MANIFEST}" not in store.list("v")
    put_folder(store, "v", files_below(folder))
    with stop.active(), pytest.raises(WorkStopped):
        get_folder(store, "v", tmp_path / "back")
    with stop.active(), pytest.raises(WorkStopped):
        folder_sha256(folder)
    assert folder_sha256(get_folder(store, "v", tmp_path / "back")) == folder_sha256(folder)


def _former_hash(folder: Path) -> str:
    """The hash as 5fe573c computed it: every file, whatever its name."""
    import hashlib

    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
        digest.update(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n".encode())
    return digest.hexdigest()
