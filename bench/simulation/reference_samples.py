"""What stage 1 has to emit, stated a second time from what was published: nothing here comes from `consumers.collect`.

Erasures lie on a topic of their own, so what of an erased user comes out depends on who was read first. The walk leaves
erasures out and marks what they could keep from being emitted; in the end nothing of it may count.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import numpy as np
from pydantic import BaseModel

from bench.simulation.plan import Publication
from bench.simulation.reference_turns import ReferenceTurns
from bench.simulation.simulated_sketcher import SimulatedSketcher
from bench.simulation.timeliness import Timeliness
from consumers.drift.features.sketch import Sums, empty, group_of, sketched
from schemas.events.document_ingested import DocumentIngested
from schemas.events.feedback_submitted import FeedbackSubmitted
from schemas.events.user_erased import UserErased

_DAY_S = 24 * 3600
_EPOCH_DAY = datetime(1970, 1, 1).toordinal()


class Origin(NamedTuple):
    """Where a published record lies: topic without prefix, partition, offset."""

    topic: str
    partition: int
    offset: int


class Emission(NamedTuple):
    """One record of sample.collected, by what identifies it and what is decided on it."""

    model: str
    sample_id: str
    revision: int
    retracted: bool
    negative: bool
    quarantined: bool
    origin: Origin


@dataclass(slots=True)
class Known:
    """The newest revision of a sample and what it adds to its day; `joined` is what came of it with a turn's words, `waits_as` the place of
    one whose turn is none of those that were accepted, and whether it holds a correction."""

    revision: int
    retracted: bool
    model: str
    time_s: int
    said_ms: int
    content: str
    day: int
    counts: tuple[int, ...]
    erasable: bool
    sketch: Sums
    joined: Emission | None = None
    waits_as: tuple[Origin, bool] | None = None


class Said(NamedTuple):
    """What an event comes to: `of_turn` where its words are a turn's, `waits` where it has none, `corrects` where it holds a correction."""

    sample_id: str
    version: tuple[int, bool]
    model: str | None
    user: str | None
    content: str
    group: str
    counts: tuple[int, ...]
    sketch: Sums
    negative: bool = False
    of_turn: bool = False
    waits: bool = False
    corrects: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """The settings that decide what is accepted."""

    default_model: str
    holdout_key: bytes
    holdout_percent: int
    lateness_s: int
    future_s: int


@dataclass(slots=True)
class ReferenceCollector:
    """One topic of one input partition, fed in the order of its log; `erased` is until when each user's words are taken back."""

    kind: str
    limits: Limits
    erased: dict[str, int]
    emitted: list[Emission] = field(default_factory=list)
    optional: set[Emission] = field(default_factory=set)
    refused: list[tuple[Origin, str]] = field(default_factory=list)
    counts: dict[tuple[str, int], Counter[int]] = field(default_factory=dict)
    sketches: dict[tuple[str, int], Sums] = field(default_factory=dict)
    unsure: set[tuple[str, int]] = field(default_factory=set)
    _sketcher: SimulatedSketcher = field(default_factory=SimulatedSketcher)
    _known: dict[str, Known] = field(default_factory=dict)
    turns: ReferenceTurns | None = None
    _timeliness: Timeliness = field(init=False)

    def __post_init__(self) -> None:
        self._timeliness = Timeliness(self.limits.lateness_s, self.limits.future_s)

    @property
    def _accepted_from_s(self) -> int | None:
        return self._timeliness.accepted_from_s

    def take(self, publication: Publication, origin: Origin, broker_ms: int) -> None:
        """One published record and the broker's time of it."""
        if publication.poison is not None:
            self.refused.append((origin, "malformed"))
            return
        time_s = math.floor(publication.time.timestamp())
        reason = self._timeliness.take(time_s, broker_ms // 1000)
        if reason is not None:
            self.refused.append((origin, reason))
            return
        said = self._said(publication.event, time_s)
        model_named, sample_id, version, content = said.model, said.sample_id, said.version, said.content
        said_ms = time_s * 1000 + publication.time.microsecond // 1000
        before = self._known.get(sample_id)
        if before is not None and self._accepted_from_s is not None and before.time_s < self._accepted_from_s:
            before = None
        if before is not None and not self._later(before, version, said_ms, content, time_s):
            return
        model = model_named or (before.model if before else self.limits.default_model)
        erasable = said.user is not None and time_s <= self.erased.get(said.user, time_s - 1)
        day = _EPOCH_DAY + time_s // _DAY_S
        # What was said again is remembered longer than its day is open, and a closed day stays as it is.
        if before is not None and (self._accepted_from_s is None or before.day >= _EPOCH_DAY + self._accepted_from_s // _DAY_S):
            self._count(before, -1)
        remembered_s = max(time_s, before.time_s if before else time_s)
        known = Known(*version, model, remembered_s, said_ms, content, day, said.counts, erasable, said.sketch)
        self._known[sample_id] = known
        self._count(known, 1)
        quarantined = self._held_out(said.group)
        self._leave(before, Emission(before.model if before else model, sample_id, version[0], True, False, quarantined, origin), model)
        if said.waits:
            known.waits_as = (origin, said.corrects)
            return
        emission = Emission(model, sample_id, *version, said.negative, quarantined, origin)
        self.emitted.append(emission)
        known.joined = emission if said.of_turn else None
        if erasable:
            self.optional.add(emission)

    def _leave(self, before: Known | None, moved: Emission, model: str) -> None:
        """The model that a sample was of hears that it has left; what was joined may have been none, where its turn came later."""
        if before is not None and before.model != model:
            self.emitted.append(moved)
        if before is not None and before.joined is not None:
            self.optional |= {before.joined, moved}

    def _said(self, event: BaseModel, time_s: int) -> Said:
        if isinstance(event, DocumentIngested):
            text = event.text or ""
            counts: tuple[int, ...] = (1, len(text), sum(character.isalpha() for character in text), 0)
            sketch = sketched(self._sketcher.rows([text]), np.array([group_of(event.doc_id)]))
            content = event.model_dump_json(exclude={"doc_id", "version"})
            sample_id = hashlib.sha256(f"document\nchat\n{event.doc_id}".encode()).hexdigest()
            return Said(sample_id, (event.version, False), event.model, None, content, event.doc_id, counts, sketch)
        assert isinstance(event, FeedbackSubmitted)
        content = "" if event.retracted else event.model_dump_json(exclude={"feedback_id", "revision", "user_hash"})
        turn = self.turns.of(event, time_s) if event.waits_for_turn and self.turns is not None else None
        waits = event.waits_for_turn and turn is None
        if turn is not None:
            words = {"query": turn.query, "model": turn.model or event.model, "language": turn.language or event.language}
            event = event.model_copy(update=words)
        low = event.rating is not None and float(event.rating.value) < 3
        negative = not event.retracted and (low or event.correction is not None)
        plain = () if event.retracted else (1, int(negative), int(event.correction is not None), int(event.rating is not None))
        spoken = (event.language or "").split("-")[0]
        counts = plain + tuple(count * (spoken == language) for language in ("hi", "en") for count in plain[:3])
        group = "-" if event.retracted else event.query
        sample_id = hashlib.sha256(f"feedback\nchat\n{event.user_hash or ''}\n{event.feedback_id}".encode()).hexdigest()
        return Said(
            sample_id, (event.revision, event.retracted), event.model, event.user_hash, content, group, counts, empty(), negative,
            of_turn=turn is not None, waits=waits, corrects=event.correction is not None,
        )  # fmt: skip

    @staticmethod
    def _later(before: Known, version: tuple[int, bool], said_ms: int, content: str, time_s: int) -> bool:
        """Whether it takes the place of what is known. No two contents of one revision are said in the same millisecond here."""
        if version != (before.revision, before.retracted):
            return version > (before.revision, before.retracted)
        if content != before.content:
            return said_ms > before.said_ms
        # The same again: whatever else was said in between has to be later than this.
        before.said_ms, before.time_s = max(said_ms, before.said_ms), max(time_s, before.time_s)
        return False

    def close(self) -> None:
        """After the last record: what was erased counts no longer; behind the last day accepted nobody can say."""
        for known in self._known.values():
            if (
                known.waits_as is not None
                and known.waits_as[1]
                and self.turns is not None
                and self.turns.is_given_up(known.said_ms // 1000)
            ):
                self.refused.append((known.waits_as[0], "unjoined"))
            if known.erasable and known.time_s >= (self._accepted_from_s or 0):
                self._count(known, -1)
        first_day = _EPOCH_DAY + (self._accepted_from_s or 0) // _DAY_S
        self.unsure = {(model, day) for model, day in self.unsure if day < first_day}

    def _count(self, known: Known, sign: int) -> None:
        place = (known.model, known.day)
        counts = self.counts.setdefault(place, Counter())
        for index, value in enumerate(known.counts):
            counts[index] += sign * value
        self.sketches[place] = self.sketches.get(place, empty()) + sign * known.sketch
        if known.erasable:
            self.unsure.add(place)

    def _held_out(self, group: str) -> bool:
        share = int.from_bytes(hmac.new(self.limits.holdout_key, group.lower().encode(), hashlib.sha256).digest()[:8], "big")
        return share * 100 < self.limits.holdout_percent << 64


def erasures(publications: list[tuple[Origin, Publication]]) -> dict[str, int]:
    """Until when each user's words are taken back: seconds since 1970 UTC."""
    found: dict[str, int] = {}
    for _, publication in publications:
        if isinstance(publication.event, UserErased):
            until_s = math.floor(publication.time.timestamp())
            found[publication.event.user_hash] = max(until_s, found.get(publication.event.user_hash, until_s))
    return found
