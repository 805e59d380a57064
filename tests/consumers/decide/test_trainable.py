"""Negatives are consumed only by what can learn from them."""

from __future__ import annotations

from typing import Any

import pytest

from consumers.decide.buffer.buffered import Status
from consumers.decide.decider import Decider
from consumers.decide.inputs import RecipeSeen, from_journal
from consumers.decide.journal import replay
from consumers.decide.status import summary
from consumers.decide.trigger import ModelTrigger
from consumers.records import InputRecord
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.trigger_journal import TriggerJournal
from tests.consumers.decide.test_trigger import HOUR, Driver, drifted, ready

DEFAULTS: dict[str, Any] = {"threshold": 100, "min_trainable": 20, "max_per_user": 5, "min_users": 20}


def said(build: Any, first: int, count: int, negative_class: str | None, *, users: int = 40) -> list[Any]:
    """Negatives of several users that are worth so much."""
    numbers = range(first, first + count)
    return [build.sample(f"n{number}", user_hash=f"{number % users:032x}", negative_class=negative_class) for number in numbers]


def ended(driver: Driver, build: Any, outcome: str = "no_data") -> list[Any]:
    """The end of the newest command."""
    return driver.feed(build.job(driver.commands()[-1].command_id, outcome=outcome))


def test_bare_ratings_start_nothing_lose_nothing_and_say_why(build: Any) -> None:
    """350 thumbs down of 40 users, over a day of ticks and a due schedule: no command, all still pending, and what is waited for."""
    driver = ready(build, **DEFAULTS, schedule_interval_hours=12)
    for part in range(7):
        driver.feed(*said(build, 50 * part, 50, "bare"), build.tick((part + 1) * 4 * HOUR))
    assert driver.commands() == []
    assert driver.trigger.buffer.pending_negatives == 350
    assert driver.trigger.blocked_because() == "200 negatives, 0 of them can be trained on: waits for 20"
    skipped = [decision.message for decision in driver.decisions]
    assert skipped[0].endswith("nothing new to train on: 150 negatives wait, 0 of them can be trained on")
    shown = summary(driver.trigger)
    assert (shown["counted_negatives"], shown["trainable_negatives"], shown["min_trainable"]) == (200, 0, 20)
    assert (shown["distinct_users"], shown["trainable_users"], shown["tried_negatives"]) == (40, 0, 0)


def test_the_count_rule_waits_for_enough_to_train_on_and_leases_that_alone(build: Any) -> None:
    """With the twentieth correction or preference one command goes out with exactly those; the ratings stay."""
    driver = ready(build, **DEFAULTS)
    driver.feed(*said(build, 0, 117, "bare"), *said(build, 200, 3, "correction"))
    assert driver.trigger.blocked_because() == "120 negatives, 3 of them can be trained on: waits for 20"
    assert driver.feed(*said(build, 203, 9, "correction"), *said(build, 212, 7, "preference"), *said(build, 300, 30, "answerable")) == []
    (command,) = driver.feed(*said(build, 219, 1, "correction"))
    assert (command.rules, len(command.batch.samples)) == (("count",), 20)
    assert (command.evidence["trainable_negatives"], command.evidence["min_trainable"]) == (20, 20)
    assert driver.trigger.buffer.pending_negatives == 147


def test_enough_to_train_on_is_not_enough_negatives(build: Any) -> None:
    """The threshold still counts all negatives."""
    driver = ready(build, **DEFAULTS)
    driver.feed(*said(build, 0, 60, "correction"), *said(build, 100, 39, "bare"))
    assert driver.commands() == []
    assert driver.trigger.blocked_because() is None
    driver.feed(*said(build, 139, 1, "bare"))
    assert [len(command.batch.samples) for command in driver.commands()] == [60]


def test_the_quorum_is_of_those_who_said_what_was_right(build: Any) -> None:
    """Others' bare ratings do not stand beside the corrections of a few."""
    driver = ready(build, **DEFAULTS)
    driver.feed(*said(build, 0, 100, "bare"), *said(build, 200, 40, "correction", users=10))
    assert driver.trigger.blocked_because() == (
        "only 10 of at least 20 users (BATCH_MIN_USERS) have given negatives that can be trained on"
    )


def test_one_users_corrections_do_not_make_enough(build: Any) -> None:
    """What can be trained on is counted by the same cap as the negatives."""
    driver = ready(build, **(DEFAULTS | {"min_users": 1}))
    driver.feed(*said(build, 0, 100, "bare"), *said(build, 200, 50, "correction", users=3))
    assert driver.trigger.blocked_because() == "106 negatives, 15 of them can be trained on: waits for 20"


def test_samples_of_a_release_before_count_as_they_did(build: Any) -> None:
    """Without a class nobody knows what they are worth."""
    driver = ready(build, **DEFAULTS)
    driver.feed(*said(build, 0, 100, None))
    assert [len(command.batch.samples) for command in driver.commands()] == [100]


def test_drift_and_schedule_need_something_to_train_on(build: Any) -> None:
    """A drift that only bare ratings wait beside says so and fires with the first correction."""
    driver = ready(build, **DEFAULTS)
    driver.feed(*said(build, 0, 10, "bare"))
    drifted(build, driver)
    assert driver.commands() == []
    assert driver.trigger.blocked_because() == (
        "a drift was found, and there is nothing new to train on: 10 negatives wait, 0 of them can be trained on"
    )
    driver.feed(*said(build, 20, 1, "correction"))
    assert [(command.rules, len(command.batch.samples)) for command in driver.commands()] == [(("drift",), 1)]


def test_a_persons_request_fires_whatever_waits(build: Any) -> None:
    """Its batch holds what can be trained on, and nothing where there is nothing."""
    driver = ready(build, **DEFAULTS)
    driver.feed(*said(build, 0, 10, "bare"), *said(build, 10, 2, "correction"), build.request("start", "r1", job_id="a"))
    ended(driver, build)
    driver.feed(build.sample("n10", user_hash=f"{10:032x}", revision=1, retracted=True), build.request("start", "r2", job_id="b"))
    assert [[ref.sample_id for ref in command.batch.samples] for command in driver.commands()] == [
        [build.sample(f"n{number}").sample_id for number in numbers] for numbers in ((10, 11), (11,))
    ]


def test_no_data_costs_no_cool_down_and_fires_nothing_again(build: Any) -> None:
    """What was tried counts as negatives alone; as many new ones make the next run, which takes the tried ones along."""
    driver = ready(build, threshold=3, min_trainable=3, cool_down_minutes=60)
    driver.feed(*said(build, 0, 3, "correction"))
    assert [decision.kind for decision in ended(driver, build)] == ["run_settled"]
    assert driver.trigger.model_state.cool_down_until_ms == 0
    assert driver.trigger.blocked_because() == "3 negatives, 0 of them can be trained on (3 more held nothing to learn from): waits for 3"
    assert driver.feed(build.tick(100 * HOUR), *said(build, 3, 2, "correction")) == []
    (command,) = driver.feed(*said(build, 5, 1, "correction"))
    assert [ref.sample_id for ref in command.batch.samples] == [build.sample(f"n{number}").sample_id for number in (3, 4, 5, 0, 1, 2)]
    ended(driver, build, "rejected")
    assert driver.trigger.model_state.cool_down_until_ms > 0
    assert {driver.trigger.buffer.status(ref.sample_id) for ref in command.batch.samples} == {Status.PARKED}


def test_documents_in_which_nothing_was_found_make_no_schedule_a_run(build: Any) -> None:
    """The schedule skips; a new version of one makes it a run again."""
    driver = ready(build, schedule_interval_hours=1)
    driver.feed(build.sample("d", document=True), build.tick(HOUR))
    ended(driver, build)
    driver.feed(build.tick(3 * HOUR), build.tick(5 * HOUR))
    assert len(driver.commands()) == 1
    assert driver.notices()[-1] == "schedule_skipped"
    driver.feed(build.sample("d", document=True, revision=1), build.tick(7 * HOUR))
    assert [command.rules for command in driver.commands()] == [("schedule",)] * 2


@pytest.mark.parametrize("outcome", ["no_data", "void"])
def test_another_base_model_has_tried_nothing(build: Any, outcome: str) -> None:
    """A bootstrap over another base makes what was tried count again, and only that; a request's own base is not the serving one."""
    driver = ready(build)
    driver.feed(*said(build, 0, 3, "correction"))
    ended(driver, build, outcome)
    driver.feed(build.tick(HOUR), build.serving("v9", base_model="abhyas/tiny-llama"))
    assert len(driver.commands()) == 1
    driver.feed(build.serving("v9", base_model="org/larger"))
    assert len(driver.commands()) == (2 if outcome == "no_data" else 1)
    asked = ready(build)
    asked.feed(*said(build, 0, 2, "correction"), build.request("start", job_id="mine", base_model="org/larger"))
    ended(asked, build)
    assert (asked.trigger.buffer.trainable_negatives, asked.trigger.buffer.tried_negatives) == (2, 0)


def test_what_was_tried_is_known_after_a_restart(build: Any) -> None:
    """From the changelog in any order of its keys: the mark, and the recipe that made it."""
    driver = ready(build)
    driver.feed(*said(build, 0, 3, "correction"))
    ended(driver, build)
    changes = driver.trigger.take_changes()
    for keys in (sorted(changes), sorted(changes, reverse=True)):
        again = ModelTrigger(build.model, driver.trigger.policy)
        for key in keys:
            again.load(key, changes[key])
        assert (again.buffer.trainable_negatives, again.buffer.tried_negatives) == (0, 3)


def test_a_run_of_the_release_before_that_ends_without_data_fires_nothing_again(build: Any) -> None:
    """Its state names no recipe: it is taken to be the one in force."""
    driver = ready(build)
    driver.feed(*said(build, 0, 3, "correction"))
    assert driver.trigger.running is not None
    driver.trigger.running.recipe = ""
    ended(driver, build)
    driver.feed(build.tick(HOUR))
    assert (len(driver.commands()), driver.trigger.buffer.tried_negatives) == (1, 3)


def test_a_release_with_another_recipe_trains_again_and_its_journal_says_so(build: Any) -> None:
    """The recipe's number is an input: the next record after the upgrade fires, and one replay makes the commands of both releases."""

    def record(event: Any, offset: int) -> InputRecord:
        return build.record(event, offset=offset)

    policy = build.trigger_policy()
    before, journal = Decider(0, policy), []
    samples = [record(event, offset) for offset, event in enumerate(said(build, 0, 3, "correction"))]
    effects = [before.process([record(build.serving(), 0), record(build.tick(), 0), *samples])]
    (command,) = (emitted.event for emitted in effects[0].events)
    effects.append(before.process([record(build.job(command.command_id, outcome="no_data"), 0), record(build.tick(10), 1)]))
    after = Decider(0, build.trigger_policy(recipe=2))
    for key, value in before.save():
        after.load(key, value)
    effects.append(after.process([record(build.tick(20), 2)]))
    (again,) = (emitted.event for emitted in effects[2].events)
    assert (again.batch.number, len(again.batch.samples)) == (2, 3)
    for found in effects:
        journal += build.emitted(found, TriggerJournal)
    assert RecipeSeen(2) in [from_journal(entry).input for entry in journal[-1].entries]
    for wanted in (policy, build.trigger_policy(recipe=2)):
        replayed = [decision for decision in replay(build.model, wanted, journal) if isinstance(decision, RetrainRequested)]
        assert replayed == [command, again]


def test_praise_is_told_and_erased(build: Any) -> None:
    """From sample.collected: four of five stars and more, no negative and no correction that was left out."""
    driver = ready(build)
    driver.feed(
        build.sample("p0", negative=False, score=1.0, user_hash=f"{1:032x}"), build.sample("p1", negative=False, score=0.5),
        build.sample("p2", negative=False, score=0.4), build.sample("p3", negative=False, score=1.0, left_out="complaint"),
        build.sample("p4", score=1.0, negative_class="correction"), build.sample("p5", negative=False),
    )  # fmt: skip
    assert summary(driver.trigger)["praised"] == 2
    driver.feed(build.erasure(f"{1:032x}"))
    assert summary(driver.trigger)["praised"] == 1
    driver.feed(build.request("start", job_id="j"))
    assert len(driver.commands()[0].batch.samples) == 1
