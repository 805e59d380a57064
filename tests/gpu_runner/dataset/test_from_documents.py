"""The seed's prepare_training_data.sh: documents in a data folder become pairs and splits."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from gpu_runner.dataset.__main__ import main
from gpu_runner.dataset.fields import DataError
from gpu_runner.dataset.from_documents import read_documents, write_training_files
from gpu_runner.dataset.rows import load_training_rows
from schemas.holdout import is_holdout

SCRIPT = Path(__file__).parents[3] / "scripts" / "prepare_training_data.sh"
KEY = b"the key of these tests"


def fill(data_dir: Path, documents: int = 30) -> Path:
    """A data folder with documents in both forms."""
    folder = data_dir / "documents"
    folder.mkdir(parents=True)
    lines = [
        {"doc_id": f"doc-{number}", "text": f"The Museum of Town {number} was founded in {1800 + number}."} for number in range(documents)
    ]
    (folder / "museums.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    (folder / "taj.txt").write_text("ताज महल एक मकबरा है।", encoding="utf-8")
    return folder


def test_documents_become_pairs_and_splits(tmp_path: Path) -> None:
    """Every pair is in the pairs file and in exactly one split; the same documents give the same bytes."""
    documents = read_documents(fill(tmp_path))
    written = write_training_files(documents, tmp_path, seed=0, cap=20, holdout_key=None, holdout_percent=10)
    pairs = [json.loads(line) for line in (tmp_path / "ministry_qa_pairs.jsonl").read_text(encoding="utf-8").splitlines()]
    splits = {name: load_training_rows(tmp_path / "train" / f"{name}.jsonl") for name in ("train", "eval", "test")}
    assert len(pairs) == 31 == sum(map(len, splits.values()))
    assert {pair["id"] for pair in pairs} == {row.id for rows in splits.values() for row in rows}
    assert all(splits.values())
    before = {path: path.read_bytes() for path in written.rows}
    write_training_files(documents, tmp_path, seed=0, cap=20, holdout_key=None, holdout_percent=10)
    assert {path: path.read_bytes() for path in written.rows} == before


def test_documents_of_the_holdout_are_left_out(tmp_path: Path) -> None:
    """With a key their groups are in no file, and the count is told."""
    documents = read_documents(fill(tmp_path))
    held = [document.id for document in documents if is_holdout(document.id, key=KEY, percent=30)]
    written = write_training_files(documents, tmp_path, seed=0, cap=20, holdout_key=KEY, holdout_percent=30)
    rows = [row for name in ("train", "eval", "test") for row in load_training_rows(tmp_path / "train" / f"{name}.jsonl")]
    assert held
    assert written.dropped["documents of holdout groups"] == len(held)
    assert not {row.group for row in rows} & set(held)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "no documents"),
        ({"a.txt": " "}, "empty"),
        ({"a.jsonl": '{"title": "x"}'}, "field 'text'"),
        ({"a.jsonl": '{"text": "x", "doc_id": "d"}\n{"text": "y", "doc_id": "d"}'}, "'d' comes twice"),
    ],
)
def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path, files: dict[str, str], told: str) -> None:
    """The message names the file and what was expected."""
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=told):
        read_documents(tmp_path)


def test_documents_that_say_nothing_write_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without one pair the command fails with the counts and leaves no file."""
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "a.txt").write_text("Hello there!", encoding="utf-8")
    assert main(["--data-dir", str(tmp_path)]) == 1
    assert "no question-answer pair in 1 documents" in capsys.readouterr().err
    assert not (tmp_path / "train").exists()


@pytest.mark.process
def test_the_script_works_from_any_folder(tmp_path: Path) -> None:
    """It takes ./data where DATA_DIR is unset, and says what it wrote."""
    fill(tmp_path / "data")
    done = subprocess.run(
        [str(SCRIPT)], cwd=tmp_path, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "ministry_qa_pairs.jsonl: 31 rows" in done.stdout
    assert (tmp_path / "data" / "train" / "train.jsonl").is_file()
