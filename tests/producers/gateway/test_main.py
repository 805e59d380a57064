"""The gateway as a process, on the embedded broker."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from confluent_kafka import Consumer, TopicPartition

from ops.stack.brokers.embedded import EmbeddedBroker
from schemas import topics

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[3]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def start(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "producers.gateway"]
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)


def wait_ready(url: str, path: str = "/ready") -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if httpx.get(url + path).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    pytest.fail(f"{url}{path} was not 200 within 30 s")


def test_accepted_feedback_is_on_the_topic_and_sigterm_ends_it(embedded_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """The process serves, publishes to its prefix, keeps user ids out of its log, and stops within 5 s with 0."""
    prefix, port = f"t{uuid4().hex[:8]}", free_port()
    topic = topics.topic(topics.FEEDBACK_SUBMITTED, prefix)
    embedded_broker.create_topics({topic: 8, topics.topic(topics.DOCUMENT_INGESTED, prefix): 8})
    process = start(
        {
            "KAFKA_BOOTSTRAP_SERVERS": embedded_broker.bootstrap_servers,
            "KAFKA_EMBEDDED": "true",
            "TOPIC_PREFIX": prefix,
            "GATEWAY_PORT": str(port),
            "USER_HASH_KEY": "k",
            "DATA_DIR": str(tmp_path),
            "CONSUMERS_URL": "http://127.0.0.1:9",
        }
    )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_ready(url)
        items = [{"feedback_id": f"f{n}", "query": "क?", "correction": "ख", "user": f"raw-user-{n}"} for n in range(20)]
        answer = httpx.post(f"{url}/v1/feedback", json={"items": items}, timeout=20)
        assert answer.status_code == 202
        places = answer.json()["accepted"]
        assert len(places) == 20
        consumer = Consumer({"bootstrap.servers": embedded_broker.bootstrap_servers, "group.id": "t", "enable.auto.commit": False})
        consumer.assign([TopicPartition(topic, place["partition"], place["offset"]) for place in places[:1]])
        record = consumer.poll(10)
        consumer.close()
        assert record is not None
        assert record.error() is None
        assert dict(record.headers())["ce_id"] == places[0]["event_id"].encode()
        assert json.loads(record.value())["feedback_id"] == places[0]["id"]
        process.send_signal(signal.SIGTERM)
        started = time.monotonic()
        _, log = process.communicate(timeout=10)
        assert time.monotonic() - started < 20
        assert process.returncode == 0
        assert b"raw-user" not in log
        for line in log.decode().splitlines():
            assert json.loads(line)["service"] == "gateway"
    finally:
        process.kill()


def test_it_starts_without_kafka(tmp_path: Path) -> None:
    """Health says degraded, a request is answered with 503 and when to come again."""
    port = free_port()
    environment = {"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}", "GATEWAY_PORT": str(port), "DATA_DIR": str(tmp_path)}
    process = start(environment)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_ready(url, "/health")
        assert httpx.get(f"{url}/health").json()["status"] == "degraded"
        answer = httpx.post(f"{url}/v1/feedback", json={"query": "q", "correction": "c"}, timeout=20)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert answer.json()["error"]["code"] == "kafka_unavailable"
    finally:
        process.kill()
        process.communicate()


def test_settings_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    """Exit code 2 and one line that names the variable."""
    process = start({"APP_LOG_LEVEL": "LOUD", "DATA_DIR": str(tmp_path)})
    _, said = process.communicate(timeout=30)
    assert process.returncode == 2
    assert said.decode().startswith("APP_LOG_LEVEL 'LOUD' is unknown")
    process = start({"GATEWAY_PORT": "http", "DATA_DIR": str(tmp_path)})
    _, said = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "gateway_port" in said.decode()
