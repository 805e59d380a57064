"""Which event times an input accepts, stated a second time."""

from __future__ import annotations

from dataclasses import dataclass

_DAY_S = 24 * 3600


@dataclass(slots=True)
class Timeliness:
    """Of one topic of one partition: the first time that is accepted (seconds since 1970 UTC), by the newest that was."""

    lateness_s: int
    future_s: int
    accepted_from_s: int | None = None
    _newest_s: int | None = None

    def take(self, time_s: int, broker_s: int) -> str | None:
        """Why an event is refused, None where it is accepted."""
        newest_s, from_s = self._newest_s, self.accepted_from_s
        if newest_s is None or time_s > newest_s or (from_s is not None and time_s < from_s):
            if time_s - broker_s > self.future_s:
                return "future_dated"
            if newest_s is not None and time_s <= newest_s:
                return "too_late"
            self._newest_s = time_s
            self.accepted_from_s = (time_s - self.lateness_s) // _DAY_S * _DAY_S
        return None
