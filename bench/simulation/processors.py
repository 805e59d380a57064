"""The stream processor's processes: each runs some shards, as `consumers.service.Service` does, over simulated clients.

Real: `Shard.handle` and everything under it, `TransactionalWriter.commit`, `start_offsets`, `apply_changelog`, both tasks.
Modelled: FastStream (batches of drawn sizes, some of them delivered twice) and the reading loop of the restore.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition
from faststream.exceptions import StopConsume

from bench.simulation.parts import Parts
from bench.simulation.simulated_clients import Network, SimulatedConsumer
from bench.simulation.simulated_log import SimulatedLog
from bench.simulation.simulated_run import NullMetrics
from consumers.errors import FatalError
from consumers.shard import Shard
from consumers.stage import OwnedTask, Stage
from consumers.state.positions import places, start_offsets
from producers.connection import KafkaConnection


class ShardProcess:
    """One shard of one process, from its fencing to its failure."""

    def __init__(
        self, stage: Stage, number: int, partitions: Sequence[int], *, parts: Parts, log: SimulatedLog, network: Network,
        connection: KafkaConnection, twice: float,
    ) -> None:  # fmt: skip
        self.stage = stage
        self.number = number
        self.partitions = partitions
        self.tasks: dict[int, OwnedTask] = {}
        self.failure: BaseException | None = None
        self._parts, self._log, self._network, self._connection, self._twice = parts, log, network, connection, twice

    async def run(self) -> None:
        """Until something breaks; what broke is in `failure`."""
        try:
            shard = await self._restored()
            await self._consume(shard)
        except StopConsume:
            return
        except FatalError as error:
            self.failure = error

    async def _restored(self) -> Shard:
        parts, log, connection = self._parts, self._log, self._connection
        producer = parts.producer(log, self._network, f"{connection.topic_prefix}-{self.stage.name}-{self.number}")
        writer = parts.writer(producer)
        await writer.start()
        self.tasks = {partition: OwnedTask(self.stage.new_task(partition)) for partition in self.partitions}
        consumer = parts.consumer(log, self._network)
        await self._restore(consumer, self.tasks)
        counts = {name: len(partitions) for name, partitions in log.topics.items()}
        reads = places(self.stage, connection, counts, self.partitions)
        start = await start_offsets(consumer, connection, self.stage, reads, self.tasks.values(), skip_lost=False)  # type: ignore[arg-type]
        return parts.shard(
            self.stage, self.number, self.tasks, start, writer, connection, counts, NullMetrics(), self._failed,
        )  # fmt: skip

    async def _restore(self, consumer: SimulatedConsumer, tasks: Mapping[int, OwnedTask]) -> None:
        topic = self._connection.topic(self.stage.changelog)
        assigned = {TopicPartition(topic, partition): owned for partition, owned in tasks.items()}
        consumer.assign(list(assigned))
        ends = await consumer.end_offsets(list(assigned))
        waiting = set(assigned)
        while waiting:
            for tp in sorted(waiting):
                if await consumer.position(tp) >= ends[tp]:
                    waiting.discard(tp)
                    consumer.pause(tp)
            if not waiting:
                return
            for tp, records in (await consumer.getmany(timeout_ms=200, max_records=200)).items():
                for record in records:
                    self._parts.apply_changelog(assigned[tp], record.key, record.value)

    async def _consume(self, shard: Shard) -> None:
        reader = self._parts.consumer(self._log, self._network, idle_wait=True)
        reader.assign([TopicPartition(self._connection.topic(name), partition) for name, partition in shard.start])
        subscriber: Any = SimpleNamespace(consumer=reader)
        shard._subscriber = subscriber
        rng: Random = self._network.rng
        if rng.random() < 0.5:
            shard.position_once()
        before: list[Any] = []
        while self.failure is None:
            found = await reader.getmany(timeout_ms=10, max_records=rng.choice((1, 3, 10, 50)))
            records = [record for batch in found.values() for record in batch]
            again = before if rng.random() < self._twice else []
            # A batch that came before the seek was dropped: aiokafka does not mix it with what it fetches after.
            before = records if shard._positioned else []
            await shard.handle(SimpleNamespace(raw_message=[*again, *records]))  # type: ignore[arg-type]

    def _failed(self, error: BaseException) -> None:
        self.failure = error
