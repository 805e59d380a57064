"""When a model is retrained."""

from __future__ import annotations

from typing import Any

import pytest

from consumers.decide.buffer.buffered import Status
from consumers.decide.inputs import Entry, Read, read
from consumers.decide.trigger import MAX_ATTEMPTS, ModelTrigger
from consumers.records import Notice
from schemas.events.drift_detected import DriftDetected
from schemas.events.operator_requested import OperatorRequested
from schemas.events.retrain_requested import RetrainRequested
from schemas.fields import Hyperparameters

HOUR = 3600


class Driver:
    """A trigger fed with events, which keeps what it decided."""

    def __init__(self, build: Any, **policy: Any) -> None:
        self.build = build
        self.trigger = ModelTrigger(build.model, build.trigger_policy(**policy))
        self.decisions: list[Any] = []
        self.offset = 0

    def feed(self, *events: Any) -> list[Any]:
        decisions: list[Any] = []
        for event in events:
            record = self.build.record(event, offset=self.offset)
            self.offset += 1
            found = read(record)
            assert isinstance(found, Read)
            decisions += self.trigger.apply(Entry(record.topic, record.partition, record.offset, found.input))
        self.decisions += decisions
        return decisions

    def negatives(self, first: int, count: int) -> list[Any]:
        return self.feed(*(self.build.sample(f"n{number}") for number in range(first, first + count)))

    def commands(self) -> list[RetrainRequested]:
        return [decision for decision in self.decisions if isinstance(decision, RetrainRequested)]

    def notices(self) -> list[str]:
        return [decision.kind for decision in self.decisions if isinstance(decision, Notice)]


def ready(build: Any, **policy: Any) -> Driver:
    driver = Driver(build, **policy)
    driver.feed(build.serving(), build.tick())
    return driver


def running(build: Any, **policy: Any) -> tuple[Driver, RetrainRequested]:
    driver = ready(build, **policy)
    driver.negatives(0, 3)
    return driver, driver.commands()[0]


def test_threshold_fires_one_command_with_exactly_its_batch(build: Any) -> None:
    """At the threshold one command goes out, its batch holds what was pending, and later samples wait for the next."""
    driver = ready(build)
    driver.feed(build.document() and build.sample("d", document=True))
    assert driver.negatives(0, 2) == []
    (command,) = driver.negatives(2, 1)
    assert driver.negatives(3, 10) == []
    assert (command.rules, command.serving_version, command.batch.number, command.attempt) == (("count",), "v0", 1, 1)
    assert (len(command.batch.samples), len(command.batch.documents)) == (3, 1)
    assert command.command_id.startswith("cmd-")
    assert command.requested_at == build.start
    assert command.evidence["threshold"] == 3
    assert driver.trigger.buffer.pending_negatives == 10


def test_command_id_depends_on_model_number_and_batch(build: Any) -> None:
    """The same inputs give the same id, another batch another one."""
    _, first = running(build)
    _, again = running(build)
    other = ready(build)
    other.negatives(7, 3)
    assert first == again
    assert other.commands()[0].command_id != first.command_id


def test_nothing_fires_before_bootstrap_and_tick(build: Any) -> None:
    """Without a serving version, or without a tick, nothing fires and the reason is said; then all that waits makes one run."""
    driver = Driver(build)
    driver.negatives(0, 5)
    assert "abhyas bootstrap" in str(driver.trigger.blocked_because())
    driver.feed(build.serving())
    assert "ticker" in str(driver.trigger.blocked_because())
    driver.feed(build.tick())
    assert [len(command.batch.samples) for command in driver.commands()] == [5]
    assert driver.trigger.blocked_because() is None


def test_promotion_retires_and_cools_down(build: Any) -> None:
    """A promoted batch is retired; the next run waits for the cool-down and then takes everything pending."""
    driver, command = running(build, cool_down_minutes=60)
    driver.feed(build.tick(10), build.serving("v1", "promotion"), build.job(command.command_id))
    assert driver.trigger.buffer.status(command.batch.samples[0].sample_id) is Status.RETIRED
    driver.negatives(10, 4)
    assert "cool-down" in str(driver.trigger.blocked_because())
    driver.feed(build.tick(10 + HOUR - 1))
    assert len(driver.commands()) == 1
    driver.feed(build.tick(10 + HOUR))
    second = driver.commands()[1]
    assert (second.batch.number, len(second.batch.samples), second.serving_version) == (2, 4, "v1")


def test_promotion_read_before_model_current_names_the_new_version(build: Any) -> None:
    """The end of a promoted run makes its version the serving one, so a command that follows at once does not name the old."""
    driver, command = running(build, cool_down_minutes=0)
    driver.negatives(10, 3)
    driver.feed(build.job(command.command_id))
    assert [made.serving_version for made in driver.commands()] == ["v0", "v1"]


@pytest.mark.parametrize("outcome", ["rejected", "inconclusive", "void", "cancelled"])
def test_every_other_end_parks(build: Any, outcome: str) -> None:
    """A batch that ended without a promotion is parked and never counts again."""
    driver, command = running(build, cool_down_minutes=0)
    driver.feed(build.job(command.command_id, outcome=outcome), build.tick(60))
    assert {driver.trigger.buffer.status(ref.sample_id) for ref in command.batch.samples} == {Status.PARKED}
    assert len(driver.commands()) == 1
    assert driver.trigger.command() is None


def test_infrastructure_failures_retry_the_same_command(build: Any) -> None:
    """A retryable failure sends the same command again after a doubling wait, three attempts in all, then parks and alerts."""
    driver, command = running(build, retry_minutes=5)
    now = 0
    for attempt, wait in ((1, 5), (2, 10)):
        driver.feed(build.job(command.command_id, attempt=attempt, outcome="failed", retryable=True))
        assert driver.feed(build.tick(now + wait * 60 - 1)) == []
        now += wait * 60
        (again,) = driver.feed(build.tick(now))
        assert (again.command_id, again.attempt, again.batch) == (command.command_id, attempt + 1, command.batch)
    driver.feed(build.job(command.command_id, attempt=MAX_ATTEMPTS, outcome="failed", retryable=True))
    assert driver.trigger.command() is None
    assert driver.notices()[-1] == "run_failed"
    assert driver.trigger.buffer.parked == 3


def test_failure_that_a_retry_cannot_mend_parks_at_once(build: Any) -> None:
    """A failure that is not the infrastructure's is not tried again."""
    driver, command = running(build)
    driver.feed(build.job(command.command_id, outcome="failed"), build.tick(10 * HOUR))
    assert (len(driver.commands()), driver.notices()[-1]) == (1, "run_failed")


def test_only_the_current_attempt_ends_a_lease(build: Any) -> None:
    """The end of another job, of an older attempt, or a second end of an attempt that is waiting changes nothing."""
    driver, command = running(build)
    driver.feed(build.job("another"), build.job(command.command_id, outcome="failed", retryable=True))
    driver.feed(build.job(command.command_id, outcome="promoted"))
    driver.feed(build.tick(300), build.job(command.command_id, attempt=1))
    current = driver.trigger.command()
    assert current is not None
    assert current.attempt == 2


def test_one_run_at_a_time(build: Any) -> None:
    """While a run is under way nothing else fires, whatever is due."""
    driver, _ = running(build)
    driver.negatives(10, 50)
    driver.feed(build.request("start", job_id="mine"), build.tick(400 * HOUR))
    assert len(driver.commands()) == 1


def test_schedule_runs_from_bootstrap_and_last_run(build: Any) -> None:
    """A schedule is due an interval after the bootstrap, then after the last run, where there is something new."""
    driver = ready(build, schedule_interval_hours=168, cool_down_minutes=0)
    driver.feed(build.sample("n"))
    driver.feed(build.tick(168 * HOUR - 1))
    assert driver.commands() == []
    (command,) = driver.feed(build.tick(168 * HOUR))
    assert command.rules == ("schedule",)
    driver.feed(build.job(command.command_id), build.sample("m"), build.tick(335 * HOUR))
    assert len(driver.commands()) == 1
    driver.feed(build.tick(336 * HOUR))
    assert len(driver.commands()) == 2


def test_quiet_stream_stays_quiet(build: Any) -> None:
    """A schedule with nothing new to train on is skipped for a whole interval instead of waiting for the next event."""
    driver = ready(build, schedule_interval_hours=1)
    driver.feed(build.tick(HOUR), build.sample("n"), build.tick(HOUR + 10))
    assert driver.commands() == []
    assert driver.notices() == ["schedule_skipped"]
    driver.feed(build.tick(2 * HOUR))
    assert len(driver.commands()) == 1


def test_rules_due_together_make_one_run(build: Any) -> None:
    """Count, schedule and two alike requests that are due together make one command that names them all."""
    driver = Driver(build, schedule_interval_hours=1)
    driver.feed(build.serving(), build.tick(), build.request("pause"))
    driver.negatives(0, 3)
    driver.feed(build.request("start", "r1", job_id="job-1"), build.request("start", "r2", job_id="job-2"), build.tick(HOUR))
    assert driver.commands() == []
    assert "paused" in str(driver.trigger.blocked_because())
    driver.feed(build.request("resume"))
    (command,) = driver.commands()
    assert command.rules == ("count", "schedule", "operator")
    assert (command.command_id, command.requests) == ("job-1", ("job-1", "job-2"))
    assert driver.trigger.requests.waiting == []


def test_persons_request_passes_the_cool_down_and_carries_its_knobs(build: Any) -> None:
    """A person's start fires without a batch and during a cool-down, under their job id, with what they asked for."""
    driver, command = running(build)
    driver.feed(build.job(command.command_id, outcome="rejected"), build.sample("n9"))
    knobs = Hyperparameters(epochs=2, learning_rate=1e-4)
    asked = build.request("start", job_id="mine", base_model="abhyas/tiny-llama", hyperparameters=knobs)
    (mine,) = driver.feed(asked)
    assert (mine.command_id, mine.rules, mine.base_model, mine.hyperparameters) == ("mine", ("operator",), "abhyas/tiny-llama", knobs)
    # What a rejected batch held goes along, because a person asked.
    assert len(mine.batch.samples) == 4


def test_persons_data_set_is_trained_on_alone(build: Any) -> None:
    """A request with a data set leases no samples; they stay pending."""
    driver = ready(build)
    driver.negatives(0, 2)
    (command,) = driver.feed(build.request("start", job_id="mine", dataset_path="s3://models/training_data/x.jsonl"))
    assert (command.batch.samples, command.dataset_path) == ((), "s3://models/training_data/x.jsonl")
    assert driver.trigger.buffer.pending_negatives == 2


def test_different_requests_make_runs_of_their_own(build: Any) -> None:
    """Requests that ask for different things are not merged; the second waits for the first to end."""
    driver = ready(build)
    driver.feed(build.request("start", "r1", job_id="a"), build.request("start", "r2", job_id="b", dataset_path="s3://m/x"))
    assert [command.command_id for command in driver.commands()] == ["a"]
    driver.feed(build.job("a"))
    assert [command.command_id for command in driver.commands()] == ["a", "b"]


def test_request_sent_again_is_the_same_request(build: Any) -> None:
    """A start with a job id seen before, waiting, running or done, makes no second run."""
    driver = ready(build)
    driver.feed(build.request("start", job_id="a"), build.request("start", job_id="a"), build.job("a"), build.request("start", job_id="a"))
    assert len(driver.commands()) == 1


def test_cancel_of_what_waits_here(build: Any) -> None:
    """A cancel takes a waiting request back, ends a run between two attempts, and leaves a running attempt to the runner."""
    driver, command = running(build)
    driver.feed(build.request("start", "r1", job_id="later"), build.request("cancel", "r2", job_id="later"))
    assert driver.trigger.requests.waiting == []
    driver.feed(build.request("cancel", "r3", job_id=command.command_id))
    assert driver.trigger.command() is not None
    driver.feed(build.job(command.command_id, outcome="failed", retryable=True), build.request("cancel", "r4", job_id=command.command_id))
    assert driver.trigger.command() is None
    assert driver.trigger.buffer.parked == 3
    driver.feed(build.tick(HOUR * 5))
    assert len(driver.commands()) == 1


def test_overdue_run_is_cancelled_once(build: Any) -> None:
    """A run older than RUN_MAX_HOURS is cancelled through operator.requested once; its lease ends with its terminal state."""
    driver, command = running(build, run_max_hours=24)
    driver.feed(build.tick(24 * HOUR - 1))
    cancel, notice = driver.feed(build.tick(24 * HOUR))
    assert isinstance(cancel, OperatorRequested)
    assert (cancel.action, cancel.job_id, notice.level) == ("cancel", command.command_id, "alert")
    assert driver.feed(build.tick(30 * HOUR)) == []
    assert driver.trigger.command() is not None
    driver.feed(build.job(command.command_id, outcome="failed", retryable=True))
    assert driver.trigger.command() is None


def test_time_never_goes_back(build: Any) -> None:
    """A tick that is not newer than the last changes nothing."""
    driver = ready(build)
    driver.feed(build.tick(100))
    driver.feed(build.tick(50))
    assert driver.trigger.model_state.now_ms == round(build.start.timestamp() * 1000) + 100_000


def test_old_pending_samples_expire(build: Any) -> None:
    """Samples whose text is about to leave the log leave the buffer, once a day, and that is told."""
    driver = ready(build, sample_days=28, schedule_interval_hours=10_000)
    driver.negatives(0, 2)
    driver.feed(build.tick(28 * 24 * HOUR + 10), build.tick(29 * 24 * HOUR))
    assert driver.trigger.buffer.pending_negatives == 0
    assert "samples_expired" in driver.notices()


def drifted(build: Any, driver: Driver) -> list[DriftDetected]:
    events = negatives = 0
    for number in range(220):
        events += 20
        negatives += 2 if number < 150 else 14
        driver.feed(build.summary(sequence=events, events=events, negatives=negatives), build.tick(number + 1))
    return [decision for decision in driver.decisions if isinstance(decision, DriftDetected)]


def test_drift_fires_where_there_is_something_to_train_on(build: Any) -> None:
    """A drift is published once and makes a run with what is pending; the run acknowledges it."""
    driver = ready(build)
    driver.feed(build.sample("d", document=True))
    (drift,) = drifted(build, driver)
    (command,) = driver.commands()
    assert (command.rules, command.evidence["drift_id"]) == (("drift",), drift.drift_id)
    assert drift.evidence[0].signal == "negative_rate"
    assert not any(one.alarm for one in driver.trigger.drift.statuses())


def test_drift_waits_for_something_to_train_on(build: Any) -> None:
    """A drift without samples fires with the first one; another serving version forgets it."""
    driver = ready(build)
    drifted(build, driver)
    assert driver.commands() == []
    driver.feed(build.serving("v1", "promotion"), build.sample("n"))
    assert driver.commands() == []
    waiting = ready(build)
    drifted(build, waiting)
    waiting.feed(build.sample("n"))
    assert [command.rules for command in waiting.commands()] == [("drift",)]


def test_batches_are_capped(build: Any) -> None:
    """A batch takes at most max_samples; what is over it stays pending and makes the next batch."""
    driver = Driver(build, max_samples=4, cool_down_minutes=0)
    driver.negatives(0, 10)
    driver.feed(build.serving(), build.tick())
    (command,) = driver.commands()
    assert (len(command.batch.samples), driver.trigger.buffer.pending_negatives) == (4, 6)


def test_unknown_state_part_is_refused(build: Any) -> None:
    """A part that is no part of the trigger's state is named."""
    with pytest.raises(ValueError, match="clock, run, requests or ended"):
        Driver(build).trigger.load(f"m|{build.model}|mood".encode(), b"[1]")


def voiced(build: Any, first: int, count: int, users: int) -> list[Any]:
    return [build.sample(f"n{number}", user_hash=f"{number % users:032x}") for number in range(first, first + count)]


def test_one_user_cannot_fire(build: Any) -> None:
    """However many negatives one user has, they fire nothing: only as many count as the cap allows, and a quorum is asked for."""
    driver = ready(build, threshold=4, max_per_user=2, min_users=3)
    assert driver.feed(*voiced(build, 0, 50, users=1)) == []
    assert driver.feed(*voiced(build, 100, 40, users=2)) == []
    (command,) = driver.feed(build.sample("last", user_hash="f" * 32))
    assert (len(command.batch.samples), command.rules) == (5, ("count",))
    assert (command.evidence["counted_negatives"], command.evidence["distinct_users"]) == (5, 3)
    assert driver.trigger.buffer.pending_negatives == 91 - 5


def test_quorum_alone_is_not_enough(build: Any) -> None:
    """Enough users with too few negatives fire nothing."""
    driver = ready(build, threshold=4, max_per_user=2, min_users=2)
    assert driver.feed(*voiced(build, 0, 3, users=3)) == []


def test_person_schedule_and_drift_ask_for_no_quorum(build: Any) -> None:
    """A person's request takes what counts, whoever said it."""
    driver = ready(build, threshold=100, max_per_user=2, min_users=20)
    driver.feed(*voiced(build, 0, 6, users=2))
    (command,) = driver.feed(build.request("start", job_id="j"))
    assert len(command.batch.samples) == 4


def test_erased_samples_are_in_no_later_batch(build: Any) -> None:
    """An erasure takes a user's samples out of the count before they fire."""
    driver = ready(build, threshold=3)
    driver.feed(*voiced(build, 0, 2, users=2))
    assert driver.feed(build.erasure(f"{0:032x}")) == []
    assert driver.feed(build.sample("n5", user_hash=f"{1:032x}")) == []
    (command,) = driver.feed(build.sample("n7", user_hash=f"{1:032x}"))
    assert len(command.batch.samples) == 3


def test_a_missing_quorum_is_said(build: Any) -> None:
    """Enough negatives of too few users show as what holds the run back."""
    driver = ready(build, threshold=4, max_per_user=4, min_users=3)
    driver.feed(*voiced(build, 0, 8, users=2))
    assert "only 2 of at least 3 users" in (driver.trigger.blocked_because() or "")
    driver.feed(*voiced(build, 8, 3, users=3))
    assert driver.trigger.blocked_because() is None


def test_documents_that_no_batch_may_hold_are_nothing_new(build: Any) -> None:
    """With BATCH_MAX_DOCUMENTS=0 a waiting document makes no schedule a run."""
    driver = ready(build, max_documents=0, schedule_interval_hours=1)
    driver.feed(build.sample("d", document=True))
    assert [decision.kind for decision in driver.feed(build.tick(2 * HOUR))] == ["schedule_skipped"]
    assert driver.commands() == []
