"""False alarms and delays of our monitor over worlds: each world has a baseline of its own, fresh null streams, and every shift.

A delay is counted in documents from the shift to the alarm, and to the fire beside it; a miss is infinite. An alarm before the shift is a
false one, and the stream goes on as after it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.drift.pools import Pool
from bench.drift.population import Population, Stream
from bench.drift.scenarios import Scenario, scenario
from consumers.drift.baseline import Baseline, Document, fit_baseline
from consumers.drift.monitor import Finding, Monitor
from consumers.drift.sketch import group_of, sketched

FIRST_DAY: Final = date(2026, 1, 5)  # a Monday, as day 0 of a stream is
BEFORE: Final = 5_000
_BATCH: Final = 500


@dataclass(slots=True)
class Delays:
    """Of each stream of a shift: documents from the shift to the alarm and to the fire, and which head alarmed first."""

    alarm: list[float] = field(default_factory=list)
    fired: list[float] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    fires: bool = True


@dataclass(slots=True)
class Sweep:
    """What was found over the worlds so far."""

    delays: dict[str, Delays] = field(default_factory=dict)
    null_documents: int = 0
    false_alarms: int = 0
    false_fires: int = 0
    false_heads: dict[str, int] = field(default_factory=dict)
    baselines: int = 0
    fit_s: list[float] = field(default_factory=list)


def documents_of(pool: Pool, stream: Stream) -> list[Document]:
    """A stream's documents as a baseline takes them."""
    numbers = zip(stream.documents.tolist(), stream.sources.tolist(), stream.days.tolist(), strict=True)
    return [Document(pool.texts[number], pool.sources[source], FIRST_DAY + timedelta(days=day)) for number, source, day in numbers]


def pool_rows(pool: Pool, baseline: Baseline) -> NDArray[np.int32]:
    """The feature rows of the whole pool by a baseline's featuriser, `(d, WIDTH) int32`."""
    texts = pool.texts
    return np.concatenate(
        [baseline.featuriser.rows(texts[first : first + _BATCH]).astype(np.int32) for first in range(0, len(texts), _BATCH)]
    )


class World:
    """One scenario with the baseline that was fitted on a draw of it, and the feature rows of the whole pool."""

    def __init__(self, pool: Pool, seed: int, *, documents: int, groups: Collection[int] | None = None) -> None:
        self.rng = np.random.default_rng([seed, documents])
        self.pool = pool
        self.scenario: Scenario = scenario(pool, self.rng, groups=groups)
        # The flood comes from a source of its own, behind the pool's.
        self._groups = np.array([group_of(name) for name in (*pool.sources, "the flood")])
        self._seed = seed
        self._documents = documents

    def fitted(self, before: Population) -> tuple[Baseline, NDArray[np.int32]]:
        """A baseline of a fresh draw of `before`, and the pool's rows by its featuriser, `(d, WIDTH) int32`."""
        stream = before.baseline(self.rng, self._documents)
        baseline = fit_baseline(documents_of(self.pool, stream), seed=self._seed, documents_a_day=5_000)
        return baseline, pool_rows(self.pool, baseline)

    def findings(self, baseline: Baseline, rows: NDArray[np.int32], stream: Stream) -> Iterator[Finding]:
        """What the monitor finds in a stream."""
        monitor, size = Monitor(baseline, cool_down_documents=10**9), baseline.bucket_documents
        groups = self._groups[stream.sources]
        for first in range(0, len(stream) - size + 1, size):
            taken = rows[stream.documents[first : first + size]].astype(np.int64)
            yield from monitor.push(sketched(taken, groups[first : first + size]))


def add_null(sweep: Sweep, world: World, baseline: Baseline, rows: NDArray[np.int32], *, streams: int, documents: int = 100_000) -> None:
    """Null streams of the world's own population."""
    for _ in range(streams):
        stream = world.scenario.world.draw(world.rng, documents)
        for finding in world.findings(baseline, rows, stream):
            if finding.fired:
                sweep.false_fires += 1
            else:
                sweep.false_alarms += 1
                head = _named(finding)
                sweep.false_heads[head] = sweep.false_heads.get(head, 0) + 1
        sweep.null_documents += documents


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
            head = ""
            length = max(after, 100_000) if "3 %" in shift.name and "30 %" not in shift.name else after
            for finding in world.findings(fitted, known, shift.draw(world.rng, BEFORE, length)):
                if finding.n <= BEFORE:
                    continue
                if finding.fired:
                    fired = finding.n - BEFORE
                    break
                if math.isinf(alarm):
                    alarm, head = finding.n - BEFORE, _named(finding)
            found.alarm.append(alarm)
            found.fired.append(fired)
            found.heads.append(head)


def sweep_worlds(
    pool: Pool,
    *,
    worlds: int,
    documents: int,
    null_streams: int,
    shift_streams: int,
    after: int = 40_000,
    groups: Collection[int] | None = None,
    first_seed: int = 0,
    names: Collection[str] = (),
) -> Iterator[Sweep]:
    """The sweep after each world; `null_streams` and `shift_streams` are of each world."""
    sweep = Sweep()
    for number in range(worlds):
        world = World(pool, first_seed + number, documents=documents, groups=groups)
        started = time.process_time()
        baseline, rows = world.fitted(world.scenario.world)
        sweep.fit_s.append(time.process_time() - started)
        sweep.baselines += 1
        add_null(sweep, world, baseline, rows, streams=null_streams)
        add_shifts(sweep, world, baseline, rows, streams=shift_streams, after=after, names=names)
        yield sweep


def _named(finding: Finding) -> str:
    return finding.head if finding.language is None else f"{finding.head} in {finding.language}"
