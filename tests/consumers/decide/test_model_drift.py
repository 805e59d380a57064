"""What fires of documents and feedback together, and the evidence for it."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
import pytest

from consumers.decide.inputs import SignalSeen
from consumers.decide.model_drift import Drift, DriftWatch, round_to_six
from consumers.drift.baseline.fit import Baseline
from consumers.drift.rates.rate_monitor import RatePolicy
from tests.consumers.decide.documents_stream import SHA, TODAY, TODAY_MS, Partitions, featurised, summaries
from tests.consumers.drift.conftest import made_documents
from tests.consumers.policies import drift_policy, rates_policy

RATES = rates_policy(baseline_events=200, watch=RatePolicy(arl=1e4, min_window=40, cool_down=4_000))


class Stream:
    """Feedback that comes 40 at a time, in seconds from the beginning of a day on."""

    def __init__(self, watch: DriftWatch) -> None:
        self.watch, self.number, self.negatives = watch, 0, 0

    def buckets(self, count: int, negatives: int) -> list[Drift]:
        found = []
        for _ in range(count):
            self.number, self.negatives = self.number + 1, self.negatives + negatives
            seen = SignalSeen("feedback", 0, TODAY, self.number, events=40 * self.number, negatives=self.negatives)
            self.watch.take(seen, TODAY)
            drift = self.watch.tick(TODAY_MS + self.number * 1000)
            found += [] if drift is None else [drift]
        return found


def test_a_rise_of_negatives_is_told_with_the_second_opinion() -> None:
    """One drift: the rate that fired with the events that show it and since when, and ADWIN beside it, which did not fire."""
    stream = Stream(DriftWatch(drift_policy(rates=RATES)))
    assert stream.buckets(20, 4) == []
    (drift,) = stream.buckets(30, 20)
    fired, shadow = drift.evidence
    assert (fired.signal, fired.detector, fired.fired, fired.language) == ("negative_rate", "e_detector", True, None)
    assert fired.statistic >= fired.threshold
    assert fired.effect == pytest.approx(0.4, abs=0.05)
    assert fired.since is not None
    assert fired.window_events is not None
    assert TODAY_MS + 20_000 < round(fired.since.timestamp() * 1000) <= TODAY_MS + 24_000
    assert (shadow.signal, shadow.detector, shadow.fired) == ("negative_rate", "adwin", False)
    assert drift.explained == {}


def test_another_version_starts_afresh_and_a_run_acknowledges() -> None:
    """After a run's acknowledgement nothing is in alarm; after a reset nothing is known of the rates."""
    watch = DriftWatch(drift_policy(rates=RATES))
    stream = Stream(watch)
    stream.buckets(20, 4)
    assert stream.buckets(30, 20)
    assert any(one.alarm for one in watch.statuses())
    watch.feedback.acknowledge()
    assert not any(one.alarm for one in watch.statuses())
    watch.feedback.reset()
    assert {one.learning for one in watch.statuses()} == {(0, 200)}


def test_documents_and_feedback_that_fire_together_are_one_drift(small_baseline: Baseline) -> None:
    """What fired comes first, then what is in alarm, then shadow detectors; the window of the documents explains it."""
    known = {SHA: small_baseline}
    watch = DriftWatch(drift_policy(baseline=known.get, rates=RATES))
    watch.documents.serve(f"{SHA}:1")
    watch.tick(TODAY_MS - 20_000)
    watch.tick(TODAY_MS - 10_000)
    rows, groups = featurised(small_baseline, made_documents(2_000, 4, novel=0.6))
    found = []
    for number, seen in enumerate(summaries(rows, groups, Random(1))):
        assert watch.take(seen, TODAY)
        drift = watch.tick(TODAY_MS + number * 1000)
        found += [] if drift is None else [drift]
    (drift,) = found
    fires = [item.fired for item in drift.evidence]
    assert fires == sorted(fires, reverse=True)
    assert fires[0]
    assert len({(item.signal, item.language, item.detector) for item in drift.evidence}) == len(drift.evidence)
    assert drift.explained["baseline"] == SHA
    fired = drift.evidence[0]
    assert fired.since is not None
    assert TODAY_MS - 6 * 86_400_000 < fired.since.timestamp() * 1000 <= TODAY_MS
    assert fired.detector in ("hotelling", "chi_square", "e_detector")


@pytest.mark.parametrize("kind", ["feedback", "document"])
def test_a_day_out_of_the_window_does_not_enter(kind: Any, small_baseline: Baseline) -> None:
    """Event-days older than the window change nothing; before the first tick nobody knows what is old."""
    seen = Partitions().add(0, TODAY - 31, *featurised(small_baseline, made_documents(3, 1)))
    seen = msgspec.structs.replace(seen, input=kind, events=3)
    watch = DriftWatch(drift_policy())
    assert not watch.take(seen, TODAY)
    assert not any(place.startswith((b"f|", b"s|")) for place in watch.take_changes())
    assert watch.take(seen, TODAY - 1)
    assert watch.take(seen, None)


def test_the_changelog_takes_every_part_back(small_baseline: Baseline) -> None:
    """Documents and feedback come back under one prefix; a part that nothing of ours wrote is named."""
    watch = DriftWatch(drift_policy(baseline={SHA: small_baseline}.get, rates=RATES))
    watch.documents.serve(f"{SHA}:1")
    watch.tick(TODAY_MS - 20_000)
    watch.tick(TODAY_MS - 10_000)
    Stream(watch).buckets(3, 1)
    for seen in summaries(*featurised(small_baseline, made_documents(300, 1)), Random(1)):
        watch.take(seen, TODAY)
    watch.tick(TODAY_MS + 60_000)
    changes = watch.take_changes()
    restored = DriftWatch(drift_policy(baseline={SHA: small_baseline}.get, rates=RATES))
    for place, value in changes.items():
        restored.load(place, value)
    assert dict(restored.save()) == dict(watch.save()) == {place: value for place, value in changes.items() if value}
    with pytest.raises(ValueError, match=r"'z\|1' of drift"):
        restored.load(b"z|1", b"")


def test_round_to_six() -> None:
    """Numbers far from 1 keep six significant digits."""
    assert (round_to_six(1.23456789e80), round_to_six(0.0)) == (1.23457e80, 0.0)
