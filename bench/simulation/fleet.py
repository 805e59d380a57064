"""The instances of the stream processor and who owns which shard: started, killed, stopped, moved, restarted, refused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from aiokafka.errors import IllegalOperation, KafkaConnectionError, KafkaError

from bench.simulation.parts import Site
from bench.simulation.processors import ShardProcess
from bench.simulation.simulated_runner import NullMetrics
from bench.simulation.virtual_loop import Process
from consumers.engine.housekeeping import Housekeeping
from consumers.engine.stage import Stage, shard_partitions
from consumers.engine.watch.stall_detector import ProgressWatch
from consumers.errors import StateMismatch
from runtime.kafka.topic_metadata import Topic
from runtime.kafka.used_partitions import used_partitions

ShardKey = tuple[str, int]
# How often a process looks after its shards and at the topics. Nothing of a seed lasts as long as NEVER_S.
LOOK_EVERY_S: Final = 6.0
NEVER_S: Final = 1e9


@dataclass(eq=False)
class Instance:
    """One process and the shards that it was started with; since when it has been awake, and what its watch says of its topics."""

    process: Process
    keys: tuple[ShardKey, ...]
    skip_lost: bool
    awake_s: float
    shards: list[ShardProcess] = field(default_factory=list)
    watch: ProgressWatch | None = None

    def problems(self) -> list[str]:
        """Why it is not ready, where it would say."""
        return self.watch.problems() if self.watch is not None and self.process.alive and not self.process.stopped else []


class Fleet:
    """Every shard has one owner; a former owner may still be alive and not know it."""

    def __init__(self, site: Site, rng: Random, stages: dict[str, tuple[Stage, int, int]], *, twice: float) -> None:
        self.errors: list[str] = []
        self.instances: list[Instance] = []
        self._site, self._rng, self._stages, self._twice = site, rng, stages, twice
        # Refused starts and stops for which somebody has to do something, by shard; whoever does takes them out.
        self.refused: dict[ShardKey, str] = {}
        self._owners: dict[ShardKey, Instance] = {}
        self._started = 0

    def shards(self) -> list[ShardKey]:
        """Every shard of both stages."""
        return [(name, number) for name, (_, _, shards) in self._stages.items() for number in range(shards)]

    def spread(self, instances: int) -> None:
        """Starts that many new instances and gives each a share of the shards; former owners go on until they are fenced."""
        keys = self.shards()
        self._rng.shuffle(keys)
        for number in range(instances):
            if share := keys[number::instances]:
                self.launch(share)

    def launch(self, keys: Iterable[ShardKey], *, skip_lost: bool = False) -> Instance:
        """Starts an instance that owns these shards from now on."""
        self._started += 1
        instance = Instance(Process(f"consumers-{self._started}"), tuple(sorted(keys)), skip_lost, self._site.loop.now)
        self.instances.append(instance)
        self._site.trace(f"launch {instance.process.name} {instance.keys}")
        for key in instance.keys:
            self._owners[key] = instance
            stage, partitions, shards = self._stages[key[0]]
            owned = shard_partitions(partitions, shards)[key[1]]
            shard = ShardProcess(self._site, stage, key[1], owned, shards=shards, twice=self._twice, skip_lost=skip_lost)
            instance.shards.append(shard)
            self._site.loop.start(instance.process, self._serve(instance, shard), f"{instance.process.name} {key}")
        self._site.loop.start(instance.process, self._look_after(instance, self._topics(instance)), f"{instance.process.name} watch")
        return instance

    def relaunch(self, instance: Instance, *, skip_lost: bool) -> None:
        """A person stops an instance and starts what it owns with SKIP_LOST_RECORDS for this one start."""
        keys = [key for key in instance.keys if self._owners[key] is instance]
        if instance.process.alive:
            self.end(instance, "started again by hand", again=False)
        self.launch(keys, skip_lost=skip_lost)

    def end(self, instance: Instance, why: str, *, again: bool = True) -> None:
        """The process is gone; what it still owned starts again after a while."""
        if not instance.process.alive or self._site.loop.over:
            return
        self._site.trace(f"end {instance.process.name}: {why}")
        self._site.loop.kill(instance.process)
        self.instances.remove(instance)
        owned = [key for key in instance.keys if self._owners[key] is instance]
        if owned and again:
            self._site.loop.start(None, self._again(instance, owned, self._rng.uniform(0.05, 8.0)), "restart")

    def owned(self) -> list[Instance]:
        """The owners of now."""
        return [instance for instance in self.instances if any(self._owners[key] is instance for key in instance.keys)]

    def awake(self, process: Process) -> None:
        """A process that was stopped goes on."""
        for instance in self.instances:
            if instance.process is process:
                instance.awake_s = self._site.loop.now

    def owner(self, key: ShardKey) -> Instance:
        """Who owns a shard now, alive or not."""
        return self._owners[key]

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
        self._ended(instance, error, [(shard.stage.name, shard.number)])

    # IllegalOperation: where the abort of one transaction failed, the next one cannot begin.
    def _ended(self, instance: Instance, error: BaseException | None, keys: Iterable[ShardKey]) -> None:
        for key in keys:
            if isinstance(error, StateMismatch) and self._owners[key] is instance:
                self.refused[key] = str(error)
            elif error is not None and not isinstance(error, KafkaError | IllegalOperation | StateMismatch):
                self.errors.append(f"{instance.process.name} {key[0]}-{key[1]}: {type(error).__name__}: {error}")
        self.end(instance, f"{type(error).__name__} {error}" if isinstance(error, StateMismatch) else type(error).__name__)

    def _topics(self, instance: Instance) -> dict[str, Topic]:
        """The inputs and changelogs of an instance, as they are when it starts."""
        site = self._site
        stages = [self._stages[name][0] for name in sorted({name for name, _ in instance.keys})]
        names = [site.connection.topic(name) for stage in stages for name in (*stage.keyed, *stage.whole, stage.changelog)]
        return {name: site.log.described(name) for name in names}

    async def _look_after(self, instance: Instance, topics: Mapping[str, Topic]) -> None:
        """Housekeeping and watch of a process, once all its shards read."""
        site = self._site
        while not all(process.started for process in instance.shards):  # noqa: ASYNC110
            await asyncio.sleep(1.0)
        shards, nothing = [process.shard for process in instance.shards if process.shard is not None], NullMetrics()
        used = used_partitions({name: topic.partitions for name, topic in topics.items()}, site.connection.topic_prefix)
        metrics: Any = nothing
        instance.watch = ProgressWatch(site.connection, shards, metrics, stall_s=NEVER_S, topics=topics, used=used)
        housekeeping = Housekeeping(shards, {}, snapshot_every_s=NEVER_S, write_every_s=NEVER_S, clock_s=site.loop.time)
        view = site.parts.view(site.log, site.network)
        while True:
            try:
                await housekeeping.look()
                with suppress(KafkaConnectionError):
                    await instance.watch._probe(view)
            except Exception as error:
                return self._ended(instance, error, instance.keys)
            await asyncio.sleep(LOOK_EVERY_S)
