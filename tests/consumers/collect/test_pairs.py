"""Thousands of turns and their feedback in any order: the pairs that belong together are joined exactly once, told from the plan alone."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from consumers.collect.collector import Collector
from consumers.records import Effects, InputRecord, LogPlace
from schemas import dead_letter, topics
from schemas.envelope import decode
from schemas.events.feedback_submitted import FeedbackSubmitted
from schemas.events.sample_collected import SampleCollected
from schemas.events.signal_summarised import SignalSummarised
from schemas.events.turn_completed import TurnCompleted
from schemas.events.user_erased import UserErased
from schemas.rating import Rating
from tests.consumers.collect.joined import apply, by_place, restored, step

DAY_S = 86_400
LATENESS_S = 3 * DAY_S
# How much later than its feedback a turn may be dated.
AFTER_S = DAY_S
BEGAN_S = round(datetime(2026, 11, 1, tzinfo=UTC).timestamp())
PAIRS_A_DAY = 600
INPUTS = (topics.FEEDBACK_SUBMITTED, topics.TURN_COMPLETED, topics.USER_ERASED)


@dataclass
class Said:
    """One record of a log: the event, its time in seconds, and where it lies."""

    event: Any
    time_s: int
    offset: int = 0


@dataclass
class Plan:
    """The three topics of a partition, and until when each user is erased."""

    logs: dict[str, list[Said]] = field(default_factory=lambda: {topic: [] for topic in INPUTS})
    erased_s: dict[str, int] = field(default_factory=dict)


def plan_of(rng: random.Random, pairs: int) -> Plan:
    plan = Plan()
    for number in range(pairs):
        at_s = BEGAN_S + number * DAY_S // PAIRS_A_DAY
        user = f"{number % (pairs // 10):032x}"
        who: dict[str, Any] = {"user_hash": user} if rng.random() < 0.9 else {"conversation_id": f"c{number}"}
        if rng.random() < 0.93:
            words = {"query": f"q{number}", "response": f"r{number}", "model": rng.choice((None, "m1", "m2")), **who}
            _say(plan, rng, TurnCompleted(turn_id=f"t{number}", **words), at_s)
            if rng.random() < 0.05:
                _say(plan, rng, TurnCompleted(turn_id=f"t{number}", **(words | {"response": "other"})), at_s + 1)
        later_s = at_s + (rng.choice((2, 60, 3600, -600, LATENESS_S + DAY_S)) if rng.random() < 0.3 else 5)
        _feedback(plan, rng, number, who, later_s)
    for _ in range(rng.choice((0, pairs // 100))):
        # Most often between the user's turn and what is said of it.
        number = rng.randrange(pairs)
        user, until_s = f"{number % (pairs // 10):032x}", BEGAN_S + number * DAY_S // PAIRS_A_DAY + rng.choice((-1, 3, 3, 10 * DAY_S))
        if user in plan.erased_s:
            continue
        plan.erased_s[user] = until_s
        plan.logs[topics.USER_ERASED].append(Said(UserErased(user_hash=user, actor="asha"), until_s))
    for log in plan.logs.values():
        log.sort(key=lambda said: said.time_s + rng.choice((0.0, 0.0, 0.0, rng.uniform(-1, 1) * LATENESS_S, 1.5 * LATENESS_S)))
        for offset, said in enumerate(log):
            said.offset = offset
    return plan


def _feedback(plan: Plan, rng: random.Random, number: int, who: dict[str, Any], at_s: int) -> None:
    rating = Rating(scale="thumbs", value="down", score=-1)
    given: dict[str, Any] = {"feedback_id": f"f{number}", "turn_id": f"t{number}", "rating": rating, "model": "m1", **who}
    if rng.random() < 0.3:
        given["correction"] = f"c{number}"
    if rng.random() < 0.1:
        return
    _say(plan, rng, FeedbackSubmitted(**given), at_s)
    if rng.random() < 0.1:
        _say(plan, rng, FeedbackSubmitted(**(given | {"revision": 1, "correction": f"d{number}"})), at_s + 20)
    if rng.random() < 0.05:
        _say(plan, rng, FeedbackSubmitted(**(given | {"revision": 2, "retracted": True})), at_s + 40)


def _say(plan: Plan, rng: random.Random, event: Any, time_s: int) -> None:
    for _ in range(1 + (rng.random() < 0.2)):
        plan.logs[event.TOPIC].append(Said(event, time_s))


def accepted(plan: Plan, topic: str) -> list[Said]:
    """What of a topic is not too late."""
    found, newest_s, from_s = list[Said](), -math.inf, -math.inf
    for said in plan.logs[topic]:
        if said.time_s < from_s:
            continue
        if said.time_s > newest_s:
            newest_s, from_s = said.time_s, (said.time_s - LATENESS_S) // DAY_S * DAY_S
        found.append(said)
    return found


@dataclass
class Expected:
    """What has to come of a plan: the words by feedback that is joined, what is given up, and the counts of each day.

    What had become of an erased user's words before they were taken back depends on which topic is read first: letters and conflicts of
    their records (`erased`, by topic and offset) and the counts of their days are left out.
    """

    words: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    unjoined: int = 0
    letters: set[int] = field(default_factory=set)
    conflicts: set[int] = field(default_factory=set)
    erased: set[tuple[str, int]] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)


def first_turns(plan: Plan, expected: Expected) -> dict[str, Said]:
    turns: dict[str, Said] = {}
    for said in accepted(plan, topics.TURN_COMPLETED):
        if said.event.user_hash in plan.erased_s:
            expected.erased.add((topics.TURN_COMPLETED, said.offset))
        if not is_erased(plan, said) and turns.setdefault(said.event.turn_id, said).event != said.event:
            expected.conflicts.add(said.offset)
    return turns


def expected_of(plan: Plan) -> Expected:
    expected = Expected()
    turns = first_turns(plan, expected)
    newest: dict[str, Said] = {}
    for said in accepted(plan, topics.FEEDBACK_SUBMITTED):
        known = newest.get(said.event.feedback_id)
        rank = (said.event.revision, said.event.retracted)
        if said.event.user_hash in plan.erased_s:
            expected.erased.add((topics.FEEDBACK_SUBMITTED, said.offset))
            expected.unsure.add(day_of(said))
        if is_erased(plan, said):
            continue
        if known is None or rank > (known.event.revision, known.event.retracted):
            newest[said.event.feedback_id] = said
    for name, said in newest.items():
        event, turn = said.event, turns.get(said.event.turn_id)
        if event.retracted:
            continue
        model = "m1"
        if turn is not None and said.time_s - LATENESS_S <= turn.time_s <= said.time_s + AFTER_S:
            model = turn.event.model or "m1"
            expected.words[name] = (event.revision, turn.event.response, model)
        else:
            expected.unjoined += 1
            if event.correction is not None:
                expected.letters.add(said.offset)
        for count in ("events", "negatives", "rated", *(("corrections",) if event.correction else ())):
            expected.counts[model, day_of(said), count] += 1
    return expected


def is_erased(plan: Plan, said: Said) -> bool:
    return said.event.user_hash in plan.erased_s and said.time_s <= plan.erased_s[said.event.user_hash]


def day_of(said: Said) -> str:
    return datetime.fromtimestamp(said.time_s, UTC).date().isoformat()


def interleaved(build: Any, rng: random.Random, plan: Plan) -> Iterator[list[InputRecord]]:
    """Batches of the topics as far apart as it pleases; in the end what moves the turns' time so far that nothing waits any more."""
    end_s = max(said.time_s for log in plan.logs.values() for said in log) + 20 * DAY_S

    def record(said: Said) -> InputRecord:
        made = build.record(said.event, offset=said.offset, time=datetime.fromtimestamp(said.time_s, UTC))
        return msgspec.structs.replace(made, timestamp_ms=end_s * 1000)

    waiting = {topic: list(log) for topic, log in plan.logs.items()}
    while any(waiting.values()):
        batch: list[InputRecord] = []
        topic = rng.choice([name for name, log in waiting.items() if log])
        for _ in range(rng.choice((1, 1, 2, 20))):
            size = rng.choice((1, 5, 60))
            batch += map(record, waiting[topic][:size])
            del waiting[topic][:size]
            topic = rng.choice(INPUTS)
        yield batch
    last = TurnCompleted(turn_id="last", user_hash="f" * 32, query="q", response="r")
    for offset in range(30):
        yield [record(Said(last, end_s, len(plan.logs[topics.TURN_COMPLETED]) + offset))]


def run(build: Any, plan: Plan, rng: random.Random) -> tuple[list[Effects], Collector]:
    steps, log, changelog = list[Effects](), dict[LogPlace, InputRecord](), dict[bytes, bytes]()
    policy = {"lateness_s": LATENESS_S, "default_model": "m1"}
    collector = restored(build, {}, **policy)
    for batch in interleaved(build, rng, plan):
        log |= by_place(batch)
        steps.append(step(collector, batch, log))
        apply(changelog, steps[-1])
        if rng.random() < 0.1:
            assert dict(collector.save()) == changelog
            collector = restored(build, changelog, **policy)
    return steps, collector


def check(build: Any, seed: int, pairs: int) -> Expected:
    rng = random.Random(seed)
    plan = plan_of(rng, pairs)
    steps, collector = run(build, plan, rng)
    expected = expected_of(plan)
    emitted: Counter[tuple[str, int, bool, str]] = Counter()
    live: dict[str, tuple[tuple[int, bool], SampleCollected]] = {}
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for record in (record for effects in steps for record in effects.encoded):
        if record.topic == topics.SIGNAL_SUMMARISED:
            summary = decode(record.value, record.headers, SignalSummarised)[1]
            counts[summary.model, summary.event_day.isoformat()] = summary.counts
            continue
        sample = decode(record.value, record.headers, SampleCollected)[1]
        emitted[sample.sample_id, sample.revision, sample.retracted, sample.model] += 1
        rank = (sample.revision, sample.retracted)
        if not sample.moved and (sample.sample_id not in live or rank > live[sample.sample_id][0]):
            live[sample.sample_id] = (rank, sample)
    assert set(emitted.values()) == {1}
    found = {
        f"f{sample.turn_id[1:]}": (sample.revision, sample.response, sample.model)
        for _, sample in live.values()
        if sample.turn_id and not sample.retracted and sample.occurred_at.timestamp() > plan.erased_s.get(sample.user_hash or "", 0)
    }
    assert found == expected.words
    letters = [letter for effects in steps for letter in effects.dead_letters if (letter.topic, letter.offset) not in expected.erased]
    sure = sorted(offset for offset in expected.letters if (topics.FEEDBACK_SUBMITTED, offset) not in expected.erased)
    assert sorted(one.offset for one in letters if one.reason == dead_letter.UNJOINED) == sure
    sure = sorted(offset for offset in expected.conflicts if (topics.TURN_COMPLETED, offset) not in expected.erased)
    assert sorted(one.offset for one in letters if one.reason == dead_letter.CONFLICT) == sure
    turns = collector.status()["turns"]
    assert expected.unjoined <= turns["unjoined"] <= expected.unjoined + len(expected.erased)
    assert (turns["waiting"], turns["originals_gone"]) == (0, 0)
    told = Counter({(*place, name): count for place, day in counts.items() for name, count in day.items() if "_" not in name})
    unsure = {place for place in told | expected.counts if place[1] in expected.unsure}
    assert {place: count for place, count in told.items() if count and place not in unsure} == {
        place: count for place, count in expected.counts.items() if place not in unsure
    }
    return expected


@pytest.mark.parametrize("seed", range(6))
def test_pairs_in_any_order(build: Any, seed: int) -> None:
    """Duplicated, late, missing, in conflict, revised, taken back, erased, over restarts: exact in samples, letters and counts."""
    expected = check(build, seed, 300)
    assert len(expected.words) > 50
    assert expected.letters
    assert expected.conflicts


@pytest.mark.process
def test_ten_thousand_pairs(build: Any) -> None:
    """The same of ten thousand."""
    assert len(check(build, 2, 10_000).words) > 4_000
