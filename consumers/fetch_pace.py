"""How long a shard's consumer waits for records: a moment while they come, longer and longer while none do, never past a record.

FastStream's batch subscriber asks every few milliseconds and, after an empty answer, sleeps as long again without listening: a
hundred wake-ups a second of a shard with nothing to do, and a sleep that a record has to wait out. And the embedded broker holds a
fetch for its whole wait even when a record comes meanwhile, so there the wait is the latency, while an empty fetch of a stage's
partitions costs a millisecond at either end.
"""

from __future__ import annotations

from typing import Any, Final

# The embedded broker's waits: the first after a record, and the longest, reached after a second without one. In between a wait is about
# a quarter of the time that no record came, so that records which do come, even one by one, wait little more than the shortest.
SHORTEST_WAIT_MS: Final = 10
LONGEST_WAIT_MS: Final = 300
_GROWTH: Final = 1.25
# Apache Kafka answers a fetch as soon as there is a record.
KAFKA_WAIT_MS: Final = 500
# How long one call listens; a record ends it at once.
LISTEN_MS: Final = 1000


def pace(consumer: Any, *, embedded: bool) -> None:
    """Makes a started AIOKafkaConsumer's `getmany` return only with records; it raises what it raised before, and when it is stopped."""
    consumer.getmany = _Patient(consumer, embedded=embedded).getmany


class _Patient:
    def __init__(self, consumer: Any, *, embedded: bool) -> None:
        self._getmany = consumer.getmany
        self._embedded = embedded
        # aiokafka reads it whenever it makes a fetch, and has no other way to change it while the consumer runs.
        self._fetcher = consumer._fetcher

    async def getmany(self, *partitions: Any, timeout_ms: int = 0, max_records: int | None = None) -> dict[Any, list[Any]]:
        """The next records, however long they take. `timeout_ms` is FastStream's and means nothing here."""
        wait_ms = SHORTEST_WAIT_MS
        while True:
            self._wait(wait_ms)
            found: dict[Any, list[Any]] = await self._getmany(
                *partitions, timeout_ms=wait_ms if self._embedded else LISTEN_MS, max_records=max_records
            )
            if found:
                # Before aiokafka asks for more: what else goes over this connection has to wait until that fetch is answered.
                self._wait(SHORTEST_WAIT_MS)
                return found
            wait_ms = min(round(wait_ms * _GROWTH), LONGEST_WAIT_MS)

    def _wait(self, wait_ms: int) -> None:
        if self._embedded:
            self._fetcher._fetch_max_wait_ms = wait_ms
