"""The gateway's stop: a request in flight is answered, and a busy machine does not turn a stop into a kill."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from confluent_kafka import Consumer, TopicPartition

from ops.stack.brokers.embedded import EmbeddedBroker, partition_counts
from ops.stack.services import GATEWAY, Ports
from ops.stack.stack import GATEWAY_STOPS_WITHIN_S, Stack, StackSettings
from producers.gateway import stop_times
from schemas import topics

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[3]
FEEDBACK = {"query": "सालार जंग संग्रहालय कहाँ है?", "correction": "हैदराबाद"}


def spin() -> None:
    while True:
        pass


@contextmanager
def busy_machine() -> Iterator[None]:
    """Two processes for each core that do nothing but work."""
    made = multiprocessing.get_context("spawn")
    hogs = [made.Process(target=spin, daemon=True) for _ in range(2 * (os.cpu_count() or 1))]
    for hog in hogs:
        hog.start()
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.join()


def test_a_request_that_the_stop_cuts_off_is_answered(tmp_path: Path) -> None:
    """A broker that answers nobody any more: who waits for its acknowledgement gets 503 and when to come again, and the exit code is 0."""
    address = tmp_path / "address"
    broker = subprocess.Popen(
        [sys.executable, "-m", "ops.stack.brokers.embedded", "--port-file", str(address)], cwd=ROOT, stdin=subprocess.PIPE
    )
    port = Ports.free().gateway
    gateway = None
    try:
        until(address.exists)
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": address.read_text(), "KAFKA_EMBEDDED": "true", "GATEWAY_PORT": str(port), "DATA_DIR": str(tmp_path),
            "GATEWAY_ACK_TIMEOUT_S": "60",
        }  # fmt: skip
        gateway = subprocess.Popen([sys.executable, "-m", "producers.gateway"], cwd=ROOT, env=os.environ | environment)
        url = f"http://127.0.0.1:{port}"
        until(lambda: status(url, "/ready") == 200)
        one = {**FEEDBACK, "feedback_id": "f"}  # the same twice: one partition, whose bytes the metric tells
        assert httpx.post(f"{url}/v1/feedback", json=one, timeout=20).status_code == 202
        broker.send_signal(signal.SIGSTOP)
        before = in_flight(url)
        with ThreadPoolExecutor() as pool:
            waiting = pool.submit(httpx.post, f"{url}/v1/feedback", json=one, timeout=60)
            # It is handed to the producer: its bytes are in flight beside those of the first, which no stage 1 has passed.
            until(lambda: in_flight(url) > before or waiting.done())
            gateway.send_signal(signal.SIGTERM)
            answer = waiting.result()
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "stopping"
        assert answer.headers["retry-after"] == "1"
        assert gateway.wait(60) == 0
    finally:
        for process in (gateway, broker):
            if process is not None:
                process.kill()
                process.wait()


def test_a_stop_on_a_busy_machine_is_no_kill(embedded_broker: EmbeddedBroker, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Requests in flight and texts that take seconds to redact: the gateway ends by itself, and what it accepted is on the topic."""
    prefix = f"t{uuid4().hex[:8]}"
    embedded_broker.create_topics(partition_counts(topics.specs(prefix)))
    settings = StackSettings(
        broker=embedded_broker.bootstrap_servers, data_dir=tmp_path, ports=Ports.free(), services=(GATEWAY,), restart=False,
        apply_topics=False, environment={"TOPIC_PREFIX": prefix},
    )  # fmt: skip
    stack = Stack(settings)
    stack.start()
    url = stack.urls["gateway"]
    gateway = stack._processes["gateway"].process
    accepted: list[tuple[str, int, int]] = []
    told = threading.Event()

    def client(number: int) -> None:
        with httpx.Client(base_url=url, timeout=60) as one:
            count = 0
            while not told.is_set():
                count += 1
                items = [{**FEEDBACK, "feedback_id": f"{number}-{count}-{item}"} for item in range(5)]
                try:
                    answer = one.post("/v1/feedback", json={"items": items})
                except httpx.HTTPError:
                    return  # nobody listens any more
                if answer.status_code == 202:
                    accepted.extend((place["event_id"], place["partition"], place["offset"]) for place in answer.json()["accepted"])

    def slow() -> int:
        text = "वर्ष 1998 में 45,000 रुपये और 12345 67890 " * 2400
        items = [{"doc_id": f"d{number}", "text": text} for number in range(20)]
        return httpx.post(f"{url}/v1/documents", json={"items": items}, timeout=60).status_code

    with ThreadPoolExecutor() as pool, busy_machine():
        redacting = pool.submit(slow)
        until(lambda: threads(gateway.pid) > 1)  # it redacts in a thread of its own, and nothing else has needed one
        clients = [pool.submit(client, number) for number in range(3)]
        until(lambda: len(accepted) >= 5)
        stack.stop()
        told.set()
        for one in clients:
            one.result()
        assert redacting.result() in (202, 503)
    assert gateway.returncode == 0
    assert "was killed" not in capfd.readouterr().err
    topic = topics.topic(topics.FEEDBACK_SUBMITTED, prefix)
    found = event_ids(embedded_broker.bootstrap_servers, topic, {partition for _, partition, _ in accepted})
    assert {event_id for event_id, _, _ in accepted} <= found


def test_the_stack_waits_longer_than_the_gateway_needs() -> None:
    """What a stack gives the gateway is the sum of the gateway's own times, and less than the time after which it kills."""
    from ops.stack import stack

    parts = (stop_times.ANSWERS_WITHIN_S, stop_times.BACKGROUND_WITHIN_S, stop_times.PUBLISHER_WITHIN_S, stop_times.LOOKING_S)
    assert sum(parts) <= GATEWAY_STOPS_WITHIN_S < stack._STOP_S / 2


def until(holds, timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.05)


def status(url: str, path: str) -> int:
    try:
        return httpx.get(url + path, timeout=5).status_code
    except httpx.HTTPError:
        return 0


def in_flight(url: str) -> float:
    lines = httpx.get(f"{url}/metrics", timeout=20).text.splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("gateway_bytes_in_flight ")))


def threads(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/task"))


def event_ids(address: str, topic: str, partitions: set[int]) -> set[str]:
    consumer = Consumer({"bootstrap.servers": address, "group.id": "t", "enable.auto.commit": False})
    found: set[str] = set()
    try:
        for partition in partitions:
            place = TopicPartition(topic, partition, 0)
            _, end = consumer.get_watermark_offsets(place, timeout=20)
            consumer.assign([place])
            offset = 0
            while offset < end:
                record = consumer.poll(20)
                assert record is not None and record.error() is None  # noqa: PT018 - mypy follows one condition
                offset = record.offset() + 1
                found.add(dict(record.headers())["ce_id"].decode())
                json.loads(record.value())
    finally:
        consumer.close()
    return found
