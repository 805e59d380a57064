"""The description of a running stack, `DATA_DIR/stack.json`, and the connection that a command should use."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ops.errors import OperationFailed, settings_trouble
from runtime.whole_files import write_whole

if TYPE_CHECKING:
    from runtime.kafka.connection import KafkaConnection

FILE_NAME = "stack.json"


@dataclass(frozen=True, slots=True)
class RunningService:
    """One service of a stack: its process, address and log file."""

    pid: int
    url: str
    log: str


@dataclass(frozen=True, slots=True)
class RunningStack:
    """What `abhyas up` started; written anew whenever a process of it changes."""

    pid: int
    broker: str
    bootstrap_servers: str
    embedded: bool
    topic_prefix: str
    data_dir: str
    started_at: str
    services: dict[str, RunningService] = field(default_factory=dict)

    def write(self) -> None:
        """Replaces the file in one step, so that a reader never sees half of it."""
        write_whole(Path(self.data_dir) / FILE_NAME, (json.dumps(asdict(self), indent=1) + "\n").encode())

    def alive(self) -> bool:
        """Whether the process that wrote the file still runs."""
        return process_alive(self.pid)


def process_alive(pid: int) -> bool:
    """Whether a process of this id exists (a zombie does)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def find(data_dir: Path) -> RunningStack | None:
    """The stack that runs on this data folder, or None; a file left by a stack that was killed counts as none."""
    path = data_dir / FILE_NAME
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        services = {name: RunningService(**service) for name, service in raw.pop("services").items()}
        stack = RunningStack(**raw, services=services)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise OperationFailed(f"{path} is not the description of a stack ({error}): delete it, or give another --data") from None
    return stack if stack.alive() else None


def service_urls(data_dir: Path | None = None) -> dict[str, str]:
    """Where each service answers, by its name: as the environment says (`RUNNER_URL` and so on), else the stack that runs on the
    data folder, else the default address.
    """
    from ops.command_settings import CommandSettings
    from ops.stack.services import SERVICES

    try:
        settings = CommandSettings() if data_dir is None else CommandSettings(data_dir=data_dir)
    except ValueError as error:
        raise settings_trouble(error) from None
    stack = find(settings.data_dir)
    started = {} if stack is None else {name: service.url for name, service in stack.services.items()}
    return {service.name: settings.url_of(service.name) for service in SERVICES} | started | settings.urls_set()


def connection(data_dir: Path | None = None) -> KafkaConnection:
    """The Kafka that a command talks to.

    The environment (`KAFKA_BOOTSTRAP_SERVERS` and the rest) where it names a broker, else the stack that runs on the
    data folder, else the default address.
    """
    from runtime.settings import ServiceSettings

    try:
        settings = ServiceSettings() if data_dir is None else ServiceSettings(data_dir=data_dir)
    except ValueError as error:
        raise settings_trouble(error) from None
    found = settings.connection()
    if os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        return found
    stack = find(settings.data_dir)
    if stack is None:
        return found
    from dataclasses import replace

    return replace(found, bootstrap_servers=stack.bootstrap_servers, embedded=stack.embedded, topic_prefix=stack.topic_prefix)
