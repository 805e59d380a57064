"""Where records lie, and what was deleted of a log while its readers ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from schemas import topics

# What stage 1 reads and counts as processed.
INPUTS: Final = (topics.FEEDBACK_SUBMITTED, topics.TURN_COMPLETED, topics.DOCUMENT_INGESTED, topics.USER_ERASED)


class Place(NamedTuple):
    """Where a record lies; the topic is without prefix."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Deletion:
    """The records of a partition before `behind` were deleted; `read` says how far the partitions of that number were read, by topic."""

    topic: str
    partition: int
    behind: int
    read: Mapping[str, int]

    def has(self, place: Place) -> bool:
        """Whether it took a record."""
        return (place.topic, place.partition) == (self.topic, self.partition) and place.offset < self.behind


def place_of(record: Any) -> Place:
    """Where a record of an input lies."""
    return Place(next(name for name in INPUTS if record.topic.endswith(name)), record.partition, record.offset)
