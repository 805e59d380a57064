"""river's detectors as shadow detectors."""

from __future__ import annotations

import importlib
import inspect
import random
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.drift.rates.detector import RateDetector
from consumers.drift.rates.e_detector import EDetector, RateCount
from consumers.drift.rates.river_detectors import REMEMBERED_BUCKETS, AdwinOfRate, PageHinkleyOfRate, cusum_threshold
from consumers.drift.rates.river_module import drift_module

BASELINE = RateCount(20_000, 2_000)
NEW: dict[str, Callable[[], RateDetector]] = {
    "adwin": AdwinOfRate,
    "page_hinkley": lambda: PageHinkleyOfRate(BASELINE),
    "e_detector": lambda: EDetector(BASELINE),
}


def buckets(seed: int, rate: float, count: int, size: int = 50) -> list[int]:
    source = random.Random(seed)
    return [sum(source.random() < rate for _ in range(size)) for _ in range(count)]


def alarms(detector: RateDetector, counts: list[int]) -> list[int]:
    found = []
    for place, successes in enumerate(counts):
        detector.update_bucket(50, successes)
        if detector.drift_detected:
            found.append(place)
    return found


@pytest.mark.parametrize("name", NEW)
def test_every_detector_keeps_the_protocol(name: str) -> None:
    """Quiet on a quiet stream; a jump from 10 to 50 % is found in 40 buckets, its effect near 40 points; an empty one says nothing."""
    detector = NEW[name]()
    assert alarms(detector, buckets(1, 0.1, 300)) == []
    assert detector.statistic < detector.threshold
    found = None
    for place, successes in enumerate(buckets(2, 0.5, 40)):
        detector.update_bucket(0, 0)
        detector.update_bucket(50, successes)
        if detector.drift_detected:
            found = place
            break
    assert found is not None
    assert detector.effect == pytest.approx(0.4, abs=0.1)
    assert detector.statistic >= 0.8 * detector.threshold


@pytest.mark.parametrize("name", ["adwin", "page_hinkley"])
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), shift=st.integers(0, 700), restarts=st.sets(st.integers(0, 699), max_size=5))
def test_any_split_into_restarts_gives_the_same(name: str, seed: int, shift: int, restarts: set[int]) -> None:
    """Saved and loaded between any two buckets, past the remembered ones too, the alarms and the state are the same."""
    stayed, restarted = NEW[name](), NEW[name]()
    for place, successes in enumerate([*buckets(seed, 0.1, shift), *buckets(seed + 1, 0.3, 700 - shift)]):
        if place in restarts:
            state = restarted.save()
            restarted = NEW[name]()
            restarted.load(state)
        stayed.update_bucket(50, successes)
        restarted.update_bucket(50, successes)
        assert restarted.drift_detected == stayed.drift_detected
    assert restarted.save() == stayed.save()


@pytest.mark.parametrize("name", ["adwin", "page_hinkley"])
def test_memory_is_bounded(name: str) -> None:
    """However long a stream, no more buckets are remembered than said."""
    detector = NEW[name]()
    for successes in buckets(3, 0.1, 3 * REMEMBERED_BUCKETS):
        detector.update_bucket(50, successes)
    assert detector.save().count(b"[") <= REMEMBERED_BUCKETS + 2


def test_single_values_are_buckets_of_one() -> None:
    """river's `update` and a bucket of one event are the same."""
    one, other = PageHinkleyOfRate(BASELINE), PageHinkleyOfRate(BASELINE)
    for value in (0, 1, 0, 1, 1):
        one.update(value)
        other.update_bucket(1, value)
    assert one.save() == other.save()


def test_the_statistic_of_page_hinkley_is_rivers() -> None:
    """What is shown crosses the threshold exactly when river's detector does."""
    detector = PageHinkleyOfRate(BASELINE)
    for successes in [*buckets(4, 0.1, 100), *buckets(5, 0.2, 60)]:
        detector.update_bucket(50, successes)
        assert detector.drift_detected == (detector.statistic > detector.threshold)
        if detector.drift_detected:
            return
    pytest.fail("10 to 20 % was not found")


@pytest.mark.parametrize(("arl", "allowance", "expected"), [(930, 0.5, 5.0), (336, 0.5, 4.0)])
def test_the_cusum_threshold_is_the_known_one(arl: float, allowance: float, expected: float) -> None:
    """Montgomery's table of the CUSUM with an allowance of half a standard deviation."""
    assert cusum_threshold(arl, allowance) == pytest.approx(expected, abs=0.03)


@pytest.mark.process
def test_importing_the_detectors_does_not_import_river() -> None:
    """river costs seconds of CPU; it is loaded when a detector is made."""
    program = "import sys, consumers.drift.rates.river_detectors; print('river' in sys.modules, 'scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("detector", ["AdwinOfRate()", "PageHinkleyOfRate(RateCount(100, 10))"])
@pytest.mark.process
def test_a_detector_does_not_bring_the_rest_of_river(detector: str) -> None:
    """A service that rests does not hold scipy.stats and river's datasets in memory for a detector of its ratings."""
    program = (
        "import sys\nfrom consumers.drift.rates.river_detectors import AdwinOfRate, PageHinkleyOfRate, RateCount\n"
        f"{detector}.update_bucket(20, 3)\nprint('scipy.stats' in sys.modules, 'river.datasets' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize(("module", "name"), [("adwin", "ADWIN"), ("page_hinkley", "PageHinkley")])
def test_the_detectors_are_rivers_own(module: str, name: str) -> None:
    """What is loaded by itself is the file of the package, so that the same updates give the same answer."""
    ours, theirs = getattr(drift_module(module), name), getattr(importlib.import_module(f"river.drift.{module}"), name)
    assert inspect.getsourcefile(ours) == inspect.getsourcefile(theirs)
    one, other = ours(), theirs()
    for value in [0.0] * 200 + [1.0] * 200:
        one.update(value)
        other.update(value)
        assert one.drift_detected == other.drift_detected
