"""What must come out of the input topics as they are: written down anew from the contract, without the stream processor's code.

The topics of a partition are read side by side, so a few things depend on which was read first: what was made of an erased user's words
before they were taken back; a revision that another one replaced before its turn came; whether two belong together of which one left the
log. What came of the last is taken from the samples that were `collected`; either way every one of them is accounted for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from bench.drill.expected_samples import Wanted, contribution, waits_for_turn, wanted
from bench.drill.expected_turns import Asked, Surroundings, said_at, time_s_of
from bench.drill.places import Place, place_of
from bench.drill.sent import POISON_HEADER
from schemas import dead_letter, topics

# What says who and when, and not what.
IDENTITY: Final = frozenset({"feedback_id", "doc_id", "revision", "version", "retracted", "user_hash"})


class Revision(NamedTuple):
    """One revision of one sample, by its number and time: what sample.collected has exactly once."""

    sample_id: str
    revision: int
    retracted: bool
    occurred_at: str


class Day(NamedTuple):
    """What a summary is about."""

    model: str
    input: str
    partition: int
    day: str


@dataclass(slots=True)
class Expected:
    """Everything that stage 1 must have made; `days` holds the counts after each input record that changed them, by its number here.

    Of the `possible` samples each may be there, once; of `torn` ones both or neither. The counts of `unordered` days are known for the end
    alone. Where a letter is `possible`, its record may have left the log before; where one is `letter_or_gone`, it is counted as gone then.
    """

    records: int = 0
    duplicates: int = 0
    unsure_duplicates: int = 0
    stale: int = 0
    samples: dict[Revision, Wanted] = field(default_factory=dict)
    possible: dict[Revision, Wanted] = field(default_factory=dict)
    torn: dict[Revision, Revision] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)
    days: dict[Day, dict[int, dict[str, int]]] = field(default_factory=dict)
    unordered: set[Day] = field(default_factory=set)
    letters: dict[Place, str] = field(default_factory=dict)
    possible_letters: dict[Place, str] = field(default_factory=dict)
    letter_or_gone: set[Place] = field(default_factory=set)
    # The places of what waited; how much of it still waits, was given up, or lost an original; and of how much nobody knows, because it
    # was replaced or erased about when an original left the log.
    of_turns: set[Place] = field(default_factory=set)
    waiting: int = 0
    unsure_waiting: int = 0
    unjoined: int = 0
    gone: int = 0
    unsure_unjoined: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """The newest revision of a feedback that names a turn."""

    arrived: Revision
    place: Place
    time_s: int
    correcting: bool
    asked: Asked | None
    joined: bool


def expect(records: Iterable[Any], around: Surroundings, collected: Container[Revision] = frozenset()) -> Expected:
    """The expectation from the records of feedback.submitted and document.ingested, each partition in the order of its offsets."""
    walk = _Walk(around, collected)
    for record in records:
        walk.take(record)
    return walk.done()


class _Walk:
    def __init__(self, around: Surroundings, collected: Container[Revision]) -> None:
        self._around = around
        self._collected = collected
        self._newest: dict[str, Revision] = {}
        self._contributions: dict[str, tuple[Day, dict[str, int]]] = {}
        self._said: dict[str, tuple[str, datetime]] = {}
        self._waiting: dict[str, Waiting] = {}
        self.found = Expected(around.records, around.duplicates, around.unsure_duplicates)
        self.found.letters = dict(around.refused)

    def take(self, record: Any) -> None:
        """The next record of its partition."""
        self.found.records += 1
        headers = dict(record.headers)
        if POISON_HEADER in headers:
            return
        body, place = json.loads(record.value), place_of(record)
        feedback = place.topic == topics.FEEDBACK_SUBMITTED
        kind, name = ("feedback", body["feedback_id"]) if feedback else ("document", body["doc_id"])
        owner = f"{body.get('user_hash') or ''}\n" if feedback else ""
        sample_id = hashlib.sha256(f"{kind}\n{headers['ce_source'].decode()}\n{owner}{name}".encode()).hexdigest()
        number, gone = body.get("revision", 0) if feedback else body["version"], body.get("retracted", False)
        arrived = Revision(sample_id, number, gone, headers["ce_time"].decode())
        if feedback and self._around.is_erased(body.get("user_hash"), time_s_of(record)):
            self._take_erased(arrived, body, record)
        elif self._is_newest(arrived, body, said_at(record)):
            self._accept(arrived, kind, body, record)

    def done(self) -> Expected:
        """After the last record: what became of everything that named a turn."""
        for waiting in self._waiting.values():
            self._settle(waiting)
        return self.found

    def _is_newest(self, arrived: Revision, body: Mapping[str, Any], moment: datetime) -> bool:
        sample_id, known = arrived.sample_id, self._newest.get(arrived.sample_id)
        content = "" if arrived.retracted else json.dumps({name: body[name] for name in sorted(body) if name not in IDENTITY})
        if known is not None and arrived[1:3] <= known[1:3]:
            in_use, at = self._said[sample_id]
            if arrived[1:3] == known[1:3] and content == in_use:
                # The same again: whatever else was said in between has to be later than this.
                self._said[sample_id] = content, max(at, moment)
                self.found.duplicates += 1
                return False
            if arrived[1:3] < known[1:3] or moment < at:
                self.found.stale += 1
                return False
        self._said[sample_id] = content, moment
        self._newest[sample_id] = arrived
        return True

    def _accept(self, arrived: Revision, kind: str, body: Mapping[str, Any], record: Any) -> None:
        place, asked, joined = place_of(record), None, True
        self._replace(arrived.sample_id)
        if waits_for_turn(kind, body):
            asked = self._around.turn_of(record, time_s_of(record))
            joined = asked is not None and not asked.erased
            if asked is not None and joined and not self._around.are_surely_joined(place, asked.place):
                joined = arrived in self._collected
            correcting = bool(body.get("correction") or body.get("preferred"))
            self._waiting[arrived.sample_id] = Waiting(arrived, place, time_s_of(record), correcting, asked, joined)
            self.found.of_turns.add(place)
            if asked is not None and asked.erased:
                self._tear(arrived, body, place, asked)
        turn = asked if joined else None
        if joined:
            self.found.samples[arrived] = wanted(kind, body, place, turn)
        self._count(arrived.sample_id, kind, body, record, turn)

    def _tear(self, arrived: Revision, body: Mapping[str, Any], place: Place, asked: Asked) -> None:
        """It may have been joined until the erasure of its turn was read; then its model hears that the words are no more."""
        found, retracted = self.found, arrived._replace(retracted=True)
        found.possible[arrived] = wanted("feedback", body, place, asked)
        found.possible[retracted] = wanted("feedback", {**body, "retracted": True}, place, None)
        if not self._around.is_deleted(place):
            found.torn[arrived] = retracted

    def _replace(self, sample_id: str) -> None:
        """Whether a turn came before another revision took this one's place, depends on which topic was read first."""
        waiting = self._waiting.pop(sample_id, None)
        if waiting is None:
            return
        if waiting.joined:
            self.found.possible[waiting.arrived] = self.found.samples.pop(waiting.arrived)
        if self._may_have_gone(waiting.place, waiting.asked):
            self.found.unsure_unjoined += 1
            self.found.possible_letters[waiting.place] = dead_letter.UNJOINED

    def _may_have_gone(self, place: Place, asked: Asked | None) -> bool:
        """Whether one of two that belong together was deleted, perhaps before the other came."""
        return asked is not None and (self._around.is_deleted(place) or self._around.is_deleted(asked.place))

    def _count(self, sample_id: str, kind: str, body: Mapping[str, Any], record: Any, turn: Asked | None) -> None:
        """It counts in its day in the place of its former revision: as its turn says, where that says more."""
        found, default, day = self.found, self._around.limits.default_model, said_at(record).astimezone(UTC).date().isoformat()
        own = Day(body.get("model") or default, kind, record.partition, day)
        if body.get("user_hash") in self._around.erased_s:
            found.unordered.add(own)
        model, language = own.model, body.get("language")
        if turn is not None and (turn.event.model, turn.event.language) != (model, language):
            model, language = turn.event.model or model, turn.event.language or language
            found.unordered |= {own, own._replace(model=model)}
        if sample_id in self._contributions:
            before, taken = self._contributions.pop(sample_id)
            _add(found, before, {name: -count for name, count in taken.items()})
        if counts := contribution(kind, body, language):
            _add(found, own._replace(model=model), counts)
            self._contributions[sample_id] = (own._replace(model=model), counts)

    def _take_erased(self, arrived: Revision, body: Mapping[str, Any], record: Any) -> None:
        """It may have been a sample until the erasure was read."""
        self.found.unsure_duplicates += arrived.sample_id in self.found.erased
        self.found.erased.add(arrived.sample_id)
        place, day = place_of(record), said_at(record).astimezone(UTC).date().isoformat()
        self.found.unordered.add(Day(body["model"], "feedback", record.partition, day))
        asked = None
        if waits_for_turn("feedback", body):
            self.found.of_turns.add(place)
            asked = self._around.turn_of(record, time_s_of(record))
            if asked is None:
                return
            if self._may_have_gone(place, asked) and arrived not in self.found.possible:
                self.found.unsure_unjoined += 1
                self.found.possible_letters[place] = dead_letter.UNJOINED
        self.found.possible.setdefault(arrived, wanted("feedback", body, place, asked))

    def _settle(self, waiting: Waiting) -> None:
        found, around, asked = self.found, self._around, waiting.asked
        if waiting.joined:
            return
        deleted = around.is_deleted(waiting.place)
        if asked is not None and not asked.erased:
            found.unjoined += 1
            found.gone += 1
            if waiting.correcting:
                (found.possible_letters if deleted else found.letters)[waiting.place] = dead_letter.UNJOINED
            return
        given_up = around.is_given_up(waiting.place.partition, waiting.time_s)
        if self._may_have_gone(waiting.place, asked):
            found.unsure_unjoined += 1
            found.unsure_waiting += not given_up
            found.unjoined += given_up
            found.possible_letters[waiting.place] = dead_letter.UNJOINED
            return
        if not given_up:
            found.waiting += 1
            return
        found.unjoined += 1
        if waiting.correcting and deleted:
            found.possible_letters[waiting.place] = dead_letter.UNJOINED
            found.letter_or_gone.add(waiting.place)
        elif waiting.correcting:
            found.letters[waiting.place] = dead_letter.UNJOINED


def _add(found: Expected, day: Day, counts: dict[str, int]) -> None:
    after = found.days.setdefault(day, {})
    last = after[max(after)] if after else dict.fromkeys(counts, 0)
    after[found.records] = {name: count + counts[name] for name, count in last.items()}
