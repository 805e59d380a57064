"""Stage 1's sketches of documents: exact sums of the newest revisions, whatever the history."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.simulation.simulated_sketcher import SimulatedSketcher
from consumers.collect.collector import Collector
from consumers.collect.daily_sketches import TOGETHER, DocumentSketches, Sketcher
from consumers.collect.deduplication import pack, unpack
from consumers.drift.features.sketch import Sums, documents, empty, group_of, packed_row, sketched, unpacked
from consumers.records import InputRecord
from consumers.state_keys import DOCUMENT_KEY, FEEDBACK_KEY
from schemas.events.document_ingested import DocumentIngested
from schemas.events.signal_summarised import SignalSummarised

BASELINE = SimulatedSketcher()
DAY_S = 86_400
MODELS = (None, "tiny-llama", "other")
# (document, version, its words: 0 for a reference without text, day, which model): few of each, so that they meet.
EVENT = st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3), st.integers(0, 5), st.integers(0, 2))
HISTORY = st.lists(EVENT, max_size=25)
CUTS = st.lists(st.integers(0, 25), max_size=6)

Event = tuple[int, int, int, int, int]
Told = dict[tuple[str, str], tuple[str | None, bytes | None]]


def active_sketcher(model: str, day: int) -> Sketcher | None:
    return BASELINE


def document(build: Any, number: int, version: int, words: int, model: str | None = None) -> DocumentIngested:
    if words == 0:
        return DocumentIngested(doc_id=f"d{number}", version=version, sha256="0" * 64, uri="s3://b/k", model=model)
    return build.document(f"d{number}", f"दस्तावेज़ {words}", version=version, model=model)


def records(build: Any, history: Sequence[Event]) -> list[InputRecord]:
    return [
        build.record(
            document(build, number, version, words, MODELS[model]), offset=offset, time=build.start + timedelta(days=day, seconds=offset)
        )
        for offset, (number, version, words, day, model) in enumerate(history)
    ]


def collector(build: Any, days_of_lateness: int = 1) -> Collector:
    return Collector(0, build.intake_policy(lateness_s=days_of_lateness * DAY_S), active_sketcher)


def newest(told: Told, build: Any, effects: Any) -> None:
    for summary in build.emitted(effects, SignalSummarised):
        sketch = None if summary.sketch is None else b64decode(summary.sketch)
        told[summary.model, summary.event_day.isoformat()] = summary.baseline, sketch


def run(build: Any, batches: Sequence[Sequence[InputRecord]], *, restarts: bool = False, lateness: int = 1) -> tuple[Collector, Told]:
    """The collector after the batches, restarted from its state before each of them or not, and the newest sketch of each day."""
    made, told = collector(build, lateness), {}
    for batch in batches:
        if restarts:
            state, made = dict(made.save()), collector(build, lateness)
            for key, value in state.items():
                made.load(key, value)
        newest(told, build, made.process(batch))
    return made, told


def expected(build: Any, history: Sequence[Event]) -> dict[tuple[str, str], Sums]:
    """The sum over documents of the newest revision's row, told from the history alone; a revision without a model stays where it was."""
    last: dict[int, tuple[int, int, int, str]] = {}
    said: dict[int, tuple[tuple[int, int], tuple[int, int]]] = {}
    for offset, (number, version, words, day, model) in enumerate(history):
        before, moment, content = last.get(number), (day, offset), (words, model)
        if before is not None and version == before[0]:
            known, at = said[number]
            if content == known:
                said[number] = known, max(moment, at)
            if content == known or moment < at:
                continue
        if before is None or version >= before[0]:
            last[number] = version, words, day, MODELS[model] or (before[3] if before else build.model)
            said[number] = content, moment
    found: dict[tuple[str, str], Sums] = {}
    for number, (_, words, day, model) in last.items():
        if words:
            place = model, (build.start + timedelta(days=day)).date().isoformat()
            row = BASELINE.row(f"दस्तावेज़ {words}")
            found[place] = found.get(place, empty()) + sketched(row[None], np.array([group_of(f"d{number}")]))
    return found


@given(history=HISTORY, cuts=CUTS)
def test_any_batching_and_any_restart_gives_the_same_bits(build: Any, history: Any, cuts: list[int]) -> None:
    """However a partition is cut into steps, with a restart before each or not, sketches and state are the same bytes.

    The window is short against the history: events come too late and days are left behind with documents still waiting.
    """
    whole = records(build, history)
    edges = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    steps = [whole[start:end] for start, end in pairwise(edges)]
    once, told = run(build, [whole])
    for again, told_again in (run(build, steps), run(build, steps, restarts=True), run(build, [[record] for record in whole])):
        assert told_again == told
        assert dict(again.save()) == dict(once.save())
        assert again.state_keys == once.state_keys


@given(history=HISTORY, cuts=CUTS)
def test_a_sketch_is_the_sum_of_the_newest_revisions(build: Any, history: Any, cuts: list[int]) -> None:
    """Duplicates, revisions in any order, to another day, another model or no text: a day holds the newest revisions' rows."""
    whole = records(build, history)
    edges = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    _, told = run(build, [whole[start:end] for start, end in pairwise(edges)], lateness=30)
    found = {place: unpacked(sketch) for place, (_, sketch) in told.items() if sketch is not None}
    wanted = expected(build, history)
    assert {place for place, sums in found.items() if sums.any()} == set(wanted)
    assert all(np.array_equal(found[place], sums) for place, sums in wanted.items())


@given(history=HISTORY, partitions=st.integers(1, 4))
def test_partitions_merge_to_the_same_bits(build: Any, history: Any, partitions: int) -> None:
    """Divided by document over any number of partitions, the merged sketches are those of one partition."""
    whole = records(build, history)
    merged: dict[tuple[str, str], Sums] = {}
    for partition in range(partitions):
        mine = [record for record, event in zip(whole, history, strict=True) if event[0] % partitions == partition]
        _, told = run(build, [mine], lateness=30)
        for place, (_, sketch) in told.items():
            if sketch is not None:
                merged[place] = merged.get(place, empty()) + unpacked(sketch)
    wanted = expected(build, history)
    assert {place for place, sums in merged.items() if sums.any()} == set(wanted)
    assert all(np.array_equal(merged[place], sums) for place, sums in wanted.items())


def sketches_of(build: Any, made: Collector, *batch: InputRecord) -> list[tuple[str | None, int]]:
    """What a step tells of days: the baseline and how many documents are in the sketch, 0 without one."""
    summaries = build.emitted(made.process(batch), SignalSummarised)
    return [(told.baseline, documents(unpacked(b64decode(told.sketch))) if told.sketch else 0) for told in summaries]


def test_a_step_is_featurised_at_once(build: Any) -> None:
    """The documents of a step go into one batch, but for what a later one of the step replaces; very many into several."""
    seen = SimulatedSketcher()
    made = Collector(0, build.intake_policy(), lambda model, day: seen)
    made.process([build.record(build.document(f"d{number}"), offset=number) for number in range(7)])
    again = [build.record(build.document("d1", f"दस्तावेज़ {version}", version=version), offset=version) for version in range(2, 6)]
    made.process(again)
    assert seen.batches == [7, 1]
    made.process([build.record(build.document(f"e{number}"), offset=number) for number in range(TOGETHER + 3)])
    assert seen.batches == [7, 1, TOGETHER, 3]


def test_documents_of_the_holdout_are_sketched_and_references_are_not(build: Any) -> None:
    """A quarantined document is part of the world that drifts; one by reference is counted alone, and so is feedback."""
    made = Collector(0, build.intake_policy(holdout_percent=100), active_sketcher)
    assert sketches_of(build, made, build.record(build.document())) == [(BASELINE.sha256, 1)]
    made = collector(build)
    assert sketches_of(build, made, build.record(document(build, 1, 1, 0))) == [(None, 0)]
    assert sketches_of(build, made, build.record(build.feedback())) == [(None, 0)]
    assert not [key for key, _ in made.save() if key.startswith(b"f|")]


def test_without_a_baseline_documents_are_counted(build: Any) -> None:
    """No baseline, no sketch; one that comes into force later sketches what comes then, and takes back nothing of before."""
    serving: list[Sketcher] = []
    made = Collector(0, build.intake_policy(), lambda model, day: serving[0] if serving else None)
    assert sketches_of(build, made, build.record(build.document("d1"))) == [(None, 0)]
    serving.append(BASELINE)
    assert sketches_of(build, made, build.record(build.document("d2"))) == [(BASELINE.sha256, 1)]
    assert sketches_of(build, made, build.record(build.document("d1", "आगरा", version=2))) == [(BASELINE.sha256, 2)]


def test_a_day_keeps_its_baseline(build: Any) -> None:
    """Documents dated tomorrow were sketched before a promotion's baseline came that begins tomorrow: tomorrow goes on with the former.

    Where that one is active for no day any more, they are counted and not sketched.
    """
    former, later = SimulatedSketcher("former"), SimulatedSketcher("later")
    today = build.start.date().toordinal()
    serving = {today: former, today + 1: former}
    made = Collector(0, build.intake_policy(), lambda model, day: serving[day])
    tomorrow = build.start + timedelta(days=1)
    assert sketches_of(build, made, build.record(build.document("d1"), time=tomorrow)) == [(former.sha256, 1)]
    serving[today + 1] = later
    assert sketches_of(build, made, build.record(build.document("d2"), time=tomorrow)) == [(former.sha256, 2)]
    serving[today] = later
    assert sketches_of(build, made, build.record(build.document("d3"), time=tomorrow)) == [(former.sha256, 2)]
    assert sketches_of(build, made, build.record(build.document("d1", "आगरा", version=2), time=tomorrow)) == [(former.sha256, 1)]


def test_days_left_behind_leave_the_state(build: Any) -> None:
    """A day behind the watermark becomes a tombstone, and a revision of a document that lay there takes nothing back of it."""
    made = collector(build, days_of_lateness=3)
    made.process([build.record(build.document("d1"), time=build.start + timedelta(days=2))])
    # Dated two days before its first version: remembered by the newer time, sketched on the older day.
    made.process([build.record(build.document("d1", "आगरा", version=2))])
    effects = made.process([build.record(build.document("d2"), time=build.start + timedelta(days=4))])
    assert effects.changes[f"f|{build.model}|{build.start.date().toordinal()}".encode()] is None
    revised = build.record(build.document("d1", "दिल्ली", version=3), time=build.start + timedelta(days=3))
    assert sketches_of(build, made, revised) == [(BASELINE.sha256, 1)]


def test_a_sketch_of_another_form_is_refused() -> None:
    """A changelog value of another width stops the restore, with what to look for."""
    with pytest.raises(ValueError, match="another release"):
        DocumentSketches(active_sketcher).load(b"f|m|739000", b"\x00" * 40)


def test_a_mark_keeps_its_row(build: Any) -> None:
    """A document's mark holds its packed row, a feedback's a byte that says there is none."""
    made = collector(build)
    effects = made.process([build.record(build.document("d1", "आगरा")), build.record(build.feedback("f1"))])
    (kept,) = [unpack(value) for key, value in effects.changes.items() if key.startswith(DOCUMENT_KEY) and value]
    assert kept.row == packed_row(BASELINE.row("आगरा"), group_of("d1"))
    assert len(pack(kept)) <= 245
    (feedback,) = [unpack(value) for key, value in effects.changes.items() if key.startswith(FEEDBACK_KEY) and value]
    assert feedback.row is None
