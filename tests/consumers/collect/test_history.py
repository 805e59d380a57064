"""An imported history at stage 1: taken in any order and however old, and live traffic's counts are as without it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.collect.collector import Collector
from consumers.records import Effects, InputRecord
from schemas import dead_letter, topics
from schemas.envelope import HISTORY_HEADER
from schemas.events.sample_collected import SampleCollected
from schemas.events.signal_summarised import SignalSummarised

DAY_S = 86_400
LATENESS_S = 2 * DAY_S
# (number, day before the import): what happened in the two years before.
OLD = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 730)), max_size=12, unique_by=lambda item: item[0])
LIVE = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3), st.integers(0, 5), st.floats(-1, 4)), max_size=12)


def record(build: Any, event: Any, days: float, *, history: bool = False, received: float = 5) -> InputRecord:
    """An event of START + days that the broker took on day `received`."""
    made = build.record(event, time=build.start + timedelta(days=days), history=history)
    return msgspec.structs.replace(made, timestamp_ms=round((build.start + timedelta(days=received)).timestamp() * 1000))


def histories(build: Any, old: Sequence[tuple[int, int]]) -> list[InputRecord]:
    """Feedback and documents of a history, three to one."""
    events = ((build.document(f"h{number}") if number % 4 == 3 else build.feedback(f"h{number}"), age) for number, age in old)
    return [record(build, event, -age, history=True) for event, age in events]


def live(build: Any, said: Sequence[tuple[int, int, int, float]]) -> list[InputRecord]:
    """Live traffic, revisions and retractions among it."""
    made = []
    for number, revision, stars, day in said:
        event = (
            build.document(f"n{number}", text=f"नया {stars}", version=revision)
            if number > 6
            else build.feedback(f"n{number}", stars=stars or 1, revision=revision, retracted=stars == 0)
        )
        made.append(record(build, event, day, received=day))
    return made


def numbered(records: Sequence[InputRecord]) -> list[InputRecord]:
    return [msgspec.structs.replace(one, offset=offset) for offset, one in enumerate(records)]


def run(build: Any, batches: Sequence[Sequence[InputRecord]]) -> tuple[Collector, Effects]:
    collector, merged = Collector(0, build.intake_policy(lateness_s=LATENESS_S)), Effects()
    for batch in batches:
        effects = collector.process(batch)
        merged.encoded += effects.encoded
        merged.dead_letters += effects.dead_letters
        merged.changes |= effects.changes
        merged.outcomes += effects.outcomes
    return collector, merged


def sample_ids(build: Any, effects: Effects) -> set[tuple[str, int, bool]]:
    return {(found.sample_id, found.revision, found.retracted) for found in build.emitted(effects, SampleCollected)}


def summaries(build: Any, effects: Effects) -> dict[tuple[str, str], SignalSummarised]:
    """The newest summary of each input and day."""
    return {(found.input, str(found.event_day)): found for found in build.emitted(effects, SignalSummarised)}


def test_k4_a_history_newest_first_with_live_traffic_is_taken_whole(build: Any) -> None:
    """Live traffic before, between and behind it: each event of two years is a sample; without the mark nearly all are late."""
    old = [(number, number * 24) for number in range(30)]
    for marked in (True, False):
        past = [record(build, build.document(f"h{n}") if n % 3 else build.feedback(f"h{n}"), -age, history=marked) for n, age in old]
        now = [record(build, make(f"n{hour}"), hour / 24) for hour in range(31) for make in (build.feedback, build.document)]
        mixed = [*now[:2], *(one for number, event in enumerate(past) for one in (event, *now[2 + 2 * number : 4 + 2 * number]))]
        _, effects = run(build, [numbered(mixed)])
        late = [letter for letter in effects.dead_letters if letter.reason == dead_letter.TOO_LATE]
        if marked:
            assert len(sample_ids(build, effects)) == len(past) + len(now)
            assert effects.dead_letters == []
        else:
            assert len(late) > 25


@given(old=OLD, said=LIVE, order=st.randoms(use_true_random=False), cuts=st.lists(st.integers(0, 24), max_size=4))
def test_a_history_changes_nothing_of_live_traffic(build: Any, old: Any, said: Any, order: Any, cuts: list[int]) -> None:
    """Wherever a history lies between live records, in whatever order and batches: all of it is taken, and live samples, refusals, counts
    and the watermark are as without it."""
    past, now = histories(build, old), live(build, said)
    order.shuffle(past)
    places = sorted(order.randint(0, len(now)) for _ in past)
    mixed = [*now]
    for place, one in sorted(zip(places, past, strict=True), key=lambda pair: -pair[0]):
        mixed.insert(place, one)
    mixed = numbered(mixed)
    edges = sorted({0, len(mixed), *(cut for cut in cuts if cut < len(mixed))})
    without, alone = run(build, [now])
    collector, both = run(build, [mixed[first:end] for first, end in pairwise(edges)])
    _, only = run(build, [past])
    assert sample_ids(build, both) == sample_ids(build, alone) | sample_ids(build, only)
    assert len(sample_ids(build, only)) == len(past)
    assert [letter.reason for letter in both.dead_letters] == [letter.reason for letter in alone.dead_letters]
    assert {place: told.counts for place, told in summaries(build, both).items() if any(told.counts.values())} == {
        place: told.counts for place, told in summaries(build, alone).items() if any(told.counts.values())
    }
    marks = (b"w|", b"d|", b"f|")
    kept, expected = ({key: value for key, value in one.save() if key.startswith(marks)} for one in (collector, without))
    assert kept == expected


@given(old=OLD, order=st.randoms(use_true_random=False))
def test_a_history_is_known_when_it_comes_again(build: Any, old: Any, order: Any) -> None:
    """In another order and after a day of live traffic, nothing of it is a sample a second time; a restart forgets none of it."""
    past = histories(build, old)
    first = [record(build, build.feedback("live"), 4), *past]
    collector, _ = run(build, [numbered(first)])
    restored = Collector(0, build.intake_policy(lateness_s=LATENESS_S))
    for key, value in collector.save():
        restored.load(key, value)
    order.shuffle(past)
    again = restored.process([record(build, build.feedback("later"), 6, received=6), *past])
    assert len(sample_ids(build, again)) == 1
    assert again.outcomes[topics.FEEDBACK_SUBMITTED, "duplicate"] + again.outcomes[topics.DOCUMENT_INGESTED, "duplicate"] == len(past)


def test_a_history_is_forgotten_like_what_came_with_it(build: Any) -> None:
    """Its ids leave the state when the window has passed the import, however old they are."""
    collector, _ = run(build, [[record(build, build.feedback("live"), 5), *histories(build, [(1, 400), (2, 500)])]])
    assert collector.remembered_ids == 3
    collector.process([record(build, build.feedback("later"), 9, received=9)])
    assert collector.remembered_ids == 1


def test_a_revision_out_of_a_history_takes_the_sample_out_of_its_day(build: Any) -> None:
    """Days count the samples whose newest revision came live: in either order of the two the counts are the same."""
    before = record(build, build.feedback("a"), 4)
    after = record(build, build.feedback("a", revision=1, correction="आगरा"), 4, history=True)
    for order in ([before, after], [after, before]):
        _, effects = run(build, [numbered(order)])
        assert [found.counts for found in summaries(build, effects).values() if any(found.counts.values())] == []
        assert build.emitted(effects, SampleCollected)[-1].revision == 1


def test_a_live_revision_of_a_history_counts(build: Any) -> None:
    """Somebody who corrects today what a history brought is counted today, and a revision after it takes that back exactly."""
    collector, effects = run(
        build,
        [
            [
                record(build, build.feedback("a"), -300, history=True),
                record(build, build.feedback("a", revision=1), 4),
                record(build, build.feedback("a", revision=2, retracted=True), 4),
                record(build, build.feedback("b"), 4),
            ]
        ],
    )
    (found,) = summaries(build, effects).values()
    assert found.counts["events"] == 1
    assert collector.remembered_ids == 2


def test_a_history_dated_in_the_future_is_refused(build: Any) -> None:
    """The mark is for what is old: an event ahead of the broker's clock is refused as any other."""
    _, effects = run(build, [[record(build, build.feedback("a"), 6, history=True)]])
    assert [letter.reason for letter in effects.dead_letters] == [dead_letter.FUTURE_DATED]


@pytest.mark.parametrize("history", [True, False])
def test_the_mark_goes_on_with_the_sample(build: Any, history: bool) -> None:
    """A sample of a history carries the mark, so that stage 2 takes no old document for news; no other record does."""
    _, effects = run(build, [[record(build, build.document("d"), 4, history=history)]])
    marked = [one for one in effects.encoded if HISTORY_HEADER in one.headers]
    assert [one.topic for one in marked] == [topics.SAMPLE_COLLECTED] * history
