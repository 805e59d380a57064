"""Bytes in flight of each partition: handed to the producer and not yet acknowledged, or not yet processed.

On a real broker an acknowledged event is safe, so an acknowledgement ends its flight. The embedded broker keeps only
the newest 5 MB or so of a partition and drops the rest in silence, so there an event is in flight until its reader
has passed it (`hold`): a budget below those 5 MB is what keeps events from being lost.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

Partition = tuple[str, int]


@dataclass(slots=True)
class _Flight:
    unacknowledged: int = 0
    acknowledged: int = 0
    waiting: deque[tuple[int, int]] = field(default_factory=deque)  # (offset, bytes), in the order of offsets
    processed: int = 0  # the reader's next offset


class Backlog:
    """Counts bytes by partition; every method is O(1) amortised.

    >>> backlog = Backlog(budget_bytes=100, hold=True)
    >>> backlog.sent(("t", 0), 80)
    >>> backlog.acknowledged(("t", 0), 7, 80)
    >>> backlog.has_room(("t", 0), 30)
    False
    >>> backlog.processed(("t", 0), 8)
    >>> backlog.has_room(("t", 0), 30)
    True
    """

    def __init__(self, budget_bytes: int, *, hold: bool) -> None:
        if budget_bytes < 1:
            raise ValueError(f"budget_bytes {budget_bytes}: expected at least 1")
        self.budget_bytes = budget_bytes
        self.hold = hold
        self._flights: dict[Partition, _Flight] = {}

    def bytes_in_flight(self, partition: Partition) -> int:
        """What counts against the partition's budget now."""
        flight = self._flights.get(partition)
        return 0 if flight is None else flight.unacknowledged + flight.acknowledged

    def largest(self) -> int:
        """The bytes in flight of the fullest partition."""
        return max((flight.unacknowledged + flight.acknowledged for flight in self._flights.values()), default=0)

    def has_room(self, partition: Partition, size: int) -> bool:
        """Whether an event of `size` bytes fits; one alone always does, or it could never be sent."""
        used = self.bytes_in_flight(partition)
        return used == 0 or used + size <= self.budget_bytes

    def sent(self, partition: Partition, size: int) -> None:
        """An event goes to the producer."""
        self._flight(partition).unacknowledged += size

    def failed(self, partition: Partition, size: int) -> None:
        """The event will not arrive."""
        self._flight(partition).unacknowledged -= size

    def acknowledged(self, partition: Partition, offset: int, size: int) -> None:
        """The broker has the event at `offset` (negative: it does not say where, then nothing is held)."""
        flight = self._flight(partition)
        flight.unacknowledged -= size
        if self.hold and offset >= flight.processed and offset >= 0:
            flight.waiting.append((offset, size))
            flight.acknowledged += size

    def processed(self, partition: Partition, next_offset: int) -> None:
        """The reader has passed everything below `next_offset`; a smaller one than before changes nothing."""
        flight = self._flight(partition)
        flight.processed = max(flight.processed, next_offset)
        while flight.waiting and flight.waiting[0][0] < flight.processed:
            flight.acknowledged -= flight.waiting.popleft()[1]

    def release(self) -> None:
        """Holds acknowledged events no longer, from now on."""
        self.hold = False
        for flight in self._flights.values():
            flight.waiting.clear()
            flight.acknowledged = 0

    def _flight(self, partition: Partition) -> _Flight:
        return self._flights.setdefault(partition, _Flight())
