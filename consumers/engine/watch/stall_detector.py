"""Whether the shards get on: their positions against the log, asked of the broker by clients of its own.

A consumer whose fetches have died sees no new ends either, so its own view cannot tell a wedged shard from a quiet one; and a log's end
alone tells neither a topic that was made anew, nor partitions that nobody reads, nor records that an open transaction holds back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from consumers.engine.positions import gone, made_anew
from consumers.engine.shard import Shard
from consumers.engine.watch.broker_view import BrokerView, Offsets, View
from consumers.engine.watch.open_transactions import OpenTransactions
from consumers.engine.watch.topic_watch import TopicWatch
from consumers.errors import StateMismatch
from consumers.metrics import ConsumerMetrics
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.topic_metadata import Topic

log = structlog.get_logger()

PROBE_EVERY_S = 2.0
PROBE_TIMEOUT_S = 10.0


class Bounds(NamedTuple):
    """Where the logs begin and end, and up to where no transaction is open."""

    starts: Offsets
    ends: Offsets
    stable: Offsets


@dataclass(slots=True)
class StallStatus:
    """One shard as last probed: records it has not processed, since when it has stood still with some waiting."""

    lag_records: int = 0
    commits: int = -1
    waiting_since_s: float | None = None
    # Partitions whose log was seen to end before the position: what a reader is told of an end may be a moment old.
    behind: set[TopicPartition] = field(default_factory=set)


class ProgressWatch:
    """Probes the shards; `problem` says why the process is not ready, None where it is.

    `topics` are the inputs and changelogs as they were at the start, `used` the partitions that are read of them; none on the
    embedded broker, which knows no ids.
    """

    def __init__(
        self,
        connection: KafkaConnection,
        shards: Sequence[Shard],
        metrics: ConsumerMetrics,
        *,
        stall_s: float,
        topics: Mapping[str, Topic] | None = None,
        used: Mapping[str, int] | None = None,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._shards = shards
        self._metrics = metrics
        self._stall_s = stall_s
        self._clock_s = clock_s
        self._statuses = [StallStatus() for _ in shards]
        self._topics = TopicWatch(topics or {}, used or {})
        self._open = OpenTransactions(stall_s=stall_s, clock_s=clock_s)
        self._unreachable: str | None = None

    async def run(self) -> None:
        """Probes until cancelled; raises StateMismatch where a log has begun after a shard's position."""
        view = BrokerView(self._connection)
        try:
            await view.start()
            while True:
                try:
                    await asyncio.wait_for(self._probe(view), PROBE_TIMEOUT_S)
                    self._unreachable = None
                except (KafkaError, TimeoutError) as error:
                    self._unreachable = (
                        f"Kafka does not answer at {self._connection.bootstrap_servers} ({type(error).__name__}): is it running?"
                    )
                    log.warning("broker unreachable", error=repr(error))
                await asyncio.sleep(PROBE_EVERY_S)
        finally:
            await view.stop()

    def problem(self) -> str | None:
        """Why not to rely on this process now."""
        return next(iter(self.problems()), None)

    def problems(self) -> list[str]:
        """Everything that keeps records from being processed: what has become of the topics, of the broker, of the shards."""
        found = [change.message for change in self._topics.changes.values()]
        found += [held for held in dict.fromkeys(shard.progress.held for shard in self._shards) if held and held not in found]
        if self._unreachable is not None:
            found.append(self._unreachable)
        found += self._open.problems()
        now = self._clock_s()
        for shard, status in zip(self._shards, self._statuses, strict=True):
            since = status.waiting_since_s
            if since is not None and now - since > self._stall_s:
                found.append(
                    f"{shard.stage.name} shard {shard.number}: {status.lag_records} records wait and nothing was committed for "
                    f"{now - since:.0f} s; look at its log and start it again"
                )
        return found

    def lag(self) -> dict[str, int]:
        """Records not processed yet, by stage: those of open transactions, of a topic made anew and of added partitions too."""
        lags: dict[str, int] = {}
        for shard, status in zip(self._shards, self._statuses, strict=True):
            lags[shard.stage.name] = lags.get(shard.stage.name, 0) + status.lag_records
        for name in lags:
            lags[name] += self._in_added_partitions(name)
        return lags

    async def _probe(self, view: View) -> None:
        # First: of a topic that does not exist the ends would be waited for.
        await self._topics.look(view)
        for shard in self._shards:
            self._hold(shard)
        absent = {name for name, change in self._topics.changes.items() if change.kind == "missing"}
        places = sorted({place for shard in self._shards for place in shard.places if place.topic not in absent})
        if not places:
            return
        # In this order, each only goes on while the next is asked for: a start behind a position is one, and so is an end before it.
        starts = await view.starts(places)
        reached = [await shard.reached() for shard in self._shards]
        stable, ends = await view.stable_ends(places), await view.ends(places)
        for shard, status, positions in zip(self._shards, self._statuses, reached, strict=True):
            there = {place: at for place, at in positions.items() if place in ends}
            self._judge(shard, status, there, Bounds(starts, ends, stable))
        least = {place: min(positions[place] for positions in reached if place in positions) for place in places}
        await self._open.look(view, least, ends, stable, self._topics.now)
        self._measure()

    def _hold(self, shard: Shard) -> None:
        """A topic made anew is none whose offsets the shard knows: it takes nothing more before a person has decided."""
        read = {place.topic for place in shard.places} | {self._connection.topic(shard.stage.changelog)}
        for name, change in self._topics.changes.items():
            if change.kind == "made_anew" and name in read and shard.progress.held is None:
                shard.progress.held = change.message
                log.error("shard held", stage=shard.stage.name, shard=shard.number, error=change.message)

    def _judge(self, shard: Shard, status: StallStatus, positions: Offsets, logs: Bounds) -> None:
        anew = {name for name, change in self._topics.changes.items() if change.kind == "made_anew"}
        behind = {place for place, at in positions.items() if at > logs.ends[place] and place.topic not in anew}
        for place in sorted(behind & status.behind):
            shard.progress.held = shard.progress.held or made_anew(place.topic)
            anew.add(place.topic)
        status.behind = behind
        status.lag_records = sum(
            logs.ends[place] - logs.starts[place] if place.topic in anew else max(0, logs.ends[place] - at)
            for place, at in positions.items()
        )
        for place, at in positions.items():
            if logs.starts[place] > at and place.topic not in anew:
                raise StateMismatch(gone(place, at, logs.starts[place]))
        # What an open transaction holds back is nothing that the shard could commit.
        waits = shard.progress.in_hand or any(logs.stable[place] > at for place, at in positions.items())
        if not waits:
            status.waiting_since_s = None
        elif status.waiting_since_s is None or shard.progress.commits != status.commits:
            status.waiting_since_s = self._clock_s()
        status.commits = shard.progress.commits

    def _in_added_partitions(self, stage: str) -> int:
        read = {self._connection.topic(name) for shard in self._shards if shard.stage.name == stage for name in shard.stage.keyed}
        return sum(change.records for name, change in self._topics.changes.items() if name in read)

    def _measure(self) -> None:
        by_stage: dict[str, list[tuple[Shard, StallStatus]]] = {}
        for shard, status in zip(self._shards, self._statuses, strict=True):
            by_stage.setdefault(shard.stage.name, []).append((shard, status))
        lags = self.lag()
        for name, members in by_stage.items():
            behind = [time.time() - shard.progress.last_record_ms / 1000 for shard, status in members if status.lag_records]
            self._metrics.progress(
                name,
                lag_records=lags[name],
                lag_seconds=max(behind, default=0.0),
                state_keys=sum(owned.task.state_keys for shard, _ in members for owned in shard.tasks.values()),
            )
        self._metrics.inputs([change.kind for change in self._topics.changes.values()], self._open.oldest_s())
