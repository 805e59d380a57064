"""The ticker."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from consumers.metrics import ConsumerMetrics
from consumers.ticker import Ticker
from schemas import topics


async def ticks(embedded_topics: Any) -> list[datetime]:
    return [datetime.fromisoformat(event["now"]) for event in await embedded_topics.events(topics.CLOCK_TICKED)]


async def test_time_never_goes_back(build: Any, embedded_topics: Any) -> None:
    """A clock that went back makes ticks a millisecond after the last one, across a restart too; foreign records do no harm."""
    times = iter([build.start, build.start - timedelta(hours=1)])
    first = Ticker(embedded_topics.connection, ConsumerMetrics(), interval_s=10, now=lambda: next(times))
    producer = await embedded_topics.producer()
    await first.tick(producer)
    await first.tick(producer)
    await embedded_topics.send_raw(topics.CLOCK_TICKED, b"{")
    second = Ticker(embedded_topics.connection, ConsumerMetrics(), interval_s=10)
    second.last = await second._newest()
    assert second.last == build.start + timedelta(milliseconds=1)


async def test_ticks_as_a_process(embedded_topics: Any, start_consumers: Any) -> None:
    """The ticker alone writes ticks at its interval, in rising order, and stops cleanly."""
    consumers = start_consumers(embedded_topics.connection, "ticker", TICK_INTERVAL_S="0.1")
    await consumers.until(lambda: "abhyas_ticker_last_tick_timestamp_seconds 1" in str(consumers.get("/metrics")[1]))
    await consumers.ready()
    assert consumers.get("/state")[1]["models"] == {}
    code, seconds = consumers.stop()
    assert (code, seconds < 20) == (0, True)
    found = await ticks(embedded_topics)
    assert found
    assert found == sorted(set(found))


async def test_empty_topic_has_no_newest_tick(embedded_topics: Any) -> None:
    """A new installation starts at the clock."""
    assert await Ticker(embedded_topics.connection, ConsumerMetrics(), interval_s=10)._newest() is None


def test_silence_is_a_problem(embedded_broker: Any) -> None:
    """A ticker that has written nothing for several intervals says so."""
    clock = {"s": 100.0}
    ticker = Ticker(embedded_broker, ConsumerMetrics(), interval_s=0.001, clock_s=lambda: clock["s"])
    assert ticker.problem() is None
    clock["s"] += 30
    assert ticker.problem() is None
    clock["s"] += 1
    assert "no tick was written for 31 s" in str(ticker.problem())
