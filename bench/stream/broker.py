"""The one broker of a run, its topics, and the processes that are measured against it."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from confluent_kafka.admin import AdminClient, NewTopic

from ops.topic_contract import apply
from runtime.kafka.connection import KafkaConnection
from schemas import topics

ROOT: Final = Path(__file__).parents[2]
HOLDOUT_KEY: Final = "abhyas bench"
HOLDOUT_PERCENT: Final = 10
BATCH: Final = 2_000
CHILD_TIMEOUT_S: Final = 1_800.0


class ChildFailed(RuntimeError):
    """A measured process ended with an error; the message holds the end of its log."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A running broker, the folder for what a run leaves behind, and that of the peers' environments, which outlives it."""

    bootstrap_servers: str
    work: Path
    peers: Path

    def connection(self) -> KafkaConnection:
        """An address and a prefix of its own, without topics."""
        return KafkaConnection(self.bootstrap_servers, f"bench-{uuid4().hex[:8]}")

    def installation(self) -> KafkaConnection:
        """A new installation on the broker: every topic of the contract under a prefix of its own."""
        connection = self.connection()
        apply(connection, topics.specs(connection.topic_prefix))
        return connection

    def renew(self, connection: KafkaConnection, names: Iterable[str]) -> None:
        """Empties some topics by making them anew."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers})
        doomed = [connection.topic(name) for name in names]
        for future in admin.delete_topics(doomed, operation_timeout=30).values():
            future.result()
        deadline = time.monotonic() + 30
        while set(doomed) & set(admin.list_topics(timeout=10).topics):
            if time.monotonic() > deadline:
                raise TimeoutError(f"topics {doomed} are still there after 30 s")
            time.sleep(0.1)
        apply(connection, topics.specs(connection.topic_prefix))

    def create(self, topic: str, partitions: int) -> None:
        """Makes one more topic (full name) with the broker's defaults, for a peer's output."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers})
        for future in admin.create_topics([NewTopic(topic, partitions, 1)]).values():
            future.result()

    def remove(self, connection: KafkaConnection) -> None:
        """Deletes every topic of an installation, the peers' too: the folder of a long run stays small."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers})
        doomed = [name for name in admin.list_topics(timeout=10).topics if connection.topic_prefix in name]
        for future in admin.delete_topics(doomed, operation_timeout=30).values():
            future.result()


def environment(connection: KafkaConnection, **more: str) -> dict[str, str]:
    """The environment of a service of the installation, started from this checkout."""
    return os.environ | {
        "PYTHONPATH": str(ROOT),
        "KAFKA_BOOTSTRAP_SERVERS": connection.bootstrap_servers,
        "TOPIC_PREFIX": connection.topic_prefix,
        "HOLDOUT_KEY": HOLDOUT_KEY,
        "HOLDOUT_PERCENT": str(HOLDOUT_PERCENT),
        "BATCH_MAX_RECORDS": str(BATCH),
        "APP_LOG_LEVEL": "WARNING",
        **more,
    }


def run_child(module: str, asked: dict[str, Any], connection: KafkaConnection, *, python: str | None = None, **more: str) -> dict[str, Any]:
    """Runs a module of the bench in a process of its own and returns its answer (the JSON of its last line)."""
    command = [python or sys.executable, "-m", module, json.dumps(asked)]
    ran = subprocess.run(
        command, cwd=ROOT, env=environment(connection, **more), capture_output=True, text=True, timeout=CHILD_TIMEOUT_S, check=False
    )
    if ran.returncode:
        raise ChildFailed(f"{module} ended with {ran.returncode}:\n{ran.stderr[-3000:]}")
    lines = [line for line in ran.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise ChildFailed(f"{module} gave no answer:\n{ran.stderr[-3000:]}")
    answered: dict[str, Any] = json.loads(lines[-1])
    return answered


def quiet() -> None:
    """Clients of a broker that makes topics anew complain for a moment; what matters is raised."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
