"""The e-detector for rates."""

from __future__ import annotations

import math
import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.drift.rates.e_detector import CEILING, RISE, Alternatives, EDetector, RateCount

BASELINE = RateCount(20_000, 2_000)


def draws(seed: int, rate: float, count: int) -> list[int]:
    source = random.Random(seed)
    return [int(source.random() < rate) for _ in range(count)]


def first_alarm(detector: EDetector, values: list[int]) -> int | None:
    for n, value in enumerate(values, start=1):
        detector.update(value)
        if detector.drift_detected:
            return n
    return None


@st.composite
def bucket_streams(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Buckets of different sizes, empty ones too, with a rate that may jump anywhere."""
    source = random.Random(draw(st.integers(0, 10_000)))
    sizes = draw(st.lists(st.sampled_from([0, 1, 1, 1, 7, 50, 400]), min_size=1, max_size=120))
    shift = draw(st.integers(0, len(sizes)))
    after = draw(st.sampled_from([0.05, 0.1, 0.2, 0.6]))
    return [(size, sum(source.random() < (0.1 if place < shift else after) for _ in range(size))) for place, size in enumerate(sizes)]


@settings(max_examples=60, deadline=None)
@given(stream=bucket_streams(), data=st.data())
def test_any_split_into_restarts_gives_the_same_state_and_alarms(stream: list[tuple[int, int]], data: st.DataObject) -> None:
    """A detector saved and loaded between any two buckets goes on bit for bit: state, alarms, effect."""
    restarts = data.draw(st.sets(st.integers(0, len(stream))))
    alternatives = data.draw(st.sampled_from([RISE, RISE.with_mirrored()]))
    design_effect = data.draw(st.sampled_from([1.0, 3.5]))

    def new() -> EDetector:
        return EDetector(BASELINE, alternatives=alternatives, design_effect=design_effect)

    stayed, restarted = new(), new()
    for place, (events, successes) in enumerate(stream):
        if place in restarts:
            state = restarted.save()
            restarted = new()
            restarted.load(state)
        stayed.update_bucket(events, successes)
        restarted.update_bucket(events, successes)
        assert restarted.save() == stayed.save()
        assert (restarted.drift_detected, restarted.effect, restarted.since) == (stayed.drift_detected, stayed.effect, stayed.since)


@pytest.mark.parametrize("seed", range(4))
def test_a_quiet_stream_stays_quiet(seed: int) -> None:
    """50,000 events at the baseline's own rate, whose estimate is off by chance: no alarm."""
    baseline = RateCount(20_000, sum(draws(100 + seed, 0.1, 20_000)))
    assert first_alarm(EDetector(baseline), draws(seed, 0.1, 50_000)) is None


@pytest.mark.parametrize("seed", range(4))
def test_a_doubled_rate_alarms(seed: int) -> None:
    """10 to 20 % is found within 800 events, with its size and beginning."""
    detector = EDetector(BASELINE)
    assert first_alarm(detector, draws(seed, 0.1, 3_000)) is None
    found = first_alarm(detector, draws(seed + 50, 0.2, 800))
    assert found is not None
    assert detector.statistic >= detector.threshold
    assert detector.effect == pytest.approx(0.1, abs=0.05)
    assert abs(detector.since.events - found) < 400


def test_the_evidence_is_fair_without_a_change() -> None:
    """E[M] after n events is n when the rate is a draw of the baseline's posterior: what the false-alarm promise stands on.

    Exactly, by summing over every sequence of 8 events, weighted by its Beta-binomial chance.
    """
    baseline, n = RateCount(6, 2), 8
    expected = chance_of_all = 0.0
    for code in range(2**n):
        sequence = [code >> place & 1 for place in range(n)]
        detector = EDetector(baseline, arl=1e12, alternatives=RISE.with_mirrored())
        chance, successes = 1.0, baseline.successes + 0.5
        for place, value in enumerate(sequence):
            rate = successes / (baseline.events + 1 + place)
            chance *= rate if value else 1 - rate
            successes += value
            detector.update(value)
        expected += chance * detector.statistic
        chance_of_all += chance
    assert chance_of_all == pytest.approx(1)
    assert expected == pytest.approx(n)


def test_buckets_promise_the_same() -> None:
    """E[M] after buckets of 3, 1 and 4 events is 8 too, so the threshold is the same for buckets of any size."""
    baseline, sizes = RateCount(6, 2), (3, 1, 4)
    expected = 0.0
    for code in range(2**8):
        sequence = [code >> place & 1 for place in range(8)]
        chance, successes = 1.0, baseline.successes + 0.5
        for place, value in enumerate(sequence):
            rate = successes / (baseline.events + 1 + place)
            chance *= rate if value else 1 - rate
            successes += value
        detector, start = EDetector(baseline, arl=1e12), 0
        for size in sizes:
            detector.update_bucket(size, sum(sequence[start : start + size]))
            start += size
        expected += chance * detector.statistic
    assert expected == pytest.approx(8)


def test_the_reach_is_kept() -> None:
    """A rate a little over it is found however long that takes, one well under it is not."""
    detector = EDetector(BASELINE, alternatives=RISE.with_mirrored())
    below, above = detector.reach
    assert below is not None
    assert above is not None
    assert 0.08 < below < 0.1 < above < 0.12
    assert EDetector(BASELINE).reach == (None, above)
    assert first_alarm(EDetector(BASELINE), draws(13, above + 0.003, 200_000)) is not None
    assert first_alarm(EDetector(BASELINE), draws(14, above - 0.01, 50_000)) is None


def test_a_slow_drift_does_not_pull_the_reference_along() -> None:
    """10 to 14 % over 400,000 events, in buckets: found, and the reference stays in the baseline's interval."""
    detector, found = EDetector(BASELINE), None
    source = random.Random(6)
    for bucket in range(8_000):
        rate = 0.1 + 0.04 * bucket / 8_000
        detector.update_bucket(50, sum(source.random() < rate for _ in range(50)))
        if detector.drift_detected:
            found = rate
            break
    assert found is not None
    assert found < 0.14


def test_a_fall_is_found_only_where_it_is_looked_for() -> None:
    """10 to 5 % alarms with the mirrored alternatives, with a negative effect, and never with those of a rise."""
    values = draws(1, 0.05, 3_000)
    assert first_alarm(EDetector(BASELINE), values) is None
    for alternatives in (RISE.mirrored(), RISE.with_mirrored()):
        detector = EDetector(BASELINE, alternatives=alternatives)
        assert first_alarm(detector, values) is not None
        assert detector.effect < -0.03


def test_after_a_detection_it_starts_afresh_without_what_changed() -> None:
    """river's convention; and the reference stays what it was before the change."""
    detector = EDetector(BASELINE)
    first_alarm(detector, draws(1, 0.1, 5_000) + draws(2, 0.3, 1_000))
    assert detector.drift_detected
    rate = detector.reference.rate
    detector.update(0)
    assert not detector.drift_detected
    assert 0 < detector.statistic < 1
    assert (detector.since.events, detector.since.successes) == (1, 0)
    assert detector.reference.rate == pytest.approx(rate, abs=1e-4)
    assert detector.reference.rate == pytest.approx(0.1, abs=0.005)


def test_runs_of_one_source_need_their_design_effect() -> None:
    """Each event told five times over is an alarm as if independent, and none with a design effect of 5."""
    # A rate of 11 % that wanders: independent evidence for a change that is too weak to be believed once.
    values = [value for value in draws(3, 0.125, 1_000) for _ in range(5)]
    assert first_alarm(EDetector(BASELINE), values) is not None
    assert first_alarm(EDetector(BASELINE, design_effect=5.0), values) is None


def test_evidence_stays_finite() -> None:
    """However large a bucket and clear a change, the state can be written as JSON and read again."""
    detector = EDetector(BASELINE)
    detector.update_bucket(10_000_000, 9_000_000)
    assert detector.drift_detected
    assert detector.statistic <= CEILING
    assert math.isfinite(detector.effect)
    detector.load(detector.save())


@pytest.mark.parametrize("successes", [0, 300])
def test_a_baseline_without_any_or_with_nothing_else(successes: int) -> None:
    """A rate that was 0 or 1 so far is a rate too."""
    detector = EDetector(RateCount(300, successes), alternatives=RISE.with_mirrored())
    for value in [1, 0] * 40:
        detector.update(value)
        if detector.drift_detected:
            break
    assert detector.drift_detected


def test_impossible_counts_are_refused() -> None:
    """Of baselines, buckets, alternatives, states; each says what was expected."""
    with pytest.raises(ValueError, match="a baseline of 3 out of 2"):
        EDetector(RateCount(2, 3))
    with pytest.raises(ValueError, match="a bucket of 2 out of 1"):
        EDetector(BASELINE).update_bucket(1, 2)
    with pytest.raises(ValueError, match="arl and design_effect"):
        EDetector(BASELINE, design_effect=0.5)
    for ratios, weights in [((), ()), ((2.0,), ()), ((1.0,), (1.0,)), ((2.0,), (0.0,)), ((-2.0,), (1.0,))]:
        with pytest.raises(ValueError, match="expected"):
            Alternatives(ratios, weights)
    with pytest.raises(msgspec.ValidationError, match="alternatives"):
        EDetector(BASELINE, alternatives=RISE.with_mirrored()).load(EDetector(BASELINE).save())
