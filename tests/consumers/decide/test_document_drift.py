"""Drift of documents from the summaries of stage 1."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

import msgspec
import numpy as np
import pytest

from consumers.decide.document_drift import SETTLED_MS, DocumentDrift, Watched
from consumers.decide.inputs import DocumentText, SignalSeen
from consumers.decide.recent_documents import WRITE_EVERY
from consumers.drift.baseline.fit import Baseline
from consumers.drift.features.sketch import documents, sums_of
from consumers.drift.monitor import Finding
from tests.consumers.decide.documents_stream import SHA, TODAY, TODAY_MS, Partitions, featurised, summaries
from tests.consumers.drift.conftest import made_documents

OTHER = "cd" * 32
Log = dict[bytes, bytes]


def watch(*baselines: Baseline, cool_down: int = 20_000, serves: str = f"{SHA}:1") -> DocumentDrift:
    known = dict(zip((SHA, OTHER), baselines, strict=False))
    made = DocumentDrift(known.get, window_days=30, cool_down=cool_down)
    made.serve(serves)
    if serves:
        # Ticks before anything else, so that the list is followed.
        made.tick(TODAY_MS - 2 * SETTLED_MS, TODAY)
        made.tick(TODAY_MS - SETTLED_MS, TODAY)
    return made


def kept(drift: DocumentDrift, log: Log) -> None:
    for place, value in drift.take_changes().items():
        log.pop(place, None)
        if value is not None:
            log[place] = value


def fed(drift: DocumentDrift, inputs: Iterable[SignalSeen], *, first: int = 0, log: Log | None = None) -> list[tuple[int, Finding]]:
    """What fired, with the number of its tick; a tick behind every summary."""
    found = []
    for number, seen in enumerate(inputs, first):
        drift.take(seen)
        found += [(number, finding) for finding in drift.tick(TODAY_MS + number * 10_000, TODAY)]
        if log is not None:
            kept(drift, log)
    return found


def plain(found: list[tuple[int, Finding]]) -> list[tuple[Any, ...]]:
    """Findings to the last bit."""
    return [
        (number, one.n, one.signal, one.language, one.level, one.statistic.hex(), one.threshold.hex(), one.effect.hex(), one.documents)
        for number, one in found
    ]


def test_a_quiet_stream_stays_quiet(small_baseline: Baseline) -> None:
    """10,000 documents of the baseline's own kind, in steps of any size, fire nothing."""
    rows, groups = featurised(small_baseline, made_documents(10_000, 2))
    assert fed(watch(small_baseline), summaries(rows, groups, Random(1), largest=400)) == []


def test_a_shift_fires_once_and_is_explained(small_baseline: Baseline) -> None:
    """A new subject in half the documents fires once within the cool-down; shares, histograms and terms say what it is."""
    calm, shifted = made_documents(2_000, 3), made_documents(3_000, 4, novel=0.5)
    rows, groups = featurised(small_baseline, [*calm, *shifted])
    drift = watch(small_baseline)
    drift.read([DocumentText(document.text, document.source, TODAY) for document in [*calm, *shifted]])
    found = fed(drift, summaries(rows, groups, Random(2)))
    assert len(found) == 1
    finding = found[0][1]
    assert 2_000 < finding.n < 4_000
    explained = drift.explained(finding)
    assert explained["baseline"] == SHA
    hindi, english = explained["languages"]
    assert (hindi.name, english.name) == ("hi", "en")
    assert hindi.before == pytest.approx(0.7, abs=0.05)
    assert hindi.after < 0.5
    assert hindi.after + english.after == pytest.approx(1)
    assert len(explained["clusters"]) == 5
    assert len(explained["histograms"]) == 3
    for histogram in explained["histograms"]:
        assert len(histogram.edges) + 1 == len(histogram.before) == len(histogram.after)
        assert sum(histogram.after) == pytest.approx(1, abs=1e-4)
    assert {"photon", "quartz", "tensor"} <= {term.term for term in explained["rose"]}


def test_without_texts_a_drift_has_no_terms(small_baseline: Baseline) -> None:
    """A replay has no texts: it finds the same and explains it without terms."""
    rows, groups = featurised(small_baseline, made_documents(2_000, 4, novel=1.0))
    drift = watch(small_baseline)
    ((_, finding),) = fed(drift, summaries(rows, groups, Random(2)))
    assert {"baseline", "clusters", "languages", "histograms"} == drift.explained(finding).keys()


@pytest.mark.process
def test_200_histories_decide_the_same_after_any_restarts(small_baseline: Baseline) -> None:
    """In any grouping into steps, partitions and days: restored from the changelog at random points, the findings are bit-identical.

    And so is the state itself, which is what the changelog holds.
    """
    rows, groups = featurised(small_baseline, [*made_documents(300, 5), *made_documents(700, 6, novel=1.0)])
    fires = 0
    for seed in range(200):
        source = Random(seed)
        inputs = list(summaries(rows, groups, source, largest=source.choice((60, 150, 400))))
        stayed = watch(small_baseline)
        expected = plain(fed(stayed, inputs))
        fires += len(expected)
        log: Log = {}
        drift, at, found = watch(small_baseline), 0, []
        while at < len(inputs):
            size = source.randint(1, len(inputs))
            found += fed(drift, inputs[at : at + size], first=at, log=log)
            at += size
            assert dict(drift.save()) == log
            drift = watch(small_baseline, serves="")
            for place in source.sample(sorted(log), len(log)):
                drift.load(place, log[place])
        assert plain(found) == expected
        stayed.take_changes()
        assert log == dict(stayed.save())
    assert fires > 100


def test_steps_and_partitions_do_not_matter_to_what_a_bucket_holds(small_baseline: Baseline) -> None:
    """One tick behind all summaries: however the documents came, the sum that is pushed is the same, so is what is found."""
    rows, groups = featurised(small_baseline, made_documents(1_000, 6, novel=1.0))
    found = set()
    for seed in range(50):
        drift, log = watch(small_baseline), {}
        for seen in summaries(rows, groups, Random(seed)):
            drift.take(seen)
        drift.tick(TODAY_MS, TODAY)
        kept(drift, log)
        found.add(tuple(sorted((place, value) for place, value in log.items() if place.startswith(b"k|window"))))
    assert len(found) == 1


def test_buckets_close_at_ticks_with_enough_documents(small_baseline: Baseline) -> None:
    """49 documents wait, the 50th closes the bucket; what is told again or out of order changes nothing."""
    rows, groups = featurised(small_baseline, made_documents(60, 7))
    drift, partitions, log = watch(small_baseline), Partitions(), {}
    drift.tick(TODAY_MS, TODAY)
    first, second = partitions.add(0, TODAY, rows[:30], groups[:30]), partitions.add(0, TODAY, rows[30:49], groups[30:49])
    for seen in (second, first, second):
        drift.take(seen)
    drift.tick(TODAY_MS + 1, TODAY)
    assert open_documents(drift, log) == 49
    drift.take(partitions.add(1, TODAY - 30, rows[49:50], groups[49:50]))
    drift.tick(TODAY_MS + 2, TODAY)
    assert open_documents(drift, log) == 0


def test_what_is_taken_back_leaves_the_open_bucket_or_waits(small_baseline: Baseline) -> None:
    """Documents that were revised away lessen the open bucket; those of a closed one wait until a bucket can hold the difference."""
    mojibake = "à¤¹à¤¿à¤¨à¥à¤¦à¥€ à¤®à¥‡à¤‚"
    texts = [document.text for document in made_documents(149, 8)]
    rows = small_baseline.featuriser.rows([mojibake, *texts])
    groups = np.arange(len(rows)) % 4
    drift, partitions, log = watch(small_baseline), Partitions(), {}
    drift.tick(TODAY_MS, TODAY)
    drift.take(partitions.add(0, TODAY, rows[:50], groups[:50]))
    drift.tick(TODAY_MS + 1, TODAY)
    drift.take(partitions.withdraw(0, TODAY, rows[0], 0))
    drift.tick(TODAY_MS + 2, TODAY)
    assert open_documents(drift, log) == -1
    drift.take(partitions.add(0, TODAY, rows[50:101], groups[50:101]))
    # The mojibake that is taken back is none of these documents': it stays behind, and the rest is a bucket.
    drift.tick(TODAY_MS + 3, TODAY)
    assert open_documents(drift, log) == 0
    assert sums_of(watched(log).bucket).min() == -1


def test_only_the_baseline_in_force_is_watched(small_baseline: Baseline) -> None:
    """Sketches of another baseline are kept and enter nothing; from its first day on another one has a monitor of its own."""
    rows, groups = featurised(small_baseline, made_documents(200, 9))
    drift, partitions, log = watch(small_baseline, small_baseline, serves=f"{SHA}:1,{OTHER}:{TODAY + 1}"), Partitions(), {}
    drift.tick(TODAY_MS, TODAY)
    drift.take(partitions.add(0, TODAY, rows[:60], groups[:60], OTHER))
    drift.take(partitions.add(1, TODAY, rows[60:120], groups[60:120]))
    drift.take(partitions.add(0, TODAY + 1, rows[120:150], groups[120:150], OTHER))
    drift.tick(TODAY_MS + 1, TODAY)
    assert drift.baseline is not None
    assert drift.baseline[0] == SHA
    assert open_documents(drift, log) == 0
    assert any(place.startswith(b"k|window.0") for place in log)
    drift.tick(TODAY_MS + 86_400_000, TODAY + 1)
    assert drift.baseline[0] == OTHER
    # Those of its own day, known before the day began; not those that it sketched for a day that was another's.
    assert open_documents(drift, log) == 30
    assert not any(place.startswith(b"k|window.0") for place in log)
    restored = watch(small_baseline, small_baseline, serves="")
    for place, value in log.items():
        restored.load(place, value)
    restored.take(partitions.add(1, TODAY + 1, rows[150:200], groups[150:200], OTHER))
    restored.tick(TODAY_MS + 86_400_001, TODAY + 1)
    assert open_documents(restored, log) == 0


def test_a_new_list_is_followed_a_little_later(small_baseline: Baseline) -> None:
    """Until some seconds have passed the former baseline is watched on; of two that begin on one day the later named one counts."""
    drift = watch(small_baseline, small_baseline)
    drift.serve(f"{SHA}:1,{SHA}:5,{OTHER}:5")
    for at_ms in (TODAY_MS, TODAY_MS + SETTLED_MS - 1):
        drift.tick(at_ms, TODAY)
        assert drift.baseline is not None
        assert drift.baseline[0] == SHA
    drift.tick(TODAY_MS + SETTLED_MS, TODAY)
    assert drift.baseline is not None
    assert drift.baseline[0] == OTHER
    drift.serve("")
    drift.tick(TODAY_MS + SETTLED_MS + 1, TODAY)
    assert drift.baseline is None
    assert dict(drift.save()) == {}


def test_an_unknown_baseline_is_said_and_asked_for_the_next_day(small_baseline: Baseline) -> None:
    """What is not known here is not watched, and says so; its open bucket waits."""
    known: dict[str, Baseline] = {}
    drift = DocumentDrift(known.get, window_days=30, cool_down=0)
    assert "has no drift baseline" in str(drift.unwatched_because())
    drift.serve(f"{SHA}:{TODAY + 1}")
    drift.tick(TODAY_MS, TODAY)
    drift.tick(TODAY_MS + SETTLED_MS, TODAY)
    assert "begins later" in str(drift.unwatched_because())
    drift.serve(f"{SHA}:1")
    rows, groups = featurised(small_baseline, made_documents(60, 9))
    drift.take(Partitions().add(0, TODAY, rows, groups))
    drift.tick(TODAY_MS + 2 * SETTLED_MS, TODAY)
    assert drift.warnings == ()
    drift.tick(TODAY_MS + 3 * SETTLED_MS, TODAY)
    assert SHA[:12] in str(drift.unwatched_because())
    known[SHA] = small_baseline
    drift.tick(TODAY_MS + 4 * SETTLED_MS, TODAY)
    assert drift.baseline is None
    drift.tick(TODAY_MS + 86_400_000, TODAY + 1)
    assert drift.unwatched_because() is None
    assert open_documents(drift, {}) == 0


def test_old_days_leave_and_their_windows_with_them(small_baseline: Baseline) -> None:
    """A day out of the window leaves the state, and the windows that reach back to it are dropped with the next bucket."""
    rows, groups = featurised(small_baseline, made_documents(400, 9))
    drift, partitions, log = watch(small_baseline), Partitions(), {}
    fed(drift, [partitions.add(0, TODAY, rows[at : at + 50], groups[at : at + 50]) for at in range(0, 250, 50)], log=log)
    assert f"s|0|{TODAY}".encode() in log
    before = len([place for place in log if place.startswith(b"k|window")])
    drift.take(partitions.add(0, TODAY + 31, rows[300:350], groups[300:350]))
    drift.tick(TODAY_MS + 31 * 86_400_000, TODAY + 31)
    kept(drift, log)
    assert f"s|0|{TODAY}".encode() not in log
    assert len([place for place in log if place.startswith(b"k|window")]) < before


def test_alarms_stand_until_they_are_confirmed(small_baseline: Baseline) -> None:
    """An unconfirmed alarm is in the standing with its time, goes through the changelog, and leaves when it fires."""
    rows, groups = featurised(small_baseline, made_documents(2_000, 4, novel=0.4))
    log: Log = {}
    drift = watch(small_baseline)
    inputs = [Partitions().add(number, TODAY, rows[at : at + 50], groups[at : at + 50]) for number, at in enumerate(range(0, 2_000, 50))]
    for number, seen in enumerate(inputs):
        fired = fed(drift, [seen], first=number, log=log)
        if fired or drift.warnings:
            break
    assert not fired
    (alarm, *_) = drift.warnings
    statuses = {(one.signal, one.language): one for one in drift.statuses()}
    assert statuses[alarm.signal, alarm.language].alarm
    assert statuses[alarm.signal, alarm.language].since_ms == alarm.at_ms == TODAY_MS + number * 10_000
    restored = watch(small_baseline, serves="")
    for place, value in log.items():
        restored.load(place, value)
    assert list(restored.warnings) == list(drift.warnings)
    while not fired:
        number += 1
        fired = fed(drift, [inputs[number]], first=number)
    assert all((one.signal, one.language) != (fired[0][1].signal, fired[0][1].language) for one in drift.warnings)


def test_texts_are_written_every_so_many_and_come_back(small_baseline: Baseline) -> None:
    """The record of texts goes to the changelog at ticks, once enough is new; restored, it explains as before."""
    texts = [DocumentText(document.text, document.source, TODAY) for document in made_documents(600, 4, novel=1.0)]
    rows, groups = featurised(small_baseline, made_documents(1_200, 4, novel=1.0))
    drift, log = watch(small_baseline), {}
    drift.tick(TODAY_MS - 2, TODAY)
    drift.read(texts[: WRITE_EVERY - 1])
    drift.tick(TODAY_MS - 1, TODAY)
    kept(drift, log)
    assert not any(place.startswith(b"t|") for place in log)
    drift.read(texts[WRITE_EVERY - 1 :])
    fired = fed(drift, summaries(rows, groups, Random(1)), log=log)
    assert {b"t|", b"t|0"} <= log.keys()
    restored = watch(small_baseline, serves="")
    for place, value in log.items():
        restored.load(place, value)
    restored.tick(TODAY_MS + 10**7, TODAY)
    assert restored.explained(fired[0][1]) == drift.explained(fired[0][1])
    assert dict(restored.save()) == log


def test_a_sketch_that_is_none_is_refused() -> None:
    """Bytes that no sketch of this release has are no sums."""
    with pytest.raises(ValueError, match="sketch"):
        sums_of("AAAA")


def open_documents(drift: DocumentDrift, log: Log) -> int:
    """How many documents the open bucket holds, as the changelog has it."""
    kept(drift, log)
    return documents(sums_of(watched(log).bucket)) if watched(log).bucket else 0


def watched(log: Log) -> Watched:
    return msgspec.json.decode(log[b"o"], type=Watched)
