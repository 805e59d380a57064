"""A million keys through the real thing: memory of stage 1, and its restore beside raw aiokafka on the same changelog."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any

from bench.stream.broker import Bench, run_child
from bench.stream.events import Stream, publish
from bench.stream.figures import Figure


@dataclass(frozen=True, slots=True)
class Restored:
    """The drain of the events, then restore and raw reading in turns."""

    events: int
    users: int
    drain: dict[str, Any]
    restores: tuple[dict[str, Any], ...]
    raw: tuple[dict[str, Any], ...]


def measure_keys(bench: Bench, *, events: int, users: int, rounds: int) -> Restored:
    """Drains `events` of `users` users, then reads the changelog that came of it `rounds` times each way."""
    connection = bench.installation()
    asyncio.run(publish(connection, Stream(events, datetime.now(UTC), users=users)))
    drain = run_child("bench.stream.stage1_child", {"count": events}, connection, STAGE1_SHARDS="1")
    restores, raw = [], []
    for _ in range(rounds):
        raw.append(run_child("bench.stream.restore_child", {"way": "raw"}, connection))
        restores.append(run_child("bench.stream.restore_child", {"way": "restore"}, connection))
    bench.remove(connection)
    return Restored(events, users, drain, tuple(restores), tuple(raw))


def figures(found: Restored) -> list[Figure]:
    """The lines of the table."""
    records, rounds = found.restores[0]["records"], len(found.restores)
    how = f"{records:,} changelog records of {found.users:,} users, median of {rounds} rounds in turns"
    rate = median(a["records_per_s"] / b["records_per_s"] for a, b in zip(found.restores, found.raw, strict=True))
    grown = median(report["rss_growth_mb"] for report in found.restores) * 1e6
    return [
        Figure("restore: records", records, "", how, at_least=min(found.events, 1_000_000)),
        Figure("restore: records a second", median(report["records_per_s"] for report in found.restores), "1/s", how),
        Figure("raw aiokafka on the changelog: records a second", median(report["records_per_s"] for report in found.raw), "1/s", how),
        Figure("restore ÷ raw aiokafka, rate", rate, "", "median of ratios of the same round", at_least=0.5),
        Figure(
            f"CPU an event at {found.users:,} users", found.drain["cpu_us_per_event"], "µs", f"{found.events:,} events through Apache Kafka"
        ),
        Figure(
            "memory after restore, by key of the state", grown / found.restores[0]["state_keys"], "B",
            f"growth of VmRSS over {found.restores[0]['state_keys']:,} keys, the deduplication window and the client's buffers included",
        ),
    ]  # fmt: skip
