"""How dependent the events of a baseline are."""

from __future__ import annotations

import numpy as np
import pytest

from consumers.drift.rates.design_effect import design_effect
from consumers.drift.rates.e_detector import EDetector, RateCount


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("count", [0, 100, 20_000])
def test_independent_events_count_whole(rate: float, count: int) -> None:
    """1.0 at every rate, a baseline without or with nothing but successes too, and where there is too little to say anything."""
    assert design_effect((np.random.default_rng(2).random(count) < rate).astype(int)) == 1.0


@pytest.mark.parametrize("times", [2, 5])
def test_repeated_events_count_once(times: int) -> None:
    """Each event told `times` over has a design effect of about `times`."""
    values = np.repeat((np.random.default_rng(3).random(20_000 // times) < 0.1).astype(int), times)
    assert design_effect(values) == pytest.approx(times, rel=0.35)


def test_a_baseline_that_moves_is_dependent() -> None:
    """A rate that goes up and down in waves makes blocks differ: a detector that knows it stays quiet over the next waves."""
    rng = np.random.default_rng(4)
    rates = 0.1 + 0.05 * np.sin(np.arange(60_000) / 1_500)
    values = (rng.random(60_000) < rates).astype(int)
    effect = design_effect(values[:20_000])
    assert effect > 1.5
    alarms = {}
    for name, factor in (("told", effect), ("not told", 1.0)):
        detector = EDetector(RateCount(20_000, int(values[:20_000].sum())), design_effect=factor)
        alarms[name] = 0
        for value in values[20_000:].tolist():
            detector.update(value)
            alarms[name] += detector.drift_detected
    assert alarms["told"] < alarms["not told"]
