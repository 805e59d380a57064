"""A publisher that keeps what it is given, and the settings of a gateway in a folder of its own."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from producers.errors import EventTooLarge, PublishError
from producers.gateway.app import create_app
from producers.gateway.settings import GatewaySettings
from producers.in_flight import Backlog
from producers.publisher import Receipt
from runtime.kafka.connection import KafkaConnection
from schemas.envelope import encode
from schemas.topics import size_limit


@dataclass
class KeepingPublisher:
    """Acknowledges what its topic takes at once, or fails with what `failures` holds for an event id; `away`: no broker is there."""

    connection: KafkaConnection = field(default_factory=lambda: KafkaConnection("nowhere:1"))
    backlog: Backlog = field(default_factory=lambda: Backlog(1000, hold=False))
    ack_timeout_s: float = 0.05
    events: list[tuple[object, datetime, str | None]] = field(default_factory=list)
    sources: list[str | None] = field(default_factory=list)
    failures: dict[str, PublishError] = field(default_factory=dict)
    silent: bool = False
    away: PublishError | None = None
    started: bool = True
    stopped: bool = False

    async def publish(self, event, time, *, source=None, traceparent=None, wait=True):
        self.sources.append(source)
        if self.away:
            raise self.away
        if event.event_id() in self.failures:
            raise self.failures[event.event_id()]
        size, limit = encode(event, source=source or "/test", time=time, traceparent=traceparent).size, size_limit(event.TOPIC)
        if size > limit:
            raise EventTooLarge(f"the event has {size} bytes on the wire: {event.TOPIC} takes at most {limit}")
        future = asyncio.get_running_loop().create_future()
        if not self.silent:
            self.events.append((event, time, traceparent))
            future.set_result(Receipt(self.connection.topic(event.TOPIC), 0, len(self.events) - 1, event.event_id()))
        return future

    async def check(self):
        if self.away:
            raise self.away

    async def start(self):
        self.started = True

    async def stop(self, within_s):
        self.stopped = True


@pytest.fixture
def publisher() -> KeepingPublisher:
    """A publisher that keeps what it is given."""
    return KeepingPublisher()


@pytest.fixture
def gateway_settings(tmp_path: Path) -> GatewaySettings:
    """Small limits, both keys, no stream processor, no environment."""
    return GatewaySettings(
        data_dir=tmp_path, user_hash_key="a key", holdout_key="another key", gateway_max_body_bytes=600_000, gateway_max_items=5,
        consumers_url="http://127.0.0.1:9",
    )  # fmt: skip


@dataclass
class Answering:
    """An HTTP server whose answers are by path; others are 404."""

    url: str = ""
    answers: dict[str, dict[str, object]] = field(default_factory=dict)


@pytest.fixture
def consumers_at() -> Iterator[Answering]:
    """A stream processor that answers what a test says."""
    answering = Answering()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answering.answers.get(self.path)
            self.send_response(404 if found is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(found or {}).encode())

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    answering.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield answering
    server.shutdown()
    server.server_close()


@pytest.fixture
def client(gateway_settings: GatewaySettings, publisher: KeepingPublisher) -> Iterator[TestClient]:
    """The gateway over a keeping publisher, its lifespan running."""
    with TestClient(create_app(gateway_settings, publisher)) as running:
        yield running
