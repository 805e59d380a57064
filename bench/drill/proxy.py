"""A TCP proxy between clients and broker whose connections can be reset, or left half-open, all at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

HOST: Final = "127.0.0.1"
CHUNK_BYTES: Final = 64 * 1024


@dataclass(slots=True, eq=False)
class Link:
    """One client's connection and the one to the broker that belongs to it."""

    writers: tuple[asyncio.StreamWriter, asyncio.StreamWriter]
    flows: asyncio.Event = field(default_factory=asyncio.Event)

    def reset(self) -> None:
        """Ends both sides at once; what was under way is lost."""
        for writer in self.writers:
            writer.transport.abort()


class Proxy:
    """Listens on a free port of loopback and forwards to `target_port`, from `start` to `stop`."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.port = 0
        self._links: set[Link] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Opens the port."""
        self._server = await asyncio.start_server(self._serve, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Closes the port and ends every connection."""
        if self._server is not None:
            self._server.close()
        self.reset()

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._links)

    def reset(self) -> int:
        """Resets every connection; how many they were."""
        count = len(self._links)
        for link in list(self._links):
            link.reset()
        return count

    async def half_open(self, seconds: float) -> int:
        """Every connection of now carries nothing more in either direction for that long, then it is reset; new ones work."""
        held = list(self._links)
        for link in held:
            link.flows.clear()
        await asyncio.sleep(seconds)
        for link in held:
            link.reset()
            link.flows.set()
        return len(held)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            broker_reader, broker_writer = await asyncio.open_connection(HOST, self.target_port)
        except OSError:
            writer.transport.abort()
            return
        link = Link((writer, broker_writer))
        link.flows.set()
        self._links.add(link)
        ways = [asyncio.create_task(_forward(reader, broker_writer, link)), asyncio.create_task(_forward(broker_reader, writer, link))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._links.discard(link)
            link.reset()
            for way in ways:
                way.cancel()


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: Link) -> None:
    try:
        while data := await reader.read(CHUNK_BYTES):
            await link.flows.wait()
            writer.write(data)
            await writer.drain()
    except OSError:
        return
