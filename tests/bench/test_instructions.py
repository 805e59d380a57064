"""The events whose cost is counted are the same each time, and the child that is counted takes them all."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.callgrind import ROOT
from bench.stream.instructions import CONVERSATION_BYTES, JUDGED, STAGE1, recorded
from schemas.events.feedback_submitted import FeedbackSubmitted


def test_the_recorded_feedback_is_the_same_each_time() -> None:
    """So that two revisions are counted on the same events."""
    assert list(recorded(50)) == list(recorded(50))


def test_a_conversation_is_one_of_the_contract_and_has_four_kib() -> None:
    """What is measured is feedback as an assistant with retrieval sends it."""
    for row in recorded(20, conversation=True):
        said = FeedbackSubmitted.model_validate_json(row["value"])
        assert said.retracted or (said.messages and said.passages)
        assert 0.8 * CONVERSATION_BYTES < len(row["value"].encode()) <= CONVERSATION_BYTES


@pytest.mark.process
@pytest.mark.parametrize(("mode", "least"), [(STAGE1.work, 300), (JUDGED.work, 300), (STAGE1.idle, 0)])
def test_the_child_encodes_what_it_collects(tmp_path: Path, mode: str, least: int) -> None:
    """A sample an event and counts of the days, with nothing refused; nothing where it only reads."""
    file = tmp_path / "events.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in recorded(300)), encoding="utf-8")
    command = [sys.executable, "-P", str(STAGE1.child), str(file), mode]
    done = subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True)
    assert int(done.stdout) >= least
    assert bool(int(done.stdout)) == bool(least)
