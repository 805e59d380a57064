"""What a check of the topics found: counts, and the violations in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

# The first few of each kind are told in words; the counts are whole.
TOLD: Final = 5


@dataclass(slots=True)
class Verdict:
    """Counts by part of the history, and the violations in words; empty `violations` is a pass."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def must_be_none(self, part: str, kind: str, found: Iterable[object]) -> None:
        """Counts what must not be there, and tells the first few."""
        listed = list(found)
        self.counts.setdefault(part, {})[kind] = len(listed)
        self.violations += [f"{part} {kind}: {item}" for item in listed[:TOLD]]
        if len(listed) > TOLD:
            self.violations.append(f"{part} {kind}: {len(listed) - TOLD} more")

    def note(self, part: str, **counts: int) -> None:
        """Counts that are no violation."""
        self.counts.setdefault(part, {}).update(counts)

    def must_be_within(self, part: str, kind: str, told: int, least: int, unsure: int = 0) -> None:
        """A count that has to be `least`, or more by up to as many as nobody can know of."""
        meant = f"{least}" if not unsure else f"{least} to {least + unsure}"
        self.must_be_none(part, kind, [] if least <= told <= least + unsure else [f"{told} instead of {meant}"])
