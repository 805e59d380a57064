"""The embedded broker forgets old records: has a reader's position fallen behind the start of a log?

The mock cluster keeps about the newest 5 MB of a partition and says nothing when a reader was slower, so the
stack asks both sides: the broker for the first offset that it still has, stage 1 for the next that it will read.
"""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from aiokafka import TopicPartition

    from producers.connection import KafkaConnection

_EVERY_S: Final = 2.0


class LogWatch:
    """Asks at most every two seconds; `consumers_url` None means that there is no reader to look after."""

    def __init__(self, connection: KafkaConnection, consumers_url: str | None) -> None:
        self._connection = connection
        self._consumers_url = consumers_url
        self._next = time.monotonic() + _EVERY_S

    def trouble(self) -> str | None:
        """What was lost, in words; None while nothing is, or while one side cannot be asked."""
        if self._consumers_url is None or time.monotonic() < self._next:
            return None
        self._next = time.monotonic() + _EVERY_S
        positions = positions_of(_state(self._consumers_url), self._connection)
        if not positions:
            return None
        try:
            starts = asyncio.run(self._log_starts({position.topic for position in positions}))
        except OSError:
            return None  # the broker's own end is noticed elsewhere
        return lost(positions, starts)

    async def _log_starts(self, topics: set[str]) -> dict[TopicPartition, int]:
        from ops.brokers.embedded import log_starts

        return await log_starts(self._connection.bootstrap_servers, topics)


def positions_of(state: Mapping[str, Any], connection: KafkaConnection) -> dict[TopicPartition, int]:
    """The next input offset of each partition, from the consumers' /state (`stage1.positions`: topic → partition → offset)."""
    from aiokafka import TopicPartition

    found = state.get("stage1", {}).get("positions", {})
    return {
        TopicPartition(connection.topic(name), int(partition)): int(offset)
        for name, offsets in found.items()
        for partition, offset in offsets.items()
    }


def lost(positions: Mapping[TopicPartition, int], starts: Mapping[TopicPartition, int]) -> str | None:
    """The message for the partition that lost most, or None."""
    from ops.brokers.embedded import fallen_behind

    behind = fallen_behind(positions, starts)
    if not behind:
        return None
    worst = max(behind, key=lambda position: behind[position])
    return (
        f"the consumers are behind the start of {worst.topic}, partition {worst.partition}: {behind[worst]} offsets were forgotten "
        "before they were read. "
        "The embedded broker keeps only the newest 5 MB of a partition: send slower, or use --broker kafka"
    )


def _state(url: str) -> Mapping[str, Any]:
    try:
        with urllib.request.urlopen(f"{url}/state", timeout=2) as answer:
            state = json.load(answer)
    except (OSError, urllib.error.URLError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}
