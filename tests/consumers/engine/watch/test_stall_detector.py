"""A wedged shard is told from a quiet one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from consumers.engine.shard import ShardProgress
from consumers.engine.watch.stall_detector import ProgressWatch
from consumers.errors import StateMismatch
from consumers.metrics import ConsumerMetrics
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.topic_metadata import Topic
from schemas import topics

TP = TopicPartition("abhyas.sample.collected.v1", 0)


class FakeBroker:
    """The log as the probe sees it; `stable` is its last stable offset, where another one than the end."""

    def __init__(self, end: int, begin: int = 0, *, stable: int | None = None, **topics_now: Topic) -> None:
        self.end, self.begin, self.stable = end, begin, end if stable is None else stable
        self.now = {TP.topic: ANEW["before"]} | topics_now
        self.added = (0, 0)

    async def starts(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {place: self.begin if place == TP else self.added[0] for place in places}

    async def ends(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {place: self.end if place == TP else self.added[1] for place in places}

    async def stable_ends(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(places, self.stable)

    async def topics(self, names: Any) -> dict[str, Topic]:
        return self.now

    async def holder(self, place: TopicPartition, leader: int) -> str:
        return f"the open transaction of other-writer at broker {leader}"


ANEW = {"before": Topic("id-1", {0: 7}), "after": Topic("id-2", {0: 7}), "grown": Topic("id-1", {0: 7, 1: 7})}


class FakeShard:
    """A shard at a position."""

    def __init__(self, at: int) -> None:
        self.stage = SimpleNamespace(name="stage2", changelog=topics.STAGE2_CHANGELOG, keyed=(topics.SAMPLE_COLLECTED,))
        self.number, self.progress, self.tasks, self.places, self.at = 0, ShardProgress(), dict[int, Any](), (TP,), at

    async def reached(self) -> dict[TopicPartition, int]:
        return {TP: self.at}


class FakeClock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def watch(at: int, clock_s: FakeClock | None = None) -> tuple[ProgressWatch, Any]:
    shard = FakeShard(at)
    made = ProgressWatch(
        KafkaConnection("nowhere:1"), [shard], ConsumerMetrics(), stall_s=60,  # type: ignore[list-item]
        topics={TP.topic: ANEW["before"]}, used={TP.topic: 1}, clock_s=clock_s or FakeClock(),
    )  # fmt: skip
    return made, shard


async def stands_still(made: ProgressWatch, broker: FakeBroker, clock_s: FakeClock) -> str | None:
    await made._probe(broker)
    clock_s.now_s += 61
    await made._probe(broker)
    return made.problem()


async def test_quiet_shard_is_ready() -> None:
    """A shard at the end of its log is ready however long nothing happens."""
    clock_s = FakeClock()
    made, _ = watch(10, clock_s)
    assert await stands_still(made, FakeBroker(10), clock_s) is None
    assert made.lag() == {"stage2": 0}


async def test_wedged_shard_is_not_ready() -> None:
    """Records waiting with no commit for longer than the stall time are a problem that says how many and what to do."""
    clock_s = FakeClock()
    made, _ = watch(4, clock_s)
    problem = await stands_still(made, FakeBroker(10), clock_s)
    assert problem is not None
    assert "6 records wait and nothing was committed for 61 s" in problem
    assert made.lag() == {"stage2": 6}


async def test_handler_that_hangs_is_not_ready() -> None:
    """A batch in hand that is never committed is a problem although its records are behind the consumer's position."""
    clock_s = FakeClock()
    made, shard = watch(10, clock_s)
    shard.progress.in_hand = True
    assert await stands_still(made, FakeBroker(10), clock_s) is not None


async def test_backlog_that_shrinks_is_ready() -> None:
    """A shard with a backlog that commits is getting on."""
    clock_s = FakeClock()
    made, shard = watch(4, clock_s)
    await made._probe(FakeBroker(10))
    clock_s.now_s += 61
    shard.progress.commits += 1
    await made._probe(FakeBroker(10))
    assert made.problem() is None


async def test_log_that_begins_after_the_position_is_fatal() -> None:
    """Records gone before they were read stop the process, with the offsets and a way out."""
    made, _ = watch(at=4)
    with pytest.raises(StateMismatch, match="4 to 6 left the log"):
        await made._probe(FakeBroker(10, begin=7))


async def test_k1_a_log_that_begins_at_the_position_has_lost_nothing() -> None:
    """Retention up to the position, markers included, is how a quiet log looks."""
    clock_s = FakeClock()
    made, _ = watch(7, clock_s)
    assert await stands_still(made, FakeBroker(7, begin=7), clock_s) is None


async def test_k1_another_producers_open_transaction_is_told() -> None:
    """Lag is against the high watermark; once the transaction is open for the stall time it is said whose it is, and where."""
    clock_s = FakeClock()
    made, shard = watch(4, clock_s)
    broker = FakeBroker(17, stable=4)
    await made._probe(broker)
    assert made.lag() == {"stage2": 13}
    assert made.problem() is None
    shard.progress.commits += 1
    clock_s.now_s += 61
    shard.progress.commits += 1
    await made._probe(broker)
    problem = made.problem()
    assert problem is not None
    assert "abhyas.sample.collected.v1 partition 0: 13 records wait" in problem
    assert "the open transaction of other-writer at broker 7" in problem
    assert b"abhyas_consumer_open_transaction_seconds 61.0" in made._metrics.render()
    shard.at = 17
    await made._probe(FakeBroker(17))
    assert made.problem() is None


async def test_k1_records_before_an_open_transaction_are_no_reason() -> None:
    """While the shard has not read up to the open transaction, its own backlog is what waits."""
    made, _ = watch(at=2)
    await made._probe(FakeBroker(17, stable=4))
    assert made._open.problems() == []
    assert made._open.oldest_s() == 0


async def test_k1_a_topic_made_anew_is_told_and_the_shard_held() -> None:
    """Another id under the same name: not ready, the topic named with the way on, nothing more taken; its records all wait."""
    made, shard = watch(at=200)
    broker = FakeBroker(50, **{TP.topic: ANEW["after"]})
    await made._probe(broker)
    problem = made.problem()
    assert problem is not None
    assert problem.startswith("abhyas.sample.collected.v1 was made anew")
    assert "SKIP_LOST_RECORDS" in problem
    assert shard.progress.held == problem
    assert made.lag() == {"stage2": 50}
    assert b'abhyas_consumer_changed_topics{kind="made_anew"} 1.0' in made._metrics.render()


async def test_k1_a_log_that_ends_before_the_position_is_told_without_ids() -> None:
    """Seen twice, an end before the position holds the shard: the first time it may be an end of a moment ago."""
    made, shard = watch(at=200)
    await made._probe(FakeBroker(50))
    assert (made.problem(), shard.progress.held) == (None, None)
    await made._probe(FakeBroker(50))
    assert shard.progress.held is not None
    assert made.problem() == shard.progress.held


async def test_k1_a_topic_that_is_gone_is_told() -> None:
    """A topic that does not exist any more is named, and nothing is asked of it."""
    made, _ = watch(at=200)
    broker = FakeBroker(0)
    broker.now = {}
    await made._probe(broker)
    assert (made.problem() or "").startswith("abhyas.sample.collected.v1 does not exist any more")


async def test_k1_records_in_added_partitions_are_told() -> None:
    """Partitions that somebody added are no matter while they are empty; records in them are counted as lag, with the way on."""
    made, _ = watch(at=10)
    broker = FakeBroker(10, **{TP.topic: ANEW["grown"]})
    await made._probe(broker)
    assert made.problem() is None
    broker.added = (3, 9)
    await made._probe(broker)
    problem = made.problem() or ""
    assert "has 2 partitions and the first 1 are read: 6 records lie in the others" in problem
    assert "abhyas topics drain abhyas.sample.collected.v1" in problem
    assert made.lag() == {"stage2": 6}
