"""The stream processor's processes: each runs some shards, as `consumers.service.Service` does, over simulated clients.

Real: `Shard.handle` and everything under it, `TransactionalWriter.commit`, the start of a shard from its fencing on (`open_shard`), the
housekeeping and the watch, both tasks. Modelled: FastStream, as batches of drawn sizes of which some are delivered twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from random import Random
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition
from faststream.exceptions import StopConsume

from bench.simulation.parts import Site
from bench.simulation.simulated_runner import NullMetrics
from consumers.engine.open_shard import Ownership, StartClients, open_shard
from consumers.engine.originals import OriginalReader
from consumers.engine.restore import read_back
from consumers.engine.shard import Shard
from consumers.engine.sharding import transactional_id
from consumers.engine.stage import OwnedTask, Stage
from consumers.errors import FatalError
from consumers.kept_state import Migration


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
        self.tasks = {partition: OwnedTask(stage.new_task(partition)) for partition in self.partitions}
        looks = nullcontext(parts.consumer(log, self._site.network))
        originals = OriginalReader(connection, lambda: parts.consumer(log, self._site.network)) if stage.joins else None
        clients = StartClients(writer, self._read_back, lambda: looks, originals)
        return await open_shard(
            stage, Ownership(self.number, self.shards, self.tasks), connection, clients,
            counts=counts, topic_ids=ids, skip_lost=self.skip_lost, metrics=NullMetrics(), failed=self._failed, steps=parts.start_steps,
        )  # fmt: skip

    async def _read_back(self, tasks: Mapping[int, OwnedTask]) -> None:
        consumer = self._site.parts.consumer(self._site.log, self._site.network)
        changelog = self._site.connection.topic(self.stage.changelog)
        await read_back(consumer, changelog, tasks, migrations=self.stage.migrations, may_begin_late=True, apply=self._apply)

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
