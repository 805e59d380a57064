"""A job's folder says how far it got, and notices what was changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gpu_runner.errors import JobInterrupted, JobRefused
from gpu_runner.jobs.folder import JobFolder
from gpu_runner.json_files import read_json, write_json
from gpu_runner.versions.keys import folder_name
from runtime.artifacts.content_hash import file_sha256, folder_sha256

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    """A prepared job."""
    job = JobFolder(tmp_path, "cmd-1")
    job.make()
    job.dataset.mkdir()
    for name in ("train", "eval", "evaluation"):
        (job.dataset / f"{name}.jsonl").write_text(name)
    files = {name: f"dataset/{name}.jsonl" for name in ("train", "eval", "evaluation")}
    write_json(job.prepared, {})
    write_json(
        job.spec, {"attempt": 1, "dataset": files | {"sha256": {name: file_sha256(job.path / path) for name, path in files.items()}}}
    )
    return job


def finish(job: JobFolder) -> None:
    """What a child leaves behind."""
    for name in ("adapter", "merged", "evaluation"):
        (job.path / name).mkdir()
        (job.path / name / "file").write_text(name)
    result = {name: {"path": name, "sha256": folder_sha256(job.path / name)} for name in ("adapter", "merged")}
    write_json(job.result, result | {"scores": "evaluation/file", "scores_sha256": file_sha256(job.path / "evaluation" / "file")})


def test_any_job_id_has_a_plain_folder() -> None:
    """Ids come from callers: none of them may lead elsewhere, and two never share a folder."""
    names = {folder_name(job_id) for job_id in ("cmd-1", "../cmd-1", "a/b", "..", ".hidden", "x" * 200, "é")}
    assert len(names) == 7
    assert all("/" not in name and not name.startswith(".") for name in names)


def test_the_start_of_an_attempt_is_remembered(folder: JobFolder) -> None:
    """A restart does not move it; the next attempt has its own."""
    assert folder.started_at(1, NOW) == NOW
    assert folder.started_at(1, NOW + timedelta(hours=5)) == NOW
    assert folder.started_at(2, NOW + timedelta(hours=6)) == NOW + timedelta(hours=6)


def test_a_started_run_has_a_pinned_dataset(folder: JobFolder) -> None:
    """A changed file is refused, and a half-done preparation counts as none."""
    first, second = folder.pinned_spec(1), folder.pinned_spec(2)
    assert first is not None
    assert second == first | {"attempt": 2} == read_json(folder.spec)
    (folder.dataset / "train.jsonl").write_text("changed")
    with pytest.raises(JobRefused, match="the dataset was changed"):
        folder.pinned_spec(1)
    folder.prepared.unlink()
    assert folder.pinned_spec(1) is None


def test_a_result_counts_only_with_its_artifacts(folder: JobFolder) -> None:
    """Missing or changed weights or scores make it worthless."""
    assert folder.verified_result() is None
    finish(folder)
    assert folder.verified_result() is not None
    (folder.path / "merged" / "file").write_text("changed")
    assert folder.verified_result() is None
    write_json(folder.result, {"adapter": 1})
    assert folder.verified_result() is None


def test_a_file_that_is_no_object_reads_as_absent(tmp_path: Path) -> None:
    """Half-written and foreign files are never taken for state."""
    for content in ("", "{", "[1]", "\x00"):
        (tmp_path / "x.json").write_text(content)
        assert read_json(tmp_path / "x.json") is None
    write_json(tmp_path / "x.json", {"a": "é"})
    assert json.loads((tmp_path / "x.json").read_text(encoding="utf-8")) == read_json(tmp_path / "x.json") == {"a": "é"}


def test_a_folder_that_can_not_be_made_is_an_infrastructure_failure(tmp_path: Path) -> None:
    """A full or read-only disk may be repaired before the next attempt."""
    (tmp_path / "file").write_text("")
    with pytest.raises(JobInterrupted, match="can't be made"):
        JobFolder(tmp_path / "file", "cmd-1").make()
