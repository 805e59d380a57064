"""Beside the requests: connecting again, and following stage 1."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from producers.errors import KafkaAway
from producers.gateway.background import follow_stage1, keep_connected
from producers.in_flight import Backlog
from runtime.kafka.connection import KafkaConnection


class Held:
    """A publisher's held bytes."""

    def __init__(self) -> None:
        self.connection = KafkaConnection("nowhere:1", topic_prefix="p")
        self.backlog = Backlog(100, hold=True)
        self.backlog.sent(("p.feedback.submitted.v1", 2), 10)
        self.backlog.acknowledged(("p.feedback.submitted.v1", 2), 7, 10)

    def processed(self, topic: str, partition: int, next_offset: int) -> None:
        self.backlog.processed((topic, partition), next_offset)

    async def until_in_flight(self) -> None:
        while not self.backlog.largest():  # noqa: ASYNC110 - a fake
            await asyncio.sleep(0.01)

    def release(self) -> None:
        self.backlog.release()


@asynccontextmanager
async def state_server(answers: list[bytes], asked: list[bytes] | None = None) -> AsyncIterator[str]:
    """Answers GET with each body in turn, the last one for ever."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if asked is not None:
            asked.append(request)
        body = answers.pop(0) if len(answers) > 1 else answers[0]
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def until(condition) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what it waits for knows nothing of events
            await asyncio.sleep(0.01)


async def test_the_bytes_of_a_turn_are_held_until_stage_1_has_passed_it() -> None:
    """Each topic that stage 1 tells a position of is followed, and one that it tells none of stays in flight."""
    held = Held()
    turns = ("p.turn.completed.v1", 2)
    held.backlog.sent(turns, 20)
    held.backlog.acknowledged(turns, 5, 20)
    told = {"feedback.submitted.v1": {"2": 8}}
    answers = [json.dumps({"stage1": {"positions": positions}}).encode() for positions in (told, told | {"turn.completed.v1": {"2": 6}})]
    async with state_server(answers) as url:
        task = asyncio.create_task(follow_stage1(held, url))  # type: ignore[arg-type]
        await until(lambda: held.backlog.largest() <= 20)
        assert held.backlog.bytes_in_flight(turns) == 20
        await until(lambda: not held.backlog.largest())
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_what_stage_1_has_passed_is_no_longer_in_flight() -> None:
    """Positions by topic and partition free the bytes below them, after answers that were no JSON."""
    held = Held()
    state = {"stage1": {"positions": {"feedback.submitted.v1": {"2": 8}}}}
    async with state_server([b"not yet", b'{"stage1": {"positions": {}}}', json.dumps(state).encode()]) as url:
        task = asyncio.create_task(follow_stage1(held, url))
        await until(lambda: held.backlog.largest() == 0)
        assert held.backlog.hold
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_nobody_is_asked_while_nothing_is_in_flight() -> None:
    """At rest stage 1 is left alone; what comes then is followed as before."""
    held = Held()
    asked: list[bytes] = []
    state = json.dumps({"stage1": {"positions": {"feedback.submitted.v1": {"2": 8}}}}).encode()
    async with state_server([state], asked) as url:
        task = asyncio.create_task(follow_stage1(held, url))
        await until(lambda: held.backlog.largest() == 0)
        await asyncio.sleep(0.2)
        before = len(asked)
        await asyncio.sleep(0.2)
        assert len(asked) == before
        held.backlog.sent(("p.feedback.submitted.v1", 2), 10)
        await until(lambda: len(asked) > before)
        task.cancel()


async def test_while_stage_1_does_not_answer_everything_is_in_flight() -> None:
    """Nobody listening frees nothing: the budget closes the door before events are lost."""
    held = Held()
    task = asyncio.create_task(follow_stage1(held, "http://127.0.0.1:9"))
    await asyncio.sleep(0.2)
    assert not task.done()
    assert held.backlog.largest() == 10
    task.cancel()


async def test_a_stage_1_without_positions_is_not_waited_for() -> None:
    """Only unacknowledged bytes are bounded then."""
    held = Held()
    async with state_server([b'{"stage1": {"processed": 1}}']) as url:
        await asyncio.wait_for(follow_stage1(held, url), 5)
    assert (held.backlog.hold, held.backlog.largest()) == (False, 0)


class Reluctant:
    """Connects at the second try."""

    def __init__(self) -> None:
        self.connection = KafkaConnection("nowhere:1")
        self.tries = 0
        self.started = False

    async def start(self) -> None:
        self.tries += 1
        if self.tries < 2:
            raise KafkaAway("not yet")
        self.started = True


async def test_connecting_is_tried_again() -> None:
    """A broker that comes later is found, and a connected publisher is left alone."""
    publisher = Reluctant()
    task = asyncio.create_task(keep_connected(publisher, every_s=0.01))
    await until(lambda: publisher.started)
    await asyncio.sleep(0.05)
    assert publisher.tries == 2
    task.cancel()
