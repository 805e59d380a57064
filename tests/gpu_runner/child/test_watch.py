"""Every child has a limit and a watch on its silence, and speaks while it works."""

from __future__ import annotations

import asyncio
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from gpu_runner.child.heartbeat import Heartbeat
from gpu_runner.child.process import ChildProcess, child_environment
from gpu_runner.child.reporter import Reporter
from gpu_runner.child.watch import ChildSilent, ChildTooLong, Limits, follow

pytestmark = pytest.mark.process


class Seen:
    """What a follower was told."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.silences: list[float | None] = []

    async def take(self, event: dict[str, Any]) -> None:
        self.events.append(event)

    async def tell(self, silent_s: float | None) -> None:
        self.silences.append(silent_s)


async def followed(tmp_path: Path, program: str, limits: Limits) -> tuple[Seen, int]:
    """What a program said, and its exit code; it is stopped in any case."""
    environment = child_environment(os.environ, 1)
    child = await ChildProcess.start(["-c", program], log_path=tmp_path / "child.log", environment=environment)
    seen = Seen()
    try:
        return seen, await follow(child, limits, take=seen.take, tell=seen.tell)
    finally:
        await child.stop(0.1)


SAYS = 'import os, sys, time, subprocess\ndef say(n): print(\'{"event": "progress", "step": %d}\' % n, flush=True)\n'


async def test_k9_a_silent_child_is_told_of_and_then_ended(tmp_path: Path) -> None:
    """At half of the limit it is told, once; at the whole of it the follower raises."""
    child = await ChildProcess.start(
        ["-c", SAYS + "say(1); time.sleep(60)"], log_path=tmp_path / "log", environment=child_environment(os.environ, 1)
    )
    seen = Seen()
    with pytest.raises(ChildSilent, match="CHILD_SILENCE_S"):
        await asyncio.wait_for(follow(child, Limits(1.0, 60), take=seen.take, tell=seen.tell), 20)
    assert await child.stop(1) == -15
    assert [event["step"] for event in seen.events] == [1]
    assert len(seen.silences) == 1
    assert seen.silences[0] is not None
    assert 0.5 <= seen.silences[0] < 1.0


async def test_k9_a_child_that_speaks_again_is_taken_back(tmp_path: Path) -> None:
    """The notice goes with the next line, and the child lives."""
    seen, code = await followed(tmp_path, SAYS + "say(1); time.sleep(2.5); say(2)", Limits(3.5, 60))
    assert code == 0
    assert [event["step"] for event in seen.events] == [1, 2]
    assert seen.silences[-1] is None
    assert len(seen.silences) == 2


async def test_k9_a_child_runs_only_so_long_however_much_it_says(tmp_path: Path) -> None:
    """A limit for every child."""
    with pytest.raises(ChildTooLong, match="RUN_MAX_HOURS"):
        await asyncio.wait_for(followed(tmp_path, SAYS + "while True: say(1); time.sleep(0.05)", Limits(60, 0.6)), 20)


async def test_k9_a_child_that_closes_its_output_and_stays_is_silent(tmp_path: Path) -> None:
    """Waiting for the exit code has the same limits as waiting for a line."""
    with pytest.raises(ChildSilent):
        await asyncio.wait_for(followed(tmp_path, SAYS + "say(1); os.close(1); os.close(2); time.sleep(60)", Limits(0.8, 60)), 20)


async def test_k9_a_grandchild_that_holds_the_pipe_keeps_nobody_waiting(tmp_path: Path) -> None:
    """The child has ended with its result: what it left behind does not make it silent."""
    program = SAYS + "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); say(7)"
    seen, code = await asyncio.wait_for(followed(tmp_path, program, Limits(30, 60)), 20)
    assert (code, [event["step"] for event in seen.events], seen.silences) == (0, [7], [])


class Counters:
    """A process's clock, CPU time and bytes, set by hand."""

    def __init__(self) -> None:
        self.at = self.cpu_s = 0.0
        self.moved = 0

    def heartbeat(self, reporter: Reporter) -> Heartbeat:
        return Heartbeat(reporter, cpu_s=lambda: self.cpu_s, moved_bytes=lambda: self.moved, clock=lambda: self.at)


@pytest.mark.parametrize(("cpu_s", "moved", "speaks"), [(0.0, 0, False), (0.05, 300, False), (5.0, 0, True), (0.0, 1 << 20, True)])
def test_k9_a_heartbeat_speaks_for_work_and_not_by_the_clock(cpu_s: float, moved: int, speaks: bool) -> None:
    """A process that waits for ever says nothing, however often its thread wakes; one that computes or reads repeats its step."""
    out, counters = io.StringIO(), Counters()
    reporter = Reporter(out, clock=lambda: counters.at)
    reporter.start("merging", 7)
    heartbeat = counters.heartbeat(reporter)
    counters.at, counters.cpu_s, counters.moved = 10.0, cpu_s, moved
    assert heartbeat.beat() is speaks
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(line["phase"], line["step"], line["total"]) for line in lines] == [("merging", 0, 7)] * (2 if speaks else 1)


BEATS = """
import sys, time
from gpu_runner.child.heartbeat import Heartbeat
from gpu_runner.child.reporter import Reporter, claim_stdout
import gpu_runner.child.reporter as progress
progress.INTERVAL_S = 0
reporter = Reporter(claim_stdout()); Heartbeat(reporter, every_s=0.25).start(); reporter.start("loading")
"""


async def test_k9_a_child_that_computes_in_a_long_phase_is_not_silent(tmp_path: Path) -> None:
    """Nothing in the phase reports, and yet the follower hears of it."""
    program = BEATS + "until = time.monotonic() + 2.5\nwhile time.monotonic() < until: sum(range(10_000))"
    seen, code = await asyncio.wait_for(followed(tmp_path, program, Limits(1.6, 60)), 30)
    assert code == 0
    assert len(seen.events) > 3
    assert {event["phase"] for event in seen.events} == {"loading"}


async def test_k9_a_child_that_hangs_in_a_long_phase_is_silent(tmp_path: Path) -> None:
    """The heartbeat does not cover it up."""
    with pytest.raises(ChildSilent):
        await asyncio.wait_for(followed(tmp_path, BEATS + "time.sleep(60)", Limits(2.0, 60)), 30)
