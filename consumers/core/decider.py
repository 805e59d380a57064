"""Stage 2 of one model partition: every input in a stated order through its model's trigger, journalled. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

from consumers.core.inputs import ORDER, Entry, Input, JobSeen, TickSeen, from_ms, read
from consumers.core.journal import journal
from consumers.core.records import Effects, Emitted, InputRecord, Notice, Refusal
from consumers.core.trigger import Decision, ModelTrigger
from consumers.core.trigger_state import TriggerPolicy
from schemas import topics
from schemas.decision import DriftDetected, RetrainRequested

READER: Final = "stage2"


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
        self.triggers: dict[str, ModelTrigger] = {}

    @property
    def state_keys(self) -> int:
        """How many samples and models the state holds."""
        return sum(len(trigger.buffer) + 1 for trigger in self.triggers.values())

    def restore(self, key: str, value: bytes | None) -> None:
        """Takes one changelog record back; raises ValueError for a key of another kind of state."""
        kind, _, rest = key.partition("|")
        if kind == "t":
            self._tick = self._tick_written = None if value is None else msgspec.json.decode(value, type=LastTick)
            return
        model, _, part = rest.partition("|")
        if kind == "j":
            self._sequences[model] = 0 if value is None else int(value)
        elif kind == "m":
            self._trigger(model).restore(part, value)
        elif kind == "b":
            self._trigger(model).buffer.restore(part, value)
        elif kind == "w":
            self._trigger(model).drift.restore(part, value)
        else:
            raise ValueError(
                f"changelog key {key!r} is not stage 2's: expected t, j|…, m|…, b|… or w|…; is this another stage's changelog?"
            )

    def process(self, records: Iterable[InputRecord]) -> Effects:
        """The effects of some records: by topic as in ORDER, then partition, then offset."""
        effects = Effects()
        entries: dict[str, list[Entry]] = {}
        newest_ms = 0
        for record in sorted(records, key=lambda record: (ORDER[record.topic], record.partition, record.offset)):
            newest_ms = max(newest_ms, record.timestamp_ms)
            found = read(record)
            if isinstance(found, Refusal):
                self._refuse(record, found, effects)
            elif found is None:
                effects.outcomes[record.topic, "not_for_the_trigger"] += 1
            elif found.model is None:
                self._take_tick(record, found.input, entries, effects)
            elif isinstance(found.input, JobSeen) and found.model not in self.triggers:
                effects.outcomes[record.topic, "other_partition"] += 1
            else:
                self._take(found.model, record, found.input, entries, effects)
                effects.outcomes[record.topic, "applied"] += 1
        self._journal(entries, from_ms(newest_ms), effects)
        return effects

    def _trigger(self, model: str) -> ModelTrigger:
        found = self.triggers.get(model)
        if found is None:
            found = self.triggers[model] = ModelTrigger(model, self._policy)
        return found

    def _take(self, model: str, record: InputRecord, seen: Input, entries: dict[str, list[Entry]], effects: Effects) -> None:
        if model not in self.triggers and self._tick is not None:
            self._apply(model, Entry(topics.CLOCK_TICKED, 0, self._tick.offset, TickSeen(self._tick.now_ms)), entries, effects)
        self._apply(model, Entry(record.topic, record.partition, record.offset, seen), entries, effects)

    def _take_tick(self, record: InputRecord, seen: Input, entries: dict[str, list[Entry]], effects: Effects) -> None:
        if not isinstance(seen, TickSeen) or (self._tick is not None and seen.now_ms <= self._tick.now_ms):
            effects.outcomes[record.topic, "not_newer"] += 1
            return
        self._tick = LastTick(seen.now_ms, record.offset)
        effects.outcomes[record.topic, "applied"] += 1
        for model in sorted(self.triggers):
            self._apply(model, Entry(record.topic, record.partition, record.offset, seen), entries, effects)

    def _apply(self, model: str, entry: Entry, entries: dict[str, list[Entry]], effects: Effects) -> None:
        trigger = self._trigger(model)
        entries.setdefault(model, []).append(entry)
        for decision in trigger.apply(entry):
            if isinstance(decision, Notice):
                effects.notices.append(decision)
            else:
                effects.events.append(Emitted(decision, _time_of(decision, trigger)))

    def _refuse(self, record: InputRecord, refusal: Refusal, effects: Effects) -> None:
        effects.outcomes[record.topic, refusal.reason] += 1
        if record.topic == topics.CLOCK_TICKED:
            # Ticks have no dead-letter topic: one that cannot be read is followed by the next, and nothing waits for it.
            effects.notices.append(Notice("alert", "unreadable_tick", "-", f"clock.ticked offset {record.offset}: {refusal.detail}"))
            return
        effects.dead_letters.append(refusal.dead_letter(record, READER))

    def _journal(self, entries: dict[str, list[Entry]], time: datetime, effects: Effects) -> None:
        for model in sorted(entries):
            first = self._sequences.get(model, 0)
            effects.events.extend(Emitted(record, time) for record in journal(model, first, entries[model]))
            self._sequences[model] = first + len(entries[model])
            effects.changes[f"j|{model}"] = str(self._sequences[model]).encode()
            effects.changes.update(self.triggers[model].take_changes())
        if self._tick is not None and self._tick != self._tick_written:
            effects.changes["t"] = msgspec.json.encode(self._tick)
            self._tick_written = self._tick


def _time_of(decision: Decision, trigger: ModelTrigger) -> datetime:
    if isinstance(decision, RetrainRequested):
        return decision.requested_at
    if isinstance(decision, DriftDetected):
        return decision.detected_at
    return from_ms(trigger.clock.now_ms or 0)
