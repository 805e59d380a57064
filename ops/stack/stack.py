"""The whole installation on one machine: broker, topics, keys and every service as a child process.

    with Stack(StackSettings(data_dir=folder, ports=Ports.free())) as stack:
        stack.urls["gateway"], stack.connection(), stack.kill("runner"), stack.restart("runner"), stack.check()

On the embedded broker, which is memory only, the end of any service ends the stack with a message: what it held cannot
be rebuilt from a log that forgets. A reader that fell behind a log's start ends itself (`consumers.engine.watch.stall_detector`), which
ends the stack too. On Apache Kafka a dead service is started again, with growing pauses.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Final, Self

from ops.errors import OperationFailed
from ops.stack import process as service_process
from ops.stack.broker import LOCAL_BROKERS, StackBroker, check_broker, open_broker
from ops.stack.description import FILE_NAME, RunningService, RunningStack
from ops.stack.key_files import make_keys
from ops.stack.process import ServiceProcess
from ops.stack.services import SERVICES, Ports, Service, port_taken
from producers.gateway.stop_times import STOP_WITHIN_S as GATEWAY_STOPS_WITHIN_S

if TYPE_CHECKING:
    from runtime.kafka.connection import KafkaConnection

_WATCH_EVERY_S: Final = 0.2
# A service that lived this long had started well: its next failure begins with the shortest pause again.
_SETTLED_S: Final = 30.0
_LONGEST_PAUSE_S: Final = 30.0
# What every service needs at most for its own stop is below it: the gateway's parts add up to `GATEWAY_STOPS_WITHIN_S`, the consumers'
# and the runner's to under six seconds after that. What is killed at its end hung.
_STOP_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class StackSettings:
    """What to run and where. `environment` is added to (and wins over) this process's own for every service."""

    broker: str = "embedded"
    data_dir: Path = Path("data")
    ports: Ports = field(default_factory=Ports)
    restart: bool = True
    apply_topics: bool = True
    services: tuple[Service, ...] = SERVICES
    environment: Mapping[str, str] = field(default_factory=dict)
    kafka_folder: Path = Path(".abhyas/kafka")
    kafka_port: int = 29092
    ready_timeout_s: float = 90.0


class Stack:
    """A running installation, from `start` (or `with`) to `stop`. Methods may be called from any thread."""

    def __init__(self, settings: StackSettings, say: Callable[[str], None] = lambda _line: None) -> None:
        self.settings = settings
        self.failure: str | None = None
        self._say = say
        self._data_dir = settings.data_dir.resolve()
        self._broker: StackBroker | None = None
        self._processes: dict[str, ServiceProcess] = {}
        self._lock_file: IO[str] | None = None
        # A service dies with the thread that forked it, so all are forked by this one (see runtime.die_with_parent).
        self._forker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="stack-forker")
        self._changing = threading.RLock()
        self._stopping = threading.Event()
        self._failed = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="stack-watcher", daemon=True)

    # ---- from start to stop ---------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Starts everything and returns when all services are ready; stops what it started and raises OperationFailed otherwise."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        settings = self.settings
        check_broker(settings.broker)
        self._data_dir.mkdir(parents=True, exist_ok=True)
        self._lock()
        for service in settings.services:
            port = settings.ports.of(service.name)
            if port_taken(port):
                raise OperationFailed(
                    f"port {port} of the {service.name} is taken: stop what listens there, or move all ports with --port-offset"
                )
        for path in make_keys(self._data_dir):
            self._say(f"made the key {path}")
        self._broker = open_broker(
            settings.broker, data_dir=self._data_dir, topic_prefix=self.connection_prefix(),
            kafka_folder=settings.kafka_folder, kafka_port=settings.kafka_port,
        )  # fmt: skip
        self._say(f"broker: {settings.broker} on {self._broker.bootstrap_servers}")
        if settings.apply_topics and not self._broker.embedded:
            self._apply_topics()
        with self._changing:
            for service in settings.services:
                self._fork(service)
            for service in settings.services:
                service_process.wait_until_ready(self._processes[service.name], settings.ready_timeout_s, self._stopping)
        self._write()
        self._watcher.start()

    def stop(self) -> None:
        """Stops the services, then the broker; what has not ended after 10 s is killed. May be called again.

        The gateway is told first, so that nothing new comes in, and the rest once it has ended or has had its own time.
        """
        self._stopping.set()
        if self._watcher.is_alive() and threading.current_thread() is not self._watcher:
            self._watcher.join(timeout=10)
        with self._changing:
            deadline = time.monotonic() + _STOP_S
            gateway = self._processes.get("gateway")
            if gateway is not None:
                gateway.send(signal.SIGTERM)
                gateway.wait(GATEWAY_STOPS_WITHIN_S)
            _end([process for process in self._processes.values() if process is not gateway], deadline)
            _end([gateway] if gateway is not None else [], deadline)
            self._processes.clear()
            if self._broker is not None:
                self._broker.stop()
                self._broker = None
        self._forker.shutdown(wait=True)
        if self._lock_file is not None:
            (self._data_dir / FILE_NAME).unlink(missing_ok=True)
            self._lock_file.close()
            self._lock_file = None

    def wait(self) -> None:
        """Blocks until the stack fails (raises OperationFailed with what happened) or is stopped by another thread."""
        while not self._stopping.is_set() and not self._failed.wait(0.5):
            pass
        self.check()

    # ---- what runs ------------------------------------------------------------------------------------

    @property
    def urls(self) -> dict[str, str]:
        """The address of each service by its name."""
        return {service.name: f"http://127.0.0.1:{self.settings.ports.of(service.name)}" for service in self.settings.services}

    @property
    def bootstrap_servers(self) -> str:
        """The broker's address; raises OperationFailed where the stack does not run."""
        if self._broker is None:
            raise OperationFailed("the stack is not running: start it first")
        return self._broker.bootstrap_servers

    def connection(self) -> KafkaConnection:
        """How clients of this stack reach Kafka."""
        from runtime.kafka.connection import KafkaConnection
        from runtime.settings import ServiceSettings

        address, prefix = self.bootstrap_servers, self.connection_prefix()
        if self.settings.broker in LOCAL_BROKERS:
            return KafkaConnection(address, topic_prefix=prefix, embedded=self._broker is not None and self._broker.embedded)
        return replace(ServiceSettings().connection(), bootstrap_servers=address, topic_prefix=prefix, embedded=False)

    def connection_prefix(self) -> str:
        """The topic prefix that the services are given."""
        return self.settings.environment.get("TOPIC_PREFIX") or os.environ.get("TOPIC_PREFIX") or "abhyas"

    def check(self) -> None:
        """Raises OperationFailed with what happened when the stack has failed."""
        if self.failure is not None:
            raise OperationFailed(self.failure)

    def pid(self, service: str) -> int:
        """The process id of a service."""
        return self._process(service).process.pid

    def kill(self, service: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Ends a service by a signal (default: as a crash would) and waits for it; it stays down until `restart`."""
        with self._changing:
            process = self._process(service)
            process.held = True
            process.send(number)
            if not process.wait(15):
                raise OperationFailed(f"{service} did not end within 15 s of {number.name} (log: {process.log})")

    def restart(self, service: str) -> None:
        """Stops a service if it runs, starts it anew, and returns when it is ready."""
        with self._changing:
            process = self._process(service)
            process.held = True
            _end([process], time.monotonic() + _STOP_S)
            started = self._fork(process.service)
            service_process.wait_until_ready(started, self.settings.ready_timeout_s, self._stopping)
            self._write()

    # ---- inside ---------------------------------------------------------------------------------------

    def _process(self, service: str) -> ServiceProcess:
        found = self._processes.get(service)
        if found is None:
            raise OperationFailed(
                f"service {service!r} does not run: expected one of {', '.join(self._processes) or 'none, the stack is down'}"
            )
        return found

    def _lock(self) -> None:
        """One stack on a data folder; the lock goes with the process, however that ends."""
        path = self._data_dir / "stack.lock"
        file = path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise OperationFailed(f"a stack already runs on {self._data_dir}: stop it, or give another folder with --data") from None
        self._lock_file = file

    def _apply_topics(self) -> None:
        from ops import topic_contract as topics
        from schemas.topics import specs

        try:
            changes = topics.apply(self.connection(), specs(self.connection_prefix()))
        except topics.TopicsError as error:
            raise OperationFailed(str(error)) from None
        if changes:
            self._say(f"brought {len(changes)} topics to the contract")

    def _fork(self, service: Service) -> ServiceProcess:
        """Starts the service in place of the one before; called with the lock held."""
        port = self.settings.ports.of(service.name)
        log = self._data_dir / "logs" / f"{service.name}.log"
        environment = self._environment()
        started = self._forker.submit(service_process.start, service, port=port, log=log, environment=environment).result()
        self._processes[service.name] = started
        return started

    def _environment(self) -> dict[str, str]:
        connection, urls = self.connection(), self.urls
        ours = {
            "KAFKA_BOOTSTRAP_SERVERS": connection.bootstrap_servers,
            "KAFKA_EMBEDDED": "true" if connection.embedded else "false",
            "TOPIC_PREFIX": connection.topic_prefix,
            "DATA_DIR": str(self._data_dir),
            "HOST": "127.0.0.1",
            "PYTHONUNBUFFERED": "1",
        }
        if connection.embedded:
            # One process on one machine and a broker that fences nobody: more shards would only be more producers.
            ours |= {name: os.environ.get(name) or "1" for name in ("STAGE1_SHARDS", "STAGE2_SHARDS")}
        if self.settings.broker in LOCAL_BROKERS:
            # What the environment says of another cluster's security is not meant for the one on this machine.
            ours["KAFKA_SECURITY_PROTOCOL"] = "PLAINTEXT"
        ours |= {f"{name.upper()}_URL": url for name, url in urls.items()}
        return {**os.environ, **ours, **self.settings.environment}

    def _write(self) -> None:
        services = {name: RunningService(running.process.pid, running.url, str(running.log)) for name, running in self._processes.items()}
        connection = self.connection()
        RunningStack(
            pid=os.getpid(),
            broker=self.settings.broker,
            bootstrap_servers=connection.bootstrap_servers,
            embedded=connection.embedded,
            topic_prefix=connection.topic_prefix,
            data_dir=str(self._data_dir),
            started_at=datetime.now(UTC).isoformat(timespec="seconds"),
            services=services,
        ).write()

    def _fail(self, message: str) -> None:
        self.failure = message
        self._say(f"stopping everything: {message}")
        self._stopping.set()
        self.stop()
        self._failed.set()

    def _watch(self) -> None:
        """Looks after broker and services until the stack stops."""
        pauses: dict[str, float] = {}
        due: dict[str, float] = {}
        while not self._stopping.wait(_WATCH_EVERY_S):
            trouble = self._broker.trouble() if self._broker is not None else None
            if trouble is not None:
                self._fail(trouble)
                return
            with self._changing:
                dead = [process for process in self._processes.values() if not process.held and process.exit_code is not None]
                if dead and self.connection().embedded:
                    self._fail(dead[0].obituary())
                    return
                for process in dead:
                    self._look_after(process, pauses, due)

    def _look_after(self, process: ServiceProcess, pauses: dict[str, float], due: dict[str, float]) -> None:
        """On a real broker: starts a dead service again after a pause, which doubles while it keeps dying."""
        name, now = process.service.name, time.monotonic()
        if not self.settings.restart:
            process.held = True
            self._say(f"{process.obituary()}; it is left down, as --no-restart asks")
        elif name not in due:
            pause = 0.5 if now - process.started > _SETTLED_S else min(_LONGEST_PAUSE_S, pauses.get(name, 0.25) * 2)
            pauses[name], due[name] = pause, now + pause
            self._say(f"{process.obituary()}; starting it again in {pause:g} s")
        elif now >= due[name]:
            del due[name]
            self._fork(process.service)
            self._write()


def _end(processes: list[ServiceProcess], deadline: float) -> None:
    """SIGTERM to all, then wait; SIGKILL to those that are still there at the deadline."""
    for process in processes:
        process.send(signal.SIGTERM)
    for process in processes:
        if not process.wait(max(0.0, deadline - time.monotonic())):
            print(f"{process.service.name} did not stop in time and was killed (log: {process.log})", file=sys.stderr)
            process.send(signal.SIGKILL)
            process.wait(5)
