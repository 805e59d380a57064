"""Stage 1 of one input partition: feedback and documents in, samples and counts out. Pure: its state is its changelog.

Event time alone decides what is accepted. The watermark of an input is the newest event time seen in its partition, less the allowed
lateness, at the start of that day (UTC); what is older is refused, and what is remembered may be forgotten behind it. The two inputs
have a watermark each, and no day lies on both sides of one: so how feedback, documents and erasures lie to each other decides nothing.

An event of an imported history is taken however old it is. It moves no watermark and counts in no day; its id is remembered from when the
broker took it, so that the same history again is known.

Turns have an event time of their own too. Feedback that gets its words from one counts from its own arrival, and becomes a sample once both
are here, whichever came first (`consumers.collect.joining`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from consumers.collect.arrival import Arrival, arrive
from consumers.collect.daily_counts import DailySignals
from consumers.collect.daily_sketches import ActiveSketcher, DocumentSketches, no_active_sketcher
from consumers.collect.decode import Received, receive, receive_erasure, user_key
from consumers.collect.deduplication import (
    Freshness,
    Mark,
    lost_with,
)
from consumers.collect.emission import SOURCE, Emission, conflict, outcome_of
from consumers.collect.joining import READER, TurnJoin
from consumers.collect.policy import IntakePolicy
from consumers.collect.sample import Collected, collect, waiting_contribution
from consumers.collect.totals import Totals
from consumers.collect.watermark import DAY_S, EVER_S, Watermark, ahead
from consumers.kept_state import KeptState
from consumers.records import Effects, InputRecord, LogPlace, Originals, Refusal
from consumers.state_keys import (
    COUNTS_KEY,
    DOCUMENT_KEY,
    ERASED_KEY,
    FEEDBACK_KEY,
    FORMER_DOCUMENT_KEY,
    FORMER_FEEDBACK_KEY,
    JOINED_KEY,
    JOINS_KEY,
    SKETCH_KEY,
    TOTALS_KEY,
    TURN_KEY,
    WAITING_KEY,
    WATERMARK_KEY,
)
from consumers.wire import FeedbackIn
from schemas import topics
from schemas.envelope import RecordEncoder, format_time

# Marks that one step drops at most: more of them go with the next steps, and a transaction stays small.
FORGOTTEN_A_STEP: Final = 5_000
# How an event stands to what is known whose words change nothing.
UNCHANGED: Final = ("duplicate", "stale", "again", "conflict")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = _EPOCH.toordinal()


class Collector:
    """For the same records of its partition, in any batching and with any duplicates, it gives the same samples, counts and sketches."""

    def __init__(self, partition: int, policy: IntakePolicy, active_sketcher: ActiveSketcher = no_active_sketcher) -> None:
        self.partition = partition
        self._policy = policy
        self._feedback = Watermark("feedback", FEEDBACK_KEY, FORMER_FEEDBACK_KEY, policy.lateness_s, policy.future_s)
        self._documents = Watermark("document", DOCUMENT_KEY, FORMER_DOCUMENT_KEY, policy.lateness_s, policy.future_s)
        self._marks = {
            FEEDBACK_KEY: self._feedback.marks,
            FORMER_FEEDBACK_KEY: self._feedback.former,
            DOCUMENT_KEY: self._documents.marks,
            FORMER_DOCUMENT_KEY: self._documents.former,
        }
        self._watermarks = {topics.FEEDBACK_SUBMITTED: self._feedback, topics.DOCUMENT_INGESTED: self._documents}
        self._emission = Emission()
        self._signals = DailySignals(partition)
        self._turns = TurnJoin(policy, self._feedback, self._signals, self._emission)
        self._times = {topic: watermark.time for topic, watermark in self._watermarks.items()} | {topics.TURN_COMPLETED: self._turns.time}
        self._sketches = DocumentSketches(active_sketcher)
        # By the first byte of their keys.
        self._parts: dict[bytes, KeptState] = {
            **self._marks,
            COUNTS_KEY[:1]: self._signals,
            SKETCH_KEY[:1]: self._sketches,
            TURN_KEY: self._turns.turns,
            WAITING_KEY: self._turns.waiting,
            JOINED_KEY: self._turns.links,
            JOINS_KEY: self._turns.joins,
        }
        # The erasure of each user (the hash's first bytes), in seconds since 1970 UTC.
        self._erased_s: dict[bytes, int] = {}
        self._summaries = RecordEncoder(topics.SIGNAL_SUMMARISED, SOURCE)
        self.totals = Totals()

    @property
    def state_keys(self) -> int:
        """How many keys the state holds."""
        of_turns = len(self._turns.turns) + len(self._turns.waiting) + len(self._turns.links)
        return self.remembered_ids + of_turns + len(self._signals) + len(self._sketches) + len(self._erased_s)

    @property
    def remembered_ids(self) -> int:
        """How many sample ids the deduplication window holds."""
        return sum(len(marks) for marks in self._marks.values())

    def remembered_of(self, user_hash: str) -> int:
        """How many samples of a user the deduplication window holds. O(marks of the partition)."""
        user, watermark = user_key(user_hash), self._feedback
        return sum(
            not mark.retracted
            for marks in (watermark.marks, watermark.former)
            for _, mark in marks.of_user(user, until_s=EVER_S, forgotten_before_s=watermark.time.watermark_s)
        )

    def status(self) -> dict[str, Any]:
        """What became of the partition's records so far."""
        turns = self._turns
        return self.totals.status() | {"turns": turns.joins.status(remembered=len(turns.turns), waiting=len(turns.waiting))}

    def save(self) -> Iterator[tuple[bytes, bytes]]:
        """The whole state as changelog records."""
        for part in self._parts.values():
            yield from part.save()
        for user, second in self._erased_s.items():
            yield ERASED_KEY + user, str(second).encode()
        for topic, time in self._times.items():
            if time.begun:
                yield WATERMARK_KEY + topic.encode(), str(time.newest_s).encode()
        yield TOTALS_KEY, msgspec.json.encode(self.totals)

    def load(self, key: bytes, value: bytes | None) -> None:
        """Takes one changelog record back; raises ValueError for a key of another kind of state."""
        kind = key[:1]
        part = self._parts.get(kind)
        if part is not None:
            part.load(key, value)
        elif kind == ERASED_KEY:
            if value is None:
                self._erased_s.pop(key[1:], None)
            else:
                self._erased_s[key[1:]] = int(value)
        elif key.startswith(WATERMARK_KEY) and value is not None:
            self._times[key[len(WATERMARK_KEY) :].decode()].advance(int(value))
        elif key == TOTALS_KEY:
            self.totals = Totals() if value is None else msgspec.json.decode(value, type=Totals)
        else:
            raise ValueError(
                f"changelog key {key!r} is not stage 1's: expected c…, t…, k…, q…, d|…, f|…, e…, w|…, u…, y…, x…, j or n; "
                "is this the changelog of another stage?"
            )

    def process(self, records: Iterable[InputRecord]) -> Effects:
        """The effects of some records of this partition, in the order given; `wanted` says what is still to be done of them."""
        effects = Effects()
        newest_s = {topic: time.newest_s for topic, time in self._times.items()}
        summarised_s: int | None = None
        outcomes: dict[tuple[str, str], int] = {}
        for record in records:
            watermark = self._watermarks.get(record.topic)
            outcome, time_s = self._take_other(record, effects) if watermark is None else self._take(record, watermark, effects)
            if isinstance(outcome, Refusal):
                effects.dead_letters.append(outcome.dead_letter(record, READER))
                outcome = outcome.reason
            counted = (record.topic, outcome)
            outcomes[counted] = outcomes.get(counted, 0) + 1
            if time_s is not None and (summarised_s is None or time_s > summarised_s):
                summarised_s = time_s
        effects.outcomes.update(outcomes)
        if summarised_s is not None:
            self._summarise(summarised_s, effects)
        if outcomes:
            self._forget(effects)
        self._take_changes(effects)
        for topic, time in self._times.items():
            if time.newest_s != newest_s[topic]:
                effects.changes[WATERMARK_KEY + topic.encode()] = str(time.newest_s).encode()
        if outcomes:
            self._count(effects)
        return effects

    def wanted(self) -> list[LogPlace]:
        """The records to be read once more for what the last step found, see `TurnJoin.wanted`."""
        return self._turns.wanted()

    def join(self, originals: Originals) -> Effects:
        """What the records that `wanted` asked for are needed for, in the same transaction as the step before."""
        effects = Effects()
        newest_s = self._turns.join(originals, effects)
        if newest_s is not None:
            self._summarise(newest_s, effects)
        self._take_changes(effects)
        self._count(effects)
        return effects

    def _take_changes(self, effects: Effects) -> None:
        for part in self._parts.values():
            if changed := part.take_changes():
                # The few go to the many: nearly all are those of one part, whose keys are no other's.
                fewer, effects.changes = sorted((changed, effects.changes), key=len)
                effects.changes |= fewer

    def _count(self, effects: Effects) -> None:
        self.totals.add(effects)
        effects.changes[TOTALS_KEY] = msgspec.json.encode(self.totals)

    def _take_other(self, record: InputRecord, effects: Effects) -> tuple[str | Refusal, int | None]:
        """What becomes of a turn or an erasure."""
        if record.topic == topics.TURN_COMPLETED:
            return self._turns.take(record, self._erased_s), None
        return self._erase(record, effects)

    def _take(self, record: InputRecord, watermark: Watermark, effects: Effects) -> tuple[str | Refusal, int | None]:
        """What becomes of a feedback or a document, and its event time (seconds since 1970 UTC) where it was one."""
        received = receive(record, self._policy)
        if isinstance(received, Refusal):
            return received, None
        time_s = math.floor(received.envelope.time.timestamp())
        refused = watermark.time.take(record, time_s, received.envelope.history)
        if refused is not None:
            return refused, None
        return self._accept(received, record, watermark, time_s, effects), time_s

    def _accept(self, received: Received, record: InputRecord, watermark: Watermark, time_s: int, effects: Effects) -> str | Refusal:
        if self._erased_s and time_s <= self._erased_s.get(received.user, time_s - 1):
            return "erased"
        arrival = arrive(received, record, watermark, time_s)
        fresh: Freshness = "new" if arrival.known is None else arrival.freshness()
        if fresh in UNCHANGED:
            return self._keep(arrival, fresh)
        # Somebody who takes their words back is heard even while nothing is collected.
        if not self._policy.collect_feedback and arrival.watermark is self._feedback and not received.retracted:
            return "collection_disabled"
        return self._collect(arrival, fresh, record, effects)

    def _keep(self, arrival: Arrival, fresh: Freshness) -> str | Refusal:
        """The known words stay in use: they were said again later, or are in conflict with these."""
        known, marks = arrival.known, arrival.watermark.marks
        if known is None or fresh in ("duplicate", "stale"):
            return fresh
        if fresh == "again":
            # Whatever else was said in between has to be later than this; the day that it counts in stays that of the first time.
            mark = msgspec.structs.replace(known, time_s=arrival.remembered_s, said_ms=arrival.said_ms, lost=b"")
            marks.put(arrival.key, mark)
            return "duplicate"
        marks.put(arrival.key, msgspec.structs.replace(known, lost=lost_with(known, arrival.received.content)))
        return conflict(arrival.received, "what came before it is in use")

    def _collect(self, arrival: Arrival, fresh: Freshness, record: InputRecord, effects: Effects) -> str | Refusal:
        """These words are used from now on, where a sample can be made of them."""
        received, known = arrival.received, arrival.known
        # A revision that names no model is of the model that the feedback was about.
        model = received.model or (known.model if known else self._policy.default_model)
        if received.turn:
            return self._wait(arrival, fresh, record, model)
        collected = collect(received, record, model, self._policy)
        if isinstance(collected, Refusal):
            return collected
        if arrival.former:
            fresh = arrival.freshness_to_former(collected.contribution)
            if fresh in UNCHANGED:
                return fresh
        self._put(arrival, fresh, collected, effects)
        return outcome_of(arrival, fresh, collected)

    def _wait(self, arrival: Arrival, fresh: Freshness, record: InputRecord, model: str) -> str | Refusal:
        """It counts from now on, and gets its words once its turn is here."""
        received = arrival.received
        contribution = waiting_contribution(received, received.event) if isinstance(received.event, FeedbackIn) else ()
        if arrival.former:
            fresh = arrival.freshness_to_former(contribution)
            if fresh in UNCHANGED:
                return fresh
        mark, left = self._remember(arrival, fresh, model, contribution)
        self._turns.wait(arrival, record, mark, left)
        return conflict(received, "this record's is in use, and what came before it is not") if fresh == "prevails" else "waiting"

    def _put(self, arrival: Arrival, fresh: Freshness, collected: Collected, effects: Effects) -> None:
        """The sample is the newest: it takes the place of what is known, in counts, marks and for the stage behind."""
        sample, watermark, envelope = collected.sample, arrival.watermark, arrival.received.envelope
        mark, left = self._remember(arrival, fresh, sample.model, collected.contribution)
        if mark.former or sample.revision or sample.retracted:
            sample = msgspec.structs.replace(sample, former_ids=arrival.former_ids())
        if watermark is self._documents:
            self._sketches.add(arrival.key, mark, None if envelope.history else sample.text, collected.origin)
        self._emission.emit(sample, collected, left, envelope, effects)

    def _remember(self, arrival: Arrival, fresh: Freshness, model: str, contribution: tuple[int, ...]) -> tuple[Mark, Collection[str]]:
        """The mark of the newest revision in the place of what is known, and the models at which samples of it were collected."""
        received, watermark, known = arrival.received, arrival.watermark, arrival.known
        left: Collection[str] = ()
        lost, former = b"", False
        if known is not None:
            left = self._withdraw_known(arrival, known)
            lost = lost_with(known, known.content) if fresh == "prevails" else b""
            former = known.former or bool(arrival.former)
        if received.envelope.history:
            contribution = ()
        day = _EPOCH_DAY + arrival.time_s // DAY_S
        self._signals.add(model, watermark.kind, day, contribution)
        mark = Mark(
            arrival.remembered_s, received.revision, received.retracted, model, received.user, day, contribution,
            None, arrival.said_ms, received.content, lost, former,
        )  # fmt: skip
        watermark.marks.put(arrival.key, mark)
        return mark, left

    def _withdraw_known(self, arrival: Arrival, known: Mark) -> Collection[str]:
        """What is known of the sample counts no more, and is not known under former ids. The models at which it was collected."""
        watermark, marks = arrival.watermark, arrival.former or {arrival.key: known}
        for key, mark in marks.items():
            self._withdraw(key, mark, watermark)
        for key in arrival.former:
            watermark.former.drop(key)
        # What waited was counted at its model, and collected nowhere.
        still = self._turns.replaced(arrival.key) if watermark is self._feedback else None
        return {mark.model for mark in marks.values()} if still is None else still

    def _erase(self, record: InputRecord, effects: Effects) -> tuple[str | Refusal, int | None]:
        """Takes back what the user said up to the erasure, and refuses what of it comes later."""
        if record.value is None:
            return "tombstone", None
        received = receive_erasure(record)
        if isinstance(received, Refusal):
            return received, None
        user, until_s = received
        refused = ahead(record, until_s, self._policy.future_s)
        if refused is not None:
            return refused, None
        if until_s <= self._erased_s.get(user, until_s - 1):
            return "duplicate", None
        self._erased_s[user] = until_s
        effects.changes[ERASED_KEY + user] = str(until_s).encode()
        watermark = self._feedback
        for marks in (watermark.marks, watermark.former):
            for key, mark in marks.of_user(user, until_s=until_s, forgotten_before_s=watermark.time.watermark_s):
                self._withdraw(key, mark, watermark)
                marks.drop(key)
        self._turns.erase(user, until_s)
        return "erased", until_s

    def _withdraw(self, key: bytes, mark: Mark, watermark: Watermark) -> None:
        # A revision dated before its sample may lie in a day that is forgotten already, while the sample is not.
        if mark.day >= _first_day(watermark):
            self._signals.withdraw(mark.model, watermark.kind, mark.day, mark.contribution)
            if watermark is self._documents:
                self._sketches.withdraw(key, mark)

    def _summarise(self, newest_s: int, effects: Effects) -> None:
        self._sketches.settle(self._documents.marks)
        time = format_time(_EPOCH + timedelta(seconds=newest_s))
        for summary in self._signals.take_touched():
            event_id = f"{summary.model}:{summary.input}:{summary.partition}:{summary.event_day.isoformat()}:{summary.sequence}"
            told = self._sketches.on(summary) if summary.input == "document" else summary
            effects.encoded.append(self._summaries.encode(told, summary.model, event_id, time))

    def _forget(self, effects: Effects) -> None:
        """Drops what no record that can still be accepted would ask for. Erasures stay: a history may be of any age."""
        self._turns.forget(effects, FORGOTTEN_A_STEP)
        for watermark in self._watermarks.values():
            if not watermark.time.begun:
                continue
            watermark.marks.forget(watermark.time.watermark_s, FORGOTTEN_A_STEP)
            if watermark.former:
                watermark.former.forget(watermark.time.watermark_s, FORGOTTEN_A_STEP)
            first_day = _first_day(watermark)
            if watermark is self._documents:
                self._sketches.forget(first_day)
            else:
                # A day stays as long as something of it waits: the turn decides at which model it counts.
                first_day = min(first_day, self._turns.waiting.first_day(first_day))
            self._signals.forget(watermark.kind, first_day)


def _first_day(watermark: Watermark) -> int:
    return _EPOCH_DAY + watermark.time.watermark_s // DAY_S
