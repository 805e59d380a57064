"""How long the broker may hold a shard's next fetch, and for how much: at rest until a record comes, while records come so that a
transaction has some company.

FastStream's batch subscriber asks every few milliseconds and, after an empty answer, sleeps as long again without listening: a
hundred wake-ups a second of a shard with nothing to do, and a sleep that a record has to wait out. On the other hand a shard that takes
each record as it comes spends a transaction on it, whose requests and markers cost far more than the record: at a thousand events a
second the machine was full of transactions, and each waited for the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

# Apache Kafka answers a fetch as soon as there is what it asks for.
KAFKA_WAIT_MS: Final = 500
# While records come, each fetch gathers for this long, which the transaction before it mostly fills; or until there is this much.
GATHER_MS: Final = 40
GATHER_BYTES: Final = 64 * 1024
# A shard that got nothing for this long is at rest again: its next record is fetched the moment that it comes.
REST_AFTER_MS: Final = 200
# How long one call listens at rest; a record ends it at once.
LISTEN_MS: Final = 1000

# The embedded broker holds a fetch for its whole wait even when a record comes meanwhile, so there the wait is the latency, while an
# empty fetch of a stage's partitions costs a millisecond at either end. Its waits: the first after a record, and the longest, reached
# after a second without one. In between a wait is about a quarter of the time that no record came, so that records which do come, even
# one by one, wait little more than the shortest.
SHORTEST_WAIT_MS: Final = 10
LONGEST_WAIT_MS: Final = 300
_GROWTH: Final = 1.25


class Pace(Protocol):
    """The next fetch: `wait_ms` and `min_bytes` are Kafka's fetch.max.wait.ms and fetch.min.bytes, `listen_ms` how long to wait for it."""

    wait_ms: int
    min_bytes: int
    listen_ms: int

    def came(self) -> None:
        """There were records."""

    def nothing_came(self) -> None:
        """There were none for `listen_ms`."""


@dataclass(slots=True)
class KafkaPace:
    """Apache Kafka's: at once from rest, gathering while records come."""

    wait_ms: int = KAFKA_WAIT_MS
    min_bytes: int = 1
    listen_ms: int = LISTEN_MS

    def came(self) -> None:
        """Gathers from now on."""
        self.wait_ms, self.min_bytes, self.listen_ms = GATHER_MS, GATHER_BYTES, REST_AFTER_MS

    def nothing_came(self) -> None:
        """Rests."""
        self.wait_ms, self.min_bytes, self.listen_ms = KAFKA_WAIT_MS, 1, LISTEN_MS


@dataclass(slots=True)
class EmbeddedPace:
    """The embedded broker's: it asks less and less until a record comes."""

    wait_ms: int = SHORTEST_WAIT_MS
    min_bytes: int = 1
    listen_ms: int = SHORTEST_WAIT_MS

    def came(self) -> None:
        """Begins with the shortest wait again."""
        self.wait_ms = self.listen_ms = SHORTEST_WAIT_MS

    def nothing_came(self) -> None:
        """Waits a little longer."""
        self.wait_ms = self.listen_ms = min(round(self.wait_ms * _GROWTH), LONGEST_WAIT_MS)
