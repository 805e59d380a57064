"""One rate of the feedback: baseline, watch, shadow detector."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.decide.feedback_rate import REMEMBERED_MOMENTS, RateSignal, RateState
from consumers.drift.rates.e_detector import RateCount
from consumers.drift.rates.river_detectors import ShadowDetector, new_shadow
from tests.consumers.policies import rates_policy

POLICY = rates_policy()


def draws(seed: int, rate: float, buckets: int, events: int = 20) -> list[int]:
    source = random.Random(seed)
    return [sum(source.random() < rate for _ in range(events)) for _ in range(buckets)]


def fed(signal: RateSignal, successes: list[int], *, events: int = 20, from_ms: int = 0) -> list[int]:
    """The times (a second a bucket) at which it fired."""
    found = []
    for number, count in enumerate(successes):
        now_ms = from_ms + (number + 1) * 1000
        signal.add(events, count)
        signal.tick(now_ms)
        if signal.confirmed(now_ms) is not None:
            found.append(now_ms)
    return found


def test_the_first_events_are_the_baseline() -> None:
    """Until the baseline is gathered nothing is watched; then the rate is held against it."""
    signal = RateSignal(POLICY)
    fed(signal, draws(1, 0.1, 99))
    assert signal.learning == (1980, 2000)
    assert signal.shadow_status() is None
    fed(signal, [2])
    assert signal.learning is None
    assert signal.state.baseline is not None
    assert signal.state.baseline[0] == 2000
    assert signal.status() == (0.0, POLICY.watch.arl)


@pytest.mark.parametrize("seed", range(3))
def test_a_quiet_rate_stays_quiet(seed: int) -> None:
    """A rate of 10 % fires nothing in 60,000 events."""
    assert fed(RateSignal(POLICY), draws(seed, 0.1, 3000)) == []


def test_a_rise_fires_once_and_dates_itself() -> None:
    """From 10 to 25 %: an alarm, one fire behind it, and quiet for the cool-down; the change is dated to about its first bucket."""
    signal = RateSignal(POLICY)
    assert fed(signal, draws(1, 0.1, 200)) == []
    found = fed(signal, draws(2, 0.25, 400), from_ms=200_000)
    assert len(found) == 1
    alarm = signal.state.warning
    assert alarm is not None
    assert alarm.fired
    assert alarm.effect == pytest.approx(0.15, abs=0.06)
    assert alarm.since_ms is not None
    assert 200_000 < alarm.since_ms <= found[0]


def test_a_fall_is_no_reason() -> None:
    """From 20 to 5 % fires nothing: fewer complaints are no reason to train."""
    assert fed(RateSignal(POLICY), [*draws(1, 0.2, 200), *draws(2, 0.05, 600)]) == []


def test_an_alarm_that_is_not_confirmed_goes() -> None:
    """A short burst alarms; when the rate is back before the confirmation, nothing fires and no alarm is left."""
    signal = RateSignal(POLICY)
    fed(signal, draws(1, 0.1, 200))
    buckets = 0
    while signal.state.warning is None:
        buckets += 1
        fed(signal, [12], from_ms=200_000 + buckets * 1000)
    assert buckets < 10
    assert fed(signal, draws(3, 0.1, 200), from_ms=300_000) == []
    assert signal.state.warning is None


def test_ratings_in_runs_widen_the_evidence() -> None:
    """A baseline whose negatives come in runs counts each event for less."""
    signal = RateSignal(POLICY)
    runs = [20 if count else 0 for count in draws(5, 0.1, 100, events=1)]
    fed(signal, runs)
    assert signal.state.design_effect > 5


def test_what_a_revision_takes_back_waits_for_a_bucket_that_can_hold_it() -> None:
    """Successes below 0, or more than events, are carried into the next bucket."""
    signal = RateSignal(POLICY)
    signal.add(20, -3)
    signal.tick(1)
    signal.add(20, 5)
    signal.tick(2)
    signal.add(20, 25)
    signal.tick(3)
    assert signal.state.gathered == [(20, 0), (20, 2), (20, 20)]
    assert (signal.state.events, signal.state.successes) == (0, 5)


def test_the_second_opinion_is_noted_and_never_fires() -> None:
    """ADWIN sees a rise that the e-detector is forbidden to: it is noted until a run answers it, and nothing fires."""
    deaf = replace(POLICY, watch=replace(POLICY.watch, arl=1e200))
    signal = RateSignal(deaf)
    assert fed(signal, [*draws(1, 0.1, 200), *draws(2, 0.5, 60)]) == []
    shadow_report = signal.state.shadow_report
    assert shadow_report is not None
    assert shadow_report.statistic >= 0.8
    assert not shadow_report.fired
    assert signal.acknowledge()
    assert signal.state.shadow_report is None


def test_acknowledging_leaves_an_alarm_that_waits() -> None:
    """A run that starts for another reason does not take an unconfirmed alarm away."""
    signal = RateSignal(POLICY)
    fed(signal, [*draws(1, 0.1, 200), *draws(2, 0.6, 4)])
    signal.state.shadow_report = None
    assert not signal.acknowledge()
    assert signal.state.warning is not None


@pytest.mark.parametrize("kind", ["adwin", "page_hinkley"])
def test_second_opinions_are_what_they_are_called(kind: ShadowDetector) -> None:
    """Each is a detector of river's; none is none."""
    detector = new_shadow(kind, RateCount(2000, 200), 0.002)
    assert detector is not None
    for _ in range(200):
        detector.update_bucket(20, 12)
    assert kind.replace("_", "") in type(detector).__name__.lower()
    assert new_shadow("none", RateCount(2000, 200), 0.002) is None


@settings(max_examples=60)
@given(seed=st.integers(0, 1000), cut=st.integers(0, 500), kind=st.sampled_from(["adwin", "page_hinkley", "none"]))
def test_a_restart_changes_nothing(seed: int, cut: int, kind: ShadowDetector) -> None:
    """A signal that goes through its bytes at any point goes on bit for bit."""
    policy = replace(POLICY, baseline_events=600, shadow=kind)
    values = [*draws(seed, 0.1, 250), *draws(seed + 1, 0.3, 250)]
    stayed, first = RateSignal(policy), RateSignal(policy)
    fired = fed(stayed, values)
    before = fed(first, values[:cut])
    restored = RateSignal(policy)
    restored.load(first.save())
    assert before + fed(restored, values[cut:], from_ms=cut * 1000) == fired
    assert restored.save() == stayed.save()


def test_moments_are_bounded() -> None:
    """The times of closed buckets thin out; the newest stays."""
    signal = RateSignal(replace(POLICY, baseline_events=20))
    fed(signal, [1] * 1000)
    assert len(signal.state.moments) <= REMEMBERED_MOMENTS
    assert signal.state.moments[-1] == (999 * 20, 1_000_000)
    assert RateState().moments == []
