"""A backlog in the way: the event loop's lag while it is drained, and how long a stop takes in the middle of it.

Both stages and the ticker in one process. The backlog is published once the service is ready, faster than it is drained.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from bench.stream.broker import Bench
from bench.stream.consumers_process import consumers
from bench.stream.events import Stream, publish
from bench.stream.figures import Figure
from bench.stream.usage import percentile
from consumers.service import ROLES

# Enough to be in the middle of it, whatever was fetched ahead.
BEFORE_STOP: Final = 10_000


@dataclass(frozen=True, slots=True)
class Draining:
    """Lags in seconds while the backlog was drained (those of at least a millisecond), and the seconds that each stop took."""

    events: int
    seconds: float
    lags: tuple[float, ...]
    stops: tuple[float, ...]


def measure_draining(bench: Bench, *, events: int, stops: int) -> Draining:
    """Drains `events`, then stops `stops` processes one after the other in the middle of as many again."""
    connection = bench.installation()
    half = timedelta(days=1)
    with consumers(bench, connection, ["bench.stream.consumers_child", json.dumps({"roles": list(ROLES)})]) as running:
        running.until_ready()
        began = time.perf_counter()
        asyncio.run(publish(connection, Stream(events, datetime.now(UTC) - half, days=1)))
        running.until_processed(events)
        ended = time.perf_counter()
        running.process.terminate()
        samples = json.loads(running.process.communicate(timeout=60)[0].splitlines()[-1])["samples"]
    asyncio.run(publish(connection, Stream(events, datetime.now(UTC), first=events, days=1)))
    took = []
    for number in range(stops):
        with consumers(bench, connection, ["consumers"]) as running:
            running.until_processed(events + (number + 1) * BEFORE_STOP)
            asked_at = time.perf_counter()
            running.process.terminate()
            running.process.wait(timeout=60)
            took.append(time.perf_counter() - asked_at)
            state = running.process.returncode
            if state != 0:
                raise RuntimeError(f"the consumers ended with {state} on SIGTERM:\n{running.log.read_text()[-2000:]}")
    bench.remove(connection)
    return Draining(events, ended - began, tuple(lag for at, lag in samples if began <= at <= ended), tuple(took))


def figures(found: Draining) -> list[Figure]:
    """The lines of the table."""
    how = f"a sampler every 5 ms in the process of both stages and the ticker, over {found.events:,} events in {found.seconds:.0f} s"
    return [
        Figure("event-loop lag while draining, longest", max(found.lags, default=0.0) * 1e3, "ms", how, at_most=200),
        Figure("event-loop lag while draining, p99", percentile(found.lags, 0.99) * 1e3, "ms", f"{how}; of the lags of 1 ms or more"),
        Figure("stop with a backlog, longest", max(found.stops), "s", f"SIGTERM to exit, {len(found.stops)} times, exit code 0", at_most=3),
    ]
