"""The proxy between clients and broker."""

from __future__ import annotations

import asyncio

import pytest

from bench.drill.proxy import HOST, Proxy


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(100):
        writer.write(data)
    writer.close()


async def said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, word: bytes) -> bytes:
    writer.write(word)
    return await reader.readexactly(len(word))


async def test_forwards_until_it_resets() -> None:
    """What a client says comes back through it; a reset ends the connection, and a new one works."""
    server = await asyncio.start_server(echo, HOST, 0)
    proxy = Proxy(server.sockets[0].getsockname()[1])
    await proxy.start()
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    assert await said(reader, writer, b"one") == b"one"
    assert proxy.reset() == 1
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await said(reader, writer, b"two")
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    assert await said(reader, writer, b"three") == b"three"
    await proxy.stop()
    server.close()


async def test_half_open_says_nothing_and_then_ends() -> None:
    """A half-open connection takes what is sent and answers nothing until it is reset; a new one works meanwhile."""
    server = await asyncio.start_server(echo, HOST, 0)
    proxy = Proxy(server.sockets[0].getsockname()[1])
    await proxy.start()
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    assert await said(reader, writer, b"one") == b"one"
    holding = asyncio.create_task(proxy.half_open(0.3))
    await asyncio.sleep(0)
    asking = asyncio.create_task(said(reader, writer, b"two"))
    other_reader, other_writer = await asyncio.open_connection(HOST, proxy.port)
    assert await said(other_reader, other_writer, b"three") == b"three"
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
        await said(*await asyncio.open_connection(HOST, proxy.port), b"one")
    await proxy.stop()
