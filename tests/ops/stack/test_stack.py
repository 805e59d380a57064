"""The stack starts, watches and stops its services."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from ops.errors import OperationFailed
from ops.stack.description import find, process_alive
from ops.stack.services import Ports, Service
from ops.stack.stack import Stack, StackSettings

pytestmark = pytest.mark.process

FAKES = Path(__file__).parents[1] / "fakes"
RUNNER = Service("runner", "fake_runner", "RUNNER_PORT", "/health")
# A real broker that somebody else runs; the fakes never call it.
ELSEWHERE = "127.0.0.1:1"
GATEWAY = Service("gateway", "fake_gateway", "GATEWAY_PORT", "/ready")


def settings(folder: Path, broker: str = "embedded", *, restart: bool = True, **environment: str) -> StackSettings:
    return StackSettings(
        broker=broker,
        data_dir=folder,
        ports=Ports.free(),
        services=(RUNNER, GATEWAY),
        restart=restart,
        apply_topics=False,
        environment={"PYTHONPATH": str(FAKES), **environment},
        ready_timeout_s=20,
    )


def until(holds: Callable[[], bool], timeout_s: float = 15) -> None:
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.05)


def gone(pid: int) -> bool:
    """Ended; a zombie that init has not reaped counts too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return not process_alive(pid)


def test_services_get_the_broker_the_data_folder_and_loopback(tmp_path: Path) -> None:
    """Each service is told where the broker is, where data lies and to listen on loopback only; the keys are made, private."""
    with Stack(settings(tmp_path)) as stack:
        with urllib.request.urlopen(stack.urls["gateway"] + "/ready", timeout=5) as answer:
            told = json.load(answer)
        assert told == {
            "KAFKA_BOOTSTRAP_SERVERS": stack.bootstrap_servers,
            "KAFKA_EMBEDDED": "true",
            "DATA_DIR": str(tmp_path.resolve()),
            "HOST": "127.0.0.1",
        }
        for key in ("holdout.key", "user_hash.key"):
            assert (tmp_path / key).stat().st_mode & 0o777 == 0o600
            assert len((tmp_path / key).read_text().strip()) == 64
        described = find(tmp_path)
        assert described is not None
        assert described.services["runner"].pid == stack.pid("runner")
        assert described.bootstrap_servers == stack.bootstrap_servers
        pids = [stack.pid("runner"), stack.pid("gateway")]
    assert all(gone(pid) for pid in pids)
    assert find(tmp_path) is None


def test_keys_are_kept_from_one_stack_to_the_next(tmp_path: Path) -> None:
    """A holdout assigned yesterday holds today: an existing key is never replaced."""
    from ops.stack.key_files import make_keys

    assert {path.name for path in make_keys(tmp_path)} == {"holdout.key", "user_hash.key"}
    before = (tmp_path / "holdout.key").read_text()
    assert make_keys(tmp_path) == []
    assert (tmp_path / "holdout.key").read_text() == before


def test_a_dead_service_ends_an_embedded_stack(tmp_path: Path) -> None:
    """On the embedded broker the end of one service stops all, and the message says which, how and where to read on."""
    with Stack(settings(tmp_path)) as stack:
        other = stack.pid("gateway")
        os.kill(stack.pid("runner"), signal.SIGKILL)
        with pytest.raises(OperationFailed, match=r"runner ended with signal SIGKILL.*runner\.log"):
            stack.wait()
        assert gone(other)


def test_a_service_that_cannot_start_is_quoted(tmp_path: Path) -> None:
    """The message carries the service's own last words, not a log line's braces."""
    with pytest.raises(OperationFailed, match=r"^runner ended with exit code 7: cannot start: RuntimeError: no disk \(log: "):
        Stack(settings(tmp_path, FAKE_RUNNER_PORT="refuse")).start()


def test_a_killed_service_is_started_again_on_a_real_broker(tmp_path: Path) -> None:
    """On a broker that keeps its records a dead service comes back by itself, after a pause."""
    said: list[str] = []
    with Stack(settings(tmp_path, ELSEWHERE), said.append) as stack:
        before = stack.pid("runner")
        os.kill(before, signal.SIGKILL)
        until(lambda: stack.pid("runner") != before)
        until(lambda: find(tmp_path) is not None and find(tmp_path).services["runner"].pid == stack.pid("runner"))  # type: ignore[union-attr]
        stack.check()
    assert any("starting it again in 0.5 s" in line for line in said)


def test_kill_holds_a_service_down_until_restart(tmp_path: Path) -> None:
    """A drill decides itself when a service comes back: killed by the stack's own method it stays down, on any broker."""
    with Stack(settings(tmp_path)) as stack:
        before = stack.pid("runner")
        stack.kill("runner")
        time.sleep(1)
        assert stack.pid("runner") == before
        assert gone(before)
        stack.check()
        stack.restart("runner")
        assert stack.pid("runner") != before
        urllib.request.urlopen(stack.urls["runner"] + "/health", timeout=5).close()


def test_no_restart_leaves_a_dead_service_down(tmp_path: Path) -> None:
    """With restart off the stack says so once and goes on without the service."""
    said: list[str] = []
    with Stack(settings(tmp_path, ELSEWHERE, restart=False), said.append) as stack:
        before = stack.pid("runner")
        os.kill(before, signal.SIGKILL)
        until(lambda: any("left down" in line for line in said))
        time.sleep(0.7)
        assert stack.pid("runner") == before
        stack.check()
    assert sum("left down" in line for line in said) == 1


def test_a_deaf_service_is_killed_within_ten_seconds(tmp_path: Path) -> None:
    """A service that ignores SIGTERM does not keep the stack from stopping in time."""
    stack = Stack(settings(tmp_path, FAKE_RUNNER_PORT="deaf"))
    stack.start()
    pid = stack.pid("runner")
    started = time.monotonic()
    stack.stop()
    assert time.monotonic() - started < 30
    assert gone(pid)


def test_one_stack_on_a_data_folder(tmp_path: Path) -> None:
    """A second stack on the same folder is refused, and does not harm the first."""
    with Stack(settings(tmp_path)) as stack:
        with pytest.raises(OperationFailed, match="a stack already runs on"):
            Stack(settings(tmp_path)).start()
        stack.check()
        assert find(tmp_path) is not None


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """The message says whose port is taken and how to move."""
    chosen = settings(tmp_path / "a")
    with Stack(chosen), pytest.raises(OperationFailed, match=r"port \d+ of the runner is taken: .*--port-offset"):
        Stack(StackSettings(data_dir=tmp_path / "b", ports=chosen.ports, services=chosen.services)).start()


def test_nothing_outlives_a_killed_stack(tmp_path: Path) -> None:
    """SIGKILL of the stack's own process leaves neither a service nor the embedded broker behind."""
    program = textwrap.dedent(f"""
        import sys, time
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        from test_stack import Stack, settings
        stack = Stack(settings(Path({str(tmp_path)!r})))
        stack.start()
        print(stack.pid("runner"), stack.pid("gateway"), stack.bootstrap_servers.rpartition(":")[2], flush=True)
        time.sleep(60)
    """)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        runner, gateway, port = map(int, owner.stdout.readline().split())
        owner.kill()
    from ops.stack.services import port_taken

    until(lambda: gone(runner) and gone(gateway) and not port_taken(port))
