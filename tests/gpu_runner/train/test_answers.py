"""Both sides' answers, and what is left of them after a kill."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gpu_runner.child.parent import Parent
from gpu_runner.child.reporter import Reporter
from gpu_runner.train.spec import load_items, load_spec
from runtime.artifacts.content_hash import folder_sha256

pytestmark = pytest.mark.torch


def test_answers_that_are_there_are_not_asked_again(make_job: Callable[[Path], Path], small_base: Path, tmp_path: Path) -> None:
    """Of an attempt that was killed: its lines stay with the times that they had, a torn one and another model's are asked anew."""
    from gpu_runner.train.answers import ModelFolder, write_answers

    job = make_job(tmp_path / "job")
    spec, items = load_spec(job), load_items(job / "dataset" / "evaluation.jsonl")
    out = tmp_path / "answers.jsonl"

    def write(candidate: str) -> list[str]:
        sides = {"baseline": ModelFolder(small_base, folder_sha256(small_base)), "candidate": ModelFolder(small_base, candidate)}
        write_answers(items, sides, out, spec=spec, reporter=Reporter(io.StringIO()), parent=Parent())  # type: ignore[arg-type]
        return out.read_text(encoding="utf-8").splitlines(keepends=True)

    first = write("one")
    rows = [json.loads(line) for line in first]
    assert [(row["side"], row["item_id"]) for row in rows] == [(side, item.id) for side in ("baseline", "candidate") for item in items]
    out.write_text("".join(first)[: -len(first[-1]) // 2], encoding="utf-8")
    again = write("another")
    assert again[: len(items)] == first[: len(items)]
    assert [{**json.loads(line), "latency_ms": 0, "asked": ""} for line in again] == [row | {"latency_ms": 0, "asked": ""} for row in rows]
    assert not {json.loads(line)["asked"] for line in again[len(items) :]} & {row["asked"] for row in rows}
