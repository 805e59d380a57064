"""The instances of the stream processor and who owns which shard: started, killed, stopped, moved, restarted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from aiokafka.errors import KafkaError

from bench.simulation.parts import Site
from bench.simulation.processors import ShardProcess
from bench.simulation.virtual_loop import Process
from consumers.stage import Stage, shard_partitions

ShardKey = tuple[str, int]


@dataclass(eq=False)
class Instance:
    """One process and the shards that it was started with."""

    process: Process
    keys: tuple[ShardKey, ...]
    shards: list[ShardProcess] = field(default_factory=list)


class Fleet:
    """Every shard has one owner; a former owner may still be alive and not know it."""

    def __init__(self, site: Site, rng: Random, stages: dict[str, tuple[Stage, int, int]], *, twice: float) -> None:
        self.errors: list[str] = []
        self.instances: list[Instance] = []
        self._site, self._rng, self._stages, self._twice = site, rng, stages, twice
        self._owners: dict[ShardKey, Instance] = {}
        self._started = 0

    def keys(self) -> list[ShardKey]:
        """Every shard of both stages."""
        return [(name, number) for name, (_, _, shards) in self._stages.items() for number in range(shards)]

    def spread(self, instances: int) -> None:
        """Starts that many new instances and gives each a share of the shards; former owners go on until they are fenced."""
        keys = self.keys()
        self._rng.shuffle(keys)
        for number in range(instances):
            if share := keys[number::instances]:
                self.launch(share)

    def launch(self, keys: Iterable[ShardKey]) -> Instance:
        """Starts an instance that owns these shards from now on."""
        self._started += 1
        instance = Instance(Process(f"consumers-{self._started}"), tuple(sorted(keys)))
        self.instances.append(instance)
        self._site.trace(f"launch {instance.process.name} {instance.keys}")
        for key in instance.keys:
            self._owners[key] = instance
            stage, partitions, shards = self._stages[key[0]]
            owned = shard_partitions(partitions, shards)[key[1]]
            shard = ShardProcess(self._site, stage, key[1], owned, shards=shards, twice=self._twice)
            instance.shards.append(shard)
            self._site.loop.start(instance.process, self._serve(instance, shard), f"{instance.process.name} {key}")
        return instance

    def end(self, instance: Instance, why: str) -> None:
        """The process is gone; what it still owned starts again after a while."""
        if not instance.process.alive or self._site.loop.over:
            return
        self._site.trace(f"end {instance.process.name}: {why}")
        self._site.loop.kill(instance.process)
        self.instances.remove(instance)
        owned = [key for key in instance.keys if self._owners[key] is instance]
        if owned:
            self._site.loop.start(None, self._again(instance, owned, self._rng.uniform(0.05, 8.0)), "restart")

    def owned(self) -> list[Instance]:
        """The owners of now."""
        return [instance for instance in self.instances if any(self._owners[key] is instance for key in instance.keys)]

    def owned_shards(self) -> list[ShardProcess]:
        """The shards of now, each at its owner."""
        return [
            shard for instance in self.instances for shard in instance.shards if self._owners[shard.stage.name, shard.number] is instance
        ]

    async def _again(self, former: Instance, keys: list[ShardKey], after_s: float) -> None:
        await asyncio.sleep(after_s)
        # Meanwhile somebody may have moved them.
        if still := [key for key in keys if self._owners[key] is former]:
            self.launch(still)

    async def _serve(self, instance: Instance, shard: ShardProcess) -> None:
        try:
            await shard.run()
            error = shard.failure
        except Exception as raised:
            error = raised
        if error is not None and not isinstance(error, KafkaError):
            self.errors.append(f"{instance.process.name} {shard.stage.name}-{shard.number}: {type(error).__name__}: {error}")
        self.end(instance, f"{type(error).__name__}")
