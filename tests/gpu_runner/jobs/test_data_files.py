"""A request's data file is found in the store or below DATA_DIR, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpu_runner.jobs.data_files import DataFileMissing, find_data_file
from runtime.artifacts.store import ArtifactError, ArtifactStore


def test_a_key_of_the_store_and_a_path_are_both_found(store: ArtifactStore, tmp_path: Path) -> None:
    """`s3://models/<key>` in both forms of the store; a relative or absolute path below DATA_DIR."""
    store.write_bytes("training_data/rows.jsonl", b"stored")
    (tmp_path / "data" / "train").mkdir(parents=True)
    (tmp_path / "data" / "train" / "train.jsonl").write_text("local")
    for name, content in (
        ("s3://models/training_data/rows.jsonl", "stored"),
        ("train/train.jsonl", "local"),
        (str(tmp_path / "data" / "train" / "train.jsonl"), "local"),
    ):
        found = find_data_file(name, store=store, data_dir=tmp_path / "data")
        assert found.open(store, tmp_path / "into").read_text() == content


@pytest.mark.parametrize("name", ["s3://models/no/such.jsonl", "train/no.jsonl"])
def test_a_missing_file_says_where_it_was_looked_for(store: ArtifactStore, tmp_path: Path, name: str) -> None:
    """With the place that was looked at."""
    with pytest.raises(DataFileMissing, match=r"does not exist: looked for .*no"):
        find_data_file(name, store=store, data_dir=tmp_path / "data")


@pytest.mark.parametrize("name", ["/etc/passwd", "../secret", "train/../../secret", "http://host/x", "s3://other/x", "s3://models/../x"])
def test_names_outside_are_refused_before_looking(store: ArtifactStore, tmp_path: Path, name: str) -> None:
    """Whether the file exists or not."""
    (tmp_path / "secret").write_text("not for you")
    with pytest.raises(ArtifactError):
        find_data_file(name, store=store, data_dir=tmp_path / "data")


def test_a_link_out_of_the_data_folder_is_refused(store: ArtifactStore, tmp_path: Path) -> None:
    """What it points to decides."""
    (tmp_path / "secret").write_text("not for you")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(ArtifactError, match="outside DATA_DIR"):
        find_data_file("link", store=store, data_dir=tmp_path / "data")
