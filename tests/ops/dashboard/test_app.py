"""The live page over HTTP, on the embedded broker and a fake of the consumers."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI

from ops.dashboard.app import create_app
from ops.dashboard.feed import Feed
from ops.stack.brokers.embedded import EmbeddedBroker, partition_counts
from ops.stack.services import Ports
from producers.publisher import Publisher
from runtime.kafka.connection import KafkaConnection
from schemas import topics
from schemas.dead_letter import MALFORMED, DeadLetter, Redriven
from schemas.events.model_current import ModelCurrent
from schemas.events.promotion_decided import PromotionDecided

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
SHA = "cd" * 32
STATIC = Path(__file__).parents[3] / "ops" / "dashboard"


@pytest.fixture
def connection(embedded_broker: EmbeddedBroker) -> KafkaConnection:
    prefix = f"t{uuid4().hex[:8]}"
    embedded_broker.create_topics(partition_counts(topics.specs(prefix)))
    return KafkaConnection(embedded_broker.bootstrap_servers, topic_prefix=prefix, embedded=True)


@asynccontextmanager
async def served(app: FastAPI, port: int) -> AsyncIterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, timeout_graceful_shutdown=1))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


def consumers_fake(asked: list[float] | None = None) -> FastAPI:
    app = FastAPI()

    @app.get("/state")
    async def state() -> dict[str, Any]:
        if asked is not None:
            asked.append(asyncio.get_running_loop().time())
        return {
            "stage1": {"processed": 1, "duplicates_ignored": 4},
            "models": {"m": {"pending_negatives": 42, "threshold": 100, "drift": []}},
        }

    return app


async def until(client: httpx.AsyncClient, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while True:
            shown: dict[str, Any] = (await client.get("/snapshot")).json()
            if holds(shown):
                return shown
            await asyncio.sleep(0.1)


async def publish(connection: KafkaConnection) -> None:
    serving = ModelCurrent(
        model="m", version="v1", artifact_uri="x", artifact_sha256=SHA, cause="promotion", decision_id="d", base_model="b",
        holdout_key_id="00000000", holdout_percent=10, since=NOW,
    )  # fmt: skip
    decided = PromotionDecided(
        decision_id="d", model="m", version="v1", verdict="promote", applied=True, reasons=("better",), actor="runner", decided_at=NOW
    )
    async with Publisher(connection, "/test") as publisher:
        await publisher.send(serving, NOW)
        await publisher.send(decided, NOW)
    letter = DeadLetter(connection.topic(topics.FEEDBACK_SUBMITTED), 0, 3, MALFORMED, "not JSON", "stage1", None, b"\xff", ())
    producer = AIOKafkaProducer(**connection.producer_options())
    await producer.start()
    await producer.send_and_wait(connection.dead_letters(topics.FEEDBACK_SUBMITTED), b"\xff", headers=list(letter.to_record().headers))
    await producer.send_and_wait(connection.dead_letters(topics.FEEDBACK_SUBMITTED), b"", headers=Redriven(0, 0).wire_headers())
    await producer.send_and_wait(connection.topic(topics.MODEL_CURRENT), b"not an event")
    await producer.stop()


async def first_event(client: httpx.AsyncClient) -> dict[str, Any]:
    async with client.stream("GET", "/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                return json.loads(line.removeprefix("data: "))  # type: ignore[no-any-return]
    raise AssertionError("the stream ended without a snapshot")


async def test_the_page_shows_topics_and_state_and_says_what_is_away(connection: KafkaConnection) -> None:
    """Events, dead letters and the consumers' state reach the stream; without the consumers their numbers are unknown, not old."""
    ports = Ports.free()
    feed = Feed(connection, f"http://127.0.0.1:{ports.consumers}")
    await publish(connection)
    async with served(create_app(feed), ports.dashboard) as url, httpx.AsyncClient(base_url=url, timeout=10) as client:
        async with served(consumers_fake(), ports.consumers):
            await until(client, lambda now: now["sources"]["consumers"]["ok"] and now["unreadable"] == 1)
            shown = await first_event(client)
            assert shown["models"]["m"]["serving"]["sha256"] == SHA
            assert shown["models"]["m"]["live"]["pending_negatives"] == 42
            assert shown["models"]["m"]["happened"][0]["title"] == "promote v1"
            # The marker of a letter that was sent again is neither a letter nor unreadable: that one is another record.
            assert shown["dead_letters"] == [{"topic": topics.FEEDBACK_SUBMITTED, "reason": MALFORMED, "count": 1}]
            assert shown["unreadable"] == 1
            assert (await client.get("/health")).json()["status"] == "healthy"
        shown = await until(client, lambda now: not now["sources"]["consumers"]["ok"])
        assert shown["models"]["m"]["live"] is None
        assert shown["models"]["m"]["serving"]["version"] == "v1"
        assert (await client.get("/health")).json()["status"] == "degraded"
        metrics = (await client.get("/metrics")).text
        assert 'abhyas_dashboard_source_up{source="consumers"} 0.0' in metrics
        assert 'abhyas_dashboard_source_up{source="kafka"} 1.0' in metrics


async def test_the_consumers_are_asked_less_while_nobody_looks(connection: KafkaConnection) -> None:
    """Without a reader of the page the time of ten questions holds one at most; a reader is shown what is new, at once and on."""
    ports = Ports.free()
    asked: list[float] = []
    feed = Feed(connection, f"http://127.0.0.1:{ports.consumers}", sample_every_s=0.02)
    page, state = served(create_app(feed), ports.dashboard), served(consumers_fake(asked), ports.consumers)
    async with state, page as url, httpx.AsyncClient(base_url=url, timeout=10) as client:
        async with asyncio.timeout(20):
            while not (feed.view.kafka.ok and feed.view.consumers.ok):  # until then they are asked on
                await feed.next_version(feed.version)
        before = len(asked)
        await asyncio.sleep(0.2)
        assert len(asked) - before <= 1
        looked, before = asyncio.get_running_loop().time(), len(asked)
        await until(client, lambda _now: len(asked) >= before + 4)
        # Four of them, and not five seconds apart.
        assert asked[before + 3] - looked < 10


async def test_it_starts_without_kafka() -> None:
    """Without a broker the page is there and says so, in the one error-free answer."""
    ports = Ports.free()
    feed = Feed(KafkaConnection(f"127.0.0.1:{ports.runner}"), f"http://127.0.0.1:{ports.consumers}")
    async with served(create_app(feed), ports.dashboard) as url, httpx.AsyncClient(base_url=url, timeout=10) as client:
        shown = await until(client, lambda now: now["sources"]["kafka"]["since"] is not None)
        assert not shown["sources"]["kafka"]["ok"]
        assert "does not answer" in shown["sources"]["kafka"]["message"]
        assert shown["inputs"]["feedback"]["per_s"] is None
        assert (await client.get("/health")).status_code == 200
        page = await client.get("/")
        assert page.status_code == 200
        assert "default-src 'none'" in page.headers["content-security-policy"]


def test_the_page_loads_nothing_from_elsewhere() -> None:
    """Offline by construction: no address but its own in page, style or script, and no inline script or style."""
    for name in ("page.html", "page.css", "page.js"):
        text = (STATIC / name).read_text(encoding="utf-8")
        addresses = set(re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}[^\s\"')]*", text))
        assert addresses <= {"http://www.w3.org/2000/svg"}, name
    html = (STATIC / "page.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=", html)
    javascript = (STATIC / "page.js").read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|eval\(|\"style\"", javascript)
