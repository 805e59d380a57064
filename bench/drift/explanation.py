"""`python -m bench.drift.explanation --out bench/results/drift-explanation.json`: do the terms fit the shift?

Over the whole pool; `--held-out` runs the half of articles, genres and discourse modes that nothing was chosen on.

Each world has a baseline of its own, and a few streams of each of its shifts (a topic of 3 % longer ones). The terms are judged at the
document at which the monitor alarms, and at the one at which it fires: that explanation is published. Precision at 20 is of the terms
told, at most 20, an explanation without a term counting as all wrong; beside it, strictly, an empty place counts as wrong as well. A
stream that is not found has no explanation and is counted apart.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, median
from typing import Any, Final

from bench.drift.streams.heldout import halves
from bench.drift.streams.planted import PoolTerms, precision
from bench.drift.streams.pools import Pool, load
from bench.drift.streams.population import Stream
from bench.drift.sweep import BEFORE, World
from bench.stream.figures import Figure, table
from consumers.drift.baseline.fit import Baseline
from consumers.drift.monitor import Finding
from consumers.drift.terms.explain import explain
from consumers.drift.terms.recent import RecentTerms

TOLD: Final = 20
AFTER: Final = 40_000
RARE_AFTER: Final = 100_000
GOAL: Final = 0.9
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Judged:
    """One explanation: `n` documents after the shift, its terms, and the share of planted ones among them and of all places."""

    n: int
    terms: int
    of_told: float
    strictly: float


@dataclass(slots=True)
class Explained:
    """A shift's explanations over the worlds so far, at the alarm and at the fire."""

    streams: int = 0
    alarm: list[Judged] = field(default_factory=list)
    fire: list[Judged] = field(default_factory=list)


def judged_streams(
    pool: Pool,
    *,
    worlds: int,
    documents: int,
    streams: int = 1,
    first_seed: int = 0,
    names: Collection[str] = (),
    groups: Collection[int] | None = None,
) -> Iterator[dict[str, Explained]]:
    """The explanations by shift (all, or those named), `streams` of each in each world, after each world."""
    terms = PoolTerms.of(pool)
    found: dict[str, Explained] = {}
    for seed in range(first_seed, first_seed + worlds):
        world = World(pool, seed, documents=documents, groups=groups)
        baseline, rows = world.fitted(world.scenario.world)
        for shift in world.scenario.shifts:
            # One baseline a world: a shift that has another one is a nuisance, and has no terms.
            if shift.added is None or shift.before is not world.scenario.world or (names and shift.name not in names):
                continue
            explained, planted = found.setdefault(shift.name, Explained()), shift.planted(terms)
            for _ in range(streams):
                stream = shift.draw(world.rng, BEFORE, RARE_AFTER if shift.name == "novel topic 3 %" else AFTER)
                explained.streams += 1
                seen = first_findings(world.findings(baseline, rows, stream))
                for finding, told in explanations(baseline, pool, stream, seen):
                    judged = Judged(finding.n - BEFORE, len(told), precision(told, planted), precision(told, planted, TOLD))
                    (explained.fire if finding.fired else explained.alarm).append(judged)
        yield found


def first_findings(findings: Iterable[Finding]) -> Collection[Finding]:
    """The first alarm after the shift and the first fire, where there are such."""
    seen: dict[bool, Finding] = {}
    for finding in findings:
        if finding.n > BEFORE:
            seen.setdefault(finding.fired, finding)
        if True in seen:
            break
    return seen.values()


def explanations(baseline: Baseline, pool: Pool, stream: Stream, findings: Iterable[Finding]) -> Iterator[tuple[Finding, list[str]]]:
    """The terms told of each finding, from the record of the documents until then."""
    recent, at = RecentTerms(baseline.terms), 0
    for finding in sorted(findings, key=lambda finding: finding.n):
        while at < finding.n:
            beyond = min(at + _BATCH, finding.n)
            numbers, sources = stream.documents[at:beyond].tolist(), stream.sources[at:beyond].tolist()
            recent.take([pool.texts[number] for number in numbers], [pool.sources[source] for source in sources])
            at = beyond
        told = explain(baseline.terms, recent, TOLD, documents=finding.since_warning, language=finding.language)
        yield finding, [term.term for term in told.rose]


def figures(found: dict[str, Explained]) -> list[Figure]:
    """Two lines a shift and a moment: of the terms told, and of the 20 places."""
    lines = list[Figure]()
    for name, explained in found.items():
        for moment, judged in (("alarm", explained.alarm), ("fire", explained.fire)):
            if not judged:
                continue
            how = (
                f"mean of {len(judged)} of {explained.streams} streams, {median(one.n for one in judged):,.0f} documents after the shift "
                f"(median), {mean(one.terms for one in judged):.1f} terms told, none in {sum(not one.terms for one in judged)}"
            )
            goal = GOAL if moment == "fire" else None
            lines += [
                Figure(f"{name}: planted of the terms told at the {moment}", mean(one.of_told for one in judged), "", how, at_least=goal),
                Figure(f"{name}: planted of {TOLD} places at the {moment}", mean(one.strictly for one in judged), "", how),
            ]
    return lines


def main() -> int:
    """Writes the JSON after each world and prints the table; a goal that is not met is said in both, and is no failure of the bench."""
    parser = argparse.ArgumentParser(prog="python -m bench.drift.explanation", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--worlds", type=int, default=10)
    parser.add_argument("--documents", type=int, default=50_000, help="of a baseline")
    parser.add_argument("--streams", type=int, default=5, help="of each shift, a world")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--held-out", action="store_true")
    asked = parser.parse_args()
    pool, started = load(), time.monotonic()
    report: dict[str, Any] = json.loads(asked.out.read_text()) if asked.out.exists() else {"parts": {}}
    judged = judged_streams(
        pool,
        worlds=asked.worlds,
        documents=asked.documents,
        streams=asked.streams,
        first_seed=asked.first_seed,
        groups=halves(pool)[1].groups if asked.held_out else None,
    )
    for worlds, found in enumerate(judged, start=1):
        lines = figures(found)
        report["machine"] = {"cores": os.cpu_count(), "platform": platform.platform(), "python": platform.python_version()}
        report["parts"]["held out" if asked.held_out else "tuned"] = {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": shlex.join(["python", "-m", "bench.drift.explanation", *sys.argv[1:]]),
            "minutes": round((time.monotonic() - started) / 60, 1), "worlds": worlds, "figures": [line.row() for line in lines],
        }  # fmt: skip
        asked.out.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
        print(f"-- {worlds} worlds\n{table(lines)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
