"""Turns and feedback of one partition: joined exactly once whichever comes first, given up where the turn can come no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from consumers.collect.collector import Collector
from consumers.records import Effects, InputRecord
from schemas import dead_letter, topics
from schemas.conversation import Message, Passage, Preferred
from schemas.events.feedback_submitted import FeedbackSubmitted
from schemas.events.sample_collected import SampleCollected
from schemas.events.signal_summarised import SignalSummarised
from schemas.events.turn_completed import TurnCompleted
from schemas.rating import Rating
from tests.consumers.collect.joined import by_place, restored, step

USER = "0a" * 16
DAY = timedelta(days=1)
DOWN = Rating(scale="thumbs", value="down", score=-1)
ASKED = (Message(role="user", content="Who built it?"), Message(role="assistant", content="Aibak."), Message(role="user", content="When?"))


def turn(number: int = 1, **fields: Any) -> TurnCompleted:
    given: dict[str, Any] = {"turn_id": f"t{number}", "user_hash": USER, "query": f"question {number}", "response": f"answer {number}"}
    return TurnCompleted(**(given | fields))


def thumb(number: int = 1, **fields: Any) -> FeedbackSubmitted:
    given: dict[str, Any] = {"feedback_id": f"f{number}", "user_hash": USER, "turn_id": f"t{number}", "rating": DOWN}
    return FeedbackSubmitted(**(given | fields))


class Partition:
    """One partition: what is said goes to the end of its topic, one record a step, and the state is written and read back between."""

    def __init__(self, build: Any, **policy: Any) -> None:
        self.build, self.policy = build, policy
        self.collector = Collector(0, build.intake_policy(**policy))
        self.log: list[InputRecord] = []

    def say(self, *events: Any, time: datetime | None = None, history: bool = False, restart: bool = True) -> Effects:
        said: list[InputRecord] = []
        for event in events:
            offset = sum(record.topic == event.TOPIC for record in [*self.log, *said])
            said.append(self.build.record(event, offset=offset, time=time or self.build.start, history=history))
        self.log += said
        effects = step(self.collector, said, by_place(self.log))
        if restart:
            self.collector = restored(self.build, dict(self.collector.save()), **self.policy)
        return effects

    def samples(self, effects: Effects) -> list[SampleCollected]:
        return self.build.emitted(effects, SampleCollected)

    def turns(self) -> dict[str, int]:
        return dict(self.collector.status()["turns"])


def counts(build: Any, steps: Sequence[Effects]) -> dict[tuple[str, str], dict[str, int]]:
    """The newest counts of each model and day, those that are not zero."""
    found = {}
    for effects in steps:
        for summary in build.emitted(effects, SignalSummarised):
            found[summary.model, summary.event_day.isoformat()] = {name: count for name, count in summary.counts.items() if count}
    return {place: told for place, told in found.items() if told}


@pytest.mark.parametrize("turn_first", [True, False])
def test_feedback_gets_the_words_of_its_turn(build: Any, turn_first: bool) -> None:
    """Query, answer, conversation, passages, model, version, language and group are the turn's; the rating and its place the feedback's."""
    partition = Partition(build)
    said = turn(
        query="", messages=ASKED, passages=(Passage(text="Begun in 1199."),), model="m2", model_version="v7", language="en",
        source_group="Delhi",
    )  # fmt: skip
    steps = [partition.say(event) for event in ((said, thumb()) if turn_first else (thumb(), said))]
    (sample,) = [sample for effects in steps for sample in partition.samples(effects)]
    assert (sample.query, sample.response, sample.messages, sample.passages) == ("When?", "answer 1", ASKED, said.passages)
    assert (sample.model, sample.model_version, sample.language, sample.group) == ("m2", "v7", "en", "delhi")
    assert (sample.turn_id, sample.score, sample.negative_class) == ("t1", -1, "answerable")
    assert (sample.provenance.topic, sample.provenance.offset) == (topics.FEEDBACK_SUBMITTED, 0)
    assert counts(build, steps) == {
        ("m2", "2026-11-23"): {"events": 1, "negatives": 1, "rated": 1, "events_en": 1, "negatives_en": 1},
    }
    assert partition.turns() == {"remembered": 1, "waiting": 0, "joined": 1, "unjoined": 0, "originals_gone": 0}
    assert [sample for event in (said, thumb()) for sample in partition.samples(partition.say(event))] == []


def test_both_orders_give_the_same_bytes(build: Any) -> None:
    """The sample of a pair is the same whichever came first, and whether or not both came in one step."""
    events = (turn(model="m2"), thumb(correction="In 1199."))
    found = set()
    for order in (events, events[::-1]):
        for together in (True, False):
            partition = Partition(build)
            steps = [partition.say(*order)] if together else [partition.say(event) for event in order]
            (value,) = [one.value for effects in steps for one in effects.encoded if one.topic == topics.SAMPLE_COLLECTED]
            found.add(value)
    assert len(found) == 1


def test_feedback_with_a_response_does_not_wait(build: Any) -> None:
    """It is taken as it stands, its turn_id only a link."""
    (sample,) = Partition(build).samples(Partition(build).say(thumb(query="q", response="its own")))
    assert (sample.response, sample.turn_id) == ("its own", "t1")


def test_a_turn_is_found_by_whose_it_is(build: Any) -> None:
    """Another user's, another frontend's or another conversation's turn of the same id is another turn; a conversation's needs no user."""
    partition = Partition(build)
    for other in (turn(user_hash="0b" * 16), turn(user_hash=None, conversation_id="c1"), turn(2)):
        assert partition.samples(partition.say(other, thumb())) == []
    assert len(partition.samples(partition.say(thumb(feedback_id="g", user_hash=None, conversation_id="c1")))) == 1
    assert len(partition.samples(partition.say(turn()))) == 1


def test_one_turn_may_have_several_ratings(build: Any) -> None:
    """All that wait for a turn get its words, in the order of their coming, and so does what comes later."""
    partition = Partition(build)
    partition.say(thumb(feedback_id="a"), thumb(feedback_id="b"))
    partition.say(thumb(feedback_id="c"))
    assert [sample.provenance.offset for sample in partition.samples(partition.say(turn()))] == [0, 1, 2]
    assert len(partition.samples(partition.say(thumb(feedback_id="d")))) == 1


def test_the_same_turn_again(build: Any) -> None:
    """With the same words it is a duplicate, whatever was measured beside; with others a dead letter, and the first stays in use."""
    partition = Partition(build)
    partition.say(turn())
    assert partition.say(turn(latency_ms=5)).outcomes == {(topics.TURN_COMPLETED, "duplicate"): 1}
    (letter,) = partition.say(turn(response="another")).dead_letters
    assert (letter.topic, letter.reason, letter.offset) == (topics.TURN_COMPLETED, dead_letter.CONFLICT, 2)
    assert partition.samples(partition.say(thumb()))[0].response == "answer 1"


def test_the_newest_revision_is_joined(build: Any) -> None:
    """Of revisions that waited the newest gets the words; one that brings its own, or takes it all back, waits no more."""
    partition = Partition(build)
    steps = [partition.say(thumb()), partition.say(thumb(revision=1, rating=None, correction="1199"))]
    steps.append(partition.say(turn()))
    (sample,) = partition.samples(steps[-1])
    assert (sample.revision, sample.correction) == (1, "1199")
    assert counts(build, steps) == {(build.model, "2026-11-23"): {"events": 1, "negatives": 1, "corrections": 1}}
    partition.say(thumb(2), thumb(3))
    gone = partition.say(thumb(2, revision=1, retracted=True), thumb(3, revision=1, query="q", response="r"))
    assert [sample.retracted for sample in partition.samples(gone)] == [True, False]
    assert partition.samples(partition.say(turn(2), turn(3))) == []
    assert partition.turns()["waiting"] == 0


def test_words_whose_newer_revision_waits_are_used_no_more(build: Any) -> None:
    """The model that has them hears so at once, in an order before what waits, which may come to the same model; no other model does."""
    partition = Partition(build)
    (first,) = partition.samples(partition.say(thumb(query="q", response="r", model="m1")))
    (gone,) = partition.samples(partition.say(thumb(revision=1, model="m3"), time=build.start + timedelta(seconds=9)))
    assert (gone.model, gone.revision, gone.retracted, gone.moved, gone.query) == ("m1", 1, True, True, "")
    partition.say(thumb(revision=2, model="m3"), time=build.start + timedelta(seconds=10))
    (last,) = partition.samples(partition.say(turn(model="m1")))
    assert (last.model, last.revision, last.retracted) == ("m1", 2, False)
    order = [(sample.revision, sample.retracted and not sample.moved, sample.occurred_at, sample.content) for sample in (first, gone, last)]
    assert order == sorted(order)
    again = partition.samples(partition.say(thumb(revision=3, model="m3"), time=build.start + timedelta(seconds=11)))
    assert [(sample.model, sample.retracted) for sample in again] == [("m1", False)]


def expired(partition: Partition, day: int) -> Effects:
    """What a step does after the turns' event time has come so far."""
    return partition.say(turn(900 + day), time=partition.build.start + day * DAY)


def test_a_rating_whose_turn_never_comes_stays_as_statistics(build: Any) -> None:
    """Once its turn would be too late it is counted as unjoined; its day keeps it, and no sample comes of it."""
    partition = Partition(build, lateness_s=2 * 86_400)
    steps = [partition.say(thumb()), expired(partition, 3)]
    assert partition.turns()["waiting"] == 1
    steps.append(expired(partition, 5))
    assert (partition.turns()["waiting"], partition.turns()["unjoined"], steps[-1].unjoined) == (0, 1, 1)
    assert counts(build, steps)[build.model, "2026-11-23"] == {"events": 1, "negatives": 1, "rated": 1}
    assert [letter for effects in steps for letter in effects.dead_letters] == []
    (late,) = partition.say(turn()).dead_letters
    assert late.reason == dead_letter.TOO_LATE


@pytest.mark.parametrize("said", [{"correction": "1199"}, {"preferred": Preferred(answer="1199", how="arena")}])
def test_a_correction_whose_turn_never_comes_is_a_dead_letter(build: Any, said: dict[str, Any]) -> None:
    """Its record as it came, so that it can be sent again: it is known then, and waits anew only as another revision."""
    partition = Partition(build, lateness_s=2 * 86_400)
    partition.say(thumb(**said))
    (letter,) = expired(partition, 5).dead_letters
    assert (letter.topic, letter.offset, letter.reason) == (topics.FEEDBACK_SUBMITTED, 0, dead_letter.UNJOINED)
    assert (letter.value, letter.key, letter.headers) == (partition.log[0].value, partition.log[0].key, partition.log[0].headers)
    assert partition.collector.totals.dead_letters == {topics.FEEDBACK_SUBMITTED: {dead_letter.UNJOINED: 1}}
    assert expired(partition, 6).dead_letters == []


def test_where_no_turns_come_at_all(build: Any) -> None:
    """Feedback is given up before its own record leaves the log, by the time of the feedback itself."""
    partition = Partition(build)
    partition.say(thumb(correction="1199"))
    assert partition.say(thumb(2), time=build.start + 28 * DAY).dead_letters == []
    assert [letter.offset for letter in partition.say(thumb(3), time=build.start + 29 * DAY).dead_letters] == [0]
    assert partition.turns()["waiting"] == 2


def test_turns_are_forgotten_behind_both_watermarks(build: Any) -> None:
    """A turn stays for feedback that may still come, and goes with it; where no feedback comes, when its record leaves the log."""
    partition = Partition(build, lateness_s=2 * 86_400)
    partition.say(turn())
    partition.say(turn(2), time=build.start + 10 * DAY)
    assert partition.turns()["remembered"] == 2
    partition.say(thumb(5), time=build.start + 10 * DAY)
    assert partition.turns()["remembered"] == 1
    lonely = Partition(build, lateness_s=2 * 86_400)
    lonely.say(turn())
    lonely.say(turn(2), time=build.start + 30 * DAY)
    assert lonely.turns()["remembered"] == 1


def test_an_original_that_left_the_log(build: Any) -> None:
    """A rating whose turn's record has gone is unjoined, a correction a dead letter; feedback whose own record has gone is told of."""
    partition = Partition(build)
    partition.say(turn())
    without = {place: record for place, record in by_place(partition.log).items() if place[0] != topics.TURN_COMPLETED}
    said = [build.record(thumb(number, turn_id="t1", **more), offset=number) for number, more in ((0, {}), (1, {"correction": "x"}))]
    effects = step(partition.collector, said, without | by_place(said))
    assert ([letter.offset for letter in effects.dead_letters], partition.samples(effects), effects.unjoined) == ([1], [], 2)
    other = Partition(build)
    other.say(thumb(correction="x"))
    effects = step(other.collector, [build.record(turn())], by_place([build.record(turn())]))
    assert ([notice.kind for notice in effects.notices], effects.dead_letters) == (["original_gone"], [])
    assert other.turns() == {"remembered": 1, "waiting": 0, "joined": 0, "unjoined": 1, "originals_gone": 1}


def test_another_record_in_an_originals_place_is_not_joined(build: Any) -> None:
    """A topic that was made anew holds other words at the same offset: they are nobody's turn."""
    partition = Partition(build)
    partition.say(turn())
    said = build.record(thumb())
    log = by_place([said, build.record(turn(2))])
    assert partition.samples(step(partition.collector, [said], log)) == []
    assert partition.turns()["originals_gone"] == 1


def test_an_erasure_takes_turns_and_waiting_feedback(build: Any) -> None:
    """What a user said up to it is joined with nothing, whichever side had come, and is refused where it comes later."""
    partition = Partition(build)
    steps = [partition.say(turn(1), thumb(2)), partition.say(build.erasure(USER), time=build.start + DAY)]
    assert partition.turns() == {"remembered": 0, "waiting": 0, "joined": 0, "unjoined": 0, "originals_gone": 0}
    steps.append(partition.say(turn(2), thumb(1)))
    assert steps[-1].outcomes == {(topics.TURN_COMPLETED, "erased"): 1, (topics.FEEDBACK_SUBMITTED, "erased"): 1}
    assert counts(build, steps) == {}
    later = build.start + 2 * DAY
    assert len(partition.samples(partition.say(turn(3), thumb(3), time=later))) == 1


def test_an_erasure_between_a_turn_and_its_rating(build: Any) -> None:
    """The words go, whichever was read first: the rating stays in its day, and is what it was before its turn came."""
    minute = timedelta(minutes=1)
    found = []
    for erased_first in (True, False):
        partition = Partition(build, lateness_s=2 * 86_400)
        steps = [partition.say(turn(model="m2"))]
        if erased_first:
            steps.append(partition.say(build.erasure(USER), time=build.start + minute))
        steps.append(partition.say(thumb(correction="1199"), time=build.start + 2 * minute))
        if not erased_first:
            steps.append(partition.say(build.erasure(USER), time=build.start + minute))
            (gone,) = partition.samples(steps[-1])
            assert (gone.model, gone.retracted, gone.moved, gone.query, gone.response) == ("m2", True, False, "", "")
        assert partition.turns()["waiting"] == 1
        steps.append(expired(partition, 5))
        assert [letter.reason for letter in steps[-1].dead_letters] == [dead_letter.UNJOINED]
        found.append(counts(build, steps))
    assert found[0] == found[1] == {(build.model, "2026-11-23"): {"events": 1, "negatives": 1, "corrections": 1, "rated": 1}}


def test_a_turn_and_feedback_far_apart(build: Any) -> None:
    """Beyond the allowed lateness they are not joined, in whichever order they come: what comes later says nothing of it."""
    for order in ((0, 1), (1, 0)):
        partition = Partition(build, lateness_s=2 * 86_400)
        said = ((turn(), build.start), (thumb(), build.start + 2 * DAY + timedelta(seconds=1)))
        found = [partition.samples(partition.say(said[number][0], time=said[number][1])) for number in order]
        assert found == [[], []]


def test_an_imported_history_is_joined_whatever_its_age(build: Any) -> None:
    """It counts in no day, and moves no watermark."""
    partition = Partition(build)
    steps = [partition.say(turn(), time=build.start - 400 * DAY, history=True)]
    steps.append(partition.say(thumb(), time=build.start - 100 * DAY, history=True))
    assert len(partition.samples(steps[-1])) == 1
    assert counts(build, steps) == {}
    assert len(partition.samples(partition.say(turn(2), thumb(2)))) == 1


def test_nothing_is_taken_while_nothing_is_collected(build: Any) -> None:
    """With collection switched off neither side is remembered."""
    partition = Partition(build, collect_feedback=False)
    outcomes = partition.say(turn(), thumb()).outcomes
    assert outcomes == {(topics.TURN_COMPLETED, "collection_disabled"): 1, (topics.FEEDBACK_SUBMITTED, "collection_disabled"): 1}
    assert partition.turns()["remembered"] == 0


def test_no_words_are_in_the_state(build: Any) -> None:
    """Neither a turn's nor waiting feedback's."""
    partition = Partition(build)
    partition.say(turn(query="zebra", response="giraffe"), thumb(2, correction="quagga", comment="okapi"))
    state = b"".join(key + value for key, value in partition.collector.save())
    assert not [word for word in (b"zebra", b"giraffe", b"quagga", b"okapi") if word in state]


def test_a_waiting_turn_costs_little(build: Any) -> None:
    """What the documentation says: at most 65 bytes of changelog a turn, and 165 for feedback that waits, beside its mark of 110."""
    partition = Partition(build)
    offset = 1_000_000
    for number in range(50):
        record = build.record(turn(number), offset=offset + number)
        partition.collector.process([record])
    partition.say(*(thumb(100 + number) for number in range(50)))
    state: dict[bytes, int] = {}
    for key, value in partition.collector.save():
        state[key[:1]] = state.get(key[:1], 0) + len(key) + len(value)
    assert state[b"u"] / 50 <= 65
    assert state[b"y"] / 50 <= 165
    assert state[b"c"] / 50 <= 110


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (turn(messages=(Message(role="user", content="x" * 131_000), Message(role="user", content="y" * 131_000))), dead_letter.TOO_LARGE),
        (turn(), dead_letter.FUTURE_DATED),
    ],
)
def test_turns_are_refused_as_feedback_is(build: Any, event: TurnCompleted, reason: str) -> None:
    """Too large, too far ahead: dead letters of their own topic."""
    record = build.record(event, time=build.start + DAY)
    record = msgspec.structs.replace(record, timestamp_ms=record.timestamp_ms - 2 * 86_400_000)
    (letter,) = Collector(0, build.intake_policy()).process([record]).dead_letters
    assert (letter.topic, letter.reason) == (topics.TURN_COMPLETED, reason)
    assert replace(letter, reason="", detail="").value == record.value
