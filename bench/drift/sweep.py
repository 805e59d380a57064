"""False alarms and delays of our monitor over worlds: each world has a baseline of its own, fresh null streams, and every shift.

A delay is counted in documents from the shift to the alarm, and to the fire beside it; a miss is infinite. An alarm before the shift is a
false one, and the stream goes on as after it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.drift.streams.open_vocabulary import OpenVocabulary, runs_of
from bench.drift.streams.pools import Pool
from bench.drift.streams.population import Population, Stream
from bench.drift.streams.scenarios import Scenario, scenario
from consumers.drift.baseline.fit import Baseline, BaselineDocument, fit_baseline
from consumers.drift.features.sketch import group_of, sketched
from consumers.drift.monitor import Finding, Monitor

FIRST_DAY: Final = date(2026, 1, 5)  # a Monday, as day 0 of a stream is
BEFORE: Final = 5_000
NULL_DOCUMENTS: Final = 100_000
_BATCH: Final = 500


@dataclass(slots=True)
class Delays:
    """Of each stream of a shift: documents from the shift to the alarm and to the fire, and which head alarmed first."""

    alarm: list[float] = field(default_factory=list)
    fired: list[float] = field(default_factory=list)
    window_statistics: list[str] = field(default_factory=list)
    fires: bool = True


@dataclass(slots=True)
class Quiet:
    """What null streams of one kind raised, and which heads did."""

    documents: int = 0
    alarms: int = 0
    fires: int = 0
    window_statistics: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Sweep:
    """What was found over the worlds so far; null streams by whether documents come in bursts or each by itself."""

    delays: dict[str, Delays] = field(default_factory=dict)
    bursty: Quiet = field(default_factory=Quiet)
    independent: Quiet = field(default_factory=Quiet)
    baselines: int = 0
    fit_s: list[float] = field(default_factory=list)


def documents_of(pool: Pool, stream: Stream, texts: Iterable[str] | None = None) -> list[BaselineDocument]:
    """A stream's documents as a baseline takes them; `texts` are theirs, one each, where they are not the pool's."""
    told = (pool.texts[number] for number in stream.documents.tolist()) if texts is None else texts
    found = zip(told, stream.sources.tolist(), stream.days.tolist(), strict=True)
    return [BaselineDocument(text, pool.sources[source], FIRST_DAY + timedelta(days=day)) for text, source, day in found]


def pool_rows(texts: Sequence[str], baseline: Baseline) -> NDArray[np.int32]:
    """The feature rows of the whole pool's texts by a baseline's featuriser, `(d, WIDTH) int32`."""
    return np.concatenate(
        [baseline.featuriser.rows(texts[first : first + _BATCH]).astype(np.int32) for first in range(0, len(texts), _BATCH)]
    )


class World:
    """One scenario with the baseline that was fitted on a draw of it, and the feature rows of the whole pool.

    With an open vocabulary all but its topics have new names: each run of the baseline its own, and streams others, a set a source.
    """

    def __init__(
        self, pool: Pool, seed: int, *, documents: int, groups: Collection[int] | None = None, open_vocabulary: bool = False
    ) -> None:
        self.rng = np.random.default_rng([seed, documents])
        self.pool = pool
        self.scenario: Scenario = scenario(pool, self.rng, groups=groups)
        # The flood comes from a source of its own, behind the pool's.
        self._groups = np.array([group_of(name) for name in (*pool.sources, "the flood")])
        self._seed = seed
        self._documents = documents
        self._open = OpenVocabulary(pool, self.scenario.novel | self.scenario.known) if open_vocabulary else None

    def fitted(self, before: Population) -> tuple[Baseline, NDArray[np.int32]]:
        """A baseline of a fresh draw of `before`, and the pool's rows by its featuriser, `(d, WIDTH) int32`."""
        stream, told, of_pool = before.baseline(self.rng, self._documents), None, self.pool.texts
        if self._open is not None:
            rng = np.random.default_rng([self._seed, 0x0BE7])
            told = self._open.texts(stream.documents, runs_of(stream.sources), rng)
            of_pool = tuple(self._open.texts(np.arange(len(self.pool), dtype=np.int32), self.pool.source, rng))
        baseline = fit_baseline(documents_of(self.pool, stream, told), seed=self._seed, documents_a_day=5_000)
        return baseline, pool_rows(of_pool, baseline)

    def findings(self, baseline: Baseline, rows: NDArray[np.int32], stream: Stream) -> Iterator[Finding]:
        """What the monitor finds in a stream."""
        monitor, size = Monitor(baseline, cool_down_documents=10**9), baseline.bucket_documents
        groups = self._groups[stream.sources]
        for first in range(0, len(stream) - size + 1, size):
            taken = rows[stream.documents[first : first + size]].astype(np.int64)
            yield from monitor.push(sketched(taken, groups[first : first + size]))


def add_null(quiet: Quiet, world: World, baseline: Baseline, rows: NDArray[np.int32], population: Population, *, streams: int) -> None:
    """Null streams: fresh draws of the world's own population, or of the same documents drawn otherwise."""
    for _ in range(streams):
        for finding in world.findings(baseline, rows, population.draw(world.rng, NULL_DOCUMENTS)):
            if finding.fired:
                quiet.fires += 1
            else:
                quiet.alarms += 1
                stat = _named(finding)
                quiet.window_statistics[stat] = quiet.window_statistics.get(stat, 0) + 1
        quiet.documents += NULL_DOCUMENTS


def add_shifts(
    sweep: Sweep, world: World, baseline: Baseline, rows: NDArray[np.int32], *, streams: int, after: int, names: Collection[str] = ()
) -> None:
    """Every shift of the world (or those named). A stream of 3 % of a topic is three times as long as the others."""
    for shift in world.scenario.shifts:
        if names and shift.name not in names:
            continue
        found = sweep.delays.setdefault(shift.name, Delays(fires=shift.fires))
        fitted, known = (baseline, rows) if shift.before is world.scenario.world else world.fitted(shift.before)
        for _ in range(streams):
            alarm = fired = math.inf
            stat = ""
            length = max(after, 100_000) if "3 %" in shift.name and "30 %" not in shift.name else after
            for finding in world.findings(fitted, known, shift.draw(world.rng, BEFORE, length)):
                if finding.n <= BEFORE:
                    continue
                if finding.fired:
                    fired = finding.n - BEFORE
                    break
                if math.isinf(alarm):
                    alarm, stat = finding.n - BEFORE, _named(finding)
            found.alarm.append(alarm)
            found.fired.append(fired)
            found.window_statistics.append(stat)


def sweep_worlds(
    pool: Pool,
    *,
    worlds: int,
    documents: int,
    null_streams: int,
    shift_streams: int,
    after: int = 40_000,
    groups: Collection[int] | None = None,
    open_vocabulary: bool = False,
    first_seed: int = 0,
    names: Collection[str] = (),
) -> Iterator[Sweep]:
    """The sweep after each world; `null_streams` (of each kind) and `shift_streams` are of each world."""
    sweep = Sweep()
    for number in range(worlds):
        world = World(pool, first_seed + number, documents=documents, groups=groups, open_vocabulary=open_vocabulary)
        started = time.process_time()
        baseline, rows = world.fitted(world.scenario.world)
        sweep.fit_s.append(time.process_time() - started)
        sweep.baselines += 1
        quiet = world.scenario.world
        add_null(sweep.bursty, world, baseline, rows, quiet, streams=null_streams)
        add_shifts(sweep, world, baseline, rows, streams=shift_streams, after=after, names=names)
        add_null(sweep.independent, world, baseline, rows, quiet.independent(), streams=null_streams)
        yield sweep


def _named(finding: Finding) -> str:
    return finding.signal if finding.language is None else f"{finding.signal} in {finding.language}"
