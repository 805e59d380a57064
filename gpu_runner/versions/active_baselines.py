"""Which drift baselines `model.current` names, and from which day each is active. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Final

from schemas.events.model_current import DriftBaseline

# Longer than any window of event-days, and than an event may be late.
KEPT_DAYS: Final = 40


@dataclass(frozen=True, slots=True)
class StoredBaseline:
    """A fitted baseline in the store: the folder `uri`, the sha256 of its arrays, how many documents it is of."""

    uri: str
    sha256: str
    documents: int

    @staticmethod
    def of(record: Mapping[str, Any] | None) -> StoredBaseline | None:
        """The one that a version's record names as `drift_baseline`."""
        found = (record or {}).get("drift_baseline")
        return StoredBaseline(str(found["uri"]), str(found["sha256"]), int(found["documents"])) if found else None

    def as_dict(self) -> dict[str, Any]:
        """Its form in a record."""
        return asdict(self)


def first_active(stored: StoredBaseline | None) -> tuple[DriftBaseline, ...]:
    """After a bootstrap: of every day."""
    return () if stored is None else (DriftBaseline(**stored.as_dict(), from_day=date.min),)


def active_after(known: tuple[DriftBaseline, ...], stored: StoredBaseline | None, today: date) -> tuple[DriftBaseline, ...]:
    """After a change of the serving version on a day (UTC): `stored` from the next day on, those before it as long as they are needed.

    A day has one baseline, so one that was to begin tomorrow is replaced. None, and the one active, change nothing.
    """
    if stored is None:
        return known
    begins = today + timedelta(days=1)
    before = tuple(one for one in known if one.from_day < begins)
    if before and before[-1].sha256 == stored.sha256:
        return before
    found = (*before, DriftBaseline(**stored.as_dict(), from_day=begins))
    ends = [*(one.from_day for one in found[1:]), date.max]
    return tuple(one for one, end in zip(found, ends, strict=True) if end > today - timedelta(days=KEPT_DAYS))
