"""Checkpoints: only whole ones of this job are gone on from."""

from __future__ import annotations

from pathlib import Path

from gpu_runner.train.checkpoints import newest_verified, seal


def sealed(folder: Path, step: int, identity: str = "job") -> Path:
    written = folder / ".writing"
    written.mkdir(parents=True)
    (written / "weights.bin").write_bytes(bytes([step]) * 100)
    return seal(written, folder, step=step, identity=identity)


def test_the_newest_verified_checkpoint_is_found_and_the_rest_is_explained(tmp_path: Path) -> None:
    """Changed bytes, another job's identity and a missing manifest are passed over, each with its reason."""
    sealed(tmp_path, 10)
    changed = sealed(tmp_path, 12)
    (changed / "weights.bin").write_bytes(b"\x00" * 100)
    (tmp_path / "step-14").mkdir()
    found = newest_verified(tmp_path, identity="job")
    assert (found.path, found.step) == (tmp_path / "step-10", 10)
    assert [reason.split(":")[0] for reason in found.ignored] == ["step-14", "step-12"]
    assert newest_verified(tmp_path, identity="another").path is None


def test_two_checkpoints_are_kept(tmp_path: Path) -> None:
    """Sealing a third removes the oldest; an unsealed folder is never taken for one."""
    for step in (2, 4, 6):
        sealed(tmp_path, step)
    (tmp_path / ".writing" / "checkpoint-8").mkdir(parents=True)
    assert sorted(path.name for path in tmp_path.glob("step-*")) == ["step-4", "step-6"]
    assert newest_verified(tmp_path, identity="job").step == 6
