"""Keeps a client's retries from hiding everything else: one line for each place in its code every ten seconds."""

from __future__ import annotations

import logging
from dataclasses import dataclass


@dataclass(slots=True)
class _Told:
    at_s: float
    held_back: int = 0


class RepeatFilter(logging.Filter):
    """Holds back what the same line of aiokafka says again within `every_s`; the next one says how many there were.

    With a retry back-off of 5 ms a broker that is away is told of hundreds of times a second, and each first write of a
    transaction to a partition is told of once more. Other loggers pass untouched.
    """

    def __init__(self, every_s: float = 10.0) -> None:
        super().__init__()
        self._every_s = every_s
        self._told: dict[tuple[str, int], _Told] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is told; its time is the record's own."""
        if not record.name.startswith("aiokafka"):
            return True
        place = (record.pathname, record.lineno)
        told = self._told.get(place)
        if told is not None and record.created - told.at_s < self._every_s:
            told.held_back += 1
            return False
        if told is not None and told.held_back:
            record.msg = f"{record.getMessage()} (and {told.held_back} more like it)"
            record.args = ()
        self._told[place] = _Told(record.created)
        return True


def hold_back_repeats() -> None:
    """Puts the filter on the root's handlers, where the records of every logger pass."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(RepeatFilter())
