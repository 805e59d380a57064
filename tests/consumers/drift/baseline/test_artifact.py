"""The stored baseline: the same detector on another machine, and no other one by mistake."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from consumers.drift.baseline.artifact import ARRAYS, FACTS, UnreadableBaseline, load_baseline, save_baseline
from consumers.drift.baseline.fit import Baseline
from consumers.drift.features.sketch import of_language, sketched

TEXTS = ["नदी के पास किला", "the king of the hill", "quartz plasma", ""] * 20


def test_a_stored_baseline_decides_the_same(small_baseline: Baseline, tmp_path: Path) -> None:
    """Rows, statistics and thresholds of the loaded baseline are those of the saved one, and so is its hash."""
    first = save_baseline(small_baseline, tmp_path / "a")
    loaded = load_baseline(tmp_path / "a")
    assert save_baseline(loaded, tmp_path / "b") == first
    rows = small_baseline.featuriser.rows(TEXTS)
    assert np.array_equal(loaded.featuriser.rows(TEXTS), rows)
    sums = sketched(rows, np.arange(len(rows)) % 4)
    for stat, saved in zip(loaded.window_statistics, small_baseline.window_statistics, strict=True):
        assert stat.key == saved.key
        assert stat.statistic(of_language(sums, stat.language)) == saved.statistic(of_language(sums, stat.language))
        assert stat.without_one_group(sums) == saved.without_one_group(sums)
    assert loaded.rates == small_baseline.rates
    assert loaded.checked == small_baseline.checked
    assert loaded.thresholds == small_baseline.thresholds
    assert loaded.hi_share == small_baseline.hi_share


def test_what_is_not_a_baseline_is_refused(small_baseline: Baseline, tmp_path: Path) -> None:
    """An empty folder, another format and arrays of another fit are each named."""
    with pytest.raises(UnreadableBaseline, match=FACTS):
        load_baseline(tmp_path / "nothing")
    save_baseline(small_baseline, tmp_path)
    facts = json.loads((tmp_path / FACTS).read_text())
    (tmp_path / FACTS).write_text(json.dumps(facts | {"format": 99}))
    with pytest.raises(UnreadableBaseline, match="format 2"):
        load_baseline(tmp_path)
    (tmp_path / FACTS).write_text(json.dumps(facts))
    (tmp_path / ARRAYS).write_bytes((tmp_path / ARRAYS).read_bytes() + b" ")
    with pytest.raises(UnreadableBaseline, match="sha256"):
        load_baseline(tmp_path)
