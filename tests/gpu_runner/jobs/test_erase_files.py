"""Texts that were taken back, in files that people wrote."""

from __future__ import annotations

from pathlib import Path

from gpu_runner.jobs.erase_files import forget_evaluation


def test_k6_lines_that_no_reader_takes_keep_nothing_from_being_forgotten(tmp_path: Path) -> None:
    """A person's evaluation file may hold anything: the sample's items go all the same."""
    other = b'{"id": "i2", "sample_id": "kept", "question": "q"}\n'
    odd = b"[" * 100_000 + b"\n" + b'{"id": "\\ud800", "x": ' + b"9" * 5_000 + b"}\n" + b"\xff\n"
    (tmp_path / "items.jsonl").write_bytes(b'{"id": "i1", "sample_id": "gone", "question": "q"}\n' + odd + other)
    (tmp_path / "answers.jsonl").write_bytes(b'{"item_id": "i1", "text": "a"}\n{"item_id": "i2", "text": "b"}\n')
    forget_evaluation(tmp_path, {"gone"})
    assert (tmp_path / "items.jsonl").read_bytes() == odd + other
    assert (tmp_path / "answers.jsonl").read_bytes() == b'{"item_id": "i2", "text": "b"}\n'
