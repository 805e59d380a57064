"""One broker's turn: `abhyas up`, rest, what its processes used meanwhile, then the first event."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from bench.rest.first_event import Arrival, arrivals
from bench.rest.processes import children, command, pss_mb, used
from bench.stream.figures import Figure
from ops.stack.brokers.single_node import SingleNodeKafka
from ops.stack.description import RunningStack, find
from ops.stack.services import Ports, port_taken

BROKER: Final = "broker"
# From ready to the first look: what starts late has started.
SETTLE_S: Final = 20.0
LATER_EVENTS: Final = 20
UP_WITHIN_S: Final = 180.0


@dataclass(frozen=True, slots=True)
class Process:
    """What one process used at rest: percent of a core, MiB of proportional memory at the end, wake-ups a second."""

    name: str
    cpu_percent: float
    pss_mb: float
    wakeups_per_s: float


@dataclass(frozen=True, slots=True)
class Rest:
    """A turn's outcome: every process, the first event after the rest, and those right after it."""

    broker: str
    seconds: float
    idle_seconds: float
    processes: tuple[Process, ...]
    first: Arrival
    later: tuple[Arrival, ...]

    def report(self) -> dict[str, Any]:
        """Of the processes, what the figures do not say."""
        return {"processes": [{name: _short(value) for name, value in asdict(process).items()} for process in self.processes]}


def measure(broker: str, work: Path, *, seconds: float, idle_seconds: float, settle_s: float = SETTLE_S) -> Rest:
    """Runs a stack of its own in `work`; `idle_seconds` is the time from ready to the first event, and holds the measured one."""
    with _up(broker, work) as stack:
        ready = time.monotonic()
        time.sleep(settle_s)
        pids = _pids(stack, work)
        before = {name: used(pid) for name, pid in pids.items()}
        began = time.monotonic()
        time.sleep(seconds)
        took = time.monotonic() - began
        after = {name: used(pid) for name, pid in pids.items()}
        processes = tuple(
            Process(
                name,
                (after[name].cpu_s - before[name].cpu_s) / took * 100,
                pss_mb(pid),
                (after[name].wakeups - before[name].wakeups) / took,
            )
            for name, pid in pids.items()
        )
        time.sleep(max(0.0, ready + idle_seconds - time.monotonic()))
        idle = time.monotonic() - ready
        first, *later = asyncio.run(arrivals(stack, 1 + LATER_EVENTS, 0.1))
    return Rest(broker, took, idle, processes, first, tuple(later))


def figures(found: Rest) -> list[Figure]:
    """The lines of the table, with the goals of a quiet machine."""
    ours = [process for process in found.processes if process.name != BROKER]
    (broker,) = [process for process in found.processes if process.name == BROKER]
    how = f"{found.seconds:.0f} s at rest: consumers, gateway, runner, page and `abhyas up`, without the broker"
    later = sorted(arrival.collected_ms for arrival in found.later)
    return [
        Figure("at rest: CPU of ours", sum(process.cpu_percent for process in ours), "% of a core", how, at_most=5),
        Figure("at rest: memory of ours", sum(process.pss_mb for process in ours), "MB PSS", how, at_most=360),
        Figure("at rest: wake-ups of ours", sum(process.wakeups_per_s for process in ours), "1/s", how),
        Figure("at rest: CPU of the broker", broker.cpu_percent, "% of a core", how, at_most=3 if found.broker == "embedded" else None),
        Figure(
            "first event: POST → sample.collected", found.first.collected_ms, "ms",
            f"the first event {found.idle_seconds:.0f} s after the start", at_most=500,
        ),
        Figure("first event: POST → 202", found.first.answered_ms, "ms", "the same event"),
        Figure("then: POST → sample.collected, median", later[len(later) // 2], "ms", f"{len(later)} more, one after the other"),
    ]  # fmt: skip


@contextmanager
def _up(broker: str, work: Path) -> Iterator[RunningStack]:
    """`abhyas up` in a process of its own, as people start it; ended by SIGTERM."""
    data = work / broker / "data"
    node = ["--kafka-data", str(work / "kafka-node"), "--kafka-port", "0"]
    command = [sys.executable, "-m", "ops.cli", "up", "--broker", broker, "--data", str(data), "--port-offset", str(_free_offset()), *node]
    log = work / broker / "up.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    # Feedback of nobody in particular, none of it held out.
    environment = os.environ | {"HOLDOUT_PERCENT": "0"}
    with log.open("ab") as output, subprocess.Popen(command, stdout=output, stderr=output, env=environment) as process:
        try:
            deadline = time.monotonic() + UP_WITHIN_S
            while (stack := find(data)) is None:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"abhyas up is not up: {log.read_text(errors='replace')[-2000:]}")
                time.sleep(0.2)
            yield stack
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()


def _pids(stack: RunningStack, work: Path) -> dict[str, int]:
    found = {name: service.pid for name, service in stack.services.items()} | {"up": stack.pid}
    if stack.embedded:
        (broker,) = [pid for pid in children(stack.pid) if "ops.stack.brokers.embedded" in command(pid)]
    else:
        node = SingleNodeKafka(work / "kafka-node").pid()
        if node is None:
            raise RuntimeError(f"no Kafka runs in {work / 'kafka-node'}")
        broker = node
    return found | {BROKER: broker}


def _free_offset() -> int:
    for offset in range(3000, 30000, 41):
        ports = Ports().shifted(offset)
        if not any(port_taken(ports.of(name)) for name in ("runner", "gateway", "dashboard", "consumers")):
            return offset
    raise RuntimeError("no four neighbouring ports are free")


def _short(value: object) -> object:
    return float(f"{value:.4g}") if isinstance(value, float) else value
