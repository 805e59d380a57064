"""What is done for the state beside the records: snapshots, and a write to changelog partitions that nothing else writes to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import structlog

from consumers.engine.shard import Shard
from consumers.engine.snapshot import Snapshots

log = structlog.get_logger()

# Also how long a written position may stand in front of a transaction marker that was read.
LOOK_EVERY_S: Final = 1.0


class Housekeeping:
    """Looks after the shards of a process. `snapshots` are by stage; a stage without any keeps none.

    A changelog partition counts as idle until it has been written to under this process: how long it was before is not known.
    """

    def __init__(
        self,
        shards: Sequence[Shard],
        snapshots: Mapping[str, Snapshots],
        *,
        snapshot_every_s: float,
        write_every_s: float,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shards = shards
        self._snapshots = snapshots
        self._snapshot_every_s = snapshot_every_s
        self._write_every_s = write_every_s
        self._clock_s = clock_s
        self._snapshots_at_s = clock_s()
        # By stage and partition: the offset last seen, and since when it has stood; the offset of the snapshot.
        self._idle_since: dict[tuple[str, int], tuple[int, float]] = {}
        self._kept: dict[tuple[str, int], int] = {}

    async def run(self) -> None:
        """Looks until cancelled; raises what a transaction raises."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Does what is due now."""
        for shard in self._shards:
            # A stop in the middle of a transaction lets it end: a batch in hand still needs the producer.
            await asyncio.shield(shard.write_reached())
            await asyncio.shield(shard.show_offsets())
            idle = self._idle(shard)
            if idle:
                await asyncio.shield(shard.rewrite_positions(idle))
                for number in idle:
                    self._idle_since[shard.stage.name, number] = (shard.tasks[number].changelog_next, self._clock_s())
                log.info("idle changelog written to", stage=shard.stage.name, partitions=idle)
        if self._clock_s() - self._snapshots_at_s >= self._snapshot_every_s:
            self._snapshots_at_s = self._clock_s()
            await self.snapshot()

    async def snapshot(self) -> int:
        """Replaces the snapshots of tasks whose changelog went on since their last; returns how many.

        A disk that does not take them is logged and stops nothing: without them a restore only takes longer.
        """
        made, size, started = 0, 0, time.perf_counter()
        for shard in self._shards:
            snapshots = self._snapshots.get(shard.stage.name)
            if snapshots is None:
                continue
            for number, owned in shard.tasks.items():
                place = (shard.stage.name, number)
                if self._kept.get(place) == owned.changelog_next:
                    continue
                found = await shard.committed_state(number)
                if found is None:
                    break
                records, reached = found
                (shards,) = owned.shards
                try:
                    size += await asyncio.to_thread(snapshots.write, number, records, shards=shards, changelog_next=reached)
                except OSError as error:
                    log.warning("snapshot not written", path=str(snapshots.path(number)), error=repr(error))
                    continue
                self._kept[place] = reached
                made += 1
            await asyncio.to_thread(snapshots.sweep)
        if made:
            log.info("snapshots written", count=made, bytes=size, seconds=round(time.perf_counter() - started, 3))
        return made

    def _idle(self, shard: Shard) -> list[int]:
        now_s = self._clock_s()
        idle = []
        for number, owned in shard.tasks.items():
            place = (shard.stage.name, number)
            offset, since_s = self._idle_since.get(place, (owned.changelog_next, now_s - self._write_every_s))
            if owned.changelog_next != offset:
                self._idle_since[place] = (owned.changelog_next, now_s)
                continue
            self._idle_since[place] = (offset, since_s)
            if now_s - since_s >= self._write_every_s:
                idle.append(number)
        return idle
