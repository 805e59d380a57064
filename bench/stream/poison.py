"""What poison costs the healthy: records a second that are fine, with one in twenty that no reader can take and without."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Final

from bench.stream.broker import Bench, run_child
from bench.stream.compare import STATE_TOPICS
from bench.stream.events import Stream, publish
from bench.stream.figures import Figure

POISON_EVERY: Final = 20


@dataclass(frozen=True, slots=True)
class Poisoned:
    """By round: healthy records a second of clock and of CPU, with poison over without."""

    rounds: int
    events: int
    by_clock: float
    by_cpu: float


def measure_poison(bench: Bench, *, events: int, rounds: int) -> Poisoned:
    """Runs ours in turns over `events` records, of which none or one in twenty is poison."""
    clean, poisoned = bench.installation(), bench.installation()
    healthy = events - events // POISON_EVERY
    asyncio.run(publish(clean, Stream(events, datetime.now(UTC))))
    asyncio.run(publish(poisoned, Stream(events, datetime.now(UTC), poison_every=POISON_EVERY)))
    by_clock, by_cpu = [], []
    for _ in range(rounds):
        without = run_child("bench.stream.stage1_child", {"count": events}, clean, STAGE1_SHARDS="1")
        with_poison = run_child("bench.stream.stage1_child", {"count": events}, poisoned, STAGE1_SHARDS="1")
        for connection in (clean, poisoned):
            bench.renew(connection, STATE_TOPICS)
        by_clock.append(healthy / with_poison["seconds"] / without["events_per_s"])
        by_cpu.append(healthy * without["cpu_us_per_event"] / (with_poison["cpu_us_per_event"] * events))
    for connection in (clean, poisoned):
        bench.remove(connection)
    return Poisoned(rounds, events, median(by_clock), median(by_cpu))


def figures(found: Poisoned) -> list[Figure]:
    """The lines of the table."""
    how = f"healthy records' rate with 5 % poison ÷ without, median of {found.rounds} rounds over {found.events:,} records"
    return [
        Figure("healthy throughput at 5 % poison", found.by_clock, "", f"{how}, by the clock", at_least=0.9),
        Figure("healthy throughput at 5 % poison, by CPU", found.by_cpu, "", f"{how}, by CPU seconds", at_least=0.9),
    ]
