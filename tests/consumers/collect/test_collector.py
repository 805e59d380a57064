"""Stage 1 of one partition: the same samples and counts for any batching, with any duplicates."""

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
from producers.redaction.redact import redact_together
from schemas import dead_letter, topics
from schemas.events.sample_collected import SampleCollected
from schemas.events.signal_summarised import SignalSummarised
from schemas.identity import sample_id

# (feedback number, revision, stars or 0 for a retraction, day shift): few numbers, so that they meet.
HISTORY = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 5), st.integers(-2, 2)), max_size=25)


def records(build: Any, history: Sequence[tuple[int, int, int, int]]) -> list[InputRecord]:
    made = []
    for offset, (number, revision, stars, shift) in enumerate(history):
        if number == 4:
            event = build.document("d", text=f"दस्तावेज़ {stars}", version=revision)
        else:
            event = build.feedback(f"f{number}", stars=stars or 1, revision=revision, retracted=stars == 0)
        made.append(build.record(event, offset=offset, time=build.start + timedelta(days=shift)))
    return made


def run(build: Any, batches: Sequence[Sequence[InputRecord]]) -> tuple[Collector, Effects]:
    collector, merged = Collector(0, build.intake_policy()), Effects()
    for batch in batches:
        effects = collector.process(batch)
        merged.encoded += effects.encoded
        merged.dead_letters += effects.dead_letters
        merged.changes |= effects.changes
        merged.outcomes += effects.outcomes
        merged.redactions += effects.redactions
    return collector, merged


def samples(build: Any, effects: Effects) -> list[SampleCollected]:
    return build.emitted(effects, SampleCollected)


def newest_counts(build: Any, effects: Effects) -> dict[tuple[str, str], dict[str, int]]:
    """The newest summary of each day, days that count nothing left out."""
    summaries = build.emitted(effects, SignalSummarised)
    newest = {(summary.input, str(summary.event_day)): summary.counts for summary in summaries}
    return {day: counts for day, counts in newest.items() if any(counts.values())}


@given(history=HISTORY, cuts=st.lists(st.integers(0, 25), max_size=5))
def test_any_batching_gives_the_same(build: Any, history: Any, cuts: list[int]) -> None:
    """However a partition is cut into batches, samples, state and newest counts are the same."""
    whole = records(build, history)
    edges = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    _, once = run(build, [whole])
    _, cut = run(build, [whole[start:end] for start, end in pairwise(edges)])
    assert samples(build, once) == samples(build, cut)
    assert newest_counts(build, once) == newest_counts(build, cut)
    assert once.changes == cut.changes
    assert once.outcomes == cut.outcomes


@given(history=HISTORY)
def test_duplicates_change_nothing(build: Any, history: Any) -> None:
    """Every record sent again, at any later place, makes no sample and no count; it is counted as a duplicate or stale."""
    whole = records(build, history)
    _, once = run(build, [whole])
    _, twice = run(build, [[*whole, *whole]])
    assert [sample.sample_id for sample in samples(build, once)] == [sample.sample_id for sample in samples(build, twice)]
    assert newest_counts(build, once) == newest_counts(build, twice)
    ignored = sum(count for (_, outcome), count in twice.outcomes.items() if outcome in ("duplicate", "stale"))
    assert ignored >= len(whole)


@given(history=HISTORY)
def test_order_of_revisions_does_not_matter(build: Any, history: Any) -> None:
    """The counts are those of each sample's newest revision, in whatever order the revisions came."""
    unique = {(number, revision): (number, revision, stars, shift) for number, revision, stars, shift in history}
    ordered = [unique[key] for key in sorted(unique)]
    _, forwards = run(build, [records(build, ordered)])
    _, backwards = run(build, [records(build, ordered[::-1])])
    assert newest_counts(build, forwards) == newest_counts(build, backwards)


@given(history=HISTORY, cut=st.integers(0, 25))
def test_restart_goes_on_from_the_changelog(build: Any, history: Any, cut: int) -> None:
    """A collector restored from the changelog, or from its whole state, goes on exactly as the one that never stopped."""
    whole = records(build, history)
    stayed, before = run(build, [whole[:cut]])
    kept = dict(stayed.save())
    assert {key: value for key, value in before.changes.items() if value is not None} | {b"n": kept[b"n"]} == kept
    restored, copied = Collector(0, build.intake_policy()), Collector(0, build.intake_policy())
    for key, value in before.changes.items():
        restored.load(key, value)
    for key, value in kept.items():
        copied.load(key, value)
    assert restored.state_keys == copied.state_keys == stayed.state_keys
    assert restored.process(whole[cut:]) == copied.process(whole[cut:]) == stayed.process(whole[cut:])
    assert restored.totals == stayed.totals


def test_poison_and_healthy_side_by_side(build: Any) -> None:
    """A record that cannot be read becomes a dead letter and the records around it are collected."""
    poison = InputRecord(topics.FEEDBACK_SUBMITTED, 0, 1, None, b"{", (), 0)
    collector, effects = run(build, [[build.record(build.feedback("a")), poison, build.record(build.feedback("b"), offset=2)]])
    assert len(samples(build, effects)) == 2
    assert [letter.reason for letter in effects.dead_letters] == [dead_letter.MALFORMED]
    assert collector.totals.processed == 3
    assert collector.totals.dead_letters == {topics.FEEDBACK_SUBMITTED: {dead_letter.MALFORMED: 1}}


def test_collection_can_be_switched_off(build: Any) -> None:
    """With collection disabled feedback is counted and left alone, while documents and retractions are still taken."""
    collector = Collector(0, build.intake_policy(collect_feedback=False))
    batch = [
        build.record(build.feedback("a")),
        build.record(build.feedback("b", revision=1, retracted=True), offset=1),
        build.record(build.document()),
    ]
    effects = collector.process(batch)
    assert effects.outcomes[topics.FEEDBACK_SUBMITTED, "collection_disabled"] == 1
    assert effects.outcomes[topics.FEEDBACK_SUBMITTED, "retracted_unmet"] == 1
    assert [sample.kind for sample in samples(build, effects)] == ["feedback", "document"]


def test_outcomes_name_what_happened(build: Any) -> None:
    """New, revised, duplicate, stale and quarantined records are told apart."""
    collector = Collector(0, build.intake_policy(holdout_percent=0))
    batch = [
        build.record(build.feedback("a", revision=1)),
        build.record(build.feedback("a", revision=1), offset=1),
        build.record(build.feedback("a", revision=0), offset=2),
        build.record(build.feedback("a", revision=2), offset=3),
    ]
    outcomes = {outcome: count for (_, outcome), count in collector.process(batch).outcomes.items()}
    assert outcomes == {"collected": 1, "duplicate": 1, "stale": 1, "revised": 1}
    held_out = Collector(0, build.intake_policy(holdout_percent=50))
    effects = held_out.process([build.record(build.feedback(f"q{number}"), offset=number) for number in range(40)])
    quarantined = [sample for sample in samples(build, effects) if sample.quarantine == "holdout"]
    assert 0 < len(quarantined) == effects.outcomes[topics.FEEDBACK_SUBMITTED, "quarantined"] < 40


def test_retraction_without_a_model_reaches_the_model_it_was_about(build: Any) -> None:
    """A retraction that names no model goes to the model of the feedback, not to the default one."""
    collector = Collector(0, build.intake_policy())
    effects = collector.process(
        [
            build.record(build.feedback("a", model="gemma")),
            build.record(build.feedback("a", revision=1, retracted=True), offset=1),
        ]
    )
    assert [sample.model for sample in samples(build, effects)] == ["gemma", "gemma"]


def test_moving_to_another_model_retracts_at_the_former(build: Any) -> None:
    """A revision that names another model is a textless retraction for the former model and a sample for the new one."""
    collector = Collector(0, build.intake_policy())
    effects = collector.process(
        [build.record(build.feedback("a", model="gemma")), build.record(build.feedback("a", model="llama", revision=1), offset=1)]
    )
    _, former, moved = samples(build, effects)
    assert (former.model, former.retracted, former.negative, former.query) == ("gemma", True, False, "")
    assert (moved.model, moved.retracted, moved.negative) == ("llama", False, True)


def test_foreign_state_is_refused(build: Any) -> None:
    """A changelog key of another stage is named instead of being skipped."""
    with pytest.raises(ValueError, match="stage 1"):
        Collector(0, build.intake_policy()).load(b"m|x|clock", b"[1]")


def test_text_that_grows_by_redaction_is_kept(build: Any) -> None:
    """A query at its limit, full of addresses shorter than their mark, is cut to the limit and not refused."""
    query = ("a@b.in " * 3000)[:16_384]
    _, effects = run(build, [[build.record(build.feedback(query=query, response=query * 2, correction=query))]])
    (sample,) = samples(build, effects)
    assert len(sample.query) == 16_384
    assert "@b" not in sample.query


def test_record_that_makes_no_sample_does_not_stop_the_others(build: Any) -> None:
    """Where making the sample fails for one record, it becomes a dead letter without a trace in the state."""

    def broken(texts: Sequence[str]) -> Any:
        if "गड़बड़" in texts:
            raise ValueError(texts)
        return redact_together(texts)

    collector = Collector(0, build.intake_policy(redact=broken))
    effects = collector.process([build.record(build.feedback("a", query="गड़बड़")), build.record(build.feedback("b"), offset=1)])
    assert [sample.provenance.offset for sample in samples(build, effects)] == [1]
    assert [(letter.offset, "गड़बड़" in letter.detail) for letter in effects.dead_letters] == [(0, False)]
    assert collector.state_keys == 2  # the healthy sample and its day


DAY_S = 86_400
USERS = ("0" * 31 + "1", "0" * 31 + "2")


def at(build: Any, event: Any, seconds: float, offset: int, *, received_s: float | None = None, history: bool = False) -> InputRecord:
    """A record of an event of START + seconds that the broker took later."""
    record = build.record(event, offset=offset, time=build.start + timedelta(seconds=seconds), history=history)
    taken = build.start + timedelta(seconds=seconds if received_s is None else received_s)
    return msgspec.structs.replace(record, timestamp_ms=round(taken.timestamp() * 1000))


def test_too_late_is_refused_and_late_is_counted_in_its_day(build: Any) -> None:
    """Within the allowed lateness a late event counts in its own event-day; behind the watermark it goes to the dead letters."""
    collector = Collector(0, build.intake_policy(lateness_s=2 * DAY_S))
    effects = collector.process(
        [
            at(build, build.feedback("new"), 10 * DAY_S, 0),
            at(build, build.feedback("late"), 8 * DAY_S, 1, received_s=10 * DAY_S),
            at(build, build.feedback("too-late"), 7 * DAY_S, 2, received_s=10 * DAY_S),
        ]
    )
    assert len(samples(build, effects)) == 2
    days = {day for _, day in newest_counts(build, effects)}
    assert days == {str((build.start + timedelta(days=shift)).date()) for shift in (8, 10)}
    (letter,) = effects.dead_letters
    assert (letter.reason, letter.offset) == (dead_letter.TOO_LATE, 2)
    assert "behind the newest of its partition" in letter.detail


def test_future_dated_is_refused_and_moves_nothing(build: Any) -> None:
    """An event dated ahead of the broker's clock is refused and does not make those behind it too late."""
    collector = Collector(0, build.intake_policy(lateness_s=DAY_S, future_s=600))
    effects = collector.process(
        [
            at(build, build.feedback("ahead"), 600, 0, received_s=0),
            at(build, build.feedback("far-ahead"), 400 * DAY_S, 1, received_s=0),
            at(build, build.feedback("now", user_hash=USERS[0]), 0, 2),
            at(build, build.erasure(USERS[0]), 400 * DAY_S, 0, received_s=0),
            at(build, build.feedback("later", user_hash=USERS[0]), 10, 3),
        ]
    )
    assert [letter.reason for letter in effects.dead_letters] == [dead_letter.FUTURE_DATED] * 2
    assert len(samples(build, effects)) == 3


def test_a_forgotten_id_is_too_late_to_come_again(build: Any) -> None:
    """Once an id is forgotten its state is gone, and the same event sent again is refused, not doubled."""
    collector = Collector(0, build.intake_policy(lateness_s=DAY_S))
    first = at(build, build.feedback("a"), 0, 0)
    collector.process([first])
    effects = collector.process([at(build, build.feedback("b"), 5 * DAY_S, 1)])
    assert collector.remembered_ids == 1
    assert sum(value is None for value in effects.changes.values()) == 2  # the mark and its day
    again = collector.process([msgspec.structs.replace(first, offset=2)])
    assert [letter.reason for letter in again.dead_letters] == [dead_letter.TOO_LATE]
    assert again.encoded == []


def test_a_contribution_to_a_forgotten_day_is_not_taken_back(build: Any) -> None:
    """A revision dated before its sample counts in an older day; once that is forgotten, nothing makes it again."""
    collector = Collector(0, build.intake_policy(lateness_s=7 * DAY_S))
    collector.process([at(build, build.feedback("a"), 10 * DAY_S, 0)])
    collector.process([at(build, build.feedback("a", revision=1), 3 * DAY_S, 1, received_s=10 * DAY_S)])
    collector.process([at(build, build.feedback("b"), 12 * DAY_S, 2)])
    effects = collector.process([at(build, build.feedback("a", revision=2), 12 * DAY_S, 3)])
    assert {day for _, day in newest_counts(build, effects)} == {str((build.start + timedelta(days=12)).date())}
    assert all(count >= 0 for counts in newest_counts(build, effects).values() for count in counts.values())


def test_inputs_have_a_watermark_each(build: Any) -> None:
    """Newer documents do not make feedback late, and what is remembered of one input is not kept for the other's sake."""
    collector = Collector(0, build.intake_policy(lateness_s=DAY_S))
    collector.process([at(build, build.feedback("a"), 0, 0), at(build, build.document("d"), 0, 0)])
    effects = collector.process([at(build, build.document("e"), 50 * DAY_S, 1), at(build, build.feedback("b"), 1, 1)])
    assert effects.dead_letters == []
    assert collector.remembered_ids == 3


def test_erasure_takes_back_what_was_said_and_refuses_what_comes_after_it(build: Any) -> None:
    """Marks and counts up to the erasure's time are gone, an older event of the user is refused, a newer one is taken."""
    collector = Collector(0, build.intake_policy())
    collector.process([at(build, build.feedback("a", user_hash=USERS[0]), 0, 0), at(build, build.feedback("b", user_hash=USERS[1]), 0, 1)])
    effects = collector.process(
        [
            at(build, build.erasure(USERS[0]), 10, 0),
            at(build, build.feedback("a", user_hash=USERS[0]), 0, 2),
            at(build, build.feedback("c", user_hash=USERS[0]), 5, 3),
            at(build, build.feedback("d", user_hash=USERS[0]), 11, 4),
        ]
    )
    assert effects.outcomes[topics.FEEDBACK_SUBMITTED, "erased"] == 2
    assert effects.outcomes[topics.FEEDBACK_SUBMITTED, "collected"] == 1
    (counts,) = newest_counts(build, effects).values()
    assert counts["events"] == 2
    tombstones = [key for key, value in effects.changes.items() if value is None]
    assert tombstones == [b"c" + bytes.fromhex(sample_id("feedback", "chat", "a", USERS[0]))[:16]]
    assert collector.process([at(build, build.erasure(USERS[0]), 10, 1)]).outcomes[topics.USER_ERASED, "duplicate"] == 1


def test_erasures_are_remembered_behind_the_watermark(build: Any) -> None:
    """However old an erasure is, an imported history brings nothing back of what it took."""
    collector = Collector(0, build.intake_policy(lateness_s=DAY_S))
    collector.process([at(build, build.erasure(USERS[0]), 0, 0), at(build, build.feedback("a"), 0, 0)])
    collector.process([at(build, build.feedback("b"), 50 * DAY_S, 1)])
    old = build.feedback("old", user_hash=USERS[0])
    effects = collector.process([at(build, old, -DAY_S, 2, received_s=50 * DAY_S, history=True)])
    assert effects.outcomes == {(topics.FEEDBACK_SUBMITTED, "erased"): 1}
    assert effects.encoded == []


def test_identity_numbers_in_names_are_taken_out(build: Any) -> None:
    """A conversation or document named by a telephone number, and a group or source that holds one, leave no trace of it."""
    number = "9876543210"
    collector = Collector(0, build.intake_policy())
    effects = collector.process(
        [
            build.record(build.feedback("a", conversation_id=f"wa-{number}", source_group=f"call {number}"), source=f"/bot/{number}"),
            build.record(build.document("d", source_group=number, title=f"ask {number}"), source=f"tel/{number}"),
            build.record(build.document(f"doc-{number}"), offset=1),
        ]
    )
    assert len(effects.encoded) == 5
    assert effects.redactions == 7
    told = [*effects.encoded, *effects.changes.items()]
    assert number not in repr(told)
    assert number not in repr(list(collector.save()))


def test_a_trace_that_is_none_is_not_carried_on(build: Any) -> None:
    """Only a W3C traceparent goes on: anything else in that header might say anything."""
    record = build.record(build.feedback("a"))
    for header, carried in ((b"00-" + b"1" * 32 + b"-" + b"2" * 16 + b"-01", True), (b"call 9876543210", False)):
        traced = msgspec.structs.replace(record, headers=(*record.headers, ("traceparent", header)))
        (sample, _) = Collector(0, build.intake_policy()).process([traced]).encoded
        assert dict(sample.headers).get("traceparent") == (header if carried else None)
