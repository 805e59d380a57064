"""Whether a shard gets on: its positions against the log's ends, asked of the broker by a client of its own.

A consumer whose fetches have died sees no new ends either, so its own view cannot tell a wedged shard from a quiet one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from consumers.errors import StateMismatch
from consumers.metrics import ConsumerMetrics
from consumers.shard import Shard
from consumers.state.positions import gone
from producers.connection import KafkaConnection

log = structlog.get_logger()

PROBE_EVERY_S = 2.0
PROBE_TIMEOUT_S = 10.0


@dataclass(slots=True)
class Standing:
    """One shard as last probed: records it has not processed, since when it has stood still with some waiting."""

    lag_records: int = 0
    commits: int = -1
    waiting_since_s: float | None = None


class ProgressWatch:
    """Probes the shards; `problem` says why the process is not ready, None where it is."""

    def __init__(self, connection: KafkaConnection, shards: Sequence[Shard], metrics: ConsumerMetrics, *, stall_s: float) -> None:
        self._connection = connection
        self._shards = shards
        self._metrics = metrics
        self._stall_s = stall_s
        self._standings = [Standing() for _ in shards]
        self._unreachable: str | None = None

    async def run(self) -> None:
        """Probes until cancelled; raises StateMismatch where a log has begun after a shard's position."""
        consumer = AIOKafkaConsumer(**self._connection.consumer_options())
        await consumer.start()
        try:
            while True:
                try:
                    await asyncio.wait_for(self._probe(consumer), PROBE_TIMEOUT_S)
                    self._unreachable = None
                except (KafkaError, TimeoutError) as error:
                    self._unreachable = (
                        f"Kafka does not answer at {self._connection.bootstrap_servers} ({type(error).__name__}): is it running?"
                    )
                    log.warning("broker unreachable", error=repr(error))
                await asyncio.sleep(PROBE_EVERY_S)
        finally:
            await consumer.stop()

    def problem(self) -> str | None:
        """Why not to rely on this process now."""
        if self._unreachable is not None:
            return self._unreachable
        now = time.monotonic()
        for shard, standing in zip(self._shards, self._standings, strict=True):
            since = standing.waiting_since_s
            if since is not None and now - since > self._stall_s:
                return (
                    f"{shard.stage.name} shard {shard.number}: {standing.lag_records} records wait and nothing was committed for "
                    f"{now - since:.0f} s; look at its log and start it again"
                )
        return None

    def lag(self) -> dict[str, int]:
        """Records not processed yet, by stage."""
        lags: dict[str, int] = {}
        for shard, standing in zip(self._shards, self._standings, strict=True):
            lags[shard.stage.name] = lags.get(shard.stage.name, 0) + standing.lag_records
        return lags

    async def _probe(self, consumer: AIOKafkaConsumer) -> None:
        for shard, standing in zip(self._shards, self._standings, strict=True):
            positions = await _positions(shard)
            if positions:
                ends = await consumer.end_offsets(list(positions))
                self._judge(shard, standing, positions, ends)
                for tp, begin in (await consumer.beginning_offsets(list(positions))).items():
                    if begin > positions[tp]:
                        raise StateMismatch(gone(tp, positions[tp], begin))
        self._measure()

    def _judge(self, shard: Shard, standing: Standing, positions: dict[TopicPartition, int], ends: dict[TopicPartition, int]) -> None:
        standing.lag_records = sum(max(0, ends[tp] - position) for tp, position in positions.items())
        waits = standing.lag_records > 0 or shard.progress.in_hand
        if not waits:
            standing.waiting_since_s = None
        elif standing.waiting_since_s is None or shard.progress.commits != standing.commits:
            standing.waiting_since_s = time.monotonic()
        standing.commits = shard.progress.commits

    def _measure(self) -> None:
        by_stage: dict[str, list[tuple[Shard, Standing]]] = {}
        for shard, standing in zip(self._shards, self._standings, strict=True):
            by_stage.setdefault(shard.stage.name, []).append((shard, standing))
        for name, members in by_stage.items():
            behind = [time.time() - shard.progress.last_record_ms / 1000 for shard, standing in members if standing.lag_records]
            self._metrics.progress(
                name,
                lag_records=sum(standing.lag_records for _, standing in members),
                lag_seconds=max(behind, default=0.0),
                state_keys=sum(owned.task.state_keys for shard, _ in members for owned in shard.tasks.values()),
            )


async def _positions(shard: Shard) -> dict[TopicPartition, int]:
    """Where the shard's consumer is: past transaction markers too, which no record of ours stands for."""
    consumer = shard.consumer
    if consumer is None:
        return {}
    return {tp: await consumer.position(tp) for tp in consumer.assignment()}
