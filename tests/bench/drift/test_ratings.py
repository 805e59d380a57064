"""The measurement of the ratings watch, on streams short enough for a test."""

from __future__ import annotations

import math

from bench.drift.ratings import delay_figures, false_alarm_figures
from bench.drift.streams.rate_streams import Contender, Null, delays, median, null, ours


def test_a_miss_is_an_infinite_delay() -> None:
    """A detector that is silent has an infinite median; half of the streams found is not enough for a finite one."""
    silent = Contender("silent", lambda baseline: lambda x: None)
    found = delays(silent, before=0.1, after=0.5, streams=4, length=50, seed=1, settling=0)
    assert (found.alarm, found.found) == ([math.inf] * 4, 0)
    assert median([5.0, math.inf, 7.0, math.inf]) == math.inf
    assert median([5.0, math.inf, 7.0, 6.0]) == 7.0


def test_alarms_without_a_change_are_counted() -> None:
    """A detector that always alarms has as many false alarms as events, and never a stream for a delay."""
    loud = Contender("loud", lambda baseline: lambda x: "alarm")
    assert null(loud, rate=0.1, streams=2, length=30, seed=1) == Null(60, 60, 0)
    assert delays(loud, before=0.1, after=0.5, streams=2, length=50, seed=1, settling=10).alarm == [math.inf]


def test_a_clear_change_is_found_and_fires() -> None:
    """10 to 50 %: the alarm within 100 events, what fires after it."""
    found = delays(ours(), before=0.1, after=0.5, streams=5, length=1_000, seed=2, settling=500)
    assert found.found == 1
    assert all(alarm < 100 and alarm < fired < 400 for alarm, fired in zip(found.alarm, found.fired, strict=True))
    alarm, fired = delay_figures("ours", 0.1, 0.5, found, 100, fires=True)
    assert alarm.met
    assert fired.value > alarm.value


def test_the_interval_is_poissons() -> None:
    """No alarm in 5 million events excludes 0.0738 in 100,000, as the rule of three says for one side."""
    (figure,) = false_alarm_figures("ours", Null(5_000_000, 0, 0), 0.1)
    assert figure.met
    assert "95 % interval 0 to 0.0738" in figure.how
    (some,) = false_alarm_figures("ours", Null(1_000_000, 4, 1))
    assert "4 in 1,000,000 events, 95 % interval 0.109 to 1.02; 1 fired" in some.how
