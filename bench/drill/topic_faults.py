"""What a drill does to the topics themselves, under load: deletes what was read, opens transactions of others, holds the end of one back,
adds partitions that somebody writes to, and, at a quiet moment, makes a topic anew."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import confluent_kafka
from aiokafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions

from bench.drill.archive import Archive
from bench.drill.clients import PARTITIONS, Publisher, log_ends
from bench.drill.fleet import Fleet
from bench.drill.kafka import Kafka
from bench.drill.places import Deletion
from bench.drill.plan import SHARDS, Fault
from ops.topic_contract import apply
from schemas import topics

# What stage 1 puts together of records in both.
JOINED: Final = (topics.FEEDBACK_SUBMITTED, topics.TURN_COMPLETED)
EXTENDED: Final = topics.FEEDBACK_SUBMITTED
ADDED: Final = 4
BESIDE: Final = 60
REMADE: Final = topics.DOCUMENT_INGESTED
ADMIN_S: Final = 30.0
# A request that is not answered is sent again after three seconds (`bench.drill.launcher`).
HELD_S: Final = 12.0
TOLD_WITHIN_S: Final = 60.0
LOOK_S: Final = 0.2
# Load enough for a transaction, and little enough that a short history lasts.
NUDGE_S: Final = 0.5
# So long a written position may stand in front of markers that were read.
WRITTEN_WITHIN_S: Final = 8.0


class TopicFaults:
    """`done` counts what was done, under the names that the report has."""

    def __init__(self, kafka: Kafka, fleet: Fleet, publisher: Publisher, archive: Archive, done: Counter[str], *, seed: int) -> None:
        self._kafka, self._fleet, self._publisher, self._archive, self._done = kafka, fleet, publisher, archive, done
        self._source = random.Random(seed)
        self._admin = AdminClient(kafka.direct.librdkafka_options())

    async def delete(self, fault: Fault) -> None:
        """Deletes what was read of a partition, up to the next record there, and kills its reader, which has to start behind that."""
        name = fault.topic
        if fault.stage == "stage1":
            # Markers are in this topic only where somebody writes to it in transactions.
            await self._publisher.publish_within(0.0, again=False)
        mine: list[tuple[int, int]] = []
        while not mine:
            await asyncio.sleep(LOOK_S)
            found = (await self._positions(fault.stage, name)).items()
            mine = [(number, at) for number, at in found if at and number % SHARDS[fault.stage] == fault.shard]
        number, position = self._source.choice(mine)
        topic = self._kafka.direct.topic(name)
        behind = await self._archive.take_until(TopicPartition(topic, number), position)
        await self._written(fault.stage, name, number, behind)
        if name in JOINED:
            self._archive.deletions.append(Deletion(name, number, behind, await self._read(number)))
        await self._settled(self._admin.delete_records([confluent_kafka.TopicPartition(topic, number, behind)]))
        self._done["records deleted"] += 1
        (await self._fleet.living(fault.shard)).send(signal.SIGKILL)
        self._done["sigkill after a deletion"] += 1

    async def open(self, fault: Fault) -> None:
        """Another producer's transaction is open for a while: what comes after it in its partitions waits, and then is read."""
        await self._publisher.publish_within(fault.delay_s, again=fault.nth > 1)
        self._done["transaction of others"] += 1

    async def hold(self, fault: Fault) -> None:
        """The end of a transaction is held back until its sender has sent it again and begun the next one."""
        holding = asyncio.create_task(self._kafka.proxy.hold_end(HELD_S))
        while not holding.done():
            await self._publisher.nudge()
            await asyncio.sleep(NUDGE_S)
        self._done["end of a transaction held back" if holding.result() else "end of a transaction not sent again"] += 1

    async def extend(self, fault: Fault) -> None:
        """A topic gets more partitions and somebody writes there: nobody is ready until they are drained."""
        topic = self._kafka.direct.topic(EXTENDED)
        await self._settled(self._admin.create_partitions([NewPartitions(topic, PARTITIONS[f".{EXTENDED}"] + ADDED)]))
        await asyncio.sleep(1.0)
        beside = 0
        while beside == 0:
            beside += await self._publisher.publish_beside(EXTENDED, BESIDE)
        self._done["records in added partitions"] += beside
        if await self._told(topic):
            self._done["added partitions told"] += 1
        code = await self._command("topics", "drain", EXTENDED)
        self._done["added partitions drained" if code == 0 else "drain failed"] += 1
        await self._fleet.ready()

    async def drain_again(self) -> None:
        """What a person does after a broker was killed: it may have forgotten, of its last minute, up to where records were deleted."""
        if self._done["added partitions drained"]:
            code = await self._command("topics", "drain", EXTENDED)
            self._done["drained again" if code == 0 else "drain failed"] += 1

    async def make_anew(self, fault: Fault) -> None:
        """Once it is read and nobody publishes, a topic is deleted and made again: its readers need one start with the word for it."""
        connection = self._kafka.direct
        topic = connection.topic(REMADE)
        await self._fleet.ready()
        await self._read_to_its_end(topic)
        await self._archive.take_all(topic)
        await self._settled(self._admin.delete_topics([topic]))
        await self._made(topic)
        if await self._told(topic):
            self._done["topic made anew told"] += 1
        await self._publisher.publish(self._publisher.left // 20)
        await self._fleet.start_anew({"SKIP_LOST_RECORDS": "true"})
        await self._fleet.ready()
        self._done["topic made anew"] += 1

    async def _made(self, topic: str) -> None:
        """Kafka takes a moment to forget a name."""
        deadline = time.monotonic() + ADMIN_S
        while True:
            try:
                await asyncio.to_thread(apply, self._kafka.direct, topics.specs(self._kafka.direct.topic_prefix))
            except Exception:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(LOOK_S)
            else:
                return

    async def _written(self, stage: str, name: str, number: int, behind: int) -> None:
        """Waits for a position to be written behind the markers that were read, for as long as that may take."""
        deadline = time.monotonic() + WRITTEN_WITHIN_S
        while time.monotonic() < deadline:
            if (await self._positions(stage, name)).get(number, 0) >= behind:
                return
            await asyncio.sleep(LOOK_S)

    async def _read(self, number: int) -> dict[str, int]:
        """How far feedback and turns of a partition have been read, at least."""
        while True:
            found = {name: (await self._positions("stage1", name)).get(number, -1) for name in JOINED}
            if min(found.values()) >= 0:
                return found
            await asyncio.sleep(LOOK_S)

    async def _read_to_its_end(self, topic: str) -> None:
        ends = await log_ends(self._kafka.direct, topic)
        deadline = time.monotonic() + TOLD_WITHIN_S
        while time.monotonic() < deadline:
            positions = await self._positions("stage1", REMADE)
            if all(positions.get(number, 0) >= end for number, end in ends.items()):
                return
            await asyncio.sleep(LOOK_S)
        raise TimeoutError(f"{topic} was not read to its end in {TOLD_WITHIN_S:.0f} s")

    async def _told(self, topic: str) -> bool:
        """Whether every instance says that it is not ready because of a topic."""
        deadline = time.monotonic() + TOLD_WITHIN_S
        while time.monotonic() < deadline:
            problems = await self._fleet.problems()
            if problems and all(topic in problem for problem in problems):
                return True
            await asyncio.sleep(LOOK_S)
        return False

    async def _positions(self, stage: str, name: str) -> dict[int, int]:
        states = await self._fleet.states() or []
        return {int(number): position for state in states for number, position in state[stage]["positions"].get(name, {}).items()}

    async def _settled(self, futures: Mapping[Any, Any]) -> None:
        for future in futures.values():
            await asyncio.to_thread(future.result, ADMIN_S)

    async def _command(self, *words: str) -> int:
        """A command of ours, as a person gives it; its exit code."""
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "ops.cli", *words, env=os.environ | self._fleet.environment)
        return await asyncio.wait_for(process.wait(), ADMIN_S * 2)
