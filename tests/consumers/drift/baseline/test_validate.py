"""The check of a calibration: it says what streams that the fit has not seen do, and raises what alarms too often."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from consumers.drift.baseline.calibrate import Plan, calibrate
from consumers.drift.baseline.fit import Baseline
from consumers.drift.baseline.validate import Checked, check
from consumers.drift.features.sketch import group_of
from consumers.drift.windows.history import History
from consumers.drift.windows.window_statistics import fit_window_statistics
from tests.consumers.drift.conftest import made_documents

PLAN = Plan(levels=4, bucket_documents=50, documents_a_day=2_000, alarms_per_100k=0.1)


@pytest.fixture(scope="module")
def measured(small_baseline: Baseline) -> History:
    made = made_documents(4_000, 11)
    rows = small_baseline.featuriser.rows([document.text for document in made])
    groups = np.array([group_of(document.source) for document in made[::2]])
    return History(rows, np.arange(0, 4_001, 2), np.arange(2_000) % 7, groups, np.zeros(4_000, np.bool_))


@pytest.mark.process
def test_a_head_whose_thresholds_are_too_low_is_raised(measured: History) -> None:
    """Right thresholds stay nearly as they are; where those of one statistic are a third of that, it alone is raised."""
    rng = np.random.default_rng(1)
    right = calibrate(measured, fit_window_statistics(measured, ()), PLAN, streams=20, rng=rng)
    low = right.raised({"matra_ratio": 1 / 3})
    fair, found = (check(measured, thresholds, PLAN, languages=(), streams=20, rng=np.random.default_rng(2)) for thresholds in (right, low))
    assert found.raised["matra_ratio"] == pytest.approx(3 * fair.raised.get("matra_ratio", 1.0), rel=0.6)
    assert found.raised["matra_ratio"] > 1.5
    assert {*found.raised} - {"matra_ratio"} <= {*fair.raised}
    assert found.alarms_per_100k <= 0.2
    assert low.raised(found.raised).alarm["matra_ratio"][0] > 1.5 * low.alarm["matra_ratio"][0]


def test_what_was_seen_has_its_bound() -> None:
    """No alarm in 50 streams of 100,000 may still be 0.06 in 100,000 (3 in all), 10 may be 0.34."""
    assert Checked(50, 0, {}).at_most == pytest.approx(0.0599, abs=1e-4)
    assert Checked(50, 10, {}).at_most == pytest.approx(0.339, abs=1e-3)
    assert Checked(50, 10, {}).alarms_per_100k == 0.2


def test_a_baseline_too_small_says_so(small_baseline: Baseline) -> None:
    """A test statistic made much less sensitive and too many alarms are each told with their figures; a checked baseline says nothing."""
    assert replace(small_baseline, checked=Checked(50, 5, {"phi": 1.02})).warning is None
    raised = replace(small_baseline, checked=Checked(50, 10, {"phi": 1.5})).warning
    assert raised is not None
    assert "4,000 documents are few for 0.1 false alarms in 100,000: phi made less sensitive, by up to 50%" in raised
    alarmed = replace(small_baseline, checked=Checked(50, 15, {})).warning
    assert alarmed is not None
    assert "15 alarmed (0.3 in 100,000, at most 0.46)" in alarmed
