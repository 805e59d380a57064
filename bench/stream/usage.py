"""What a contender used from its first record to its last commit, measured inside its own process.

Standard library only: peers use it too.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def cpu_s() -> float:
    """User and system seconds of this process and of its children that have ended."""
    return sum(
        used.ru_utime + used.ru_stime for used in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def resident_bytes(*, peak: bool = False) -> int:
    """Memory of this process that is in RAM, now or at its peak (Linux's VmRSS and VmHWM)."""
    name = "VmHWM:" if peak else "VmRSS:"
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    raise OSError(f"/proc/self/status has no {name}: expected Linux")


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of some values; 0 for none.

    >>> percentile([4.0, 1.0, 3.0, 2.0], 0.5)
    2.0
    """
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * int(share * 1000) // 1000) - 1)] if ordered else 0.0


class Meter:
    """Counts records up to `count`; the window runs from `begin` (the first call) to the last `commit`."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.events = 0
        self._began: tuple[float, float] | None = None
        self._resident_before = 0
        self._ended = (0.0, 0.0)
        self._commits_s: list[float] = []

    def begin(self) -> None:
        """The first record is in hand; later calls change nothing."""
        if self._began is None:
            self._resident_before = resident_bytes()
            self._began = (time.perf_counter(), cpu_s())

    def commit(self, events: int, seconds: float | None = None) -> bool:
        """`events` more are done, committed in `seconds` (None: nothing is committed here); True once all are done."""
        self.events += events
        if seconds is not None:
            self._commits_s.append(seconds)
        self._ended = (time.perf_counter(), cpu_s())
        return self.events >= self.count

    def report(self, **more: Any) -> dict[str, Any]:
        """The figures, by name with their unit."""
        if self._began is None:
            raise RuntimeError("no record was read: expected at least one")
        seconds, used = self._ended[0] - self._began[0], self._ended[1] - self._began[1]
        return {
            "events": self.events,
            "seconds": seconds,
            "events_per_s": self.events / seconds,
            "cpu_us_per_event": used / self.events * 1e6,
            "commits": len(self._commits_s),
            "commit_p50_ms": percentile(self._commits_s, 0.5) * 1e3,
            "commit_p99_ms": percentile(self._commits_s, 0.99) * 1e3,
            "peak_rss_mb": resident_bytes(peak=True) / 1e6,
            "rss_growth_mb": (resident_bytes() - self._resident_before) / 1e6,
        } | more


def asked() -> dict[str, Any]:
    """What the bench asks of this process: its first argument, a JSON object."""
    found: dict[str, Any] = json.loads(sys.argv[1])
    return found


def answer(report: dict[str, Any]) -> None:
    """Tells the bench the report: the last JSON line of standard output, past whatever a framework put in its place."""
    os.write(1, (json.dumps(report) + "\n").encode())
