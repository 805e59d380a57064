"""The simulated log against what Kafka does: markers, read_committed, fencing, compaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

import pytest
from aiokafka.errors import IllegalOperation, InvalidTxnState, ProducerFenced

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
        assert log.committed("t") == [(0, 0, log.partition("t", 0).records[2])]

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


def test_a_late_end_commits_what_is_open_in_its_epoch() -> None:
    """The copy of a commit that was held back ends the next transaction: a partition that was in it refuses what comes then."""

    async def work(log: SimulatedLog) -> None:
        epoch = await log.init_producer("p")
        log.begin("p", epoch)
        log.add("p", epoch, "t", 0, [(None, b"first", ())])
        log.hold_back("p", epoch)
        log.end("p", epoch, commit=True)
        await asyncio.sleep(1)
        log.begin("p", epoch)
        log.add("p", epoch, "t", 0, [(None, b"half", ())])
        await asyncio.sleep(1)
        assert values(log) == [b"first", b"half"]
        with pytest.raises(InvalidTxnState):
            log.add("p", epoch, "t", 0, [(None, b"other half", ())])
        log.add("p", epoch, "t", 1, [(None, b"elsewhere", ())])
        assert values(log, 1) == []

    on_a_log(work)


def test_a_late_end_is_refused_in_the_next_epoch() -> None:
    """Whoever goes on in a new epoch keeps its transaction open, whatever comes of the epoch before; a fenced owner gets none."""

    async def work(log: SimulatedLog) -> None:
        epoch = await log.init_producer("p")
        log.begin("p", epoch)
        log.add("p", epoch, "t", 0, [(None, b"first", ())])
        log.hold_back("p", epoch)
        log.end("p", epoch, commit=True)
        newer = await log.next_epoch("p", epoch)
        log.begin("p", newer)
        log.add("p", newer, "t", 0, [(None, b"second", ())])
        await asyncio.sleep(1)
        assert values(log) == [b"first"]
        with pytest.raises(ProducerFenced):
            await log.next_epoch("p", epoch)

    on_a_log(work)


def test_a_topic_made_anew_begins_at_nothing_under_another_id() -> None:
    """Its offsets begin again, what was open there is gone, and the checks still find what was committed before."""

    async def work(log: SimulatedLog) -> None:
        log.append("t", 0, None, b"old", ())
        epoch = await log.init_producer("p")
        log.begin("p", epoch)
        log.add("p", epoch, "t", 1, [(None, b"open", ())])
        before = log.described("t")
        log.make_anew("t")
        log.end("p", epoch, commit=True)
        await asyncio.sleep(1)
        assert log.described("t").id != before.id
        assert (values(log), values(log, 1), log.partition("t", 1).end) == ([], [], 0)
        assert log.append("t", 0, None, b"new", ()) == 0
        assert [(number, made, record.value) for number, made, record in log.committed("t") if number == 0] == [
            (0, 0, b"old"), (0, 1, b"new"),
        ]  # fmt: skip

    on_a_log(work)


def test_what_is_unread_lies_behind_markers() -> None:
    """From a position in front of markers and aborted records the first unread offset is that behind them; deletion may go up to it."""

    async def work(log: SimulatedLog) -> None:
        epoch = await log.init_producer("p")
        for commit in (True, False):
            log.begin("p", epoch)
            log.add("p", epoch, "t", 0, [(None, b"r", ())])
            log.end("p", epoch, commit=commit)
            await asyncio.sleep(1)
        assert log.unread("t", 0, 0) == 0
        assert log.unread("t", 0, 1) == 4
        log.delete_records("t", 0, 4)
        assert (log.partition("t", 0).start, values(log), log.unread("t", 0, 1)) == (4, [], 4)
        log.add_partitions("t", 1)
        assert log.described("t").partitions == 3

    on_a_log(work)
