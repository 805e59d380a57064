"""`abhyas up` with the real services on the embedded broker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ops.commands.status import gather
from ops.stack.description import RunningStack, find
from ops.stack.services import Ports, port_taken

pytestmark = pytest.mark.process

ABHYAS = [sys.executable, "-c", "from ops.cli import main; main()"]


def gone(pid: int) -> bool:
    """Ended; a zombie that nobody has reaped counts too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def free_offset() -> int:
    for offset in range(1000, 20000, 37):
        ports = Ports().shifted(offset)
        if not any(port_taken(ports.of(name)) for name in ("runner", "gateway", "dashboard", "consumers")):
            return offset
    raise AssertionError("no four neighbouring ports are free")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], RunningStack]]:
    """A stack in the foreground of another process, and its own description of itself."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("KAFKA_", "TOPIC_"))}
    clean["HOLDOUT_PERCENT"] = "0"  # the key is drawn anew: one feedback in ten would be quarantined instead of counted
    command = [*ABHYAS, "up", "--data", str(tmp_path), "--port-offset", str(free_offset())]
    with subprocess.Popen(command, env=clean, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 120
        while (stack := find(tmp_path)) is None:
            assert process.poll() is None, process.stderr.read() if process.stderr else ""
            assert time.monotonic() < deadline, "the stack was not up within 120 s"
            time.sleep(0.2)
        yield process, stack
        if process.poll() is None:
            process.kill()


def test_up_starts_every_service_and_stops_them_in_time(running: tuple[subprocess.Popen[str], RunningStack], tmp_path: Path) -> None:
    """Everything answers; SIGTERM stops all in under 10 s with exit code 0 and leaves neither process nor description."""
    process, stack = running
    deadline = time.monotonic() + 5  # the page asks the others once a second
    while any(service["status"] != "healthy" for service in gather(tmp_path)["services"].values()):
        assert time.monotonic() < deadline, gather(tmp_path)
        time.sleep(0.2)
    feedback = {
        "query": "When was it built?",
        "response": "No idea",
        "user": "u",
        "model": "m",
        "rating": {"scale": "thumbs", "value": "down"},
    }
    accepted = httpx.post(f"{stack.services['gateway'].url}/v1/feedback", json=feedback, timeout=20)
    assert accepted.status_code == 202, accepted.text
    deadline = time.monotonic() + 60
    while (gather(tmp_path)["state"] or {}).get("models", {}).get("m", {}).get("pending_negatives") != 1:
        assert time.monotonic() < deadline, "the feedback did not reach the buffer"
        time.sleep(0.2)
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert time.monotonic() - started < 30
    assert all(gone(service.pid) for service in stack.services.values())
    assert find(tmp_path) is None


def test_a_dead_consumer_ends_up_with_its_name(running: tuple[subprocess.Popen[str], RunningStack]) -> None:
    """kill -9 of the consumers on the embedded broker: exit code 1, one line that says which service, nothing left."""
    process, stack = running
    os.kill(stack.services["consumers"].pid, signal.SIGKILL)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "abhyas: consumers ended with signal SIGKILL" in said
    assert "Traceback" not in said
    assert all(gone(service.pid) for service in stack.services.values())
