"""One input of a partition: how far its event time has come, and which of its samples are known."""

from __future__ import annotations

from typing import Final

from consumers.core.deduplication import ID_BYTES, Marks
from consumers.core.signals import Input

DAY_S: Final = 24 * 3600
# Before every time that a datetime holds.
BEGINNING_S: Final = -(1 << 40)


class Lane:
    """The newest event time seen, the watermark behind which nothing is accepted (both in seconds since 1970 UTC), and the marks.

    The watermark is the newest event time less the allowed lateness, at the start of that day.
    """

    __slots__ = ("_letter", "_moves_s", "kind", "lateness_s", "marks", "newest_s", "watermark_s")

    def __init__(self, kind: Input, letter: bytes, lateness_s: int) -> None:
        self.kind: Input = kind
        self.marks = Marks()
        self._letter = letter
        self.lateness_s = lateness_s
        self.newest_s = BEGINNING_S
        self.watermark_s = BEGINNING_S
        # The event time with which the watermark moves on.
        self._moves_s = BEGINNING_S

    @property
    def begun(self) -> bool:
        """Whether an event has been accepted yet."""
        return self.newest_s != BEGINNING_S

    def state_key(self, sample: bytes) -> bytes:
        """The state key of a sample by its id."""
        return self._letter + sample[:ID_BYTES]

    def advance(self, newest_s: int) -> None:
        """An event newer than all before is accepted. O(1)."""
        self.newest_s = newest_s
        if newest_s >= self._moves_s:
            self.watermark_s = (newest_s - self.lateness_s) // DAY_S * DAY_S
            self._moves_s = self.watermark_s + DAY_S + self.lateness_s
