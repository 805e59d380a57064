"""One service as a child process: start, wait until ready, signal, stop, and why it ended."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops.errors import OperationFailed
from ops.stack.services import Service
from runtime import die_with_parent

_POLL_S: Final = 0.05


@dataclass(slots=True)
class ServiceProcess:
    """A started service. `held` says that it was stopped on purpose, so nobody should start it again by itself."""

    service: Service
    process: subprocess.Popen[bytes]
    port: int
    log: Path
    log_start: int
    started: float
    held: bool = False

    @property
    def url(self) -> str:
        """Its address on this machine."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def exit_code(self) -> int | None:
        """How it ended (negative: by that signal), None while it runs."""
        return self.process.poll()

    def send(self, number: signal.Signals) -> None:
        """Sends a signal; a process that has ended is left alone."""
        if self.process.poll() is None:
            self.process.send_signal(number)

    def wait(self, timeout_s: float) -> bool:
        """Whether it has ended within the time."""
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def last_words(self) -> str:
        """The end of what it logged since it was started, in one line; empty where it logged nothing."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(self.log_start, self.log.stat().st_size - 64 * 1024))
                lines = file.read().decode(errors="replace").splitlines()
        except OSError:
            return ""
        for line in reversed([line.strip() for line in lines]):
            if line:
                return _in_plain_words(line)
        return ""

    def obituary(self) -> str:
        """Which service ended, how, and its last words with the file to read on."""
        code = self.exit_code
        how = f"signal {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"
        words = self.last_words()
        return f"{self.service.name} ended with {how}" + (f": {words}" if words else "") + f" (log: {self.log})"


def _in_plain_words(line: str) -> str:
    """A JSON log line as its event and the last line of its exception; any other line as it is."""
    try:
        record = json.loads(line)
    except ValueError:
        return line[:500]
    if not isinstance(record, dict):
        return line[:500]
    exception = str(record.get("exception") or record.get("error") or "").strip().splitlines()
    parts = [str(record.get("event", "")), exception[-1] if exception else ""]
    return ": ".join(part for part in parts if part)[:500]


def start(
    service: Service, *, port: int, log: Path, environment: Mapping[str, str], command: Sequence[str] | None = None
) -> ServiceProcess:
    """Starts the service with its output in the log file; it dies with this process, however that ends.

    The calling thread has to live as long as the service should (see `runtime.die_with_parent`). Ctrl-C in the terminal does
    not reach it: the stack decides the order in which services stop.
    """
    program = list(command) if command is not None else [sys.executable, "-m", service.module]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        log_start = output.tell()
        process = subprocess.Popen(
            die_with_parent.command(*program),
            env={**environment, service.port_variable: str(port)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return ServiceProcess(service, process, port, log, log_start, time.monotonic())


def wait_until_ready(started: ServiceProcess, timeout_s: float, given_up: threading.Event) -> None:
    """Returns when the service's ready path answers 200; raises OperationFailed when it ended first, for lack of time, or when given up."""
    deadline = time.monotonic() + timeout_s
    last = "nothing listened"
    while time.monotonic() < deadline:
        if started.exit_code is not None:
            raise OperationFailed(started.obituary())
        status, body = _get(started.port, started.service.ready_path)
        if status == 200:
            return
        if status is not None:
            last = f"{started.service.ready_path} answered {status}: {body[:300]}"
        if given_up.wait(_POLL_S):
            raise OperationFailed(f"{started.service.name} was stopped before it was ready")
    raise OperationFailed(f"{started.service.name} is not ready after {timeout_s:.0f} s: {last} (log: {started.log})")


def _get(port: int, path: str) -> tuple[int | None, str]:
    """Status and body, or (None, "") where nobody answers yet."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        link.request("GET", path)
        answer = link.getresponse()
        return answer.status, answer.read(4096).decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return None, ""
    finally:
        link.close()
