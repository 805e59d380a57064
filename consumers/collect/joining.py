"""Turns and the feedback that gets its words from them, of one input partition: whoever comes first is remembered. Pure.

A step remembers, and finds who belongs together; `wanted` says which records it needs to see once more for that, and `join` makes the
samples of them. Both happen in the step's own transaction, so no state that was written holds a pair that is not joined.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import timedelta
from typing import Final, NamedTuple

import msgspec

from consumers.collect.arrival import Arrival
from consumers.collect.daily_counts import DailySignals
from consumers.collect.decode import Received, receive
from consumers.collect.decode_turn import ReceivedTurn, receive_turn, with_turn
from consumers.collect.deduplication import CONTENT_BYTES, Mark, Marks
from consumers.collect.emission import Emission
from consumers.collect.policy import IntakePolicy
from consumers.collect.sample import Collected, collect
from consumers.collect.turns import KEPT_S, SLACK_S, Joins, Link, Turn, Waiting, WaitingFeedback, are_of_one_time, sample_of
from consumers.collect.watermark import BEGINNING_S, DAY_S, EVER_S, EventTime, Watermark
from consumers.records import Effects, InputRecord, LogPlace, Notice, Originals, Refusal
from consumers.state_keys import FEEDBACK_KEY, JOINED_KEY, TURN_KEY
from consumers.wire import FeedbackIn, SampleOut
from schemas import dead_letter, topics
from schemas.envelope import format_time
from schemas.identity import former_ids

READER: Final = "stage1"
# Originals that are asked for at once: with the largest of them that is 50 MB.
ASKED_AT_ONCE: Final = 200
# Feedback given up in one step at most; more of it goes with the next.
GIVEN_UP_A_STEP: Final = 1_000
# Of all contents of a time the last one.
LAST_CONTENT: Final = "f" * 2 * CONTENT_BYTES
GONE: Final = (
    "feedback waited for its turn, and its own record left the log meanwhile: it stays in the counts of its day and becomes no sample. "
    "Keep feedback.submitted and turn.completed for 30 days"
)


class Pair(NamedTuple):
    """Feedback and its turn, and the models at which former revisions of it were collected."""

    sample: bytes
    waiting: Waiting
    turn: Turn
    left: tuple[str, ...]


class Withdrawn(NamedTuple):
    """Feedback whose words a model has no longer; `moved` where newer ones took their place."""

    waiting: Waiting
    model: str
    moved: bool


class TurnJoin:
    """Which turns are remembered, which feedback waits, and who belongs together; `feedback` are the marks of all feedback and its time.

    Counts go to `signals`, samples to `emission`.
    """

    def __init__(self, policy: IntakePolicy, feedback: Watermark, signals: DailySignals, emission: Emission) -> None:
        self._policy = policy
        self._feedback = feedback.time
        self._marks = feedback.marks
        self._signals = signals
        self._emission = emission
        self.time = EventTime(policy.lateness_s, policy.future_s)
        self.turns = Marks(Turn)
        self.waiting = WaitingFeedback()
        self.links = Marks(Link)
        self.joins = Joins()
        # What may be joined in this step, in the order of finding, with the models at which former revisions were collected; and of whose
        # words a model has to hear that they are no more, because newer ones wait (moved) or because they were erased.
        self._ready: dict[bytes, tuple[str, ...]] = {}
        self._withdrawn: list[Withdrawn] = []
        self._asked: tuple[list[Pair], list[tuple[bytes, Waiting]]] = [], []

    @property
    def remembered_from_s(self) -> int:
        """Turns before this time are asked for by nothing that can still come, or are not in the log any more."""
        lateness_s = self._policy.lateness_s
        unasked_s = min(self.time.watermark_s - lateness_s - SLACK_S, self._feedback.watermark_s - lateness_s)
        return max(unasked_s, (self.time.newest_s - KEPT_S) // DAY_S * DAY_S)

    @property
    def waits_from_s(self) -> int:
        """Feedback said before this time waits for nothing that can still come, or is soon not in the log any more."""
        return max(self.time.watermark_s - SLACK_S, (self._feedback.newest_s - KEPT_S) // DAY_S * DAY_S)

    def take(self, record: InputRecord, erased_s: dict[bytes, int]) -> str | Refusal:
        """What becomes of a turn."""
        received = receive_turn(record, self._policy)
        if isinstance(received, Refusal):
            return received
        time_s, history = math.floor(received.envelope.time.timestamp()), received.envelope.history
        refused = self.time.take(record, time_s, history)
        if refused is not None:
            return refused
        if received.user and time_s <= erased_s.get(received.user, time_s - 1):
            return "erased"
        key = TURN_KEY + received.turn
        # By its own topic alone, and longer than feedback that it is joined with: the same id for another turn later on is no conflict.
        known = self.turns.get(key, max(self.time.watermark_s - self._policy.lateness_s - SLACK_S, self.time.newest_s - KEPT_S))
        if known is not None:
            return "duplicate" if known.content == received.content else _conflict(known, received)
        if not self._policy.collect_feedback:
            return "collection_disabled"
        if history:
            time_s = max(time_s, self.time.newest_s, record.timestamp_ms // 1000)
        self.turns.put(key, Turn(time_s, record.offset, received.user, received.content, history))
        for sample in self.waiting.of_turn(received.turn):
            self._ready.setdefault(sample, ())
        return "remembered"

    def wait(self, arrival: Arrival, record: InputRecord, mark: Mark, left: Iterable[str]) -> None:
        """This revision of a feedback waits for its turn, which may be here."""
        received, sample = arrival.received, sample_of(arrival.key)
        said = received.event
        correcting = isinstance(said, FeedbackIn) and (bool((said.correction or "").strip()) or said.preferred is not None)
        history = received.envelope.history
        waiting = Waiting(
            arrival.remembered_s if history else arrival.time_s, record.offset, received.turn, received.user, received.content,
            mark.model, mark.day, mark.contribution, correcting, history,
        )  # fmt: skip
        self.waiting.put(sample, waiting)
        self._ready[sample] = tuple(sorted(left))

    def wanted(self) -> list[LogPlace]:
        """The records that have to be seen again for what is joined or given up now; empty where there is nothing of it.

        To be asked until it is empty, `join` after each answer.
        """
        places: dict[LogPlace, None] = {}
        pairs: list[Pair] = []
        while self._ready and len(places) < ASKED_AT_ONCE:
            sample = next(iter(self._ready))
            left = self._ready.pop(sample)
            waiting, turn = self.waiting.get(sample), self._turn_of(sample)
            if waiting is not None and turn is not None:
                pairs.append(Pair(sample, waiting, turn, left))
                places[topics.FEEDBACK_SUBMITTED, waiting.offset] = places[topics.TURN_COMPLETED, turn.offset] = None
            elif waiting is not None:
                self._withdrawn += [Withdrawn(waiting, model, moved=True) for model in left]
        for withdrawn in self._withdrawn:
            places[topics.FEEDBACK_SUBMITTED, withdrawn.waiting.offset] = None
        given_up = [] if places else [found for found in self._given_up(ASKED_AT_ONCE) if found[1].correcting]
        for _, waiting in given_up:
            places[topics.FEEDBACK_SUBMITTED, waiting.offset] = None
        self._asked = pairs, given_up
        return list(places)

    def join(self, originals: Originals, effects: Effects) -> int | None:
        """What `wanted` asked for: samples of pairs, dead letters where a turn never came. Returns the newest time of it, in seconds."""
        (pairs, given_up), withdrawn = self._asked, self._withdrawn
        self._asked, self._withdrawn = ([], []), []
        times = [self._take_back(one, originals, effects) for one in withdrawn]
        times += [self._joined(pair, originals, effects) for pair in pairs]
        for sample, waiting in given_up:
            self._give_up(sample, waiting, originals.get((topics.FEEDBACK_SUBMITTED, waiting.offset)), "its turn never came", effects)
        return max((time_s for time_s in times if time_s is not None), default=None)

    def forget(self, effects: Effects, limit: int) -> None:
        """Drops turns that nothing asks for, and gives up ratings whose turn can come no more: they stay in the counts of their day."""
        self.turns.forget(self.remembered_from_s, limit)
        self.links.forget(self._feedback.watermark_s, limit)
        for sample, waiting in self._given_up(GIVEN_UP_A_STEP):
            if not waiting.correcting:
                self.waiting.pop(sample)
                self._count(effects, unjoined=1)

    def replaced(self, mark_key: bytes) -> tuple[str, ...] | None:
        """Another revision takes this one's place. The models that still have words of one before, None where none waited until now."""
        sample = sample_of(mark_key)
        if len(self.links) and self.links.get(JOINED_KEY + sample, BEGINNING_S) is not None:
            self.links.drop(JOINED_KEY + sample)
        if not len(self.waiting) or self.waiting.pop(sample) is None:
            return None
        return self._ready.pop(sample, ())

    def erase(self, user: bytes, until_s: int) -> None:
        """Drops a user's turns and waiting feedback up to a time. What was said after it of a turn before it loses the turn's words."""
        for key, _ in self.turns.of_user(user, until_s=until_s, forgotten_before_s=BEGINNING_S):
            self.turns.drop(key)
        for sample in self.waiting.of_user(user, until_s):
            self.waiting.pop(sample)
        for key, link in self.links.of_user(user, until_s=EVER_S, forgotten_before_s=self._feedback.watermark_s):
            if link.turn_s > until_s:
                continue
            self.links.drop(key)
            if link.time_s > until_s:
                self._tear(sample_of(key), link.before)

    def _tear(self, sample: bytes, before: Waiting) -> None:
        key = FEEDBACK_KEY + sample
        mark = self._marks.newest(key)
        self._withdrawn.append(Withdrawn(before, mark.model, moved=False))
        self.waiting.put(sample, before)
        self._signals.withdraw(mark.model, "feedback", before.day, mark.contribution)
        self._signals.add(before.model, "feedback", before.day, before.contribution)
        self._marks.amend(key, msgspec.structs.replace(mark, model=before.model, contribution=before.contribution))

    def _take_back(self, withdrawn: Withdrawn, originals: Originals, effects: Effects) -> int | None:
        """Tells the model that has the words that they are no more."""
        record = originals.get((topics.FEEDBACK_SUBMITTED, withdrawn.waiting.offset))
        received = None if record is None else receive(record, self._policy)
        if record is None or not isinstance(received, Received) or not isinstance(received.event, FeedbackIn):
            effects.notices.append(Notice("info", "original_gone", withdrawn.model, GONE))
            return None
        event = msgspec.structs.replace(received.event, retracted=True)
        collected = collect(msgspec.structs.replace(received, event=event, retracted=True), record, withdrawn.model, self._policy)
        if isinstance(collected, Collected):
            sample, envelope = self._named(collected.sample, received, former=False), received.envelope
            if withdrawn.moved:
                # Later than all that was said before, and earlier than what waits: that may come to the same model.
                before = format_time(envelope.time - timedelta(milliseconds=1))
                sample = msgspec.structs.replace(sample, moved=True, occurred_at=before, content=LAST_CONTENT)
            self._emission.emit(sample, collected, (), envelope, effects)
        return math.floor(received.envelope.time.timestamp())

    @staticmethod
    def _named(sample: SampleOut, received: Received, *, former: bool) -> SampleOut:
        """With the ids that it had in the release before, where it may be known under them."""
        if not (former or sample.revision or sample.retracted):
            return sample
        return msgspec.structs.replace(sample, former_ids=former_ids("feedback", received.envelope.source, received.identifier))

    def _given_up(self, limit: int) -> list[tuple[bytes, Waiting]]:
        return self.waiting.expired(self.waits_from_s, limit) if len(self.waiting) else []

    def _turn_of(self, sample: bytes) -> Turn | None:
        """The turn that is here of what waits."""
        waiting = self.waiting.get(sample)
        turn = None if waiting is None else self.turns.get(TURN_KEY + waiting.turn, self.remembered_from_s)
        if waiting is None or turn is None or not are_of_one_time(waiting, turn, self._policy.lateness_s):
            return None
        return turn

    def _joined(self, pair: Pair, originals: Originals, effects: Effects) -> int | None:
        sample, waiting, turn, left = pair
        record = originals.get((topics.FEEDBACK_SUBMITTED, waiting.offset))
        received = None if record is None else receive(record, self._policy)
        if record is None or not isinstance(received, Received) or not _is(received, sample, waiting):
            self._give_up(sample, waiting, None, "", effects)
            return None
        said = originals.get((topics.TURN_COMPLETED, turn.offset))
        found = None if said is None else receive_turn(said, self._policy)
        # Whatever lies there now, in a topic that was made anew: it is not what was remembered.
        if not isinstance(found, ReceivedTurn) or (found.turn, found.content) != (waiting.turn, turn.content):
            self._count(effects, originals_gone=1)
            self._give_up(sample, waiting, record, "the record of its turn is in the log no longer", effects)
            return None
        whole = with_turn(received, received.event, found.event) if isinstance(received.event, FeedbackIn) else received
        collected = collect(whole, record, whole.model or waiting.model, self._policy)
        self.waiting.pop(sample)
        if isinstance(collected, Refusal):
            effects.dead_letters.append(collected.dead_letter(record, READER))
            self._count(effects, unjoined=1)
            return None
        self._count(effects, joined=1)
        if waiting.user and turn.time_s < waiting.time_s:
            self.links.put(JOINED_KEY + sample, Link(waiting.time_s, waiting.user, turn.time_s, waiting))
        former = self._recount(sample, collected.sample, collected.contribution, waiting)
        self._emission.emit(self._named(collected.sample, received, former=former), collected, left, received.envelope, effects)
        return math.floor(received.envelope.time.timestamp())

    def _recount(self, sample: bytes, made: SampleOut, contribution: tuple[int, ...], before: Waiting) -> bool:
        """What waited counts as its words say from now on; whether it may be known under a former id."""
        contribution = () if before.history else contribution
        self._signals.withdraw(before.model, "feedback", before.day, before.contribution)
        self._signals.add(made.model, "feedback", before.day, contribution)
        key = FEEDBACK_KEY + sample
        mark = self._marks.get(key, self._feedback.watermark_s)
        if mark is not None:
            self._marks.amend(key, msgspec.structs.replace(mark, model=made.model, contribution=contribution))
        return mark is not None and mark.former

    def _give_up(self, sample: bytes, waiting: Waiting, record: InputRecord | None, why: str, effects: Effects) -> None:
        self.waiting.pop(sample)
        if record is None:
            effects.notices.append(Notice("info", "original_gone", waiting.model, GONE))
            self._count(effects, originals_gone=1)
        elif waiting.correcting:
            effects.dead_letters.append(Refusal(dead_letter.UNJOINED, f"turn_id: {why}").dead_letter(record, READER))
        self._count(effects, unjoined=1)

    def _count(self, effects: Effects, *, joined: int = 0, unjoined: int = 0, originals_gone: int = 0) -> None:
        self.joins.add(joined=joined, unjoined=unjoined, originals_gone=originals_gone)
        effects.joined += joined
        effects.unjoined += unjoined


def _is(received: Received, sample: bytes, waiting: Waiting) -> bool:
    return sample_of(received.sample[: len(sample)]) == sample and received.content == waiting.content


def _conflict(known: Turn, received: ReceivedTurn) -> Refusal:
    detail = (
        f"other words of the same turn came before it, and are in use (content {known.content.hex()}; {received.content.hex()} is here)"
    )
    return Refusal(dead_letter.CONFLICT, detail)
