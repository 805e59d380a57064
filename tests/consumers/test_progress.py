"""A wedged shard is told from a quiet one."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from consumers.errors import StateMismatch
from consumers.metrics import ConsumerMetrics
from consumers.progress import ProgressWatch
from consumers.shard import ShardProgress
from producers.connection import KafkaConnection

TP = TopicPartition("abhyas.sample.collected.v1", 0)


class FakeBroker:
    """The log as the probe sees it."""

    def __init__(self, end: int, begin: int = 0) -> None:
        self.end, self.begin = end, begin

    async def end_offsets(self, tps: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(tps, self.end)

    async def beginning_offsets(self, tps: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(tps, self.begin)


class FakeConsumer:
    """The shard's own consumer at a position."""

    def __init__(self, at: int) -> None:
        self.at = at

    def assignment(self) -> set[TopicPartition]:
        return {TP}

    async def position(self, tp: TopicPartition) -> int:
        return self.at


def watch(at: int, *, stall_s: float = 0.05) -> tuple[ProgressWatch, Any]:
    shard = SimpleNamespace(stage=SimpleNamespace(name="stage2"), number=0, progress=ShardProgress(), tasks={}, consumer=FakeConsumer(at))
    return ProgressWatch(KafkaConnection("nowhere:1"), [shard], ConsumerMetrics(), stall_s=stall_s), shard  # type: ignore[list-item]


async def stands_still(made: ProgressWatch, broker: FakeBroker) -> str | None:
    await made._probe(broker)  # type: ignore[arg-type]
    await asyncio.sleep(0.1)
    await made._probe(broker)  # type: ignore[arg-type]
    return made.problem()


async def test_quiet_shard_is_ready() -> None:
    """A shard at the end of its log is ready however long nothing happens."""
    made, _ = watch(at=10)
    assert await stands_still(made, FakeBroker(10)) is None
    assert made.lag() == {"stage2": 0}


async def test_wedged_shard_is_not_ready() -> None:
    """Records waiting with no commit for longer than the stall time are a problem that says how many and what to do."""
    made, _ = watch(at=4)
    problem = await stands_still(made, FakeBroker(10))
    assert problem is not None
    assert "6 records wait" in problem
    assert made.lag() == {"stage2": 6}


async def test_handler_that_hangs_is_not_ready() -> None:
    """A batch in hand that is never committed is a problem although its records are behind the consumer's position."""
    made, shard = watch(at=10)
    shard.progress.in_hand = True
    assert await stands_still(made, FakeBroker(10)) is not None


async def test_backlog_that_shrinks_is_ready() -> None:
    """A shard with a backlog that commits is getting on."""
    made, shard = watch(at=4)
    await made._probe(FakeBroker(10))  # type: ignore[arg-type]
    await asyncio.sleep(0.1)
    shard.progress.commits += 1
    await made._probe(FakeBroker(10))  # type: ignore[arg-type]
    assert made.problem() is None


async def test_log_that_begins_after_the_position_is_fatal() -> None:
    """Records gone before they were read stop the process, with the offsets and a way out."""
    made, _ = watch(at=4)
    with pytest.raises(StateMismatch, match="4 to 6 left the log"):
        await made._probe(FakeBroker(10, begin=7))  # type: ignore[arg-type]
