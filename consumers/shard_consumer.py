"""aiokafka's consumer as a shard needs it: it never jumps, and it knows up to where it has handed records out.

Its position moves over transaction markers and aborted records, which nobody is handed. So where everything that was handed out is
processed, everything below the position is.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import NoOffsetForPartitionError, OffsetOutOfRangeError

# A position that the log does not have is for the watch to judge, every two seconds; asking more often changes nothing.
RETRY_S: Final = 0.5


class ShardConsumer(AIOKafkaConsumer):  # type: ignore[misc]
    """With `auto_offset_reset="none"`: an offset that the log does not have is asked for again, instead of another one."""

    def __init__(self, *topics: str, **options: Any) -> None:
        super().__init__(*topics, **options)
        self.handed: dict[TopicPartition, int] = {}

    async def getmany(self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None) -> dict[TopicPartition, Any]:
        """The next records, none where there are none to be had."""
        try:
            found: dict[TopicPartition, Any] = await super().getmany(*partitions, timeout_ms=timeout_ms, max_records=max_records)
        except NoOffsetForPartitionError:
            # Before the restored positions are sought.
            return {}
        except OffsetOutOfRangeError:
            await asyncio.sleep(RETRY_S)
            return {}
        for tp, records in found.items():
            self.handed[tp] = records[-1].offset + 1
        return found
