"""What turns, erasures and deletions have to do with a feedback, whichever record was read first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from bench.drill.places import Deletion, Place, place_of
from bench.drill.sent import POISON_HEADER
from bench.simulation.plan import Publication
from bench.simulation.reference_turns import ReferenceTurns
from consumers.settings import ConsumerSettings
from schemas import envelope, topics
from schemas.events.feedback_submitted import FeedbackSubmitted
from schemas.events.turn_completed import TurnCompleted


@dataclass(frozen=True, slots=True)
class Limits:
    """The settings that decide what is accepted, and whose model an event without one is."""

    default_model: str
    lateness_s: int
    future_s: int

    @classmethod
    def of(cls, settings: ConsumerSettings) -> Limits:
        """Those of the consumers."""
        return cls(settings.default_model, round(settings.allowed_lateness_hours * 3600), round(settings.future_tolerance_minutes * 60))


class Asked(NamedTuple):
    """The turn of a feedback, and where it lies; `erased` where its user took it back."""

    event: TurnCompleted
    place: Place
    erased: bool


class Surroundings:
    """The turns and erasures of a history, each partition in the order of its log, and what was deleted of it.

    `refused` are the turns that are not taken, and why. `duplicates` are records of either that say nothing new; of the `unsure_duplicates`
    it depends on which topic was read first.
    """

    def __init__(self, records: Iterable[Any], limits: Limits, deletions: Sequence[Deletion] = ()) -> None:
        self.limits = limits
        self.deletions = deletions
        self.erased_s: dict[str, int] = {}
        self.refused: dict[Place, str] = {}
        self.records = self.duplicates = self.unsure_duplicates = 0
        self._turns: dict[int, ReferenceTurns] = {}
        turns = []
        for record in records:
            self.records += 1
            if POISON_HEADER in dict(record.headers):
                continue
            if record.topic.endswith(topics.USER_ERASED):
                self._erase(record)
            else:
                turns.append(record)
        for record in turns:
            self._take(record)

    def is_erased(self, user: str | None, time_s: int) -> bool:
        """Whether what a user said at a time is taken back."""
        return user is not None and time_s <= self.erased_s.get(user, time_s - 1)

    def turn_of(self, record: Any, time_s: int) -> Asked | None:
        """The turn that a feedback gets its words from; None where it never comes."""
        said, turns = envelope.decode(record.value, record.headers, FeedbackSubmitted)[1], self._turns.get(record.partition)
        first = turns.first(said, time_s) if turns is not None else None
        if first is None:
            return None
        place = Place(topics.TURN_COMPLETED, record.partition, first.offset)
        return Asked(first.event, place, self.is_erased(first.event.user_hash, first.time_s))

    def is_given_up(self, partition: int, time_s: int) -> bool:
        """Whether no turn of what was said then can come any more."""
        turns = self._turns.get(partition)
        return turns is not None and turns.is_given_up(time_s)

    def is_deleted(self, place: Place) -> bool:
        """Whether a record had been deleted before the end."""
        return any(deletion.has(place) for deletion in self.deletions)

    def are_surely_joined(self, feedback: Place, turn: Place) -> bool:
        """Whether both were read before either was deleted; else it depends on which came first."""
        for deletion in self.deletions:
            if deletion.has(feedback) or deletion.has(turn):
                return all(place.offset < deletion.read[place.topic] for place in (feedback, turn))
        return True

    def _erase(self, record: Any) -> None:
        user, until_s = record.key.decode(), time_s_of(record)
        self.duplicates += until_s <= self.erased_s.get(user, until_s - 1)
        self.erased_s[user] = max(until_s, self.erased_s.get(user, until_s))

    def _take(self, record: Any) -> None:
        event = envelope.decode(record.value, record.headers, TurnCompleted)[1]
        limits, time_s = self.limits, time_s_of(record)
        turns = self._turns.setdefault(record.partition, ReferenceTurns(limits.lateness_s, limits.future_s))
        before, refused = turns.knows(event), len(turns.refused)
        turns.take(Publication(0.0, event, said_at(record)), record.offset, record.timestamp)
        if len(turns.refused) > refused:
            self.refused[place_of(record)] = turns.refused[-1][1]
        elif before and self.is_erased(event.user_hash, time_s):
            self.unsure_duplicates += 1
        else:
            self.duplicates += before


def said_at(record: Any) -> datetime:
    """The event time of a record."""
    return datetime.fromisoformat(dict(record.headers)["ce_time"].decode())


def time_s_of(record: Any) -> int:
    """The same in seconds since 1970 UTC."""
    return math.floor(said_at(record).timestamp())
