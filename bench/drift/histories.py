"""`python -m bench.drift.histories`: random histories of documents through both stages, which must come out the same whatever happened.

A history is a stream of documents with revisions, duplicates and late events, a third of them with a new subject from its middle on. Stage
1: in one partition at once; over several partitions, in random steps, interleaved, with restarts; and replayed from its beginning behind a
restart. All merged sketches must be the same bits, and those of the newest revisions' rows. Stage 2: the summaries of one of these runs
in one order of steps and ticks; with restarts from the changelog between any two; and from its journal. All decisions must be the same.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from base64 import b64decode
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.drift.streams.invented import InventedWorld
from consumers.collect.collector import Collector
from consumers.collect.policy import IntakePolicy
from consumers.decide.decider import Decider
from consumers.decide.journal import replay
from consumers.decide.trigger_state import TriggerPolicy
from consumers.drift.baseline.fit import Baseline, BaselineDocument, fit_baseline
from consumers.drift.features.sketch import Sums, empty, group_of, sketched, unpacked
from consumers.records import Effects, InputRecord
from consumers.settings import ConsumerSettings
from producers.redaction.redact import redact_together
from schemas import topics
from schemas.catalogue import Event
from schemas.envelope import decode, encode
from schemas.events.clock_ticked import ClockTicked
from schemas.events.document_ingested import DocumentIngested
from schemas.events.drift_detected import DriftDetected
from schemas.events.model_current import DriftBaseline, ModelCurrent
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.signal_summarised import SignalSummarised
from schemas.events.trigger_journal import TriggerJournal

MODEL: Final = "history"
SHA256: Final = "ab" * 32
START: Final = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
TEXTS: Final = 2_400
BASELINE_DOCUMENTS: Final = 2_500
NOVEL_SHARE: Final = 1 / 3
LATENESS_DAYS: Final = 7

Merged = dict[tuple[str, date], Sums]


@dataclass(frozen=True, slots=True)
class World:
    """A baseline, and texts of its own kind (the first half) and with a new subject (the second) with their rows and publishers."""

    baseline: Baseline
    texts: tuple[str, ...]
    publishers: tuple[str, ...]
    rows: NDArray[np.int64]


@cache
def world() -> World:
    """The world of all histories; fitted once a process, about ten seconds."""
    invented = InventedWorld(7)
    documents = [BaselineDocument(one.text, one.publisher, date(2026, 1, 5)) for one in invented.documents(BASELINE_DOCUMENTS)]
    baseline = fit_baseline(documents, seed=0, streams=40)
    quiet, novel = list(invented.documents(TEXTS // 2)), list(invented.documents(TEXTS // 2, novel_share=1.0))
    texts = tuple(one.text for one in (*quiet, *novel))
    return World(baseline, texts, tuple(one.publisher for one in (*quiet, *novel)), baseline.featuriser.rows(texts))


@dataclass(frozen=True, slots=True)
class Told:
    """A document as its pipeline told of it: which one, which version, which text, when."""

    number: int
    version: int
    text: int
    at: datetime


class RememberedRows:
    """The sketcher of the world's baseline, whose rows are there already."""

    sha256 = SHA256

    def __init__(self) -> None:
        self._places = {text: place for place, text in enumerate(world().texts)}

    def rows(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """One row a document, `(d, WIDTH) int64`."""
        return world().rows[[self._places[text] for text in texts]]


def history(source: Random) -> list[Told]:
    """300 to 1,200 events in the order in which they come: some are revisions, some late by up to three days, some told twice."""
    told: list[Told] = []
    count = source.randint(300, 1_200)
    for place in range(count):
        # No two at the same moment: which of two texts is in use then is decided by their hashes.
        at = START + timedelta(seconds=120 * place, milliseconds=place)
        if told and source.random() < 0.05:
            told.append(source.choice(told))
            continue
        novel = place > count / 2 and source.random() < NOVEL_SHARE
        text = source.randrange(TEXTS // 2) + (TEXTS // 2 if novel else 0)
        late = timedelta(hours=source.randint(1, 72)) if source.random() < 0.1 else timedelta()
        if told and source.random() < 0.1:
            before = source.choice(told)
            told.append(Told(before.number, before.version + source.randint(0, 2), text, at - late))
        else:
            told.append(Told(place, 1, text, at - late))
    return told


def event(told: Told) -> DocumentIngested:
    """What the pipeline publishes."""
    text = world().texts[told.text]
    return DocumentIngested(
        doc_id=f"d{told.number}", version=told.version, model=MODEL, sha256=sha256(text.encode()).hexdigest(), text=text,
        publisher=world().publishers[told.text],
    )  # fmt: skip


def record(said: Event, *, partition: int, offset: int, at: datetime) -> InputRecord:
    """The record of an event in its partition."""
    wire = encode(said, source="pipeline", time=at)
    return InputRecord(said.TOPIC, partition, offset, wire.key, wire.value, wire.headers, round(at.timestamp() * 1000))


def collector(partition: int) -> Collector:
    """Stage 1 of a partition, whose baseline is the world's on every day."""
    policy = IntakePolicy(
        default_model=MODEL, holdout_key=b"k" * 16, holdout_percent=10, redact=redact_together,
        collect_feedback=True, lateness_s=LATENESS_DAYS * 86_400, future_s=10 * 60,
    )  # fmt: skip
    return Collector(partition, policy, lambda _model, _day: RememberedRows())


def stage1(told: Sequence[Told], partitions: int, source: Random | None) -> list[bytes]:
    """The values of all summaries in the order in which they came; without `source` every partition at once and without restarts."""
    logs: list[list[InputRecord]] = [[] for _ in range(partitions)]
    for one in told:
        partition = one.number % partitions
        logs[partition].append(record(event(one), partition=partition, offset=len(logs[partition]), at=one.at))
    collectors = [collector(partition) for partition in range(partitions)]
    done = [0] * partitions
    summaries: list[bytes] = []
    while any(at < len(log) for at, log in zip(done, logs, strict=True)):
        partition = next(p for p in range(partitions) if done[p] < len(logs[p])) if source is None else source.randrange(partitions)
        size = len(logs[partition]) if source is None else source.choice((1, 7, 60, 300))
        if source is not None and source.random() < 0.1:
            done[partition], collectors[partition] = _restarted(collectors[partition], done[partition], source)
        step = logs[partition][done[partition] : done[partition] + size]
        done[partition] += len(step)
        effects = collectors[partition].process(step)
        summaries += [one.value for one in effects.encoded if one.topic == topics.SIGNAL_SUMMARISED]
    return summaries


def _restarted(before: Collector, done: int, source: Random) -> tuple[int, Collector]:
    """From its changelog; or from nothing, to read its partition again."""
    after = collector(before.partition)
    if source.random() < 0.2:
        return 0, after
    for key, value in before.save():
        after.load(key, value)
    return done, after


def merged(summaries: Sequence[bytes]) -> Merged:
    """The sum over partitions of the newest sketches by model and event-day."""
    newest: dict[tuple[str, date, int], tuple[int, bytes]] = {}
    for value in summaries:
        one = SignalSummarised.model_validate_json(value)
        place = (one.model, one.event_day, one.partition)
        if one.sketch is not None and one.sequence >= newest.get(place, (-1, b""))[0]:
            newest[place] = one.sequence, b64decode(one.sketch)
    found: Merged = {}
    for (model, day, _), (_, sketch) in newest.items():
        found[model, day] = found.get((model, day), empty()) + unpacked(sketch)
    return {place: sums for place, sums in found.items() if sums.any()}


def expected(told: Sequence[Told]) -> Merged:
    """What the newest revisions add up to, told from the history alone: the highest version counts, of equal ones what was said last."""
    last: dict[int, Told] = {}
    said: dict[int, datetime] = {}
    for one in told:
        known = last.get(one.number)
        again = known is not None and (known.version, known.text) == (one.version, one.text)
        if known is None or (not again and (one.version, one.at) > (known.version, said[one.number])):
            last[one.number], said[one.number] = one, one.at
        elif again:
            # The day that it counts in stays that of the first time; what is said otherwise has to be later than the last.
            said[one.number] = max(said[one.number], one.at)
    found: Merged = {}
    for one in last.values():
        place = (MODEL, one.at.date())
        group = np.array([group_of(world().publishers[one.text])])
        found[place] = found.get(place, empty()) + sketched(world().rows[one.text][None], group)
    return found


def stage2_policy() -> TriggerPolicy:
    """The trigger with the world's baseline: documents alone can make it fire."""
    return replace(ConsumerSettings.model_construct().trigger_policy({SHA256: world().baseline}.get), cool_down_minutes=0)


def steps_of(summaries: Sequence[bytes], source: Random) -> list[list[InputRecord]]:
    """The summaries in their order, in steps of random size with a tick behind most of them; the model is served by the first step."""
    baseline = DriftBaseline(uri="drift/history/v0", sha256=SHA256, documents=BASELINE_DOCUMENTS, from_day=date(1, 1, 1))
    serving = ModelCurrent(
        model=MODEL, version="v0", artifact_uri="base/tiny", artifact_sha256="cd" * 32, cause="bootstrap", decision_id="b1",
        base_model="tiny", holdout_key_id="0" * 8, holdout_percent=10, since=START, drift_baselines=(baseline,),
    )  # fmt: skip
    steps = [[record(serving, partition=0, offset=0, at=START)]]
    at, tick = 0, 0
    while at < len(summaries):
        part = summaries[at : at + source.choice((1, 3, 10))]
        step = []
        for offset, value in enumerate(part, at):
            summary = SignalSummarised.model_validate_json(value)
            step.append(record(summary, partition=0, offset=offset, at=START))
        at += len(part)
        if source.random() < 0.8:
            tick += 1
            now = START + timedelta(seconds=10 * tick)
            step.append(record(ClockTicked(now=now, interval_s=10), partition=0, offset=tick, at=now))
        steps.append(step)
    return steps


def stage2(steps: Sequence[Sequence[InputRecord]], source: Random | None) -> tuple[list[str], list[TriggerJournal], dict[bytes, bytes]]:
    """Decisions, journal and state in the end; with `source` after restarts from the changelog between any two steps."""
    decider, log = Decider(0, stage2_policy()), dict[bytes, bytes]()
    decisions: list[str] = []
    journal: list[TriggerJournal] = []
    for step in steps:
        if source is not None and source.random() < 0.3:
            decider = Decider(0, stage2_policy())
            for key, value in log.items():
                decider.load(key, value)
        effects = decider.process(step)
        _keep(log, effects)
        decisions += [_decision(one.event) for one in effects.events]
        journal += [decode(one.value, one.headers, TriggerJournal)[1] for one in effects.encoded if one.topic == topics.TRIGGER_JOURNAL]
    return decisions, journal, log


def _keep(log: dict[bytes, bytes], effects: Effects) -> None:
    for key, value in effects.changes.items():
        if value is None:
            log.pop(key, None)
        else:
            log[key] = value


def _decision(said: Any) -> str:
    assert isinstance(said, DriftDetected | RetrainRequested), said
    return said.model_dump_json()


def violations(seed: int) -> tuple[list[str], Mapping[str, int]]:
    """What of a history did not come out the same, and how much there was to it."""
    source = Random(seed)
    told = history(source)
    wrong: list[str] = []
    wanted = expected(told)
    runs = [stage1(told, 1, None), stage1(told, source.choice((2, 3, 7)), source), stage1(told, source.choice((1, 4)), source)]
    for number, run in enumerate(runs):
        found = merged(run)
        if found.keys() != wanted.keys() or not all(np.array_equal(found[place], sums) for place, sums in wanted.items()):
            wrong.append(f"seed {seed}: the merged sketches of run {number} are not those of the newest revisions")
    steps = steps_of(runs[1], source)
    decisions, journal, log = stage2(steps, None)
    for number in range(2):
        again, _, log_again = stage2(steps, source)
        if again != decisions or log_again != log:
            wrong.append(f"seed {seed}: restart history {number} of stage 2 decided or remembered otherwise")
    replayed = [
        one.model_dump_json() for one in replay(MODEL, stage2_policy(), journal) if isinstance(one, DriftDetected | RetrainRequested)
    ]
    if replayed != decisions:
        wrong.append(f"seed {seed}: the journal's replay decided otherwise")
    return wrong, {"documents": len(told), "drifts": sum('"drift_id"' in one and '"command_id"' not in one for one in decisions)}


def run(seeds: Sequence[int], processes: int) -> dict[str, Any]:
    """The histories of some seeds; `drifts` counts the decisions that there were to compare."""
    started = time.monotonic()
    wrong: list[str] = []
    documents = drifts = 0
    with ProcessPoolExecutor(processes) as pool:
        for found, counts in pool.map(violations, seeds, chunksize=max(len(seeds) // (8 * processes), 1)):
            wrong += found
            documents += counts["documents"]
            drifts += counts["drifts"]
    return {
        "histories": len(seeds), "first_seed": seeds[0], "documents": documents, "drifts": drifts, "violations": wrong,
        "seconds": round(time.monotonic() - started, 1),
    }  # fmt: skip


def main() -> int:
    """Runs the histories; exit code 1 where one of them came out otherwise."""
    parser = argparse.ArgumentParser(prog="python -m bench.drift.histories", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--histories", type=int, default=1_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    report = run(range(asked.first, asked.first + asked.histories), asked.processes)
    print(json.dumps(report))
    if asked.out is not None:
        asked.out.write_text(json.dumps(report, indent=1) + "\n")
    return 1 if report["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
