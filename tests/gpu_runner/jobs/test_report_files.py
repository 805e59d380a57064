"""Reports on disk and in the store, and what is taken back of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gpu_runner.dataset.rows import Answer, EvaluationItem, save_rows
from gpu_runner.evaluate.report import FILES, write_reports
from gpu_runner.evaluate.report_page.texts import texts_of
from gpu_runner.evaluate.suite import BenchmarkSuite
from gpu_runner.jobs.report_files import (
    copy_reports,
    forget_report,
    forget_stored_report,
    report_folder,
    report_folders,
    report_key,
    stored_reports,
)
from runtime.artifacts.local import LocalStore

KEY = report_key("tiny", "v1", "job-1")


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """The reports of two samples' items, and of one that is nobody's."""
    items = [
        EvaluationItem(f"i{n}", "repair", f"asked {n}?", (f"right {n}",), "en", f"g{n}", sample_id=f"s{n}" if n < 2 else None)
        for n in range(3)
    ]
    answers = [Answer(item.id, "candidate", f"said {item.id}", 1, 1) for item in items]
    scores = BenchmarkSuite().run(items, answers).scores
    save_rows(tmp_path / "evaluation" / "answers.jsonl", answers)
    return write_reports(scores, tmp_path / "reports", "job-1", texts=texts_of(items, answers, scores["items"])).results.parent


def words_of(number: int, files: dict[str, bytes]) -> list[str]:
    """The files that hold the words of an item."""
    told = (f"asked {number}?", f"right {number}", f"said i{number}")
    return [name for name, data in files.items() if any(word in data.decode() for word in told)]


def on_disk(folder: Path) -> dict[str, bytes]:
    """The files of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def figures(files: dict[str, bytes]) -> Any:
    """Everything of results.json that is no text."""
    results = json.loads(files["results.json"])
    return {name: value for name, value in results.items() if name not in ("texts", "contexts", "texts_withdrawn")}


def test_the_words_of_a_sample_leave_reports_and_answers_and_nothing_else_does(reports: Path, tmp_path: Path) -> None:
    """All three files lose them, the figures stay, other samples' words too; a second time writes nothing."""
    before = on_disk(reports)
    assert set(words_of(0, before)) == {"results.json", "report.html"}
    forget_report(reports, {"s0", "s9"}, made_in=tmp_path / "evaluation")
    after = on_disk(reports)
    assert words_of(0, after) == []
    assert set(words_of(1, after)) == set(words_of(2, after)) == {"results.json", "report.html"}
    assert figures(after) == figures(before)
    assert json.loads(after["samples.json"])["samples"] == ["s1"]
    assert b"i0" not in (tmp_path / "evaluation" / "answers.jsonl").read_bytes()
    assert b"i1" in (tmp_path / "evaluation" / "answers.jsonl").read_bytes()
    stamps = {path.name: path.stat().st_mtime_ns for path in reports.iterdir()}
    forget_report(reports, {"s0"}, made_in=tmp_path / "evaluation")
    assert {path.name: path.stat().st_mtime_ns for path in reports.iterdir()} == stamps


def test_the_copy_in_the_store_loses_them_too(reports: Path, tmp_path: Path) -> None:
    """It is found by its list of samples, and is byte for byte what the folder is."""
    store = LocalStore(tmp_path / "store")
    copy_reports(store, reports, KEY)
    assert list(stored_reports(store)) == [KEY]
    forget_stored_report(store, KEY, {"s1"})
    forget_report(reports, {"s1"})
    assert {name: store.read_bytes(f"{KEY}/{name}") for name in (*FILES, "samples.json")} == on_disk(reports)


@pytest.mark.parametrize("stopped_after", range(1, 4))
def test_what_was_stopped_in_between_is_done_again(reports: Path, tmp_path: Path, stopped_after: int) -> None:
    """The list is the last to shrink: whatever file was written last, the next pass finishes."""

    class Stopping(LocalStore):
        left = stopped_after

        def write_bytes(self, key: str, data: bytes) -> None:
            if not self.left:
                raise OSError("stopped")
            self.left -= 1
            super().write_bytes(key, data)

    copy_reports(LocalStore(tmp_path / "store"), reports, KEY)
    with pytest.raises(OSError, match="stopped"):
        forget_stored_report(Stopping(tmp_path / "store"), KEY, {"s0"})
    store = LocalStore(tmp_path / "store")
    forget_stored_report(store, KEY, {"s0"})
    assert words_of(0, {name: store.read_bytes(f"{KEY}/{name}") for name in FILES}) == []


def test_a_report_that_is_being_written_keeps_its_list(tmp_path: Path) -> None:
    """Samples are named before their words are there: what is not there yet is not taken for forgotten."""
    folder = tmp_path / "job-1"
    folder.mkdir()
    (folder / "samples.json").write_text('{"format": 1, "samples": ["s0"]}')
    assert report_folders(tmp_path) == [folder]
    forget_report(folder, {"s0"})
    assert json.loads((folder / "samples.json").read_bytes())["samples"] == ["s0"]


def test_no_job_id_leaves_the_folder_of_reports(tmp_path: Path) -> None:
    """Neither on disk nor in the store."""
    for name in ("../x", "/etc/passwd", "a/b", "..", ".", "x\x00"):
        assert report_folder(tmp_path, name).parent == tmp_path
        assert report_key("tiny", "v1", name).count("/") == 4
        assert ".." not in report_key("tiny", "v1", name)
