"""A child says that it works while it works, in every phase: loading, merging and evaluating may take longer than anyone waits. Torch-free.

A thread that speaks by the clock would speak for a process that hangs too. This one looks whether the process has computed, read or
written since it looked last, and is silent where it has not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from gpu_runner.child.reporter import Reporter

EVERY_S: Final = 10.0
# Waiting costs less than this share of a core, and less than this of reading and writing.
IDLE_SHARE: Final = 0.02
IDLE_BYTES: Final = 64 * 1024
_IO: Final = Path("/proc/self/io")


class Heartbeat:
    """Repeats the last progress line of a reporter as long as the process works."""

    def __init__(
        self, reporter: Reporter, *, every_s: float = EVERY_S, cpu_s: Callable[[], float] = time.process_time,
        moved_bytes: Callable[[], int] | None = None, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._reporter = reporter
        self._every_s = every_s
        self._cpu_s = cpu_s
        self._moved_bytes = moved_bytes or io_bytes
        self._clock = clock
        self._before = (clock(), cpu_s(), self._moved_bytes())

    def start(self) -> None:
        """Begins, in a thread that ends with the process."""
        threading.Thread(target=self._run, name="heartbeat", daemon=True).start()

    def beat(self) -> bool:
        """Says the last line again if the process worked since the last call; whether it did."""
        at, cpu_s, moved = self._clock(), self._cpu_s(), self._moved_bytes()
        before_at, before_cpu_s, before_moved = self._before
        self._before = (at, cpu_s, moved)
        worked = cpu_s - before_cpu_s >= IDLE_SHARE * (at - before_at) or moved - before_moved >= IDLE_BYTES
        if worked:
            self._reporter.repeat()
        return worked

    def _run(self) -> None:
        while True:
            time.sleep(self._every_s)
            try:
                self.beat()
            except (OSError, ValueError):
                return  # nobody reads any more: the child ends with its parent


def io_bytes() -> int:
    """What this process has read and written so far, through the page cache too; 0 where the system does not say."""
    try:
        lines = _IO.read_text(encoding="ascii").splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith(("rchar:", "wchar:")))
    except (OSError, ValueError, IndexError):
        return 0
