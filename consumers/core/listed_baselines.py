"""Which drift baseline is in force: the list of the serving version, each from its first day on."""

from __future__ import annotations

from typing import Final

import msgspec

# A new list is followed this much later. Baselines are fetched by a reader of its own, which has heard of them by then: a replay is never
# behind, so both decide the same.
SETTLED_MS: Final = 5_000


class ListedBaselines(msgspec.Struct, array_like=True, tag=1, frozen=True):
    """The list as `ServingSeen.baselines` has it, and the first tick that knew of it (milliseconds since 1970 UTC)."""

    baselines: str = ""
    since_ms: int | None = None

    def at(self, now_ms: int) -> ListedBaselines:
        """The same list, dated by the first tick that comes."""
        return self if self.since_ms is not None or not self.baselines else ListedBaselines(self.baselines, now_ms)

    def is_settled(self, now_ms: int) -> bool:
        """Whether the list is followed yet; an empty one is at once."""
        return not self.baselines or (self.since_ms is not None and now_ms >= self.since_ms + SETTLED_MS)

    def in_force(self, today: int) -> tuple[str, int] | None:
        """The sha256 and first day of the baseline for a day (an ordinal): of two that begin on one day the later named.

        >>> ListedBaselines("ab:1,cd:739000").in_force(738999)
        ('ab', 1)
        """
        named = ((sha256, int(day)) for sha256, _, day in (item.partition(":") for item in self.baselines.split(",") if item))
        begun = [item for item in named if item[1] <= today]
        return begun[-1] if begun else None
