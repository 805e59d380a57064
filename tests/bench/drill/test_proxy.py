"""The proxy between clients and broker."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.drill.frames import ADD_PARTITIONS, END_TRANSACTION, OF_TRANSACTIONS, Frame, Frames
from bench.drill.proxy import HOST, Proxy


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(100):
        writer.write(data)
    writer.close()


async def said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, word: bytes) -> bytes:
    writer.write(word)
    return await reader.readexactly(len(word))


def request(api_key: int, transactional_id: str, size: int = 0) -> bytes:
    """A request as aiokafka sends it: its length, what it is, who asks, whose transaction, and the rest."""
    named = b"".join(len(text).to_bytes(2, "big") + text.encode() for text in ("client", transactional_id))
    body = api_key.to_bytes(2, "big") + bytes(2) + bytes(4) + named + b"x" * size
    return len(body).to_bytes(4, "big") + body


async def test_forwards_until_it_resets() -> None:
    """What a client says comes back through it; a reset ends the connection, and a new one works."""
    server = await asyncio.start_server(echo, HOST, 0)
    proxy = Proxy(server.sockets[0].getsockname()[1])
    await proxy.start()
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    assert await said(reader, writer, request(3, "one")) == request(3, "one")
    assert proxy.reset() == 1
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await said(reader, writer, request(3, "two"))
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    assert await said(reader, writer, request(3, "three")) == request(3, "three")
    await proxy.stop()
    server.close()


async def test_half_open_says_nothing_and_then_ends() -> None:
    """A half-open connection takes what is sent and answers nothing until it is reset; a new one works meanwhile."""
    server = await asyncio.start_server(echo, HOST, 0)
    proxy = Proxy(server.sockets[0].getsockname()[1])
    await proxy.start()
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    assert await said(reader, writer, request(3, "one")) == request(3, "one")
    holding = asyncio.create_task(proxy.half_open(0.2))
    await asyncio.sleep(0)
    asking = asyncio.create_task(said(reader, writer, request(3, "two")))
    other_reader, other_writer = await asyncio.open_connection(HOST, proxy.port)
    assert await said(other_reader, other_writer, request(3, "three")) == request(3, "three")
    assert await holding == 1
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await asking
    await proxy.stop()
    server.close()


async def test_a_broker_that_is_away_refuses() -> None:
    """With nobody behind it, a connection ends at once: a client sees what it would see without the proxy."""
    server = await asyncio.start_server(echo, HOST, 0)
    proxy = Proxy(server.sockets[0].getsockname()[1])
    server.close()
    await server.wait_closed()
    await proxy.start()
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await said(*await asyncio.open_connection(HOST, proxy.port), request(3, "one"))
    await proxy.stop()


@given(
    asked=st.lists(st.tuples(st.sampled_from((0, 3, ADD_PARTITIONS, END_TRANSACTION)), st.integers(0, 40)), max_size=8),
    cuts=st.lists(st.integers(1, 30), min_size=1, max_size=60),
)
def test_requests_are_found_however_the_bytes_come(asked: list[tuple[int, int]], cuts: list[int]) -> None:
    """Whatever the pieces, all bytes go on in their order, and each request of a transaction is known for what it is."""
    whole = b"".join(request(api_key, f"id-{number}", size) for number, (api_key, size) in enumerate(asked))
    frames, found, at = Frames(), list[bytes | Frame](), 0
    for cut in [*cuts, len(whole) + 1]:
        found += frames.cut(whole[at : at + cut])
        at += cut
    assert b"".join(piece.raw if isinstance(piece, Frame) else piece for piece in found) == whole
    told = [(piece.api_key, piece.transactional_id) for piece in found if isinstance(piece, Frame)]
    assert told == [(api_key, f"id-{number}") for number, (api_key, _) in enumerate(asked) if api_key in OF_TRANSACTIONS]


async def test_an_end_is_held_until_the_next_transaction_has_begun() -> None:
    """The first end of a transaction comes behind its second copy and behind what begins the next one of that id; others go on."""
    came: list[tuple[int, str]] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = Frames()
        while data := await reader.read(1000):
            came.extend((frame.api_key, frame.transactional_id) for frame in frames.cut(data) if isinstance(frame, Frame))
        writer.close()

    server = await asyncio.start_server(note, HOST, 0)
    proxy = Proxy(server.sockets[0].getsockname()[1])
    await proxy.start()
    holding = asyncio.create_task(proxy.hold_end(5.0))
    await asyncio.sleep(0)
    for sent in (
        [request(END_TRANSACTION, "a")],
        [request(ADD_PARTITIONS, "b"), request(END_TRANSACTION, "b"), request(ADD_PARTITIONS, "b")],
        [request(END_TRANSACTION, "a"), request(ADD_PARTITIONS, "a")],
    ):
        _, writer = await asyncio.open_connection(HOST, proxy.port)
        writer.write(b"".join(sent))
        await asyncio.sleep(0.05)
    assert await holding
    await asyncio.sleep(0.1)
    b, a = [(ADD_PARTITIONS, "b"), (END_TRANSACTION, "b"), (ADD_PARTITIONS, "b")], [(END_TRANSACTION, "a"), (ADD_PARTITIONS, "a")]
    assert came == [*b, *a, (END_TRANSACTION, "a")]
    assert not await proxy.hold_end(0.01), "nobody ended a transaction"
    await proxy.stop()
    server.close()
