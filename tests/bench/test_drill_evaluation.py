"""The short form of `make drill-evaluation`."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.drill_evaluation.run import run_drill


@pytest.mark.process
def test_a_killed_evaluation_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    """200 items, killed once while answers come and once while the judge is asked: the same results, nothing asked twice, no NaN."""
    drill = run_drill(tmp_path, items=200, kills=2, seed=1, tell=lambda _: None)
    assert drill.violations == []
    assert [list(kill) for kill in drill.kills] == [["answers.jsonl"], ["judgements.jsonl"]]
    assert drill.figures["judge"]["failures"]["bad_json"] > 0
    assert drill.figures["questions_refused"] > 0
    assert drill.figures["answers_cut"] > 0
