"""The stream processor's processes: each runs some shards, as `consumers.service.Service` does, over simulated clients.

Real: `Shard.handle` and everything under it, `TransactionalWriter.commit`, the restore, the claim of the shards, where a start reads on
from, the upkeep and the watch, both tasks. Modelled: FastStream, as batches of drawn sizes of which some are delivered twice; and the
order of a start.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition
from faststream.exceptions import StopConsume

from bench.simulation.parts import Site
from bench.simulation.simulated_run import NullMetrics
from consumers.engine.migrations import MIGRATIONS, Migration
from consumers.engine.positions import places
from consumers.engine.restore import read_back
from consumers.engine.shard import Shard
from consumers.engine.sharding import bring_up_to_date, check_shards, claimed, transactional_id
from consumers.engine.stage import OwnedTask, Stage
from consumers.errors import FatalError
from runtime.kafka.used_partitions import used_partitions


class ShardProcess:
    """One shard of one process, from its fencing to its failure."""

    def __init__(
        self, site: Site, stage: Stage, number: int, partitions: Sequence[int], *, shards: int, twice: float, skip_lost: bool
    ) -> None:
        self.stage = stage
        self.skip_lost = skip_lost
        self.number = number
        self.shards = shards
        self.partitions = partitions
        self.tasks: dict[int, OwnedTask] = {}
        self.failure: BaseException | None = None
        self.shard: Shard | None = None
        # Its state and where it reads on are written.
        self.started = False
        self._site, self._twice = site, twice

    async def run(self) -> None:
        """Until something breaks; what broke is in `failure`."""
        try:
            self.shard = await self._restored()
            self.started = True
            await self._consume(self.shard)
        except StopConsume:
            return
        except FatalError as error:
            self.failure = error

    def live(self) -> list[Any]:
        """Its tasks, as they stand."""
        return [owned.task for owned in self.tasks.values()]

    async def _restored(self) -> Shard:
        parts, log, connection, stage = self._site.parts, self._site.log, self._site.connection, self.stage
        counts = {name: len(partitions) for name, partitions in log.topics.items()}
        ids = {name: log.ids[connection.topic(name)] for name in (*stage.keyed, *stage.whole)}
        writer = parts.writer(
            parts.producer(log, self._site.network, transactional_id(connection.topic_prefix, stage.name, self.number, self.shards))
        )
        await writer.start()
        self.tasks = {partition: OwnedTask(stage.new_task(partition)) for partition in self.partitions}
        await claimed(self._read_on, writer, connection.topic(stage.changelog), self.shards)
        check_shards(stage, self.tasks, self.shards)
        await bring_up_to_date(writer, connection, stage, self.tasks)
        consumer: Any = parts.consumer(log, self._site.network)
        await parts.refuse_unread(consumer, connection, stage, counts)
        reads = places(stage, connection, counts, self.partitions)
        start = await parts.start_offsets(consumer, connection, stage, reads, self.tasks.values(), skip_lost=self.skip_lost, topic_ids=ids)
        await parts.write_starts(writer, connection, stage, self.tasks, start, topic_ids=ids)
        used = counts | used_partitions(counts, connection.topic_prefix)
        return parts.shard(stage, self.number, self.tasks, start, writer, connection, used, NullMetrics(), self._failed)

    async def _read_on(self) -> dict[int, OwnedTask]:
        consumer = self._site.parts.consumer(self._site.log, self._site.network)
        changelog = self._site.connection.topic(self.stage.changelog)
        migrations = MIGRATIONS[self.stage.changelog]
        await read_back(consumer, changelog, self.tasks, migrations=migrations, may_begin_late=True, apply=self._apply)
        return self.tasks

    def _apply(self, owned: OwnedTask, records: Sequence[Any], migrations: Sequence[Migration]) -> None:
        for record in records:
            self._site.parts.apply_changelog(owned, record.key, record.value, migrations)

    async def _consume(self, shard: Shard) -> None:
        reader = self._site.parts.consumer(self._site.log, self._site.network, idle_wait=True, jumps=False)
        reader.assign([TopicPartition(self._site.connection.topic(name), partition) for name, partition in shard.start])
        subscriber: Any = SimpleNamespace(consumer=reader)
        shard._subscriber = subscriber
        rng: Random = self._site.network.rng
        # Before, its consumer has no offset to read from.
        shard.position_once()
        before: list[Any] = []
        while self.failure is None:
            found = await reader.getmany(timeout_ms=10, max_records=rng.choice((1, 3, 10, 50)))
            records = [record for batch in found.values() for record in batch]
            again = before if rng.random() < self._twice else []
            before = records
            await shard.handle([*again, *records])

    def _failed(self, error: BaseException) -> None:
        self.failure = error
