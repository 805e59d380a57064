"""The child of `bench.drill.stale`: writers that wait in the middle of a commit, each at its step, until they hear the word."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any, Final

from aiokafka import AIOKafkaProducer, TopicPartition

import runtime.kafka.transaction
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.transaction import Routed, TransactionalWriter
from schemas import topics
from schemas.envelope import WireRecord

STEPS: Final = ("before_begin", "after_begin", "outputs_sent", "offsets_sent", "before_commit")
TIMEOUT_S: Final = 1.0


def child(pipe: Connection, connection: KafkaConnection, ids: Sequence[str], log: str) -> None:
    """Brings a writer for each id to its step, says so, and after the word tells how the commits ended."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    pipe.send(asyncio.run(_held_up(pipe, connection, ids)))


async def _held_up(pipe: Connection, connection: KafkaConnection, ids: Sequence[str]) -> list[tuple[str, str]]:
    go = asyncio.Event()
    held: asyncio.Queue[str] = asyncio.Queue()
    runtime.kafka.transaction.AIOKafkaProducer = _gated_producer(go, held)  # type: ignore[attr-defined]
    writers = [TransactionalWriter(connection, name, timeout_s=TIMEOUT_S) for name in ids]
    for writer in writers:
        await writer.start()
    commits = [asyncio.create_task(_outcome(writer, connection, number, "stale")) for number, writer in enumerate(writers)]
    for _ in writers:
        await held.get()
    pipe.send("held")
    await asyncio.to_thread(pipe.recv)
    go.set()
    interrupted = await asyncio.gather(*commits)
    again = [await _outcome(writer, connection, number, "stale again") for number, writer in enumerate(writers)]
    return list(zip(interrupted, again, strict=True))


async def _outcome(writer: TransactionalWriter, connection: KafkaConnection, number: int, what: str) -> str:
    offsets = {TopicPartition(connection.topic(topics.FEEDBACK_SUBMITTED), number % topics.INPUT_PARTITIONS): number}
    try:
        await writer.commit(records_of(connection, writer.transactional_id, number, what), offsets=offsets, group="stale")
    except Exception as error:
        return type(error).__name__
    return "committed"


def records_of(connection: KafkaConnection, name: str, number: int, what: str) -> Routed:
    """One changelog record that says who wrote it."""
    place = (connection.topic(topics.STAGE1_CHANGELOG), number % topics.INPUT_PARTITIONS)
    return {place: [WireRecord(f"{name} {what}".encode(), b"1")]}


def step_of(transactional_id: str) -> str:
    """The step at which a writer is held: its number is the last part of its id before any suffix.

    >>> step_of("stale-0-3")
    'offsets_sent'
    """
    return STEPS[int(transactional_id.split("-")[2]) % len(STEPS)]


def _gated_producer(go: asyncio.Event, held: asyncio.Queue[str]) -> type:
    class GatedProducer(AIOKafkaProducer):  # type: ignore[misc]
        """Waits at its step for the word, once what it sent has reached the broker."""

        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self._id: str = options["transactional_id"]
            self._deliveries: list[Any] = []

        async def begin_transaction(self) -> None:
            self._deliveries = []
            await self._at("before_begin")
            await super().begin_transaction()
            await self._at("after_begin")

        async def send_batch(self, batch: Any, topic: str, *, partition: int) -> Any:
            delivery = await super().send_batch(batch, topic, partition=partition)
            self._deliveries.append(delivery)
            return delivery

        async def send_offsets_to_transaction(self, offsets: Any, group_id: str) -> None:
            await self._at("outputs_sent")
            await super().send_offsets_to_transaction(offsets, group_id)
            await self._at("offsets_sent")

        async def commit_transaction(self) -> None:
            await self._at("before_commit")
            await super().commit_transaction()

        async def _at(self, step: str) -> None:
            if step == step_of(self._id) and not go.is_set():
                await asyncio.gather(*self._deliveries)
                held.put_nowait(self._id)
                await go.wait()

    return GatedProducer
