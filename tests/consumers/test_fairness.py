"""A hot key does not stop others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from runtime.kafka.transaction import partition_of
from schemas import topics

Start = Callable[..., Any]

pytestmark = pytest.mark.kafka

HOT_EVENTS = 12_000


async def test_other_users_do_not_wait_for_a_hot_one(build: Any, kafka_topics: Any, start_consumers: Start) -> None:
    """Behind a backlog of one user, every other partition's event is taken in the first half, in one shard that reads them all."""
    hot = f"{1:032x}"
    hot_partition = partition_of(hot.encode(), topics.INPUT_PARTITIONS)
    others = {partition_of(f"{number:032x}".encode(), topics.INPUT_PARTITIONS): f"{number:032x}" for number in range(2, 200)}
    del others[hot_partition]
    assert len(others) == topics.INPUT_PARTITIONS - 1
    for start in range(0, HOT_EVENTS, 2000):
        await kafka_topics.send(*(build.feedback(f"h{number}", user_hash=hot) for number in range(start, start + 2000)))
    await kafka_topics.send(*(build.feedback(f"o{user}", user_hash=user) for user in others.values()))
    consumers = start_consumers(kafka_topics.connection, "stage1", STAGE1_SHARDS="1", BATCH_MAX_RECORDS="500")
    await consumers.until(lambda: consumers.state().get("stage1", {}).get("processed") == HOT_EVENTS + len(others))
    # All are of one model, so they lie in one partition, in the order in which stage 1 took them.
    order = [sample["user_hash"] for sample in await kafka_topics.events(topics.SAMPLE_COLLECTED)]
    assert len(order) == HOT_EVENTS + len(others)
    assert max(order.index(user) for user in others.values()) < HOT_EVENTS / 2
