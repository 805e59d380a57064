"""Stage 1 of one input partition: feedback and documents in, samples and counts out. Pure: its state is its changelog."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

from consumers.core.deduplication import Mark, Marks, freshness
from consumers.core.intake import IntakePolicy, Received, collect, receive
from consumers.core.records import DECODING_ERRORS, Effects, Emitted, InputRecord, Refusal
from consumers.core.signals import DailySignals, contribution
from schemas import dead_letter
from schemas.feedback import FeedbackSubmitted

READER: Final = "stage1"
WITHOUT_TEXT: Final = {"query": "", "response": "", "correction": None, "title": None, "text": None}


class Totals(msgspec.Struct, array_like=True, tag=1):
    """What became of the partition's records since its first one; `dead_letters` by topic and reason."""

    processed: int = 0
    duplicates: int = 0
    redactions: int = 0
    dead_letters: dict[str, dict[str, int]] = {}


class Collector:
    """For the same records of its partition, in any batching and with any duplicates, it gives the same samples and counts."""

    def __init__(self, partition: int, policy: IntakePolicy) -> None:
        self.partition = partition
        self._policy = policy
        self._marks = Marks()
        self._signals = DailySignals(partition)
        self.totals = Totals()

    @property
    def state_keys(self) -> int:
        """How many keys the state holds."""
        return len(self._marks) + len(self._signals)

    def restore(self, key: str, value: bytes | None) -> None:
        """Takes one changelog record back; raises ValueError for a key of another kind of state."""
        if key.startswith("s|"):
            self._marks.restore(key, value)
        elif key.startswith("d|"):
            self._signals.restore(key, value)
        elif key == "n":
            self.totals = Totals() if value is None else msgspec.json.decode(value, type=Totals)
        else:
            raise ValueError(f"changelog key {key!r} is not stage 1's: expected s|…, d|… or n; is this the changelog of another stage?")

    def process(self, records: Iterable[InputRecord]) -> Effects:
        """The effects of some records of this partition, in the order given."""
        effects = Effects()
        newest: datetime | None = None
        for record in records:
            received = receive(record, self._policy)
            if isinstance(received, Refusal):
                effects.dead_letters.append(received.dead_letter(record, READER))
                effects.outcomes[record.topic, received.reason] += 1
                continue
            outcome = self._take(received, record, effects)
            if isinstance(outcome, Refusal):
                effects.dead_letters.append(outcome.dead_letter(record, READER))
                effects.outcomes[record.topic, outcome.reason] += 1
                continue
            effects.outcomes[record.topic, outcome] += 1
            if newest is None or received.envelope.time > newest:
                newest = received.envelope.time
        summaries, changes = self._signals.take_touched()
        if newest is not None:
            effects.events.extend(Emitted(summary, newest) for summary in summaries)
        effects.changes.update(self._marks.take_changes())
        effects.changes.update(changes)
        if effects.outcomes:
            self._count(effects)
        return effects

    def _count(self, effects: Effects) -> None:
        for (_, outcome), count in effects.outcomes.items():
            self.totals.processed += count
            self.totals.duplicates += count if outcome == "duplicate" else 0
        self.totals.redactions += effects.redactions
        for letter in effects.dead_letters:
            reasons = self.totals.dead_letters.setdefault(letter.topic, {})
            reasons[letter.reason] = reasons.get(letter.reason, 0) + 1
        effects.changes["n"] = msgspec.json.encode(self.totals)

    def _take(self, received: Received, record: InputRecord, effects: Effects) -> str | Refusal:
        known = self._marks.get(received.sample_id)
        fresh = freshness(known, received.revision, received.retracted)
        if fresh in ("duplicate", "stale"):
            return fresh
        # Somebody who takes their words back is heard even while nothing is collected.
        if isinstance(received.event, FeedbackSubmitted) and not self._policy.collect_feedback and not received.retracted:
            return "collection_disabled"
        # A revision that names no model is of the model that the feedback was about.
        model = received.model or (known.model if known else self._policy.default_model)
        try:
            collected = collect(received, record, model, self._policy)
        except DECODING_ERRORS as error:
            # Nothing has changed yet, and the same record would fail again: it must not stop those behind it.
            return Refusal(dead_letter.MALFORMED, f"event: no sample could be made of it ({type(error).__name__})")
        sample = collected.sample
        mark = Mark(
            sample.revision, sample.retracted, sample.model, sample.kind, sample.occurred_at.date().toordinal(), contribution(sample)
        )
        sequence = record.offset + 1
        if known is not None:
            self._signals.add(known.model, known.kind, known.day, known.contribution, sign=-1, sequence=sequence)
        self._signals.add(mark.model, mark.kind, mark.day, mark.contribution, sign=1, sequence=sequence)
        self._marks.put(received.sample_id, mark)
        effects.redactions += collected.redactions
        if known is not None and known.model != model:
            # The former model's buffer is in another hand: it hears of the move as a retraction.
            former = sample.model_copy(update={"model": known.model, "retracted": True, "negative": False} | WITHOUT_TEXT)
            effects.events.append(Emitted(former, sample.occurred_at, received.envelope.traceparent))
        effects.events.append(Emitted(sample, sample.occurred_at, received.envelope.traceparent))
        if sample.retracted:
            return "retracted"
        if sample.quarantine is not None:
            return "quarantined"
        return "collected" if fresh == "new" else "revised"
