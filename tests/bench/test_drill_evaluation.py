"""The short form of `make drill-evaluation`."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.drill_evaluation.run import difference, run_drill


@pytest.mark.process
def test_a_killed_evaluation_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    """200 items, killed once while answers come and once while the judge is asked: the same results, nothing asked twice, no NaN."""
    drill = run_drill(tmp_path, items=200, kills=2, seed=1, tell=lambda _: None)
    assert drill.violations == []
    assert [list(kill) for kill in drill.kills] == [["answers.jsonl"], ["judgements.jsonl"]]
    assert drill.figures["judge"]["failures"]["bad_json"] > 0
    assert drill.figures["questions_refused"] > 0
    assert drill.figures["answers_cut"] > 0


def test_where_two_results_differ_is_told() -> None:
    """By its place, the order of fields included; times count for nothing before."""
    assert difference({"a": [1, 2]}, {"a": [1, 3]}) == "results.a[1]: 2 and 3"
    assert difference({"a": 1, "b": 2}, {"b": 2, "a": 1}) is not None
    assert difference({"a": 1.0}, {"a": 1}) == "results.a: 1.0 and 1"
    assert difference({"a": [1, None]}, {"a": [1, None]}) is None
