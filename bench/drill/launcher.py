"""`python -m consumers` as a child that can be told to kill itself at a step of its transactions; the consumers' code is as it is.

The child reads an order from a file when a transaction begins (or a restore, or a batch), and obeys at the n-th such step:
SIGKILL to itself, or an exception out of the task's `process`. The client class that the consumers use is replaced by one that looks
at the steps; nothing in the consumers knows of it. Preloaded in a fork server, a start takes no import.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

import consumers.__main__
import consumers.engine.restore
import runtime.kafka.transaction
from consumers.collect.collector import Collector
from consumers.decide.decider import Decider
from consumers.records import Effects, InputRecord

# The steps of a transaction in their order; `restore` and `handler` lie outside it.
STEPS: Final = (
    "before_begin",
    "after_begin",
    "outputs_sent",
    "changelog_sent",
    "offsets_sent",
    "before_commit",
    "during_commit",
    "after_commit",
)
RESTORE: Final = "restore"
HANDLER: Final = "handler"
# What a request may take; the drill's consumers wait no forty seconds for the end of a transaction that is held back.
REQUEST_TIMEOUT_MS: Final = 3_000
_PR_SET_PDEATHSIG: Final = 1


class HandlerFailed(RuntimeError):
    """What the drill makes a handler fail with."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to do at which step: at the `nth` occurrence in this stage; `delay_ms` where the step takes time."""

    step: str
    stage: str
    nth: int = 1
    delay_ms: float = 0.0


class Trap:
    """The order of this process, read from a file that is removed as it is read."""

    def __init__(self, file: Path, told: Path) -> None:
        self._file = file
        self._told = told
        self._order: Order | None = None
        self._left = 0

    def load(self) -> None:
        """Takes up a new order."""
        try:
            order = Order(**json.loads(self._file.read_text()))
        except FileNotFoundError:
            return
        self._file.unlink()
        self._order, self._left = order, order.nth

    def due(self, step: str, stage: str) -> Order | None:
        """The order where this occurrence of a step is the one that it names."""
        order = self._order
        if order is None or order.step != step or order.stage not in ("", stage):
            return None
        self._left -= 1
        if self._left > 0:
            return None
        self._order = None
        return order

    def tell(self, step: str, stage: str) -> None:
        """Writes what happens now: nobody can be asked afterwards."""
        line = json.dumps({"step": step, "stage": stage, "pid": os.getpid(), "at": time.time()}) + "\n"
        with self._told.open("a") as file:
            file.write(line)

    def kill(self, step: str, stage: str) -> None:
        """The end of this process."""
        self.tell(step, stage)
        os.kill(os.getpid(), signal.SIGKILL)

    def failing(self, records: Iterable[InputRecord], stage: str) -> Iterator[InputRecord]:
        """The records, with an exception in front of the one that the order names."""
        for record in records:
            if self.due(HANDLER, stage):
                self.tell(HANDLER, stage)
                raise HandlerFailed(f"told to fail at {record.topic} {record.partition} {record.offset}")
            yield record


def launch(environment: Mapping[str, str], log: str, order: str, told: str) -> None:
    """The child's life: its settings, its log, its trap, then the consumers until they end; exits with their code."""
    # It dies with the fork server, which dies with the drill.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    os.environ.update(environment)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    install(Trap(Path(order), Path(told)))
    sys.exit(consumers.__main__.main([]))


def write_order(file: Path, order: Order) -> None:
    """Gives a child its order, whole or not at all."""
    beside = file.with_suffix(".new")
    beside.write_text(json.dumps(asdict(order)))
    beside.rename(file)


def install(trap: Trap) -> None:
    """Puts the trap's clients and tasks in the place of the consumers' own, in this process."""
    runtime.kafka.transaction.AIOKafkaProducer = _trapped_producer(trap)  # type: ignore[attr-defined]
    consumers.engine.restore.AIOKafkaConsumer = _trapped_consumer(trap)  # type: ignore[attr-defined]
    Collector.process = _trapped_process(Collector.process, trap, "stage1")  # type: ignore[method-assign, assignment]
    Decider.process = _trapped_process(Decider.process, trap, "stage2")  # type: ignore[method-assign, assignment]


def _trapped_process(original: Callable[..., Effects], trap: Trap, stage: str) -> Callable[[Any, Iterable[InputRecord]], Effects]:
    def process(self: Any, records: Iterable[InputRecord]) -> Effects:
        trap.load()
        return original(self, trap.failing(records, stage))

    return process


def _trapped_consumer(trap: Trap) -> type:
    class TrappedConsumer(AIOKafkaConsumer):  # type: ignore[misc]
        """Asked for a log's ends by the restore, it may kill the process a moment later."""

        async def end_offsets(self, partitions: Any) -> Any:
            trap.load()
            order = trap.due(RESTORE, "")
            if order is not None:
                asyncio.get_running_loop().call_later(order.delay_ms / 1000, trap.kill, RESTORE, "")
            return await super().end_offsets(partitions)

    return TrappedConsumer


def _trapped_producer(trap: Trap) -> type:
    class TrappedProducer(AIOKafkaProducer):  # type: ignore[misc]
        """Each step of a transaction is looked at before or after it is done; a kill waits until the broker has what was sent."""

        def __init__(self, **options: Any) -> None:
            super().__init__(**options, request_timeout_ms=REQUEST_TIMEOUT_MS)
            self._stage = "stage1" if "-stage1-" in options["transactional_id"] else "stage2"
            self._deliveries: list[Any] = []
            self._outputs = self._changelog = self._past_changelog = False

        async def begin_transaction(self) -> None:
            trap.load()
            self._deliveries = []
            self._outputs = self._changelog = self._past_changelog = False
            await self._at("before_begin")
            await super().begin_transaction()
            await self._at("after_begin")

        async def send_batch(self, batch: Any, topic: str, *, partition: int) -> Any:
            if ".changelog." in topic:
                if self._outputs and not self._changelog:
                    await self._at("outputs_sent")
                self._changelog = True
            else:
                self._outputs = True
                await self._after_changelog()
            delivery = await super().send_batch(batch, topic, partition=partition)
            self._deliveries.append(delivery)
            return delivery

        async def send_offsets_to_transaction(self, offsets: Any, group_id: str) -> None:
            await self._after_changelog()
            await super().send_offsets_to_transaction(offsets, group_id)
            await self._at("offsets_sent")

        async def commit_transaction(self) -> None:
            await self._after_changelog()
            await self._at("before_commit")
            order = trap.due("during_commit", self._stage)
            if order is not None:
                self._kill_with_the_request(order)
            await super().commit_transaction()
            await self._at("after_commit")

        async def _after_changelog(self) -> None:
            if self._changelog and not self._past_changelog:
                self._past_changelog = True
                await self._at("changelog_sent")

        async def _at(self, step: str) -> None:
            if trap.due(step, self._stage):
                await asyncio.gather(*self._deliveries)
                trap.kill(step, self._stage)

        def _kill_with_the_request(self, order: Order) -> None:
            send, stage = self.client.send, self._stage

            async def send_and_die(node: Any, request: Any, **options: Any) -> Any:
                sending = asyncio.ensure_future(send(node, request, **options))
                if type(request).__name__.startswith("EndTxn"):
                    await asyncio.sleep(order.delay_ms / 1000)
                    trap.kill("during_commit", stage)
                return await sending

            self.client.send = send_and_die

    return TrappedProducer
