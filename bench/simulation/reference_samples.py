"""What stage 1 has to emit, stated a second time from what was published: nothing here comes from `consumers.core`."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from schemas.document import DocumentIngested
from schemas.feedback import FeedbackSubmitted


class Emission(NamedTuple):
    """One record of sample.collected, by what identifies it and what is decided on it."""

    model: str
    sample_id: str
    revision: int
    retracted: bool
    negative: bool
    quarantined: bool
    origin: tuple[str, int, int]


@dataclass(slots=True)
class Known:
    """The newest revision of a sample and what it adds to its day."""

    revision: int
    retracted: bool
    model: str
    day: int
    counts: tuple[int, ...]


@dataclass(slots=True)
class ReferenceCollector:
    """One input partition, fed in the order of each of its topics."""

    partition: int
    default_model: str
    holdout_key: bytes
    holdout_percent: int
    known: dict[str, Known] = field(default_factory=dict)
    emitted: list[Emission] = field(default_factory=list)

    def take(self, event: Any, time: datetime, source: str, origin: tuple[str, int, int]) -> None:
        """One published event."""
        if isinstance(event, FeedbackSubmitted):
            sample_id = hashlib.sha256(f"feedback\n{source}\n{event.feedback_id}".encode()).hexdigest()
            version, retracted = event.revision, event.retracted
            negative = not retracted and ((event.rating is not None and event.rating.value < 3) or event.correction is not None)
            counts = () if retracted else (1, int(negative), int(event.correction is not None), int(event.rating is not None))
            group = "-" if retracted else event.query
        else:
            assert isinstance(event, DocumentIngested)
            sample_id = hashlib.sha256(f"document\n{source}\n{event.doc_id}".encode()).hexdigest()
            version, retracted, negative, group = event.version, False, False, event.doc_id
            letters = sum(character.isalpha() for character in event.text or "")
            counts = (1, len(event.text or ""), letters, 0)
        before = self.known.get(sample_id)
        if before is not None and (version, retracted) <= (before.revision, before.retracted):
            return
        model = event.model or (before.model if before else self.default_model)
        self.known[sample_id] = Known(version, retracted, model, time.date().toordinal(), counts)
        if before is not None and before.model != model:
            self.emitted.append(Emission(before.model, sample_id, version, True, False, self._held_out(group), origin))
        self.emitted.append(Emission(model, sample_id, version, retracted, negative, self._held_out(group), origin))

    def day_counts(self, kinds: dict[str, str]) -> dict[tuple[str, str, int], Counter[int]]:
        """The counts of each (model, kind, day), by their index; `kinds` says what a sample is."""
        found: dict[tuple[str, str, int], Counter[int]] = {}
        for sample_id, known in self.known.items():
            day = found.setdefault((known.model, kinds[sample_id], known.day), Counter())
            day.update(dict(enumerate(known.counts)))
        return found

    def _held_out(self, group: str) -> bool:
        share = int.from_bytes(hmac.new(self.holdout_key, group.lower().encode(), hashlib.sha256).digest()[:8], "big")
        return share * 100 < self.holdout_percent << 64


def newest(emissions: Iterable[Emission]) -> dict[tuple[str, str], Emission]:
    """The last word on each (model, sample)."""
    found: dict[tuple[str, str], Emission] = {}
    for emission in emissions:
        before = found.get((emission.model, emission.sample_id))
        if before is None or (emission.revision, emission.retracted) > (before.revision, before.retracted):
            found[emission.model, emission.sample_id] = emission
    return found
