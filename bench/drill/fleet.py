"""The consumers of the drill: processes that are started again when they end, and scaled with old and new owners side by side."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from bench.drill.launcher import Order, launch, write_order
from schemas.reading.json_lines import own_lines

LOOK_EVERY_S: Final = 0.03
_START_AGAIN_S: Final = 0.1


@dataclass(slots=True, eq=False)
class Instance:
    """One process: instance `number` of `instances`. `order` is the file that it takes its orders from."""

    number: int
    instances: int
    process: Any
    port: int
    log: Path
    order: Path

    @property
    def ended(self) -> bool:
        """Whether it has ended, however."""
        return not self.process.is_alive()

    def send(self, number: signal.Signals) -> None:
        """Sends a signal; an ended process is left alone."""
        if not self.ended:
            os.kill(self.process.pid, number)


def last_error(log: Path) -> str:
    """The error that the newest of the processes with this log ended with; empty where none did. A line that a kill cut is passed over."""
    for line in reversed(log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []):
        with suppress(ValueError):
            said = json.loads(line)
            if isinstance(said, dict) and said.get("event") == "stream processor failed":
                return str(said.get("error", ""))
    return ""


class Fleet:
    """The instances of one installation. `told` is the file in which each child says what it does to itself."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self.environment = dict(environment)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["bench.drill.launcher", "river.drift"])  # river is half of a start's seconds
        self._made = 0
        self._looking: asyncio.Task[None] | None = None
        self._client = httpx.AsyncClient(timeout=5)
        self.told = folder / "told.jsonl"
        self.running: list[Instance] = []
        self.leaving: list[Instance] = []
        self.exits: dict[str, int] = {}

    async def start(self, instances: int) -> None:
        """The first instances, and the look-out that starts again what ends."""
        self.running = [await asyncio.to_thread(self._launch, number, instances) for number in range(instances)]
        self._looking = asyncio.create_task(self._look_after())

    async def scale(self, instances: int) -> None:
        """New instances beside the old ones, which are left to be fenced."""
        self.leaving += self.running
        self.running = [self._launch(number, instances) for number in range(instances)]

    async def dismiss(self) -> None:
        """SIGTERM to those former instances that were not fenced, and waits until all have ended."""
        for instance in self.leaving:
            instance.send(signal.SIGTERM)
        await self._until(lambda: not self.leaving, 20, "the former instances to end")

    async def living(self, shard: int) -> Instance:
        """Who runs a shard of this number, once it is started again if it has just ended."""
        await self._until(lambda: not self.running[shard % len(self.running)].ended, 10, "an instance to be started again")
        return self.running[shard % len(self.running)]

    async def start_anew(self, once: Mapping[str, str]) -> None:
        """Stops every instance in order and starts it with settings that hold for this one start."""
        for instance in list(self.running):
            await self.restart(instance, once=once)

    async def restart(self, instance: Instance, order: Order | None = None, *, once: Mapping[str, str] | None = None) -> Instance:
        """Stops an instance in order and starts it, with an order to obey from the first moment, or settings for this start alone."""
        self.running.remove(instance)
        self.leaving.append(instance)
        instance.send(signal.SIGTERM)
        await self._until(lambda: instance.ended, 15, "an instance to stop")
        again = self._launch(instance.number, instance.instances, order, once)
        self.running.append(again)
        self.running.sort(key=lambda other: other.number)
        return again

    async def ready(self, timeout_s: float = 120.0) -> None:
        """Waits until every instance is ready."""

        async def all_ready() -> bool:
            answers = [await self._get(instance, "/ready") for instance in self.running]
            return all(answer is not None and answer.status_code == 200 for answer in answers)

        await self._until_async(all_ready, timeout_s, "all instances to be ready")

    async def problems(self) -> list[str]:
        """What each instance says of itself at /ready, or, where it refuses to start, in its last error; nothing where one says neither."""
        said = []
        for instance in self.running:
            answer = await self._get(instance, "/ready")
            said.append(last_error(instance.log) if answer is None else answer.text)
        return said if all(said) else []

    def told_lines(self) -> list[dict[str, Any]]:
        """What the children said before they did it."""
        return [line for _, line in own_lines(self.told.read_bytes())] if self.told.exists() else []

    async def states(self) -> list[dict[str, Any]] | None:
        """What each instance says at /state; None where one does not answer."""
        answers = [await self._get(instance, "/state") for instance in self.running]
        return [answer.json() for answer in answers if answer is not None] if all(answers) else None

    async def stop(self) -> list[int]:
        """Stops everybody in order; the exit codes."""
        if self._looking is not None:
            self._looking.cancel()
        everybody = [*self.running, *self.leaving]
        for instance in everybody:
            instance.send(signal.SIGCONT)
            instance.send(signal.SIGTERM)
        try:
            await self._until(lambda: all(instance.ended for instance in everybody), 20, "the instances to stop")
        except TimeoutError:
            for instance in everybody:
                instance.send(signal.SIGKILL)
            raise
        finally:
            await self._client.aclose()
        return [instance.process.exitcode for instance in everybody]

    def _launch(self, number: int, instances: int, order: Order | None = None, once: Mapping[str, str] | None = None) -> Instance:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._made += 1
        file = self._folder / f"order-{self._made}.json"
        if order is not None:
            write_order(file, order)
        log = self._folder / f"consumers-{number}-of-{instances}.log"
        own = {"INSTANCE": str(number), "INSTANCES": str(instances), "CONSUMERS_PORT": str(port), **(once or {})}
        process = self._context.Process(target=launch, args=(self.environment | own, str(log), str(file), str(self.told)), daemon=True)
        process.start()
        return Instance(number, instances, process, port, log, file)

    async def _look_after(self) -> None:
        while True:
            for instance in [instance for instance in self.leaving if instance.ended]:
                self.leaving.remove(instance)
                self._count(instance, "leaving")
            for place, instance in enumerate(self.running):
                if instance.ended:
                    self._count(instance, "running")
                    await asyncio.sleep(_START_AGAIN_S)
                    if self.running[place : place + 1] == [instance]:
                        self.running[place] = self._launch(instance.number, instance.instances)
            await asyncio.sleep(LOOK_EVERY_S)

    def _count(self, instance: Instance, where: str) -> None:
        name = f"{where}: exit {instance.process.exitcode}"
        self.exits[name] = self.exits.get(name, 0) + 1

    async def _get(self, instance: Instance, path: str) -> httpx.Response | None:
        try:
            return await self._client.get(f"http://127.0.0.1:{instance.port}{path}")
        except httpx.HTTPError:
            return None

    async def _until(self, holds: Callable[[], bool], timeout_s: float, what: str) -> None:
        async def now() -> bool:
            return holds()

        await self._until_async(now, timeout_s, what)

    async def _until_async(self, holds: Callable[[], Awaitable[bool]], timeout_s: float, what: str) -> None:
        deadline = time.monotonic() + timeout_s
        while not await holds():
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {timeout_s:.0f} s for {what}; see {self._folder}")
            await asyncio.sleep(LOOK_EVERY_S)
