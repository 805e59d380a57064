"""What every sequential detector can do: river's `update` and `drift_detected`, the evidence, and a state that survives a restart."""

from __future__ import annotations

from typing import Protocol

import msgspec


class DetectorStatus(msgspec.Struct, frozen=True):
    """A statistic against its threshold; `alarm`: it said so and nothing has answered it, `since_ms` (since 1970 UTC).

    `learning` is set while a baseline is gathered: its events so far and those needed.
    """

    signal: str
    detector: str
    language: str | None
    statistic: float
    threshold: float
    alarm: bool = False
    since_ms: int | None = None
    learning: tuple[int, int] | None = None


class SequentialDetector(Protocol):
    """Takes a stream value by value; `drift_detected` speaks of the newest one, and the update after a detection starts afresh."""

    def update(self, x: float) -> object: ...
    @property
    def drift_detected(self) -> bool: ...
    @property
    def statistic(self) -> float:
        """The evidence for a change; a detection is a statistic of at least `threshold`."""

    @property
    def threshold(self) -> float: ...
    @property
    def effect(self) -> float:
        """How large the change looks: the level since it minus the level before, in the unit of the values."""

    def save(self) -> bytes:
        """The whole state; a detector made alike that loads it goes on bit for bit."""

    def load(self, state: bytes) -> None: ...


class RateDetector(SequentialDetector, Protocol):
    """A detector of a rate that takes whole buckets: `successes` out of `events`, both counts."""

    def update_bucket(self, events: int, successes: int) -> object: ...
