"""Which turn feedback gets its words from, stated a second time: from all turns of a partition, whenever which of them was read."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from bench.simulation.plan import Publication
from bench.simulation.timeliness import Timeliness
from schemas.events.feedback_submitted import FeedbackSubmitted
from schemas.events.turn_completed import TurnCompleted

# How much later than its feedback a turn may be dated.
AFTER_S: Final = 24 * 3600


class FirstTurn(NamedTuple):
    """The first turn of its id in its partition's log."""

    time_s: int
    offset: int
    event: TurnCompleted


@dataclass(slots=True)
class ReferenceTurns:
    """The turns of one input partition, fed in the order of its log; `refused` are the offsets of those that are not taken, and why."""

    lateness_s: int
    future_s: int
    refused: list[tuple[int, str]] = field(default_factory=list)
    _first: dict[tuple[str, str], FirstTurn] = field(default_factory=dict)
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
            first = self._first.setdefault((turn.key(), turn.turn_id), FirstTurn(time_s, offset, turn))
            reason = None if first.event == turn else "conflict"
        if reason is not None:
            self.refused.append((offset, reason))

    def knows(self, turn: TurnCompleted) -> bool:
        """Whether a turn of this id came before."""
        return (turn.key(), turn.turn_id) in self._first

    def of(self, said: FeedbackSubmitted, time_s: int) -> TurnCompleted | None:
        """The turn whose words a feedback gets, None where it waits for ever."""
        first = self.first(said, time_s)
        return None if first is None else first.event

    def first(self, said: FeedbackSubmitted, time_s: int) -> FirstTurn | None:
        """The same, with its time and where it lies."""
        first = self._first.get((said.key(), said.turn_id or ""))
        return first if first is not None and time_s - self.lateness_s <= first.time_s <= time_s + AFTER_S else None

    def is_given_up(self, time_s: int) -> bool:
        """Whether no turn of feedback said then can come any more."""
        from_s = self._timeliness.accepted_from_s
        return from_s is not None and time_s < from_s - AFTER_S
