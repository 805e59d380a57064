"""What became of a partition's records since its first one: numbers for people, kept with the state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from consumers.collect.turns import Joins
from consumers.records import Effects
from schemas import dead_letter

# A retraction of what is not remembered: its feedback may come later, be forgotten, or be another user's.
RETRACTED_UNMET = "retracted_unmet"


class Totals(msgspec.Struct, array_like=True, tag=1):
    """Counts of records; `dead_letters` by topic and reason.

    `redacted_corrections` are samples whose correction has a mark where an identity number was, `unmet_retractions` retractions of what
    was not known.
    """

    processed: int = 0
    duplicates: int = 0
    redactions: int = 0
    dead_letters: dict[str, dict[str, int]] = {}
    conflicts: int = 0
    redacted_corrections: int = 0
    unmet_retractions: int = 0

    def add(self, effects: Effects) -> None:
        """Adds what one step did."""
        for (_, outcome), count in effects.outcomes.items():
            self.processed += count
            self.duplicates += count if outcome == "duplicate" else 0
            self.conflicts += count if outcome == dead_letter.CONFLICT else 0
            self.unmet_retractions += count if outcome == RETRACTED_UNMET else 0
        self.redactions += effects.redactions
        self.redacted_corrections += effects.redacted_corrections
        for letter in effects.dead_letters:
            reasons = self.dead_letters.setdefault(letter.topic, {})
            reasons[letter.reason] = reasons.get(letter.reason, 0) + 1

    def status(self) -> dict[str, Any]:
        """As `GET /state` has them."""
        return {
            "processed": self.processed,
            "duplicates_ignored": self.duplicates,
            "dead_letters": self.dead_letters,
            "redactions": self.redactions,
            "conflicts": self.conflicts,
            "redacted_corrections": self.redacted_corrections,
            "unmet_retractions": self.unmet_retractions,
        }


def summed(statuses: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The totals of several partitions together; zeros where there are none."""
    found = Totals().status() | {"turns": Joins().status()}
    for status in statuses:
        _add(found, status)
    return found


def _add(found: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, count in more.items():
        if isinstance(count, Mapping):
            _add(found.setdefault(name, {}), count)
        else:
            found[name] = found.get(name, 0) + count
