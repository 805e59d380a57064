"""Exactly once on Apache Kafka: kill -9 at any point, and a second owner of the same shard."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from schemas import topics

Start = Callable[..., Any]

pytestmark = pytest.mark.kafka

EVENTS = 400
KILLS = 4


async def test_kill_9_loses_and_doubles_nothing(build: Any, kafka_topics: Any, start_consumers: Start) -> None:
    """Killed at random moments while events arrive, the consumers make each sample once and one command of exactly its batch."""
    source = random.Random(20261123)
    consumers = start_consumers(kafka_topics.connection)
    await kafka_topics.send(build.serving())
    await consumers.ticked()

    async def publish() -> None:
        for start in range(0, EVENTS, 20):
            batch = [
                build.feedback(f"f{number}", user_hash=f"{number % 40:032x}", correction="आगरा में") for number in range(start, start + 20)
            ]
            await kafka_topics.send(*batch, *source.sample(batch, 4))
            await asyncio.sleep(0.15)

    publishing = asyncio.create_task(publish())
    for _ in range(KILLS):
        await asyncio.sleep(source.uniform(0.05, 1.0))
        consumers.kill()
        consumers.start()
        # Some kills come during the restore, some in the middle of the work.
        await consumers.until(lambda: consumers.get("/health")[0] == 200)
    await publishing
    expected = EVENTS + EVENTS // 5
    await consumers.until(lambda: consumers.state().get("stage1", {}).get("processed") == expected)
    await consumers.until(lambda: consumers.model().get("pending_negatives") == EVENTS - 10)

    samples = await kafka_topics.events(topics.SAMPLE_COLLECTED)
    assert len(samples) == EVENTS
    assert len({sample["sample_id"] for sample in samples}) == EVENTS
    (command,) = await kafka_topics.events(topics.RETRAIN_REQUESTED)
    assert len(command["batch"]["samples"]) == 10
    assert consumers.state()["stage1"]["duplicates_ignored"] == EVENTS // 5
    counted = await kafka_topics.events(topics.SIGNAL_SUMMARISED)
    newest: dict[int, tuple[int, int]] = {}
    for summary in counted:
        place, told = summary["partition"], (summary["sequence"], summary["counts"]["negatives"])
        newest[place] = max(newest.get(place, told), told)
    assert sum(negatives for _, negatives in newest.values()) == EVENTS
    journal = await kafka_topics.events(topics.TRIGGER_JOURNAL)
    expected_sequence = 0
    for record in journal:
        assert record["first_sequence"] == expected_sequence
        expected_sequence += len(record["entries"])
    assert consumers.stop()[0] == 0


async def test_former_owner_is_fenced(build: Any, kafka_topics: Any, start_consumers: Start) -> None:
    """A second process with the same shards takes them over: the first one stops with exit code 1 at its next commit."""
    first = start_consumers(kafka_topics.connection, "stage1")
    await first.ready()
    second = start_consumers(kafka_topics.connection, "stage1")
    await second.ready()
    await kafka_topics.send(*(build.feedback(f"f{number}") for number in range(30)))
    assert await asyncio.to_thread(first.process.wait, 60) == 1
    assert "taken over" in first.log.read_text()
    await second.until(lambda: second.state().get("stage1", {}).get("processed") == 30)
    samples = await kafka_topics.events(topics.SAMPLE_COLLECTED)
    assert len({sample["sample_id"] for sample in samples}) == len(samples) == 30
