"""What processes have used, from Linux's /proc: processor time, proportional memory, how often they were woken."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Used:
    """Of one process up to now: seconds of processor time (its ended children's too), times that a thread waited and was woken."""

    cpu_s: float
    wakeups: int


def used(pid: int) -> Used:
    """What the process has used since it began."""
    process = Path(f"/proc/{pid}")
    # Behind the name, which may hold anything: utime, stime, cutime and cstime are fields 14 to 17 of proc(5).
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    wakeups = 0
    for task in (process / "task").iterdir():
        try:
            status = (task / "status").read_text()
        except OSError:  # a thread that has just ended
            continue
        wakeups += int(status.partition("\nvoluntary_ctxt_switches:")[2].split()[0])
    return Used(sum(int(ticks) for ticks in fields[11:15]) / _TICKS_PER_S, wakeups)


def pss_mb(pid: int) -> float:
    """Proportional memory in MiB: its own pages, and its part of those that it shares with any other process of the machine."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise OSError(f"/proc/{pid}/smaps_rollup has no Pss: expected Linux 4.14 or newer")


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            found += [int(child) for child in (task / "children").read_text().split()]
        except OSError:  # a thread that has just ended
            continue
    return sorted(found)


def command(pid: int) -> str:
    """Its command line."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
