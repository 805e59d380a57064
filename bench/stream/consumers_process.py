"""A stream processor of the bench's own installation, in a process of its own, asked over HTTP how far it is."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from bench.stream.broker import ROOT, Bench, environment
from ops.stack.services import Ports
from runtime.kafka.connection import KafkaConnection

READY_TIMEOUT_S: Final = 60.0
DRAIN_TIMEOUT_S: Final = 600.0


@dataclass(slots=True)
class Running:
    """A consumers process, its port and its log."""

    process: subprocess.Popen[str]
    port: int
    log: Path

    def state(self) -> dict[str, Any] | None:
        """`GET /state`, None where it does not answer yet."""
        if self.process.poll() is not None:
            raise RuntimeError(f"the consumers ended with {self.process.returncode}:\n{self.log.read_text()[-2000:]}")
        try:
            answered: dict[str, Any] = httpx.get(f"http://127.0.0.1:{self.port}/state", timeout=30).json()
        except httpx.HTTPError:
            return None
        return answered

    def until_ready(self) -> None:
        """Waits for `/ready`."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < deadline:
            if self.state() is not None and httpx.get(f"http://127.0.0.1:{self.port}/ready", timeout=30).status_code == 200:
                return
            time.sleep(0.1)
        raise TimeoutError(f"the consumers were not ready after {READY_TIMEOUT_S:.0f} s:\n{self.log.read_text()[-2000:]}")

    def until_processed(self, count: int) -> None:
        """Waits until stage 1 has processed so many records in all."""
        deadline = time.monotonic() + DRAIN_TIMEOUT_S
        while time.monotonic() < deadline:
            state = self.state()
            if state is not None and state["stage1"]["processed"] >= count:
                return
            time.sleep(0.25)
        raise TimeoutError(f"{count:,} records were not processed in {DRAIN_TIMEOUT_S:.0f} s")


@contextmanager
def consumers(bench: Bench, connection: KafkaConnection, command: list[str], **more: str) -> Iterator[Running]:
    """A consumers process, ended with the block; what it answers is read from its standard output."""
    port, log = Ports.free().consumers, bench.work / "consumers.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=ROOT, stdout=subprocess.PIPE, stderr=output, text=True,
            env=environment(connection, CONSUMERS_PORT=str(port), **more),
        )  # fmt: skip
        try:
            yield Running(process, port, log)
        finally:
            process.terminate()
            process.communicate(timeout=60)
