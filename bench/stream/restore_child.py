"""Stage 1's restore, or raw aiokafka reading the same changelog to its end: `python -m bench.stream.restore_child JSON`."""

from __future__ import annotations

import asyncio
import time

from bench.stream.topic_reading import read_batches
from bench.stream.usage import answer, asked, cpu_s, resident_bytes
from consumers.engine.restore import restore
from consumers.engine.stage import OwnedTask
from consumers.settings import ConsumerSettings
from consumers.stages import stage1
from schemas import topics


async def main() -> None:
    """One reading, of every partition, by one of the two ways."""
    wanted = asked()
    settings = ConsumerSettings()
    connection, stage = settings.connection(), stage1(settings)
    tasks = {partition: OwnedTask(stage.new_task(partition)) for partition in range(topics.INPUT_PARTITIONS)}
    before, began, used = resident_bytes(), time.perf_counter(), cpu_s()
    if wanted["way"] == "restore":
        records = await restore(connection, stage, tasks)
    else:
        records = 0
        async for fetched in read_batches(connection, connection.topic(stage.changelog)):
            records += len(fetched)
    seconds, used = time.perf_counter() - began, cpu_s() - used
    keys = sum(owned.task.state_keys for owned in tasks.values())
    answer(
        {
            "records": records,
            "records_per_s": records / seconds,
            "cpu_us_per_record": used / records * 1e6,
            "rss_growth_mb": (resident_bytes() - before) / 1e6,
            "state_keys": keys,
        }
    )


if __name__ == "__main__":
    asyncio.run(main())
