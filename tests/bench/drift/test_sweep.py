"""The sweep counts what the monitor finds: false alarms over null streams, delays from the shift on, fires of what must not fire."""

from __future__ import annotations

import math

import pytest

from bench.drift.__main__ import figures, shift_figures
from bench.drift.poisson import poisson_interval
from bench.drift.streams.pools import Pool
from bench.drift.sweep import Delays, Quiet, Sweep, sweep_worlds

pytestmark = pytest.mark.process


def test_a_short_sweep_finds_the_topic_and_stays_quiet(small: Pool) -> None:
    """One world with a small baseline: a topic in 30 % of the documents is found soon, a flood of one source fires nothing."""
    names = ("novel topic 30 %", "one-source flood")
    (sweep,) = sweep_worlds(small, worlds=1, documents=6_000, null_streams=0, shift_streams=1, after=4_000, names=names)
    assert sweep.baselines == 1
    assert set(sweep.delays) == set(names)
    assert sweep.delays["novel topic 30 %"].alarm[0] <= 2_000
    assert math.isinf(sweep.delays["one-source flood"].fired[0])


def test_null_streams_come_in_bursts_and_alone(small: Pool) -> None:
    """So many of each kind a world."""
    (sweep,) = sweep_worlds(small, worlds=1, documents=3_000, null_streams=1, shift_streams=0, names=("none",))
    assert (sweep.bursty.documents, sweep.independent.documents) == (100_000, 100_000)


def test_figures_say_what_was_found_and_what_is_missed() -> None:
    """False alarms have their exact interval, a delay is the median with misses as infinite, a nuisance counts its fires."""
    sweep = Sweep({"novel topic 30 %": Delays([100.0, math.inf, 300.0])}, Quiet(1_000_000, 3), Quiet(500_000, 1), baselines=2)
    sweep.delays["novel topic 30 %"].fired = [math.inf, math.inf, 900.0]
    sweep.delays["novel topic 30 %"].window_statistics = ["phi", "", "phi"]
    by_name = {figure.name: figure for figure in figures(sweep, 50_000)}
    assert math.isclose(by_name["false alarms in 100,000 bursty"].value, 0.3)
    assert by_name["false alarms in 100,000 bursty"].met is False
    assert math.isclose(by_name["false alarms in 100,000 independent"].value, 0.2)
    assert by_name["novel topic 30 %: documents to the alarm"].value == 300
    assert "1 of 3 fired" in by_name["novel topic 30 %: documents to the fire"].how
    (nuisance,) = shift_figures("weekly cycle", Delays([math.inf], [math.inf], [""], fires=False))
    assert (nuisance.value, nuisance.met) == (0, True)
    low, high = poisson_interval(10)
    assert (round(low, 2), round(high, 2)) == (4.80, 18.39)
