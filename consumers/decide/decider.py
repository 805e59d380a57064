"""Stage 2 of one model partition: every input in a stated order through its model's trigger, journalled. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

import msgspec

from consumers.decide.inputs import (
    ORDER,
    DocumentText,
    Entry,
    ErasureSeen,
    Input,
    JobSeen,
    Read,
    RecipeSeen,
    SampleSeen,
    TickSeen,
    from_ms,
    read,
)
from consumers.decide.journal import journal
from consumers.decide.status import summary
from consumers.decide.trigger import Decision, ModelTrigger
from consumers.decide.trigger_state import DAY_MS, TriggerPolicy
from consumers.records import Effects, Emitted, InputRecord, Notice, Refusal
from consumers.state_keys import DRIFT_KEY, ERASED_CONTRIBUTOR_KEY, JOURNAL_KEY, SAMPLE_KEY, TICK_KEY, TRIGGER_KEY
from schemas import dead_letter, topics
from schemas.envelope import RecordEncoder, format_time
from schemas.events.drift_detected import DriftDetected
from schemas.events.retrain_requested import RetrainRequested

READER: Final = "stage2"
SOURCE: Final = "abhyas/stage2"
# Longer than sample.collected keeps what was said before an erasure.
ERASURE_DAYS: Final = 40


class LastTick(msgspec.Struct, array_like=True, tag=1, frozen=True):
    """The newest tick of the partition, and where it lay: it opens the journal of a model that appears later."""

    now_ms: int
    offset: int


class Decider:
    """The triggers of the models of one partition. The same records, batched the same way or from the journal, decide the same."""

    def __init__(self, partition: int, policy: TriggerPolicy) -> None:
        self.partition = partition
        self._policy = policy
        self._tick: LastTick | None = None
        self._tick_written: LastTick | None = None
        self._sequences: dict[str, int] = {}
        # Until when each erased contributor's words are forgotten: seconds since 1970 UTC.
        self._erased_s: dict[str, int] = {}
        self._encoder = RecordEncoder(topics.TRIGGER_JOURNAL, SOURCE)
        self.triggers: dict[str, ModelTrigger] = {}

    @property
    def state_keys(self) -> int:
        """How many samples and models the state holds."""
        return sum(len(trigger.buffer) + 1 for trigger in self.triggers.values())

    def status(self) -> dict[str, Any]:
        """The status of each of its models."""
        return {model: summary(trigger) for model, trigger in self.triggers.items()}

    def held_of(self, user_hash: str) -> int:
        """How many samples of a user the buffers hold. O(samples)."""
        return sum(trigger.buffer.held_of(f"u:{user_hash}") for trigger in self.triggers.values())

    def save(self) -> Iterator[tuple[bytes, bytes]]:
        """The whole state as changelog records."""
        if self._tick is not None:
            yield TICK_KEY, msgspec.json.encode(self._tick)
        for contributor, until_s in self._erased_s.items():
            yield _erased_key(contributor), str(until_s).encode()
        for model, sequence in self._sequences.items():
            yield JOURNAL_KEY + model.encode(), str(sequence).encode()
        for trigger in self.triggers.values():
            yield from trigger.save()

    def load(self, key: bytes, value: bytes | None) -> None:
        """Takes one changelog record back; raises ValueError for a key of another kind of state."""
        kind, end = key[:2], key[2:].decode()
        if key == TICK_KEY:
            self._tick = self._tick_written = None if value is None else msgspec.json.decode(value, type=LastTick)
        elif kind == ERASED_CONTRIBUTOR_KEY:
            self._erased_s.pop(end, None)
            if value is not None:
                self._erased_s[end] = int(value)
        elif kind == JOURNAL_KEY:
            self._sequences[end] = 0 if value is None else int(value)
        elif kind in (TRIGGER_KEY, SAMPLE_KEY, DRIFT_KEY):
            self._trigger(end.partition("|")[0]).load(key, value)
        else:
            raise ValueError(
                f"changelog key {key!r} is not stage 2's: expected t, e|…, j|…, m|…, b|… or w|…; is this another stage's changelog?"
            )

    def process(self, records: Iterable[InputRecord]) -> Effects:
        """The effects of some records: by topic as in ORDER, then partition, then offset."""
        effects = Effects()
        entries: dict[str, list[Entry]] = {}
        texts: dict[str, list[DocumentText]] = {}
        newest_ms = 0
        for record in sorted(records, key=lambda record: (ORDER[record.topic], record.partition, record.offset)):
            newest_ms = max(newest_ms, record.timestamp_ms)
            found = read(record)
            if isinstance(found, Refusal):
                self._refuse(record, found, effects)
            elif found is None:
                effects.outcomes[record.topic, "not_for_the_trigger"] += 1
            elif isinstance(found.input, ErasureSeen):
                self._erase(record, found.input, found.traceparent, entries, effects)
            elif found.model is None:
                self._read(texts)
                self._take_tick(record, found.input, entries, effects)
            elif isinstance(found.input, SampleSeen) and self._is_erased(found.input.contributor, found.input.occurred_s):
                # Stage 1 had it before the erasure; it must not come to life again behind it.
                effects.outcomes[record.topic, "erased"] += 1
            elif isinstance(found.input, JobSeen) and found.model not in self.triggers:
                effects.outcomes[record.topic, "other_partition"] += 1
            else:
                self._take(found.model, record, found, entries, effects)
                effects.outcomes[record.topic, "applied"] += 1
                if found.document is not None:
                    texts.setdefault(found.model, []).append(found.document)
        self._read(texts)
        self._journal(entries, format_time(from_ms(newest_ms)), effects)
        return effects

    def _trigger(self, model: str) -> ModelTrigger:
        found = self.triggers.get(model)
        if found is None:
            found = self.triggers[model] = ModelTrigger(model, self._policy)
        return found

    def _take(self, model: str, record: InputRecord, found: Read, entries: dict[str, list[Entry]], effects: Effects) -> None:
        if model not in self.triggers and self._tick is not None:
            self._apply(model, Entry(topics.CLOCK_TICKED, 0, self._tick.offset, TickSeen(self._tick.now_ms)), entries, effects)
        self._apply(model, Entry(record.topic, record.partition, record.offset, found.input), entries, effects, found.traceparent)

    def _read(self, texts: dict[str, list[DocumentText]]) -> None:
        """Shows the texts of documents to the models' watches, many at a time; they decide nothing."""
        for model, documents in texts.items():
            self._trigger(model).drift.documents.read(documents)
        texts.clear()

    def _take_tick(self, record: InputRecord, seen: Input, entries: dict[str, list[Entry]], effects: Effects) -> None:
        if not isinstance(seen, TickSeen) or (self._tick is not None and seen.now_ms <= self._tick.now_ms):
            effects.outcomes[record.topic, "not_newer"] += 1
            return
        if self._tick is not None and self._tick.now_ms // DAY_MS != seen.now_ms // DAY_MS:
            for contributor in [
                contributor for contributor, until_s in self._erased_s.items() if until_s * 1000 < seen.now_ms - ERASURE_DAYS * DAY_MS
            ]:
                del self._erased_s[contributor]
                effects.changes[_erased_key(contributor)] = None
        self._tick = LastTick(seen.now_ms, record.offset)
        effects.outcomes[record.topic, "applied"] += 1
        for model in sorted(self.triggers):
            self._apply(model, Entry(record.topic, record.partition, record.offset, seen), entries, effects)

    def _is_erased(self, contributor: str, second: int) -> bool:
        until_s = self._erased_s.get(contributor)
        return until_s is not None and second <= until_s

    def _erase(
        self, record: InputRecord, seen: ErasureSeen, traceparent: str | None, entries: dict[str, list[Entry]], effects: Effects
    ) -> None:
        if record.timestamp_ms > 0 and seen.until_s - record.timestamp_ms // 1000 > self._policy.future_s:
            effects.outcomes[record.topic, dead_letter.FUTURE_DATED] += 1
            return
        if self._is_erased(seen.contributor, seen.until_s):
            effects.outcomes[record.topic, "not_newer"] += 1
            return
        self._erased_s[seen.contributor] = seen.until_s
        effects.changes[_erased_key(seen.contributor)] = str(seen.until_s).encode()
        effects.outcomes[record.topic, "applied"] += 1
        for model in sorted(self.triggers):
            # Only where it changes something: a journal of others' erasures would help nobody.
            if self.triggers[model].buffer.said(seen.contributor, seen.until_s):
                self._apply(model, Entry(record.topic, record.partition, record.offset, seen), entries, effects, traceparent)

    def _apply(self, model: str, entry: Entry, entries: dict[str, list[Entry]], effects: Effects, traceparent: str | None = None) -> None:
        """What follows goes on in the trace of the event that it follows from; a tick is part of none."""
        trigger, of_model = self._trigger(model), entries.setdefault(model, [])
        if trigger.model_state.recipe != self._policy.recipe:
            # In the journal like all that decides: a replay of what another release decided knows when this one began.
            of_model.append(Entry(entry.topic, entry.partition, entry.offset, RecipeSeen(self._policy.recipe)))
            self._decide(trigger, of_model[-1], effects, traceparent)
        of_model.append(entry)
        self._decide(trigger, entry, effects, traceparent)

    @staticmethod
    def _decide(trigger: ModelTrigger, entry: Entry, effects: Effects, traceparent: str | None) -> None:
        for decision in trigger.apply(entry):
            if isinstance(decision, Notice):
                effects.notices.append(decision)
            else:
                effects.events.append(Emitted(decision, _time_of(decision, trigger), traceparent))

    def _refuse(self, record: InputRecord, refusal: Refusal, effects: Effects) -> None:
        effects.outcomes[record.topic, refusal.reason] += 1
        if record.topic == topics.USER_ERASED or (record.topic == topics.TRAINING_STATE and record.partition != self.partition):
            # Every task reads these: one keeps the dead letter, stage 1's or the one of the same partition.
            return
        if record.topic == topics.CLOCK_TICKED:
            # Ticks have no dead-letter topic: one that cannot be read is followed by the next, and nothing waits for it.
            effects.notices.append(Notice("alert", "unreadable_tick", "-", f"clock.ticked offset {record.offset}: {refusal.detail}"))
            return
        effects.dead_letters.append(refusal.dead_letter(record, READER))

    def _journal(self, entries: dict[str, list[Entry]], time: str, effects: Effects) -> None:
        for model in sorted(entries):
            first = self._sequences.get(model, 0)
            for record in journal(model, first, entries[model]):
                effects.encoded.append(self._encoder.encode(record, model, f"{model}:{record.first_sequence}", time))
            self._sequences[model] = first + len(entries[model])
            effects.changes[JOURNAL_KEY + model.encode()] = str(self._sequences[model]).encode()
            effects.changes.update(self.triggers[model].take_changes())
        if self._tick is not None and self._tick != self._tick_written:
            effects.changes[TICK_KEY] = msgspec.json.encode(self._tick)
            self._tick_written = self._tick


def _erased_key(contributor: str) -> bytes:
    return ERASED_CONTRIBUTOR_KEY + contributor.encode()


def _time_of(decision: Decision, trigger: ModelTrigger) -> datetime:
    if isinstance(decision, RetrainRequested):
        return decision.requested_at
    if isinstance(decision, DriftDetected):
        return decision.detected_at
    return from_ms(trigger.model_state.now_ms or 0)
