"""One input of a partition: how far its event time has come, and which of its samples are known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from consumers.collect.daily_counts import Input
from consumers.collect.deduplication import ID_BYTES, Mark, Marks

DAY_S: Final = 24 * 3600
# Before every time that a datetime holds.
BEGINNING_S: Final = -(1 << 40)


class Watermark:
    """The newest event time seen, the watermark behind which nothing is accepted (both in seconds since 1970 UTC), and the marks.

    The watermark is the newest event time less the allowed lateness, at the start of that day. `former` are the marks that the release
    before left behind, under the ids of its own.
    """

    __slots__ = ("_former_letter", "_letter", "_moves_s", "former", "kind", "lateness_s", "marks", "newest_s", "watermark_s")

    def __init__(self, kind: Input, letter: bytes, former_letter: bytes, lateness_s: int) -> None:
        self.kind: Input = kind
        self.marks = Marks()
        self.former = Marks()
        self._letter = letter
        self._former_letter = former_letter
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

    def former_marks(self, ids: Iterable[str], user: bytes) -> dict[bytes, Mark]:
        """The marks by state key that a sample of this user has under its former ids (hex), those not forgotten."""
        found: dict[bytes, Mark] = {}
        for name in ids:
            key = self._former_letter + bytes.fromhex(name)[:ID_BYTES]
            mark = self.former.get(key, self.watermark_s)
            # A former id said nothing of the user: another one's feedback may be remembered under it.
            if mark is not None and mark.user == user:
                found[key] = mark
        return found

    def advance(self, newest_s: int) -> None:
        """An event newer than all before is accepted. O(1)."""
        self.newest_s = newest_s
        if newest_s >= self._moves_s:
            self.watermark_s = (newest_s - self.lateness_s) // DAY_S * DAY_S
            self._moves_s = self.watermark_s + DAY_S + self.lateness_s
