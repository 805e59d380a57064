"""Every file that a child or a job reads, in every state that a file can be in: told by name, once, and never tried again."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from runner_fakes import Installation, until

from gpu_runner.child.exit import read_end
from gpu_runner.dataset.fields import DataError, unreadable
from gpu_runner.dataset.formats.evaluation_file import read_evaluation_file
from gpu_runner.dataset.formats.squad import load_squad
from gpu_runner.dataset.formats.training_file import load_dataset
from gpu_runner.dataset.from_documents import read_documents
from gpu_runner.dataset.rows import load_evaluation_items, load_training_rows
from gpu_runner.evaluate.evaluation import load_sources
from gpu_runner.evaluate.evaluation import load_spec as load_evaluation_spec
from gpu_runner.train.spec import load_items, load_rows, load_spec
from gpu_runner.versions.drift_documents import requested_documents
from gpu_runner.versions.registry import read_record
from runtime.artifacts.content_hash import file_sha256, folder_sha256
from runtime.artifacts.store import ArtifactDamaged, ArtifactStore
from runtime.settings import ServiceSettings

STATES: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: None,
    "folder": Path.mkdir,
    "link to itself": lambda path: path.symlink_to(path),
    "not UTF-8": lambda path: path.write_bytes('{"question": "café"}\n'.encode("latin-1")),
    "empty": lambda path: path.write_bytes(b""),
}
READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "evaluation file": ("items.jsonl", read_evaluation_file),
    "evaluation items": ("items.jsonl", load_evaluation_items),
    "training rows": ("rows.jsonl", load_training_rows),
    "dataset": ("rows.jsonl", load_dataset),
    "SQuAD dataset": ("rows.json", load_dataset),
    "SQuAD": ("squad.json", load_squad),
    "documents of the drift baseline": ("documents.jsonl", requested_documents),
    "documents": ("documents.jsonl", read_documents),
    "source documents": ("sources.json", load_sources),
}
# A lineage of which every row was taken back has an empty file; a bootstrap may have no replay.
MAY_BE_EMPTY = {"training rows", "evaluation items"}
# The bootstrap says `documents: …`, and the file is a copy of its own.
IS_NAMED_BY_ITS_FIELD = "documents of the drift baseline"


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("reader", READERS)
def test_k12_a_file_that_can_not_be_used_is_told_by_name(tmp_path: Path, reader: str, state: str) -> None:
    """Missing, a folder, a link to itself, not UTF-8 or empty: a DataError, which no child and no job takes for a defect of its own."""
    if state == "empty" and reader in MAY_BE_EMPTY:
        return
    name, read = READERS[reader]
    STATES[state](tmp_path / name)
    with pytest.raises(DataError, match=r"expected|UTF-8") as told:
        read(tmp_path / name)
    assert name in str(told.value) or (state == "empty" and reader == IS_NAMED_BY_ITS_FIELD)


def test_k12_a_fault_of_the_machine_is_not_the_files() -> None:
    """Too many open files or a failing disk may be over at the next attempt: the error stays what it is. No permission is the file's."""
    for number in (errno.EMFILE, errno.EIO, errno.ENOMEM):
        error = OSError(number, "no")
        assert unreadable(Path("rows.jsonl"), error, "rows") is error
    told = unreadable(Path("rows.jsonl"), PermissionError(errno.EACCES, "no"), "rows")
    assert isinstance(told, DataError)
    assert str(told) == "rows.jsonl: can't be read (no permission): expected rows there"


@pytest.fixture
def training_job(tmp_path: Path) -> Path:
    """A job folder whose base is a folder with one file: what is wrong with the files is told before it is loaded."""
    job, base = tmp_path / "job", tmp_path / "base"
    (job / "dataset").mkdir(parents=True)
    base.mkdir()
    (base / "config.json").write_text("{}", encoding="utf-8")
    row = {"id": "1", "prompt": "q", "completion": "a", "origin": "correction"}
    item = {"id": "1", "question": "q", "answers": ["a"], "set": "repair", "group": "g", "language": "en"}
    for name, line in (("train", row), ("eval", row), ("evaluation", item)):
        (job / "dataset" / f"{name}.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    hyperparameters = {"lora_rank": 4, "lora_alpha": 8, "learning_rate": 0.1, "epochs": 1, "batch_size": 1, "max_seq_length": 64}
    spec = {
        "job_id": "j", "attempt": 1, "model_id": "tiny", "version": "v1", "hyperparameters": hyperparameters, "seed": 1,
        "replay_share": 0.3,
        "start": {"path": str(base), "name": "v0", "sha256": folder_sha256(base)}, "adapter_scale": 1.0, "checkpoint_every_steps": 1,
        "max_new_tokens": 4, "dataset": {name: f"dataset/{name}.jsonl" for name in ("train", "eval", "evaluation")},
    }  # fmt: skip
    (job / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    return job


def with_file(job: Path, name: str, content: bytes) -> None:
    """Writes a dataset file and the hashes of all into the spec."""
    (job / "dataset" / f"{name}.jsonl").write_bytes(content)
    spec = json.loads((job / "spec.json").read_text(encoding="utf-8"))
    spec["dataset"]["sha256"] = {one: file_sha256(job / spec["dataset"][one]) for one in ("train", "eval", "evaluation")}
    (job / "spec.json").write_text(json.dumps(spec), encoding="utf-8")


def end_of(child: str, job: Path) -> dict[str, Any]:
    """The last line of a child that ended by itself, which has to be an error that it reported."""
    done = subprocess.run([sys.executable, "-m", child, str(job)], capture_output=True, timeout=120, check=False)
    assert done.returncode == 3, done.stderr.decode()[-2000:]
    last: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return last


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("evaluation", b"", "evaluation.jsonl has no items: expected at least one question"),
        ("evaluation", b'{"id": "caf\xe9"}\n', "evaluation.jsonl line 1: "),
        ("train", b'{"id": "caf\xe9"}\n', "train.jsonl line 1: "),
    ],
)
@pytest.mark.process
def test_k12_the_training_child_tells_its_files_by_name(training_job: Path, name: str, content: bytes, told: str) -> None:
    """Before hours of training, of a kind that is not tried again."""
    with_file(training_job, name, content)
    end = end_of("gpu_runner.train", training_job)
    assert (end["kind"], read_end(3, end).retryable) == ("bad_data", False)
    assert told in end["message"]


@pytest.mark.parametrize("state", STATES)
def test_k12_specs_and_rows_of_the_training_child(tmp_path: Path, state: str) -> None:
    """Its spec, its rows and its items in the same states: named, and of a kind that is not tried again."""
    from gpu_runner.train.__main__ import _kind_of

    for name, read in (("spec.json", lambda path: load_spec(path.parent)), ("rows.jsonl", load_rows), ("items.jsonl", load_items)):
        if state == "empty" and name != "spec.json":
            continue  # an empty file has no rows, which its reader's caller tells
        (folder := tmp_path / name.partition(".")[0]).mkdir()
        STATES[state](folder / name)
        with pytest.raises(Exception, match=name) as told:
            read(folder / name)
        assert _kind_of(told.value) == "bad_data"


@pytest.mark.parametrize("state", STATES)
def test_k12_the_spec_of_an_evaluation(tmp_path: Path, state: str) -> None:
    """Named like the others."""
    STATES[state](tmp_path / "spec.json")
    with pytest.raises(DataError, match=r"spec\.json"):
        load_evaluation_spec(tmp_path)


@pytest.mark.parametrize("content", [b"", b"  \n", b'{"cut', b"[]"])
def test_k12_damaged_records_of_ours_are_told_by_key(store: ArtifactStore, content: bytes) -> None:
    """A record of a version that is empty or cut is damaged, not a defect of ours."""
    store.write_bytes("finetuned/tiny/v7/decision.json", content)
    with pytest.raises(ArtifactDamaged, match=r"finetuned/tiny/v7/decision\.json is (damaged: expected JSON|not a JSON object)"):
        read_record(store, "tiny", "v7")


async def test_k12_a_damaged_record_ends_the_job_once(bootstrapped: Installation, make_command: Callable[..., Any]) -> None:
    """The job fails by name and is not tried again: the third attempt would read the same file."""
    bootstrapped.store.write_bytes("finetuned/tiny/v0/decision.json", b"")
    async with bootstrapped.running():
        bootstrapped.ask(make_command)
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].phase == "ended")
    ended = bootstrapped.states()[-1]
    assert (ended.outcome, ended.retryable) == ("failed", False)
    assert "finetuned/tiny/v0/decision.json is damaged: expected JSON, found an empty file" in str(ended.error)


@pytest.mark.parametrize(
    ("content", "told"), [(b"", "the file is empty"), (b'{"prompt": "x"}\n', ":1: field 'completion'"), (None, "is a folder")]
)
async def test_k12_a_dataset_that_became_another_after_it_was_taken(
    bootstrapped: Installation, make_command: Callable[..., Any], content: bytes | None, told: str
) -> None:
    """The job fails by name and is not tried again."""
    path = bootstrapped.settings.data_dir / "rows.jsonl"
    path.mkdir() if content is None else path.write_bytes(content)
    async with bootstrapped.running():
        bootstrapped.ask(make_command, dataset_path="rows.jsonl")
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].phase == "ended")
    ended = bootstrapped.states()[-1]
    assert (ended.outcome, ended.retryable) == ("failed", False)
    assert told in str(ended.error)
    assert "rows.jsonl" in str(ended.error)


def test_k12_an_empty_holdout_key_is_refused(tmp_path: Path) -> None:
    """An empty file would be a key that everybody knows, and assign another holdout."""
    (tmp_path / "holdout.key").write_bytes(b"\n")
    with pytest.raises(ValueError, match=r"holdout\.key is empty"):
        ServiceSettings(data_dir=tmp_path).holdout_key_bytes()
