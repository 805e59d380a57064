"""The simulated log against what Kafka does: markers, read_committed, fencing, compaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

import pytest
from aiokafka.errors import IllegalOperation, ProducerFenced

from bench.simulation.simulated_log import SimulatedLog
from bench.simulation.virtual_loop import VirtualLoop


def on_a_log(work: Callable[[SimulatedLog], Coroutine[Any, Any, None]]) -> None:
    loop = VirtualLoop()
    log = SimulatedLog(loop, Random(0), {"t": 2}, lambda: 0, lambda line: None)
    loop.run(work(log))


def values(log: SimulatedLog, partition: int = 0) -> list[bytes | None]:
    return [record.value for record in log.visible("t", partition, 0, 100)[0]]


def test_markers_take_offsets_and_what_is_open_hides_what_follows() -> None:
    """A partition is readable up to its first open transaction; a commit shows its records, and its marker has an offset."""

    async def work(log: SimulatedLog) -> None:
        epoch = await log.init_producer("p")
        log.append("t", 0, None, b"before", ())
        log.begin("p", epoch)
        log.add("p", epoch, "t", 0, [(None, b"inside", ())])
        log.append("t", 0, None, b"after", ())
        assert values(log) == [b"before"]
        assert log.partition("t", 0).stable_end() == 1
        log.end("p", epoch, commit=True)
        assert values(log) == [b"before"], "its marker has not arrived"
        await asyncio.sleep(1)
        assert values(log) == [b"before", b"inside", b"after"]
        assert log.partition("t", 0).end == 4
        assert log.visible("t", 0, 3, 10) == ([], 4)

    on_a_log(work)


def test_aborted_records_are_never_seen() -> None:
    """The records of an aborted transaction keep their offsets and are passed over."""

    async def work(log: SimulatedLog) -> None:
        epoch = await log.init_producer("p")
        log.begin("p", epoch)
        log.add("p", epoch, "t", 0, [(None, b"gone", ())])
        log.end("p", epoch, commit=False)
        await asyncio.sleep(1)
        log.append("t", 0, None, b"next", ())
        assert [(record.offset, record.value) for record in log.visible("t", 0, 0, 10)[0]] == [(2, b"next")]
        assert log.committed("t") == [(0, log.partition("t", 0).records[2])]

    on_a_log(work)


def test_the_next_owner_fences_and_aborts() -> None:
    """Whoever asks for a transactional id aborts its open transaction; the former owner can write nothing more."""

    async def work(log: SimulatedLog) -> None:
        stale = await log.init_producer("p")
        log.begin("p", stale)
        log.add("p", stale, "t", 0, [(None, b"stale", ())])
        await log.init_producer("p")
        for refused in (
            lambda: log.add("p", stale, "t", 0, [(None, b"more", ())]),
            lambda: log.end("p", stale, commit=True),
            lambda: log.begin("p", stale),
        ):
            with pytest.raises(ProducerFenced):
                refused()
        assert values(log) == []

    on_a_log(work)


def test_a_producer_with_an_open_transaction_begins_no_other() -> None:
    """After an abort that failed, the client has to be given up."""

    async def work(log: SimulatedLog) -> None:
        epoch = await log.init_producer("p")
        log.begin("p", epoch)
        with pytest.raises(IllegalOperation):
            log.begin("p", epoch)

    on_a_log(work)


def test_an_open_transaction_times_out() -> None:
    """The coordinator aborts what stays open too long and fences its producer, so that readers go on."""

    async def work(log: SimulatedLog) -> None:
        epoch = await log.init_producer("p")
        log.begin("p", epoch)
        log.add("p", epoch, "t", 1, [(None, b"open", ())])
        await asyncio.sleep(61)
        log.expire(60)
        await asyncio.sleep(1)
        assert log.partition("t", 1).open == {}
        with pytest.raises(ProducerFenced):
            log.end("p", epoch, commit=True)

    on_a_log(work)


def test_compaction_keeps_the_last_of_each_key() -> None:
    """Whatever the cleaner takes, reading to the end gives the same last value of each key; history keeps everything."""

    async def work(log: SimulatedLog) -> None:
        for number in range(40):
            log.append("t", 0, b"%d" % (number % 3), b"%d" % number, ())
        before = {record.key: record.value for record in log.visible("t", 0, 0, 100)[0]}
        rng = Random(1)
        for _ in range(10):
            log.compact("t", 0, rng)
        records = log.visible("t", 0, 0, 100)[0]
        assert {record.key: record.value for record in records} == before
        assert len(records) < 40
        assert len(log.partition("t", 0).history) == 40

    on_a_log(work)
