"""The loop without time: what a killed, a stopped and a continued process does, and that nothing waits for a clock."""

from __future__ import annotations

import asyncio

import pytest

from bench.simulation.virtual_loop import Process, SeedStuck, VirtualLoop


async def count(seen: list[float], loop: VirtualLoop) -> None:
    try:
        while True:
            await asyncio.sleep(10)
            seen.append(loop.now)
    finally:
        seen.append(-1.0)


def test_hours_pass_at_once() -> None:
    """Sleeping takes virtual time alone, and the clock is exactly where the sleep ends."""
    loop = VirtualLoop()

    async def main() -> None:
        await asyncio.sleep(3600)

    loop.run(main())
    assert loop.now == 3600


def test_killed_process_runs_nothing_more() -> None:
    """After a kill not even a `finally` of the process runs."""
    loop, process, seen = VirtualLoop(), Process("p"), list[float]()

    async def main() -> None:
        loop.start(process, count(seen, loop), "count")
        await asyncio.sleep(25)
        loop.kill(process)
        await asyncio.sleep(100)

    loop.run(main())
    assert seen == [10, 20]


def test_stopped_process_goes_on_where_it_was() -> None:
    """What became due during a stop happens when the process is continued, and not before."""
    loop, process, seen = VirtualLoop(), Process("p"), list[float]()

    async def main() -> None:
        loop.start(process, count(seen, loop), "count")
        await asyncio.sleep(15)
        loop.stop_process(process)
        await asyncio.sleep(30)
        assert seen == [10]
        loop.continue_process(process)
        await asyncio.sleep(5)
        loop.kill(process)

    loop.run(main())
    assert seen == [10, 45]


def test_blocking_work_belongs_to_its_process() -> None:
    """Work given to a thread happens at one moment, and not at all for a process that was killed before."""
    loop, process, done = VirtualLoop(), Process("p"), list[str]()

    async def work(name: str, after_s: float) -> None:
        await asyncio.sleep(after_s)
        await asyncio.to_thread(done.append, name)

    async def main() -> None:
        loop.start(process, work("early", 1), "early")
        loop.start(process, work("late", 10), "late")
        await asyncio.sleep(10)
        loop.kill(process)
        await asyncio.sleep(10)

    loop.run(main())
    assert done == ["early"]


def test_nothing_left_to_happen_is_an_error() -> None:
    """A seed that waits for what never comes says so instead of hanging."""
    loop = VirtualLoop()

    async def main() -> None:
        await loop.create_future()

    with pytest.raises(SeedStuck, match="nothing is left to happen"):
        loop.run(main())
