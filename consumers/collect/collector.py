"""Stage 1 of one input partition: feedback and documents in, samples and counts out. Pure: its state is its changelog.

Event time alone decides what is accepted. The watermark of an input is the newest event time seen in its partition, less the allowed
lateness, at the start of that day (UTC); what is older is refused, and what is remembered may be forgotten behind it. The two inputs
have a watermark each, and no day lies on both sides of one: so how feedback, documents and erasures lie to each other decides nothing.

An event of an imported history is taken however old it is. It moves no watermark and counts in no day; its id is remembered from when the
broker took it, so that the same history again is known.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
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
from consumers.collect.policy import IntakePolicy
from consumers.collect.sample import Collected, collect
from consumers.collect.totals import RETRACTED_UNMET, Totals
from consumers.collect.watermark import DAY_S, Watermark
from consumers.kept_state import KeptState
from consumers.records import Effects, InputRecord, Refusal
from consumers.state_keys import (
    COUNTS_KEY,
    DOCUMENT_KEY,
    ERASED_KEY,
    FEEDBACK_KEY,
    FORMER_DOCUMENT_KEY,
    FORMER_FEEDBACK_KEY,
    SKETCH_KEY,
    TOTALS_KEY,
    WATERMARK_KEY,
)
from consumers.wire import SampleOut
from schemas import dead_letter, topics
from schemas.envelope import Encoded, Envelope, RecordEncoder, format_time

READER: Final = "stage1"
SOURCE: Final = "abhyas/stage1"
# Marks that one step drops at most: more of them go with the next steps, and a transaction stays small.
FORGOTTEN_A_STEP: Final = 5_000
# How an event stands to what is known whose words change nothing.
UNCHANGED: Final = ("duplicate", "stale", "again", "conflict")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = _EPOCH.toordinal()
# Behind every time that a mark holds.
_EVER_S: Final = 1 << 40


class Collector:
    """For the same records of its partition, in any batching and with any duplicates, it gives the same samples, counts and sketches."""

    def __init__(self, partition: int, policy: IntakePolicy, active_sketcher: ActiveSketcher = no_active_sketcher) -> None:
        self.partition = partition
        self._policy = policy
        self._feedback = Watermark("feedback", FEEDBACK_KEY, FORMER_FEEDBACK_KEY, policy.lateness_s)
        self._documents = Watermark("document", DOCUMENT_KEY, FORMER_DOCUMENT_KEY, policy.lateness_s)
        self._marks = {
            FEEDBACK_KEY: self._feedback.marks,
            FORMER_FEEDBACK_KEY: self._feedback.former,
            DOCUMENT_KEY: self._documents.marks,
            FORMER_DOCUMENT_KEY: self._documents.former,
        }
        self._watermarks = {topics.FEEDBACK_SUBMITTED: self._feedback, topics.DOCUMENT_INGESTED: self._documents}
        self._signals = DailySignals(partition)
        self._sketches = DocumentSketches(active_sketcher)
        # By the first byte of their keys.
        self._parts: dict[bytes, KeptState] = {**self._marks, COUNTS_KEY[:1]: self._signals, SKETCH_KEY[:1]: self._sketches}
        # The erasure of each user (the hash's first bytes), in seconds since 1970 UTC.
        self._erased_s: dict[bytes, int] = {}
        self._samples = RecordEncoder(topics.SAMPLE_COLLECTED, SOURCE)
        self._summaries = RecordEncoder(topics.SIGNAL_SUMMARISED, SOURCE)
        self.totals = Totals()

    @property
    def state_keys(self) -> int:
        """How many keys the state holds."""
        return self.remembered_ids + len(self._signals) + len(self._sketches) + len(self._erased_s)

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
            for _, mark in marks.of_user(user, until_s=_EVER_S, forgotten_before_s=watermark.watermark_s)
        )

    def status(self) -> dict[str, Any]:
        """What became of the partition's records so far."""
        return self.totals.status()

    def save(self) -> Iterator[tuple[bytes, bytes]]:
        """The whole state as changelog records."""
        for part in self._parts.values():
            yield from part.save()
        for user, second in self._erased_s.items():
            yield ERASED_KEY + user, str(second).encode()
        for topic, watermark in self._watermarks.items():
            if watermark.begun:
                yield WATERMARK_KEY + topic.encode(), str(watermark.newest_s).encode()
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
            self._watermarks[key[len(WATERMARK_KEY) :].decode()].advance(int(value))
        elif key == TOTALS_KEY:
            self.totals = Totals() if value is None else msgspec.json.decode(value, type=Totals)
        else:
            raise ValueError(
                f"changelog key {key!r} is not stage 1's: expected c…, t…, k…, q…, d|…, f|…, e…, w|… or n; "
                "is this the changelog of another stage?"
            )

    def process(self, records: Iterable[InputRecord]) -> Effects:
        """The effects of some records of this partition, in the order given."""
        effects = Effects()
        newest_s = {topic: watermark.newest_s for topic, watermark in self._watermarks.items()}
        summarised_s: int | None = None
        outcomes: dict[tuple[str, str], int] = {}
        for record in records:
            watermark = self._watermarks.get(record.topic)
            outcome, time_s = self._erase(record, effects) if watermark is None else self._take(record, watermark, effects)
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
            self._forget()
        for part in self._parts.values():
            if changed := part.take_changes():
                # The few go to the many: nearly all are those of one part, whose keys are no other's.
                fewer, effects.changes = sorted((changed, effects.changes), key=len)
                effects.changes |= fewer
        for topic, watermark in self._watermarks.items():
            if watermark.newest_s != newest_s[topic]:
                effects.changes[WATERMARK_KEY + topic.encode()] = str(watermark.newest_s).encode()
        if outcomes:
            self.totals.add(effects)
            effects.changes[TOTALS_KEY] = msgspec.json.encode(self.totals)
        return effects

    def _take(self, record: InputRecord, watermark: Watermark, effects: Effects) -> tuple[str | Refusal, int | None]:
        """What becomes of a feedback or a document, and its event time (seconds since 1970 UTC) where it was one."""
        received = receive(record, self._policy)
        if isinstance(received, Refusal):
            return received, None
        time_s = math.floor(received.envelope.time.timestamp())
        if time_s > watermark.newest_s:
            refused = self._ahead(record, time_s)
            if refused is not None:
                return refused, None
            if not received.envelope.history:
                watermark.advance(time_s)
        elif time_s < watermark.watermark_s and not received.envelope.history:
            late_s = watermark.newest_s - time_s
            detail = f"ce_time is {late_s} s behind the newest of its partition: expected at most {self._policy.lateness_s}"
            return Refusal(dead_letter.TOO_LATE, detail), None
        return self._accept(received, record, watermark, time_s, effects), time_s

    def _ahead(self, record: InputRecord, time_s: int) -> Refusal | None:
        ahead_s = time_s - record.timestamp_ms // 1000
        if ahead_s <= self._policy.future_s or record.timestamp_ms <= 0:
            return None
        detail = f"ce_time is {ahead_s} s ahead of the broker's clock: expected at most {self._policy.future_s}"
        return Refusal(dead_letter.FUTURE_DATED, detail)

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
        return _conflict(arrival.received, "what came before it is in use")

    def _collect(self, arrival: Arrival, fresh: Freshness, record: InputRecord, effects: Effects) -> str | Refusal:
        """These words are used from now on, where a sample can be made of them."""
        received, known = arrival.received, arrival.known
        # A revision that names no model is of the model that the feedback was about.
        model = received.model or (known.model if known else self._policy.default_model)
        collected = collect(received, record, model, self._policy)
        if isinstance(collected, Refusal):
            return collected
        if arrival.former:
            fresh = arrival.freshness_to_former(collected.contribution)
            if fresh in UNCHANGED:
                return fresh
        self._put(arrival, fresh, collected, effects)
        return _outcome(arrival, fresh, collected)

    def _put(self, arrival: Arrival, fresh: str, collected: Collected, effects: Effects) -> None:
        """The sample is the newest: it takes the place of what is known, in counts, marks and for the stage behind."""
        sample, watermark, known, envelope = collected.sample, arrival.watermark, arrival.known, arrival.received.envelope
        former = bool(arrival.former) or (known is not None and known.former)
        if former or sample.revision or sample.retracted:
            sample = msgspec.structs.replace(sample, former_ids=arrival.former_ids())
        left = set()
        for key, mark in arrival.former.items():
            self._withdraw(key, mark, watermark)
            watermark.former.drop(key)
            left.add(mark.model)
        if known is not None and not arrival.former:
            self._withdraw(arrival.key, known, watermark)
            left.add(known.model)
        contribution = () if envelope.history else collected.contribution
        day = _EPOCH_DAY + arrival.time_s // DAY_S
        self._signals.add(sample.model, watermark.kind, day, contribution)
        content, lost = arrival.received.content, lost_with(known, known.content) if known is not None and fresh == "prevails" else b""
        mark = Mark(
            arrival.remembered_s, sample.revision, sample.retracted, sample.model, arrival.received.user, day, contribution,
            None, arrival.said_ms, content, lost, former,
        )  # fmt: skip
        watermark.marks.put(arrival.key, mark)
        if watermark is self._documents:
            self._sketches.add(arrival.key, mark, None if envelope.history else sample.text, collected.origin)
        effects.redactions += collected.redactions
        effects.redacted_corrections += sample.correction_redactions > 0
        for model in sorted(left - {sample.model}):
            # The former model's buffer is in another hand: it hears of the move as a retraction.
            effects.encoded.append(self._encoded(_without_text(sample, model), envelope))
        effects.encoded.append(self._encoded(sample, envelope))

    def _erase(self, record: InputRecord, effects: Effects) -> tuple[str | Refusal, int | None]:
        """Takes back what the user said up to the erasure, and refuses what of it comes later."""
        if record.value is None:
            return "tombstone", None
        received = receive_erasure(record)
        if isinstance(received, Refusal):
            return received, None
        user, until_s = received
        refused = self._ahead(record, until_s)
        if refused is not None:
            return refused, None
        if until_s <= self._erased_s.get(user, until_s - 1):
            return "duplicate", None
        self._erased_s[user] = until_s
        effects.changes[ERASED_KEY + user] = str(until_s).encode()
        watermark = self._feedback
        for marks in (watermark.marks, watermark.former):
            for key, mark in marks.of_user(user, until_s=until_s, forgotten_before_s=watermark.watermark_s):
                self._withdraw(key, mark, watermark)
                marks.drop(key)
        return "erased", until_s

    def _withdraw(self, key: bytes, mark: Mark, watermark: Watermark) -> None:
        # A revision dated before its sample may lie in a day that is forgotten already, while the sample is not.
        if mark.day >= _first_day(watermark):
            self._signals.withdraw(mark.model, watermark.kind, mark.day, mark.contribution)
            if watermark is self._documents:
                self._sketches.withdraw(key, mark)

    def _encoded(self, sample: SampleOut, envelope: Envelope) -> Encoded:
        event_id = f"{sample.sample_id}:{sample.revision}:{sample.content}"
        return self._samples.encode(sample, sample.model, event_id, sample.occurred_at, envelope.traceparent, history=envelope.history)

    def _summarise(self, newest_s: int, effects: Effects) -> None:
        self._sketches.settle(self._documents.marks)
        time = format_time(_EPOCH + timedelta(seconds=newest_s))
        for summary in self._signals.take_touched():
            event_id = f"{summary.model}:{summary.input}:{summary.partition}:{summary.event_day.isoformat()}:{summary.sequence}"
            told = self._sketches.on(summary) if summary.input == "document" else summary
            effects.encoded.append(self._summaries.encode(told, summary.model, event_id, time))

    def _forget(self) -> None:
        """Drops what no record that can still be accepted would ask for. Erasures stay: a history may be of any age."""
        for watermark in self._watermarks.values():
            if not watermark.begun:
                continue
            watermark.marks.forget(watermark.watermark_s, FORGOTTEN_A_STEP)
            if watermark.former:
                watermark.former.forget(watermark.watermark_s, FORGOTTEN_A_STEP)
            self._signals.forget(watermark.kind, _first_day(watermark))
            if watermark is self._documents:
                self._sketches.forget(_first_day(watermark))


def _first_day(watermark: Watermark) -> int:
    return _EPOCH_DAY + watermark.watermark_s // DAY_S


def _outcome(arrival: Arrival, fresh: Freshness, collected: Collected) -> str | Refusal:
    """What is counted of an event whose words are in use now."""
    if fresh == "prevails":
        return _conflict(arrival.received, "this record's is in use, and what came before it is not")
    if arrival.received.retracted:
        return RETRACTED_UNMET if arrival.known is None else "retracted"
    if collected.sample.quarantine is not None:
        return "quarantined"
    return "collected" if fresh == "new" else "revised"


def _conflict(received: Received, in_use: str) -> Refusal:
    detail = (
        f"other content of revision {received.revision} was said at the same moment: {in_use} (content {received.content.hex()} is here)"
    )
    return Refusal(dead_letter.CONFLICT, detail)


def _without_text(sample: SampleOut, model: str) -> SampleOut:
    """The sample as a retraction at another model; the user's own retraction is one there too."""
    return msgspec.structs.replace(
        sample, model=model, retracted=True, moved=not sample.retracted, negative=False, query="", response="", correction=None,
        correction_redactions=0, title=None, text=None,
    )  # fmt: skip
