"""A child speaks JSON lines, gets no secrets, stops when told, and never outlives its parent."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gpu_runner.child.process import EVALUATION_KEYS, ChildProcess, child_environment

pytestmark = pytest.mark.process


async def started(tmp_path: Path, program: str) -> ChildProcess:
    """A child that runs a Python program."""
    return await ChildProcess.start(["-c", program], log_path=tmp_path / "child.log", environment=child_environment(os.environ, 1))


def eventually(check: Callable[[], bool], seconds: float = 5) -> bool:
    """Whether something becomes true in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if check():
            return True
        time.sleep(0.02)
    return check()


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_only_json_objects_are_events(tmp_path: Path) -> None:
    """Noise on stdout is passed over, stderr goes to the log, the exit code is the child's."""
    program = """
import sys
print('{"event": "progress", "step": 1}'); print('Loading…'); print('[1]'); print('x' * 2_000_000); print('{"event": "result"}')
print('a log line', file=sys.stderr); sys.exit(3)"""
    child = await started(tmp_path, program)
    events = [event async for event in child.events()]
    assert await child.wait() == 3
    assert [event["event"] for event in events] == ["progress", "result"]
    assert "a log line" in (tmp_path / "child.log").read_text()


async def test_a_child_that_heeds_sigterm_ends_by_itself(tmp_path: Path) -> None:
    """It has its time to save a checkpoint, also when it still prints."""
    program = """
import signal, sys, time
def end(*_): print('y' * 300_000, flush=True); sys.exit(143)
signal.signal(signal.SIGTERM, end); print('{"event": "ready"}', flush=True)
while True: time.sleep(0.01)"""
    child = await started(tmp_path, program)
    async for _ in child.events():
        break
    assert await child.stop(5) == 143


async def test_a_child_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    """After the grace it goes anyway."""
    child = await started(
        tmp_path, "import signal, time; signal.signal(15, signal.SIG_IGN); print('{\"event\": 1}', flush=True); time.sleep(60)"
    )
    async for _ in child.events():
        break
    before = time.monotonic()
    assert await child.stop(0.2) == -9
    assert time.monotonic() - before < 15


async def test_a_child_is_stopped_while_somebody_follows_it(tmp_path: Path) -> None:
    """Who is between two lines when it is stopped comes to the end of its output, not to an error."""
    program = """
import signal, sys, time
def end(*_): time.sleep(0.3); print('{"event": "saved"}', flush=True); sys.exit(143)
signal.signal(signal.SIGTERM, end); print('{"event": "ready"}', flush=True)
while True: time.sleep(0.01)"""
    child = await started(tmp_path, program)
    lines = child.events()
    assert await anext(lines) == {"event": "ready"}
    stopping = asyncio.create_task(child.stop(5))
    await asyncio.sleep(0.1)  # the one that stops it reads now
    _ = [line async for line in lines]
    assert await stopping == 143


async def test_what_the_child_started_ends_with_it(tmp_path: Path) -> None:
    """An answering process of a killed child does not keep the GPU."""
    program = """
import json, subprocess, sys, time
grandchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
print(json.dumps({'pid': grandchild.pid}), flush=True); time.sleep(60)"""
    child = await started(tmp_path, program)
    async for event in child.events():
        pid = event["pid"]
        break
    await child.stop(0.1)
    assert await asyncio.to_thread(eventually, lambda: not alive(pid))


def test_a_child_dies_with_a_killed_parent(tmp_path: Path) -> None:
    """SIGKILL leaves the parent no time to stop anything: the kernel does it."""
    program = f"""
import asyncio, os
from pathlib import Path
from gpu_runner.child.process import EVALUATION_KEYS, ChildProcess, child_environment
async def main():
    child = await ChildProcess.start(
        ['-c', 'import time; time.sleep(60)'], log_path=Path({str(tmp_path / "log")!r}), environment=child_environment(os.environ, 1)
    )
    print(child.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        # The child becomes the program after it armed the signal; before that it would see its parent gone.
        assert eventually(lambda: b"time.sleep" in Path(f"/proc/{pid}/cmdline").read_bytes() and alive(pid))
        parent.kill()
    assert eventually(lambda: not alive(pid))


def test_the_environment_has_threads_and_no_secrets() -> None:
    """What torch reads at import is set; keys and passwords are not handed on."""
    environment = child_environment({"HOLDOUT_KEY": "k", "MINIO_SECRET_KEY": "s", "KAFKA_SASL_PASSWORD": "p", "PATH": "/bin"}, 2)
    assert environment["PATH"] == "/bin"
    assert (environment["OMP_NUM_THREADS"], environment["OMP_WAIT_POLICY"], environment["HF_HUB_OFFLINE"]) == ("2", "PASSIVE", "1")
    assert not {"HOLDOUT_KEY", "MINIO_SECRET_KEY", "KAFKA_SASL_PASSWORD"} & set(environment)


def test_the_keys_of_an_evaluations_servers_are_for_its_child_alone() -> None:
    """Others do not get them, and it gets no other secret."""
    given = {"EVALUATION_ENGINE_API_KEY": "e", "JUDGE_API_KEY": "j", "HOLDOUT_KEY": "k"}
    assert not given.keys() & child_environment(given, 1).keys()
    assert given.keys() & child_environment(given, 1, keep=EVALUATION_KEYS).keys() == {"EVALUATION_ENGINE_API_KEY", "JUDGE_API_KEY"}
    assert "HOLDOUT_KEY" not in child_environment(given, 1, keep=["HOLDOUT_KEY"])
