"""The people who look after a seed's installation: they do what an instance that is not ready, or does not start, asks for."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Final

from aiokafka.errors import KafkaError

from bench.simulation.cluster import ADDED, Cluster
from bench.simulation.fleet import Fleet, Instance, ShardKey
from bench.simulation.parts import Site
from bench.simulation.simulated_clients import SimulatedProducer
from bench.simulation.virtual_loop import Process
from consumers.engine.positions import made_anew
from runtime.kafka.transaction import partition_of

LOOK_EVERY_S: Final = 2.0


class Operators:
    """`errors` are problems with nothing behind them; `told` is whether somebody said that a topic was made anew."""

    def __init__(self, site: Site, rng: Random, fleet: Fleet, cluster: Cluster) -> None:
        self.errors: list[str] = []
        self._site, self._rng, self._fleet, self._cluster = site, rng, fleet, cluster
        self.told = False
        self._draining: Process | None = None

    async def look_after(self) -> None:
        """For as long as the seed lasts."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self._see_who_is_cured()
            for key, problem in sorted(self._fleet.refused.items()):
                self._do(self._fleet.owner(key), key, problem)
            self._fleet.refused.clear()
            for instance in self._fleet.owned():
                for problem in instance.problems():
                    self._do(instance, None, problem)

    def _see_who_is_cured(self) -> None:
        """A shard whose start with the word for it has come to its end needs no other."""
        if self._cluster.remade is not None:
            for process in self._fleet.owned_shards():
                if process.skip_lost and process.started:
                    self._cluster.cured.add((process.stage.name, process.number))

    def _do(self, instance: Instance, key: ShardKey | None, problem: str) -> None:
        cluster = self._cluster
        if cluster.remade is not None and problem == made_anew(cluster.remade):
            self.told = True
            if key in cluster.cured:
                self.errors.append(f"{key} asked a second time: {problem}")
            elif not (instance.skip_lost and instance.process.alive):
                self._fleet.relaunch(instance, skip_lost=True)
        elif cluster.extended is not None and problem.startswith(cluster.extended):
            self._drain(cluster.extended)
        else:
            self.errors.append(f"{instance.process.name} {key or ''}: {problem}")

    def _drain(self, topic: str) -> None:
        """`abhyas topics drain` as a process of its own, unless one is at it."""
        if self._draining is None or not self._draining.alive:
            self._draining = Process("drain")
            self._site.loop.start(self._draining, self._drained(topic, self._draining), "drain")
            if self._rng.random() < 0.3:
                self._site.loop.start(None, self._broken_off(self._draining), "break off")

    async def _drained(self, topic: str, process: Process) -> None:
        """Sends what lies in added partitions to where it is read, then deletes it; as `ops.commands.topics.drain`."""
        log, site = self._site.log, self._site
        producer = SimulatedProducer(log, site.network, f"{site.connection.topic_prefix}-drain")
        try:
            await producer.start()
            for number in range(len(log.topics[topic]) - ADDED, len(log.topics[topic])):
                records, after = log.visible(topic, number, log.partition(topic, number).start, 1_000_000)
                if records:
                    async with producer.transaction():
                        for record in records:
                            home = partition_of(record.key or b"", len(log.topics[topic]) - ADDED)
                            await producer.send(topic, record.value, key=record.key, headers=record.headers, partition=home)
                await site.network.way()
                log.delete_records(topic, number, after)
        except KafkaError as error:
            site.trace(f"drain: {error!r}")
        process.alive = False

    async def _broken_off(self, process: Process) -> None:
        await asyncio.sleep(self._rng.uniform(0.0, 0.5))
        self._site.loop.kill(process)
