"""Which turn feedback gets its words from, stated a second time: from all turns of a partition, whenever which of them was read."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from bench.simulation.plan import Publication
from bench.simulation.timeliness import Timeliness
from schemas.events.feedback_submitted import FeedbackSubmitted
from schemas.events.turn_completed import TurnCompleted

# How much later than its feedback a turn may be dated.
AFTER_S: Final = 24 * 3600


@dataclass(slots=True)
class ReferenceTurns:
    """The turns of one input partition, fed in the order of its log; `refused` are the offsets of those that are not taken, and why."""

    lateness_s: int
    future_s: int
    refused: list[tuple[int, str]] = field(default_factory=list)
    _first: dict[tuple[str, str], tuple[int, TurnCompleted]] = field(default_factory=dict)
    _timeliness: Timeliness = field(init=False)

    def __post_init__(self) -> None:
        self._timeliness = Timeliness(self.lateness_s, self.future_s)

    def take(self, publication: Publication, offset: int, broker_ms: int) -> None:
        """One published turn and the broker's time of it."""
        turn = publication.event
        assert isinstance(turn, TurnCompleted)
        time_s = math.floor(publication.time.timestamp())
        reason = self._timeliness.take(time_s, broker_ms // 1000)
        if reason is None:
            _, first = self._first.setdefault((turn.key(), turn.turn_id), (time_s, turn))
            reason = None if first == turn else "conflict"
        if reason is not None:
            self.refused.append((offset, reason))

    def of(self, said: FeedbackSubmitted, time_s: int) -> TurnCompleted | None:
        """The turn whose words a feedback gets, None where it waits for ever."""
        turn_s, turn = self._first.get((said.key(), said.turn_id or ""), (0, None))
        return turn if time_s - self.lateness_s <= turn_s <= time_s + AFTER_S else None

    def is_given_up(self, time_s: int) -> bool:
        """Whether no turn of feedback said then can come any more."""
        from_s = self._timeliness.accepted_from_s
        return from_s is not None and time_s < from_s - AFTER_S
