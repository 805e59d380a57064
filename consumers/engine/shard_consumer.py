"""aiokafka's consumer as a shard needs it: it never jumps, it knows up to where it has handed records out, and it paces its fetches.

Its position moves over transaction markers and aborted records, which nobody is handed. So where everything that was handed out is
processed, everything below the position is.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import NoOffsetForPartitionError, OffsetOutOfRangeError

from consumers.engine.fetch_pace import EmbeddedPace, KafkaPace, Pace

# A position that the log does not have is for the watch to judge, every two seconds; asking more often changes nothing.
RETRY_S: Final = 0.5


class ShardConsumer(AIOKafkaConsumer):  # type: ignore[misc]
    """With `auto_offset_reset="none"`: an offset that the log does not have is asked for again, instead of another one."""

    def __init__(self, *topics: str, wakes_fetches: bool = True, **options: Any) -> None:
        super().__init__(*topics, **options)
        self.handed: dict[TopicPartition, int] = {}
        self._pace: Pace = KafkaPace() if wakes_fetches else EmbeddedPace()

    async def getmany(self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None) -> dict[TopicPartition, Any]:
        """The next records, however long they take: `timeout_ms` is FastStream's, which sleeps after an empty answer.

        Empty only where a position is none that the log has; raises what aiokafka's raises, and when the consumer is stopped.
        """
        while True:
            self._set_pace()
            try:
                found: dict[TopicPartition, Any] = await super().getmany(
                    *partitions, timeout_ms=self._pace.listen_ms, max_records=max_records
                )
            except NoOffsetForPartitionError:
                # Before the restored positions are sought.
                return {}
            except OffsetOutOfRangeError:
                await asyncio.sleep(RETRY_S)
                return {}
            if found:
                break
            self._pace.nothing_came()
        self._pace.came()
        # Before aiokafka asks for more: what else goes over this connection has to wait until that fetch is answered.
        self._set_pace()
        for tp, records in found.items():
            self.handed[tp] = records[-1].offset + 1
        return found

    def _set_pace(self) -> None:
        # aiokafka reads them whenever it makes a fetch, and has no other way to change them while the consumer runs.
        self._fetcher._fetch_max_wait_ms = self._pace.wait_ms
        self._fetcher._fetch_min_bytes = self._pace.min_bytes
