"""One input of a partition: how far its event time has come, and which of its samples are known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from consumers.collect.daily_counts import Input
from consumers.collect.deduplication import ID_BYTES, Mark, Marks
from consumers.records import InputRecord, Refusal
from schemas import dead_letter

DAY_S: Final = 24 * 3600
# Before every time that a datetime holds.
BEGINNING_S: Final = -(1 << 40)
# Behind every time that a mark holds.
EVER_S: Final = 1 << 40


class EventTime:
    """The newest event time seen, and the watermark behind which nothing is accepted (both in seconds since 1970 UTC).

    The watermark is the newest event time less the allowed lateness, at the start of that day; `future_s` is how far ahead of the broker's
    clock an event may be.
    """

    __slots__ = ("_moves_s", "future_s", "lateness_s", "newest_s", "watermark_s")

    def __init__(self, lateness_s: int, future_s: int) -> None:
        self.lateness_s = lateness_s
        self.future_s = future_s
        self.newest_s = BEGINNING_S
        self.watermark_s = BEGINNING_S
        # The event time with which the watermark moves on.
        self._moves_s = BEGINNING_S

    @property
    def begun(self) -> bool:
        """Whether an event has been accepted yet."""
        return self.newest_s != BEGINNING_S

    def advance(self, newest_s: int) -> None:
        """An event newer than all before is accepted. O(1)."""
        self.newest_s = newest_s
        if newest_s >= self._moves_s:
            self.watermark_s = (newest_s - self.lateness_s) // DAY_S * DAY_S
            self._moves_s = self.watermark_s + DAY_S + self.lateness_s

    def take(self, record: InputRecord, time_s: int, history: bool) -> Refusal | None:
        """Why an event of this time is not accepted, None where it is; one of an imported history may be of any age, and moves nothing."""
        if time_s > self.newest_s:
            if time_s - record.timestamp_ms // 1000 > self.future_s:
                refused = ahead(record, time_s, self.future_s)
                if refused is not None:
                    return refused
            if not history:
                self.advance(time_s)
        elif time_s < self.watermark_s and not history:
            late_s = self.newest_s - time_s
            detail = f"ce_time is {late_s} s behind the newest of its partition: expected at most {self.lateness_s}"
            return Refusal(dead_letter.TOO_LATE, detail)
        return None


def ahead(record: InputRecord, time_s: int, future_s: int) -> Refusal | None:
    """Why an event is dated too far ahead of the broker's time of its record, None where it is not."""
    ahead_s = time_s - record.timestamp_ms // 1000
    if ahead_s <= future_s or record.timestamp_ms <= 0:
        return None
    return Refusal(dead_letter.FUTURE_DATED, f"ce_time is {ahead_s} s ahead of the broker's clock: expected at most {future_s}")


class Watermark:
    """The event time of an input that samples are made of, and the marks of those samples.

    `former` are the marks that the release before left behind, under the ids of its own.
    """

    __slots__ = ("_former_letter", "_letter", "former", "kind", "marks", "time")

    def __init__(self, kind: Input, letter: bytes, former_letter: bytes, lateness_s: int, future_s: int) -> None:
        self.kind: Input = kind
        self.time = EventTime(lateness_s, future_s)
        self.marks = Marks(Mark)
        self.former = Marks(Mark)
        self._letter = letter
        self._former_letter = former_letter

    def state_key(self, sample: bytes) -> bytes:
        """The state key of a sample by its id."""
        return self._letter + sample[:ID_BYTES]

    def former_marks(self, ids: Iterable[str], user: bytes) -> dict[bytes, Mark]:
        """The marks by state key that a sample of this user has under its former ids (hex), those not forgotten."""
        found: dict[bytes, Mark] = {}
        for name in ids:
            key = self._former_letter + bytes.fromhex(name)[:ID_BYTES]
            mark = self.former.get(key, self.time.watermark_s)
            # A former id said nothing of the user: another one's feedback may be remembered under it.
            if mark is not None and mark.user == user:
                found[key] = mark
        return found
