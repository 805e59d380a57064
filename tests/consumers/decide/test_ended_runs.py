"""Whoever makes a version serve, its batch is settled like after the gate's promotion; and what no serving version learnt is parked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from consumers.decide.buffer.buffered import Status
from consumers.decide.buffer.negative_buffer import NegativeBuffer
from consumers.decide.inputs import Entry, JobSeen, from_journal
from consumers.decide.journal import journal, replay
from consumers.decide.trigger import ModelTrigger
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.trigger_journal import JournalEntry, TriggerJournal
from tests.consumers.decide.test_trigger import HOUR, Driver, ready
from tests.written_before.read import FORMER, recorded


def run(driver: Driver, build: Any, first: int, version: str, outcome: str, **fields: Any) -> RetrainRequested:
    """Three negatives fire a run, which ends; a promotion says so in model.current too."""
    driver.feed(build.tick((driver.offset + 1) * HOUR))
    driver.negatives(first, 3)
    command = driver.commands()[-1]
    baseline = fields.pop("baseline_version", command.serving_version)
    if outcome == "promoted":
        driver.feed(build.serving(version, "promotion"))
    driver.feed(build.job(command.command_id, outcome=outcome, version=version, baseline_version=baseline, **fields))
    return command


def statuses(driver: Driver, build: Any, *numbers: int) -> list[Status | None]:
    return [driver.trigger.buffer.status(build.sample(f"n{number}").sample_id) for number in numbers]


@pytest.mark.parametrize("outcome", ["inconclusive", "rejected", "void"])
def test_k10_a_persons_promotion_settles_the_versions_batch(build: Any, outcome: str) -> None:
    """What the version learnt is retired and in no later batch, whatever the gate said of it; another candidate's batch stays parked."""
    driver = ready(build)
    run(driver, build, 0, "v1", outcome)
    assert statuses(driver, build, 0, 1, 2) == [Status.PARKED] * 3
    driver.feed(build.serving("v1", "operator"))
    assert statuses(driver, build, 0, 1, 2) == [Status.RETIRED] * 3
    assert driver.notices()[-1] == "batches_settled"
    command = run(driver, build, 10, "v2", "inconclusive")
    assert {ref.sample_id for ref in command.batch.samples} == {build.sample(f"n{number}").sample_id for number in (10, 11, 12)}


def test_k10_a_promotion_twice_changes_nothing_more(build: Any) -> None:
    """The same version again is no other version."""
    driver = ready(build)
    run(driver, build, 0, "v1", "inconclusive")
    driver.feed(build.serving("v1", "operator"))
    noticed = len(driver.notices())
    driver.feed(build.serving("v1", "operator"))
    assert statuses(driver, build, 0) == [Status.RETIRED]
    assert len(driver.notices()) == noticed


def test_k10_words_that_came_after_the_lease_are_not_retired(build: Any) -> None:
    """A version has learnt the words that were leased: a revision since, by number or by content, stays to be learnt."""
    driver = ready(build)
    run(driver, build, 0, "v1", "inconclusive")
    driver.feed(build.sample("n0", revision=1), build.sample("n1", content="f" * 16))
    driver.feed(build.serving("v1", "operator"))
    assert statuses(driver, build, 0, 1, 2) == [Status.PARKED, Status.PARKED, Status.RETIRED]


def test_k10_a_rollback_parks_what_only_the_versions_that_are_left_learnt(build: Any) -> None:
    """After a promotion by the gate and one by a person, over two versions at once; promoted again, it is retired again."""
    driver = ready(build)
    run(driver, build, 0, "v1", "promoted")
    run(driver, build, 10, "v2", "promoted")
    run(driver, build, 20, "v3", "inconclusive")
    driver.feed(build.serving("v3", "operator"))
    assert statuses(driver, build, 0, 10, 20) == [Status.RETIRED] * 3
    driver.feed(build.serving("v1", "rollback"))
    assert statuses(driver, build, 0, 10, 20) == [Status.RETIRED, Status.PARKED, Status.PARKED]
    driver.feed(build.serving("v0", "rollback"))
    assert statuses(driver, build, 0, 10, 20) == [Status.PARKED] * 3
    assert driver.trigger.buffer.pending_negatives == 0
    driver.feed(build.serving("v2", "operator"))
    assert statuses(driver, build, 0, 10, 20) == [Status.RETIRED, Status.RETIRED, Status.PARKED]


def test_k10_a_candidate_of_an_older_version_does_not_stand_for_what_served_since(build: Any) -> None:
    """v2 comes from v0: when a person puts it in the place of v1, what only v1 learnt is parked."""
    driver = ready(build)
    run(driver, build, 0, "v1", "promoted")
    run(driver, build, 10, "v2", "inconclusive", baseline_version="v0")
    driver.feed(build.serving("v2", "operator"))
    assert statuses(driver, build, 0, 10) == [Status.PARKED, Status.RETIRED]


def test_k10_a_run_that_trained_from_another_version_than_its_command_names(build: Any) -> None:
    """A person's promotion between the command and the preparation: the version stands for what that one learnt."""
    driver = ready(build)
    run(driver, build, 0, "v1", "inconclusive")
    driver.feed(build.tick(100 * HOUR))
    driver.negatives(10, 3)
    command = driver.commands()[-1]
    assert command.serving_version == "v0"
    driver.feed(build.serving("v1", "operator"))
    driver.feed(build.job(command.command_id, outcome="promoted", version="v2", baseline_version="v1"))
    assert driver.trigger.model_state.serving_version == "v2"
    assert statuses(driver, build, 0, 10) == [Status.RETIRED, Status.RETIRED]


def test_k10_a_sample_that_is_leased_while_a_person_promotes_is_retired_at_the_end_of_its_lease(build: Any) -> None:
    """Whatever becomes of the run; unless new words come, or the version is left, before it."""
    driver = ready(build)
    run(driver, build, 0, "v1", "inconclusive")
    driver.feed(build.tick(100 * HOUR))
    driver.negatives(10, 3)
    command = driver.commands()[-1]
    assert len(command.batch.samples) == 6
    driver.feed(build.serving("v1", "operator"), build.sample("n1", revision=1))
    assert statuses(driver, build, 0, 1, 2) == [Status.LEASED] * 3
    driver.feed(build.job(command.command_id, outcome="void", version="v2", baseline_version="v0"))
    assert statuses(driver, build, 0, 1, 2, 10) == [Status.RETIRED, Status.PARKED, Status.RETIRED, Status.PARKED]
    left = ready(build)
    run(left, build, 0, "v1", "inconclusive")
    left.feed(build.tick(100 * HOUR))
    left.negatives(10, 3)
    left.feed(build.serving("v1", "operator"), build.serving("v0", "rollback"))
    left.feed(build.job(left.commands()[-1].command_id, outcome="inconclusive", version="v2", baseline_version="v0"))
    assert statuses(left, build, 0, 10) == [Status.PARKED, Status.PARKED]


def test_k10_a_promotion_that_was_rolled_back_before_its_runs_end_is_read(build: Any) -> None:
    """All of model.current is read first: the version that was left does not serve again, and its batch is parked."""
    driver = ready(build)
    driver.negatives(0, 3)
    command = driver.commands()[0]
    driver.feed(build.serving("v1", "promotion"), build.serving("v0", "rollback"))
    driver.feed(build.job(command.command_id, outcome="promoted", version="v1", baseline_version="v0"))
    assert driver.trigger.model_state.serving_version == "v0"
    assert statuses(driver, build, 0) == [Status.PARKED]


def test_k10_a_version_of_a_run_that_nobody_remembers_settles_nothing(build: Any) -> None:
    """One of before the release, or made elsewhere: nothing is known of what it learnt."""
    driver = ready(build)
    run(driver, build, 0, "v1", "promoted")
    run(driver, build, 10, "v2", "inconclusive")
    driver.feed(build.serving("v9", "operator"))
    assert statuses(driver, build, 0, 10) == [Status.RETIRED, Status.PARKED]


def test_k10_what_runs_learnt_is_in_the_changelog_and_in_the_journal(build: Any) -> None:
    """Restored from its records, and replayed from its journal, the trigger settles the same."""
    driver = ready(build)
    run(driver, build, 0, "v1", "inconclusive")
    restored = ModelTrigger(build.model, driver.trigger.policy)
    for key, value in driver.trigger.take_changes().items():
        restored.load(key, value)
    driver.trigger = restored
    driver.feed(build.serving("v1", "operator"))
    assert statuses(driver, build, 0, 1, 2) == [Status.RETIRED] * 3


def test_k10_ends_of_jobs_are_journalled_with_their_baseline_and_read_without(build: Any) -> None:
    """Journals of 5fe573c hold ends that name none."""
    seen = JobSeen("job", 1, "inconclusive", False, "v2", "v1")
    (record,) = journal("tiny-llama", 0, [Entry("training.state.v1", 0, 7, seen)])
    entry = JournalEntry.model_validate(json.loads(json.dumps({
        "kind": record.entries[0].kind, "topic": "training.state.v1", "partition": 0, "offset": 7,
        "fields": {name: getattr(seen, name) for name in seen.__struct_fields__},
    })))  # fmt: skip
    assert from_journal(entry).input == seen
    without = entry.model_copy(update={"fields": {name: value for name, value in entry.fields.items() if name != "baseline"}})
    assert from_journal(without).input == JobSeen("job", 1, "inconclusive", False, "v2")


def test_k10_state_of_5fe573c_is_read() -> None:
    """Samples without ended batches are restored, and left as they are whatever serves."""
    buffer = NegativeBuffer(5, "m")
    for one in recorded(FORMER, "stage2.changelog.v1"):
        if one.key and one.key.startswith(b"b|") and one.value:
            buffer.load(one.key.rpartition(b"|")[2], one.value)
    before = dict(buffer.save())
    assert before
    assert buffer.serve(frozenset({1}), frozenset({1})) == (0, 0)
    assert dict(buffer.save()) == before


def test_k10_the_journal_of_5fe573c_still_replays(build: Any) -> None:
    """Its entries, job ends without a baseline among them, lead to its command."""
    records = [TriggerJournal.model_validate_json(one.value or b"") for one in recorded(FORMER, "trigger.journal.v1")]
    found = replay(records[0].model, build.trigger_policy(threshold=6, max_per_user=10, min_users=3), records)
    assert [decision for decision in found if isinstance(decision, RetrainRequested)]
