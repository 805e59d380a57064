"""A TCP proxy between clients and broker whose connections can be reset, or left half-open, all at once; and one request held back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

from bench.drill.frames import ADD_PARTITIONS, END_TRANSACTION, Frame, Frames

HOST: Final = "127.0.0.1"
CHUNK_BYTES: Final = 64 * 1024
# So that the broker has begun the next transaction when the end of the former one comes, and has read that before its connection ends.
BEHIND_S: Final = 0.005
READ_WITHIN_S: Final = 0.5


@dataclass(slots=True, eq=False)
class Link:
    """One client's connection and the one to the broker that belongs to it."""

    writers: tuple[asyncio.StreamWriter, asyncio.StreamWriter]
    flows: asyncio.Event = field(default_factory=asyncio.Event)

    def reset(self) -> None:
        """Ends both sides at once; what was under way is lost."""
        for writer in self.writers:
            writer.transport.abort()


@dataclass(slots=True, eq=False)
class Hold:
    """The first end of a transaction that comes: whose it is, whether it was sent again, and when the next transaction has begun."""

    transactional_id: str = ""
    again: bool = False
    begun: asyncio.Event = field(default_factory=asyncio.Event)


class Proxy:
    """Listens on a free port of loopback and forwards to `target_port`, from `start` to `stop`."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.port = 0
        self._links: set[Link] = set()
        self._server: asyncio.Server | None = None
        self._hold: Hold | None = None

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

    async def hold_end(self, within_s: float) -> bool:
        """Keeps the next end of a transaction until its sender has sent it again and begun its next transaction.

        False where that did not come within the time; then it goes on at once.
        """
        self._hold = hold = Hold()
        try:
            await asyncio.wait_for(hold.begun.wait(), within_s)
        except TimeoutError:
            return False
        finally:
            self._hold = None
            hold.begun.set()
        return True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            broker_reader, broker_writer = await asyncio.open_connection(HOST, self.target_port)
        except OSError:
            writer.transport.abort()
            return
        link = Link((writer, broker_writer))
        link.flows.set()
        self._links.add(link)
        ways = [
            asyncio.create_task(self._to_broker(reader, broker_writer, link)),
            asyncio.create_task(_forward(broker_reader, writer, link)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._links.discard(link)
            link.reset()
            for way in ways:
                way.cancel()

    async def _to_broker(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: Link) -> None:
        frames = Frames()
        try:
            while data := await reader.read(CHUNK_BYTES):
                for piece in frames.cut(data):
                    await link.flows.wait()
                    if isinstance(piece, Frame):
                        await self._pass_on(piece, writer)
                    else:
                        writer.write(piece)
                await writer.drain()
        except OSError:
            return

    async def _pass_on(self, frame: Frame, writer: asyncio.StreamWriter) -> None:
        hold = self._hold
        if hold is None:
            writer.write(frame.raw)
        elif frame.api_key == END_TRANSACTION and not hold.transactional_id:
            hold.transactional_id = frame.transactional_id
            await hold.begun.wait()
            await asyncio.sleep(BEHIND_S)
            writer.write(frame.raw)
            await writer.drain()
            # Its sender has gone, and the end of its connection would come before it was read.
            await asyncio.sleep(READ_WITHIN_S)
        else:
            writer.write(frame.raw)
            if frame.transactional_id == hold.transactional_id:
                hold.again = hold.again or frame.api_key == END_TRANSACTION
                if hold.again and frame.api_key == ADD_PARTITIONS:
                    hold.begun.set()


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: Link) -> None:
    try:
        while data := await reader.read(CHUNK_BYTES):
            await link.flows.wait()
            writer.write(data)
            await writer.drain()
    except OSError:
        return
