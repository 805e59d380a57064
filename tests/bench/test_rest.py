"""The short form of `make bench-rest`: it runs, and its report has every figure and every process. No cost is asserted."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bench.rest.first_event import Arrival
from bench.rest.measure import BROKER, LATER_EVENTS, Process, Rest, figures, measure
from bench.rest.processes import children, pss_mb, used


@pytest.mark.process
def test_a_stack_at_rest_is_measured_and_its_first_event_arrives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every process of the installation has used something and holds memory, and feedback is collected after the rest."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    found = measure("embedded", tmp_path, seconds=3, idle_seconds=6, settle_s=1)
    assert {process.name for process in found.processes} == {"runner", "consumers", "dashboard", "gateway", "up", BROKER}
    assert all(process.pss_mb > 1 and process.wakeups_per_s > 0 for process in found.processes)
    assert sum(process.cpu_percent for process in found.processes) > 0
    assert len(found.later) == LATER_EVENTS
    assert all(arrival.answered_ms > 0 and arrival.collected_ms > 0 for arrival in (found.first, *found.later))
    assert len(found.report()["processes"]) == 6


def test_the_broker_is_not_ours() -> None:
    """Sums are of our processes alone; the broker has a line of its own, and a goal where it is the embedded one."""
    processes = (Process("consumers", 2.0, 80.0, 30.0), Process("gateway", 0.5, 50.0, 10.0), Process(BROKER, 4.0, 300.0, 300.0))
    found = {
        broker: {row.name: row for row in figures(Rest(broker, 300, 600, processes, Arrival(40, 300), (Arrival(30, 50),)))}
        for broker in ("embedded", "kafka")
    }
    assert found["kafka"]["at rest: CPU of ours"].value == 2.5
    assert found["kafka"]["at rest: memory of ours"].value == 130
    assert found["kafka"]["at rest: CPU of the broker"].met is None
    assert found["embedded"]["at rest: CPU of the broker"].met is False
    assert found["embedded"]["first event: POST → sample.collected"].met is True


@pytest.mark.process
def test_what_a_process_uses_is_read() -> None:
    """Work shows as processor time, a wait as a wake-up; memory is there; a child is among the children."""
    before = used(os.getpid())
    while used(os.getpid()).cpu_s - before.cpu_s < 0.03:
        pass
    child = os.spawnlp(os.P_NOWAIT, sys.executable, sys.executable, "-c", "import time\nwhile True: time.sleep(0.001)")
    try:
        assert child in children(os.getpid())
        # Of another process: a thread of this one may end, and take its wake-ups with it.
        while used(child).wakeups < 20:
            pass
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
    assert pss_mb(os.getpid()) > 1
