"""One node of Apache Kafka (KRaft) on loopback, its records kept in a folder: start, stop, kill, restart by command.

    python -m ops.stack.brokers.single_node start --data .abhyas/kafka [--port N]
    python -m ops.stack.brokers.single_node stop|status --data .abhyas/kafka

A folder belongs to one node: `libs/` (jars), `log/` (records), `server.properties`, `kafka.pid`, `kafka.log`. The node runs in a session
of its own, so it outlives the command and a Ctrl-C. Measured on 2 cores: format 0.8 s, start 2.2 s, stop 0.4 s, 360 MB resident.
"""

from __future__ import annotations

import argparse
import base64
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from ops.stack.brokers.kafka_jars import KafkaUnavailable, fetch_jars, java

DEFAULT_PORT: Final = 29092
DEFAULT_DATA: Final = Path(".abhyas/kafka")
HOST: Final = "127.0.0.1"
START_TIMEOUT_S: Final = 90.0  # 2 s when idle; a machine that trains on all cores is slow
STOP_TIMEOUT_S: Final = 30.0
# C1 alone: start 2.2 s instead of 3.0, CPU 2.8 s instead of 4.5. A class archive gives 1.3 s but costs 50 MB and 2.5 s at the first stop.
JVM_FLAGS: Final = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")


class KafkaNotRunning(KafkaUnavailable):
    """All that it needs is there, yet the node could not start, or none was started; the message says why and what to do."""


class SingleNodeKafka:
    """The node whose folder is `data`. `port` 0 asks the system for two free ports; a restart keeps those it got.

    `libs` (default `data/libs`) may be shared by several nodes. `settings` are added to the node's configuration and win over it.
    """

    def __init__(
        self, data: Path, port: int = DEFAULT_PORT, libs: Path | None = None, settings: Mapping[str, str | int] | None = None
    ) -> None:
        self.data = data.resolve()
        self.libs = (libs or data / "libs").resolve()
        self._port = port
        self._settings = dict(settings or {})
        self._properties = self.data / "server.properties"
        self._pid_file = self.data / "kafka.pid"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap_servers(self) -> str:
        """`127.0.0.1:port` of the node as it was last started."""
        found = re.search(r"^advertised\.listeners=PLAINTEXT://([^,\s]+)", self._written_properties(), re.MULTILINE)
        if found is None:
            raise KafkaNotRunning(f"{self.data} holds no started Kafka node: run `make kafka` first")
        return found.group(1)

    def pid(self) -> int | None:
        """The process id of the running node, else None; a number that another program has now is not taken for it."""
        # Our own child is asked itself: that reaps a killed one, and just after its exec the system shows no command line of it yet.
        if self._process is not None and self._process.poll() is None:
            return self._process.pid
        try:
            pid = int(self._pid_file.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return pid if str(self._properties) in _command_line(pid) else None

    def start(self) -> str:
        """Fetch jars, format the folder at first, start, wait until clients are served; returns the address. Idempotent.

        Raises KafkaUnavailable without Java or jars; KafkaNotRunning when a port is taken, or the node ends or does not answer in 90 s.
        """
        if self.pid() is not None:
            return self.bootstrap_servers
        port, controller_port = self._ports()
        program, jars = java(), fetch_jars(self.libs)
        self.data.mkdir(parents=True, exist_ok=True)
        self._properties.write_text(_server_properties(self.data / "log", port, controller_port, self._settings))
        log = self.data / "kafka.log"
        classes = ["-cp", f"{jars}/*"]
        if not (self.data / "log" / "meta.properties").exists():
            cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            command = [program, *JVM_FLAGS, *classes, "kafka.tools.StorageTool", "format", "-c", str(self._properties)]
            command.append(f"--cluster-id={cluster_id}")  # one word: an id may begin with a dash
            formatted = subprocess.run(command, capture_output=True, text=True, timeout=START_TIMEOUT_S, check=False)
            if formatted.returncode:
                raise KafkaNotRunning(f"Kafka could not format {self.data / 'log'}:\n{(formatted.stdout + formatted.stderr)[-2000:]}")
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [program, *JVM_FLAGS, *classes, "kafka.Kafka", str(self._properties)],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        self._pid_file.write_text(str(self._process.pid))
        try:
            self._wait_until_ready(log)
        except BaseException:  # also Ctrl-C: nothing half-started is left behind
            self.kill()
            raise
        return self.bootstrap_servers

    def stop(self) -> bool:
        """End the node in order and wait for it; False when none was running. Past 30 s it is killed."""
        return self._end(signal.SIGTERM)

    def kill(self) -> bool:
        """End the node by SIGKILL, as a crash would, and wait for it; False when none was running."""
        return self._end(signal.SIGKILL)

    def restart(self) -> str:
        """Stop the node if it runs, and start it again on its folder and ports."""
        self.stop()
        return self.start()

    def _end(self, how: signal.Signals) -> bool:
        pid = self.pid()
        if pid is not None:
            os.kill(pid, how)
            deadline = time.monotonic() + STOP_TIMEOUT_S
            while self.pid() is not None or _threads(pid) > 1:
                if time.monotonic() > deadline:
                    os.kill(pid, signal.SIGKILL)
                    deadline += STOP_TIMEOUT_S
                time.sleep(0.02)
        self._pid_file.unlink(missing_ok=True)
        return pid is not None

    def _written_properties(self) -> str:
        return self._properties.read_text() if self._properties.exists() else ""

    def _ports(self) -> tuple[int, int]:
        written = re.search(rf"^listeners=PLAINTEXT://{HOST}:(\d+),CONTROLLER://{HOST}:(\d+)$", self._written_properties(), re.MULTILINE)
        if self._port:
            ports = (self._port, self._port + 1)
        elif written:
            ports = (int(written.group(1)), int(written.group(2)))
        else:
            ports = _free_ports()
        for port in ports:
            if (reason := _taken(port)) is not None:
                advice = "stop what listens there, or choose another with --port (0 takes free ones)"
                raise KafkaNotRunning(f"port {port} on {HOST} is taken ({reason}): {advice}")
        return ports

    def _wait_until_ready(self, log: Path) -> None:
        # librdkafka would write every refused connection to stderr until the node listens.
        client = AdminClient({"bootstrap.servers": self.bootstrap_servers, "log_level": 0, "reconnect.backoff.max.ms": 200})
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self.pid() is None:
                raise KafkaNotRunning(f"Kafka ended while it was starting; the end of {log}:\n{log.read_text(errors='replace')[-2000:]}")
            try:
                if client.list_topics(timeout=0.5).brokers:
                    return
            except KafkaException:
                continue  # not listening yet
        raise KafkaNotRunning(f"Kafka did not answer on {self.bootstrap_servers} within {START_TIMEOUT_S:.0f} s; see {log}")


def _command_line(pid: int) -> str:
    """What the process was started with; empty when there is none, or only its remains."""
    place = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self/cmdline").exists():
        try:
            return place.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    return subprocess.run(["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout


def _threads(pid: int) -> int:
    """How many threads a process still has: one killed a moment ago shows no command line while the rest of it still holds its ports."""
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return 0


def _taken(port: int) -> str | None:
    """Why a port cannot be listened on, or None."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # closed connections of the last node linger for a minute
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return error.strerror
    return None


def _free_ports() -> tuple[int, int]:
    # Below the range for outgoing connections (32768 on Linux): another program's connection cannot take a port while the node is down.
    free = (port for port in random.sample(range(20_000, 32_000), 1_000) if _taken(port) is None)
    return next(free), next(free)


def _server_properties(records: Path, port: int, controller_port: int, added: Mapping[str, str | int]) -> str:
    """The configuration: one node that is broker and controller, reachable from this machine only, small in memory."""
    settings: dict[str, object] = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "inter.broker.listener.name": "PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": records,
        # Topics come from the contract alone (`abhyas topics apply`): a misspelt name is an error, not a new topic.
        "auto.create.topics.enable": "false",
        "offsets.topic.num.partitions": 4,
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "group.initial.rebalance.delay.ms": 0,
        # After kill -9 the node must wait until its former self is declared dead: 9 s by default, and 12 s until clients are served.
        "broker.session.timeout.ms": 6000,
        "broker.heartbeat.interval.ms": 1000,
        # Small: the cleaner takes 128 MB of the 512 by default, and each partition's two index files 10 MB of address space each.
        "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
        "log.index.size.max.bytes": 2 * 1024 * 1024,
        "num.network.threads": 2,
        "num.io.threads": 4,
        "background.threads": 2,
    }
    return "".join(f"{name}={value}\n" for name, value in (settings | dict(added)).items())


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 when it did what it says, 3 from `status` when no node runs, 1 with the reason on stderr otherwise."""
    parser = argparse.ArgumentParser(prog="python -m ops.stack.brokers.single_node", description="One node of Apache Kafka on loopback.")
    parser.add_argument("command", choices=("start", "stop", "kill", "restart", "status"))
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help=f"the node's folder (default {DEFAULT_DATA})")
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help=f"broker port, the controller takes the next; 0: free ones (default {DEFAULT_PORT})"
    )
    chosen = parser.parse_args(arguments)
    node = SingleNodeKafka(chosen.data, chosen.port)
    try:
        if chosen.command in ("start", "restart"):
            print(f"Kafka is running on {getattr(node, chosen.command)()}, records in {node.data}")
        elif chosen.command in ("stop", "kill"):
            print("Kafka has stopped" if getattr(node, chosen.command)() else f"no Kafka was running in {node.data}")
        elif (pid := node.pid()) is not None:
            print(f"Kafka is running on {node.bootstrap_servers} (process {pid}), records in {node.data}")
        else:
            print(f"no Kafka is running in {node.data}")
            return 3
    except KafkaUnavailable as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
