"""The broker of a stack: embedded, a single node of Apache Kafka, or one that runs elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Final, Protocol

from ops.errors import OperationFailed, WrongUsage

_ADDRESS: Final = re.compile(r"^[^\s:,]+:\d{1,5}(,[^\s:,]+:\d{1,5})*$")
# Started by the stack itself, on loopback without security.
LOCAL_BROKERS: Final = ("embedded", "kafka")
_START_TIMEOUT_S: Final = 20.0


class StackBroker(Protocol):
    """What a stack needs of its broker."""

    embedded: bool
    bootstrap_servers: str

    def trouble(self) -> str | None:
        """Why the broker is of no use any more; None while it runs."""

    def stop(self) -> None:
        """Ends it, if this stack started it."""


class EmbeddedProcess:
    """The embedded broker in a process of its own, which ends when its standard input closes, so when its owner goes."""

    embedded = True

    def __init__(self, data_dir: Path, topic_prefix: str) -> None:
        port_file = data_dir / "embedded-broker.address"
        port_file.unlink(missing_ok=True)
        self._log = data_dir / "logs" / "broker.log"
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ops.stack.brokers.embedded", "--port-file", str(port_file), "--topic-prefix", topic_prefix],
                stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not port_file.exists():
            if self._process.poll() is not None:
                raise OperationFailed(f"the embedded broker did not start: {self._last_line()} (log: {self._log})")
            if time.monotonic() > deadline:
                self.stop()
                raise OperationFailed(f"the embedded broker was not there after {_START_TIMEOUT_S:.0f} s (log: {self._log})")
            time.sleep(0.01)
        self.bootstrap_servers = port_file.read_text()

    def trouble(self) -> str | None:
        """Its memory goes with it, so its end is the end of the stack."""
        code = self._process.poll()
        return None if code is None else f"the embedded broker ended with exit code {code}: {self._last_line()} (log: {self._log})"

    def stop(self) -> None:
        """Ends it and forgets all records."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _last_line(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "it said nothing")


class SingleNode:
    """One node of Apache Kafka. A node that runs already is used and left running; one that this stack started ends with it.

    It is a session of its own: a stack that is killed leaves it, and the next one on the same folder takes it up.
    """

    embedded = False

    def __init__(self, folder: Path, port: int) -> None:
        from ops.stack.brokers.kafka_jars import KafkaUnavailable
        from ops.stack.brokers.single_node import SingleNodeKafka

        self._node = SingleNodeKafka(folder, port)
        self._ours = self._node.pid() is None
        try:
            self.bootstrap_servers = self._node.start()
        except KafkaUnavailable as error:
            raise OperationFailed(str(error)) from None

    def trouble(self) -> str | None:
        """The node keeps its records, but without it nothing moves."""
        return None if self._node.pid() is not None else f"Kafka has ended: see {self._node.data / 'kafka.log'}; its records are kept"

    def stop(self) -> None:
        """Ends the node if this stack started it; the records stay."""
        if self._ours:
            self._node.stop()


class Elsewhere:
    """A broker that somebody else runs; its clients say themselves when it is away."""

    embedded = False

    def __init__(self, bootstrap_servers: str) -> None:
        self.bootstrap_servers = bootstrap_servers

    def trouble(self) -> str | None:
        """Not ours to watch."""
        return None

    def stop(self) -> None:
        """Not ours to stop."""


def check_broker(broker: str) -> None:
    """Raises WrongUsage unless it is embedded, kafka or an address."""
    if broker not in LOCAL_BROKERS and not _ADDRESS.match(broker):
        raise WrongUsage(f"broker {broker!r} is unknown: expected embedded, kafka or HOST:PORT")


def open_broker(broker: str, *, data_dir: Path, topic_prefix: str, kafka_folder: Path, kafka_port: int) -> StackBroker:
    """Starts what `broker` names (embedded, kafka, or HOST:PORT of one that runs); raises OperationFailed."""
    check_broker(broker)
    if broker == "embedded":
        return EmbeddedProcess(data_dir, topic_prefix)
    if broker == "kafka":
        return SingleNode(kafka_folder, kafka_port)
    return Elsewhere(broker)
