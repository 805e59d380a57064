"""From evidence to a decision."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.drift.rates.e_detector import RateCount
from consumers.drift.rates.rate_monitor import RateDecision, RatePolicy, RateWatch

BASELINE = RateCount(20_000, 2_000)


def draws(seed: int, rate: float, count: int) -> list[int]:
    source = random.Random(seed)
    return [int(source.random() < rate) for _ in range(count)]


def decisions(watch: RateWatch, values: list[int]) -> list[RateDecision]:
    return [decision for value in values if (decision := watch.update_bucket(1, value)) is not None]


def test_a_doubled_rate_alarms_then_fires_once() -> None:
    """The alarm first, then the confirmation from later events alone; nothing more within the cool-down."""
    found = decisions(RateWatch(BASELINE), draws(1, 0.1, 2_000) + draws(2, 0.2, 4_000))
    assert [decision.kind for decision in found] == ["alarm", "fired"]
    alarm, fired = found
    assert alarm.n < fired.since <= fired.n
    assert abs(alarm.since - 2_000) < 150
    for decision in found:
        assert decision.statistic >= decision.threshold
        assert decision.effect == pytest.approx(decision.rate - decision.baseline_rate)
        assert decision.baseline_rate == pytest.approx(0.1, abs=0.005)


def test_a_change_that_lasts_fires_again_after_the_cool_down() -> None:
    """The baseline stays what it was, so what nobody answered is said again, and not before."""
    policy = RatePolicy(cool_down=5_000)
    fired = [decision.n for decision in decisions(RateWatch(BASELINE, policy), draws(3, 0.2, 13_000)) if decision.kind == "fired"]
    assert len(fired) == 3
    assert all(later - earlier > 5_000 for earlier, later in pairwise(fired))


def test_a_burst_that_is_over_is_not_confirmed() -> None:
    """20 negative ratings in a row alarm; the ratings after them are as before, so nothing fires, and the watch goes on."""
    watch = RateWatch(BASELINE)
    found = decisions(watch, draws(4, 0.1, 1_000) + [1] * 20 + draws(5, 0.1, 6_000))
    assert [decision.kind for decision in found] == ["alarm", "not_confirmed"]
    assert found[1].statistic < found[1].threshold
    assert [decision.kind for decision in decisions(watch, draws(6, 0.2, 2_000))] == ["alarm", "fired"]


def test_a_change_under_the_minimum_effect_does_not_fire() -> None:
    """10 to 13 % alarms, and fires unless at least half as much again was asked for."""
    values = draws(7, 0.13, 12_000)
    assert [decision.kind for decision in decisions(RateWatch(BASELINE), values)][:2] == ["alarm", "fired"]
    strict = decisions(RateWatch(BASELINE, RatePolicy(min_effect=0.5)), values)
    assert strict[0].kind == "alarm"
    assert not any(decision.kind == "fired" for decision in strict)


def test_a_quiet_stream_says_nothing() -> None:
    """Nothing in 50,000 events at the baseline's rate."""
    assert decisions(RateWatch(BASELINE), draws(8, 0.1, 50_000)) == []


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    shift=st.integers(0, 60),
    after=st.sampled_from([0.1, 0.2, 0.5]),
    sizes=st.lists(st.sampled_from([0, 1, 20, 100]), min_size=1, max_size=120),
    restarts=st.sets(st.integers(0, 119)),
)
def test_any_split_into_restarts_decides_the_same(seed: int, shift: int, after: float, sizes: list[int], restarts: set[int]) -> None:
    """Saved and loaded between any two buckets, in a confirmation or a cool-down too, the watch decides and keeps the same."""
    source = random.Random(seed)
    policy = RatePolicy(cool_down=500)
    stayed, restarted = RateWatch(BASELINE, policy), RateWatch(BASELINE, policy)
    for place, size in enumerate(sizes):
        if place in restarts:
            state = restarted.save()
            restarted = RateWatch(BASELINE, policy)
            restarted.load(state)
        successes = sum(source.random() < (0.1 if place < shift else after) for _ in range(size))
        assert restarted.update_bucket(size, successes) == stayed.update_bucket(size, successes)
        assert restarted.save() == stayed.save()
        assert restarted.warned == stayed.warned
