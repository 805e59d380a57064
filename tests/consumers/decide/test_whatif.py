"""Other policies on a recorded history."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.decide.inputs import Entry, Read, read, to_ms
from consumers.decide.journal import journal
from consumers.decide.trigger import ModelTrigger
from consumers.decide.trigger_state import TriggerPolicy
from consumers.decide.whatif import RECORDED, JournalReader, RecordedHistory, Run, Scenario, Simulation
from schemas.events.model_current import DriftBaseline
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.trigger_journal import TriggerJournal
from schemas.fields import Hyperparameters
from tests.consumers.policies import drift_policy

MINUTE = 60
HOUR = 3600


class Recording:
    """A trigger under its own policy, with its journal and its commands as they are published."""

    def __init__(self, build: Any, policy: TriggerPolicy) -> None:
        self.build = build
        self.policy = policy
        self.trigger = ModelTrigger(build.model, policy)
        self.entries: list[Entry] = []
        self.commands: list[RetrainRequested] = []

    def feed(self, *events: Any) -> None:
        for event in events:
            record = self.build.record(event, offset=len(self.entries))
            found = read(record)
            assert isinstance(found, Read)
            entry = Entry(record.topic, record.partition, record.offset, found.input)
            self.entries.append(entry)
            self.commands += [decision for decision in self.trigger.apply(entry) if isinstance(decision, RetrainRequested)]

    def samples(self, first: int, count: int) -> None:
        self.feed(*(self.build.sample(f"n{number}") for number in range(first, first + count)))

    def end(self, **fields: Any) -> None:
        """Ends the run under way."""
        command = self.trigger.command()
        assert command is not None
        self.feed(self.build.job(command.command_id, attempt=command.attempt, **fields))

    def history(self, first: int = 0) -> tuple[list[Entry], RecordedHistory]:
        """The entries from `first` on, through the journal's wire form, and what they say."""
        reader = JournalReader(self.build.model)
        entries = [entry for record in journalled(self.build.model, first, self.entries[first:]) for entry in reader.take(record)]
        history = RecordedHistory()
        for command in self.commands:
            history.take_command(command)
        for entry in entries:
            history.take(entry)
        assert reader.first_sequence is not None
        history.finish(reader.first_sequence)
        return entries, history

    def simulate(self, scenario: Scenario, first: int = 0) -> Simulation:
        entries, history = self.history(first)
        simulation = Simulation(self.build.model, scenario, history)
        for entry in entries:
            simulation.take(entry)
        return simulation


def journalled(model: str, first: int, entries: list[Entry]) -> list[TriggerJournal]:
    """The entries as a reader of the contract gets them."""
    return [TriggerJournal.model_validate_json(msgspec.json.encode(record)) for record in journal(model, first, entries)]


def published(commands: Iterable[RetrainRequested]) -> list[tuple[Any, ...]]:
    return [(command.command_id, command.batch.number, command.batch.sha256, to_ms(command.requested_at)) for command in commands]


def asked(runs: Iterable[Run]) -> list[tuple[Any, ...]]:
    return [(run.command_id, run.number, run.sha256, at_ms) for run in runs for at_ms in run.asked_ms]


KINDS = (
    *(["sample"] * 8 + ["tick"] * 4 + ["end"] * 3 + ["document"] * 2),
    *("retract", "erase", "start", "cancel", "pause", "resume", "resume", "signal", "operator", "rollback", "stranger"),
)


def drawn(seed: int, count: int = 300) -> list[tuple[str, int, int]]:
    rng = random.Random(seed)
    return [(rng.choice(KINDS), rng.randint(0, 100), rng.randint(0, 3)) for _ in range(count)]


def user(number: int) -> str:
    return f"{number % 6:032x}"


def play(recording: Recording, steps: Iterable[tuple[str, int, int]]) -> None:
    """A history as an installation has one: what the runner says follows from the commands, everything else is drawn."""
    build, seconds = recording.build, 0
    for kind, first, second in [("bootstrap", 0, 0), ("tick", 1, 0), *steps]:
        command = recording.trigger.command()
        if kind == "tick":
            seconds += 1 + first * 4 * MINUTE
            recording.feed(build.tick(seconds))
        elif kind == "end":
            if command is not None:
                outcome, retryable = [("promoted", False), ("rejected", False), ("failed", True), ("failed", False)][second]
                version = f"v{command.batch.number}"
                job = build.job(command.command_id, attempt=command.attempt, outcome=outcome, retryable=retryable, version=version)
                serving = [build.serving(version, "promotion")] if outcome == "promoted" else []
                # Both topics are read beside each other: either may come first.
                recording.feed(*(([*serving, job]) if first % 2 else [job, *serving]))
        else:
            # Nobody goes back to a version that no run has made yet.
            known = ["v0", *(run.version for run in recording.trigger.ended.runs if run.version)]
            made = {
                "bootstrap": build.serving,
                "sample": lambda first=first, second=second: build.sample(f"s{first}", revision=second, user_hash=user(first)),
                "document": lambda first=first, second=second: build.sample(f"d{first}", document=True, revision=second),
                "retract": lambda first=first, second=second: build.sample(
                    f"s{first}", revision=second, retracted=True, negative=False, user_hash=user(first)
                ),
                "erase": lambda first=first: build.erasure(user(first)),
                "start": lambda first=first, second=second: build.request(
                    "start", f"r{first}", job_id=f"j{first}", hyperparameters=Hyperparameters(epochs=second + 1)
                ),
                "cancel": lambda first=first, command=command, second=second: build.request(
                    "cancel", f"c{first}", job_id=command.command_id if command and second else f"j{first}"
                ),
                "signal": lambda first=first, second=second: build.summary(sequence=first, events=first * 10, negatives=first * second),
                "operator": lambda first=first: build.serving(f"by-hand-{first}", "operator"),
                "rollback": lambda first=first, known=known: build.serving(known[first % len(known)], "rollback"),
                "stranger": lambda first=first: build.job(f"elsewhere-{first}", version="v-elsewhere"),
            }
            recording.feed(made[kind]() if kind in made else build.request(kind, f"r-{kind}"))


@pytest.mark.parametrize("first_seed", range(0, 80, 20))
def test_the_policy_in_force_makes_the_recorded_commands_again(build: Any, first_seed: int) -> None:
    """With ends as recorded every attempt comes again: id, batch number, batch hash and time, and each end, over 80 random histories."""
    attempts: list[int] = []
    for seed in range(first_seed, first_seed + 20):
        recording = Recording(build, build.trigger_policy(cool_down_minutes=90, schedule_interval_hours=20, max_per_user=2, min_users=2))
        play(recording, drawn(seed))
        simulation = recording.simulate(Scenario("the same", recording.policy, run_outcome=RECORDED))
        assert asked(simulation.runs) == published(recording.commands), seed
        _, history = recording.history()
        # A run that a person cancels between two attempts has no end of the runner's.
        known = {run.command_id: (run.ended_ms, run.outcome) for run in history.ended_runs()}
        again = {run.command_id: (run.ended_ms, run.outcome) for run in simulation.runs if run.command_id in known}
        assert again == known, seed
        assert simulation.trigger.model_state == recording.trigger.model_state, seed
        attempts += [command.attempt for command in recording.commands]
    # Not empty talk: many runs, second attempts among them.
    assert attempts.count(1) > 60
    assert attempts.count(2) > 5


@pytest.mark.process
@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), threshold=st.integers(1, 5), minutes=st.integers(1, 300), recorded=st.booleans())
def test_any_policy_has_one_run_at_a_time(build: Any, seed: int, threshold: int, minutes: int, recorded: bool) -> None:
    """Whatever the policy and the assumed ends, a run ends before the next is asked for, and in its time."""
    recording = Recording(build, build.trigger_policy(cool_down_minutes=90))
    play(recording, drawn(seed))
    policy = replace(recording.policy, threshold=threshold, cool_down_minutes=0)
    simulation = recording.simulate(Scenario("x", policy, minutes, RECORDED if recorded else "rejected"))
    for run, following in zip(simulation.runs, simulation.runs[1:], strict=False):
        assert run.ended_ms is not None
        assert run.asked_ms[-1] <= run.ended_ms <= following.asked_ms[0]
        assert run.number + 1 == following.number
        if run.outcome == "rejected" and not recorded:
            assert run.ended_ms == run.asked_ms[-1] + minutes * MINUTE * 1000


def recorded_day(build: Any) -> Recording:
    """Threshold 4: eight negatives in four hours, two runs of 30 and 50 minutes, the first promoted."""
    recording = Recording(build, build.trigger_policy(threshold=4, cool_down_minutes=60))
    recording.feed(build.serving(), build.tick())
    recording.samples(0, 4)
    recording.feed(build.tick(30 * MINUTE), build.serving("v1", "promotion"))
    recording.end(outcome="promoted", version="v1")
    recording.feed(build.tick(HOUR))
    recording.samples(4, 2)
    recording.feed(build.tick(2 * HOUR))
    recording.samples(6, 2)
    recording.feed(build.tick(2 * HOUR + 50 * MINUTE))
    recording.end(outcome="rejected", version="v2")
    recording.feed(build.tick(4 * HOUR))
    return recording


def test_a_lower_threshold_fires_earlier_with_a_smaller_batch(build: Any) -> None:
    """The runs are those that the trigger makes of the same samples: when, how many, and why."""
    recording = recorded_day(build)
    start = to_ms(build.start)
    assert [(len(command.batch.samples), to_ms(command.requested_at) - start) for command in recording.commands] == [
        (4, 0),
        (4, 2 * HOUR * 1000),
    ]
    simulation = recording.simulate(Scenario("eager", replace(recording.policy, threshold=2, cool_down_minutes=0), 25, "promoted"))
    assert [(run.samples, run.asked_ms[0] - start, run.rules) for run in simulation.runs] == [
        (2, 0, ("count",)),
        (2, 25 * MINUTE * 1000, ("count",)),
        (2, HOUR * 1000, ("count",)),
        (2, 2 * HOUR * 1000, ("count",)),
    ]
    lazy = recording.simulate(Scenario("lazy", replace(recording.policy, threshold=9)))
    assert (lazy.runs, lazy.trigger.buffer.pending_negatives) == ([], 8)


def test_a_longer_cool_down_moves_the_second_run(build: Any) -> None:
    """The cool-down counts from the assumed end; the batch then holds what had come by that time."""
    recording = recorded_day(build)
    simulation = recording.simulate(Scenario("calm", replace(recording.policy, cool_down_minutes=180), 30, "promoted"))
    assert [(run.asked_ms[0] - to_ms(build.start), run.samples) for run in simulation.runs] == [(0, 4), (4 * HOUR * 1000, 4)]


def test_caps_and_quorum_hold_a_run_back(build: Any) -> None:
    """Eight negatives of two users: at most so many of each count, and so many users are needed."""
    recording = Recording(build, build.trigger_policy(threshold=4))
    recording.feed(build.serving(), build.tick())
    recording.feed(*(build.sample(f"n{number}", user_hash=user(number % 2)) for number in range(8)))
    policy = replace(recording.policy, cool_down_minutes=0)
    fired = {
        (cap, users): [run.samples for run in recording.simulate(Scenario("x", replace(policy, max_per_user=cap, min_users=users))).runs]
        for cap, users in [(1, 1), (2, 1), (2, 3), (10, 2)]
    }
    assert fired == {(1, 1): [], (2, 1): [4], (2, 3): [], (10, 2): [4]}


def test_fewer_to_train_on_would_have_fired(build: Any) -> None:
    """Six ratings and two corrections: under the policy in force nothing ran, with a lower minimum a batch of the two corrections would."""
    recording = Recording(build, build.trigger_policy(threshold=4, min_trainable=3, cool_down_minutes=0))
    recording.feed(build.serving(), build.tick())
    recording.feed(*(build.sample(f"n{n}", negative_class="correction" if n % 4 == 3 else "bare") for n in range(8)), build.tick(HOUR))
    assert recording.commands == []
    fired = [
        [run.samples for run in recording.simulate(Scenario("x", replace(recording.policy, min_trainable=least), 1, outcome)).runs]
        for least, outcome in ((3, "promoted"), (2, "promoted"), (1, "promoted"), (1, "no_data"))
    ]
    assert fired == [[], [2], [1, 1], [1, 2]]


def test_without_a_say_runs_end_as_recorded_ones_usually_did(build: Any) -> None:
    """The median of the recorded durations and the outcome recorded most often; without any recorded end 60 minutes, promoted."""
    recording = recorded_day(build)
    _, history = recording.history()
    assert (history.median_minutes(), history.usual_outcome()) == (40, "promoted")
    usual = recording.simulate(Scenario("x", recording.policy))
    assert (usual.run_minutes, usual.run_outcome) == (40, "promoted")
    bare = Recording(build, build.trigger_policy())
    bare.feed(build.serving(), build.tick())
    simulation = bare.simulate(Scenario("x", bare.policy))
    assert (simulation.run_minutes, simulation.run_outcome) == (60, "promoted")


def test_recorded_promotions_are_not_shown(build: Any) -> None:
    """What the recorded runs led to is no input of another policy; a bootstrap and a person's choice are."""
    recording = recorded_day(build)
    lazy = recording.simulate(Scenario("lazy", replace(recording.policy, threshold=9)))
    assert lazy.trigger.model_state.serving_version == "v0"
    followed = recording.simulate(Scenario("lazy", replace(recording.policy, threshold=9), run_outcome=RECORDED))
    assert followed.trigger.model_state.serving_version == "v0"
    recording.feed(build.serving("by-hand", "operator"))
    assert recording.simulate(Scenario("lazy", replace(recording.policy, threshold=9))).trigger.model_state.serving_version == "by-hand"


def test_a_run_that_the_record_lacks_is_assumed_even_with_recorded_ends(build: Any) -> None:
    """`recorded` follows only runs that were recorded: same command and time; the others end by assumption."""
    recording = recorded_day(build)
    simulation = recording.simulate(Scenario("calm", replace(recording.policy, cool_down_minutes=100), run_outcome=RECORDED))
    first, second = simulation.runs
    assert (first.command_id, first.outcome) == (recording.commands[0].command_id, "promoted")
    assert second.asked_ms != [to_ms(recording.commands[1].requested_at)]
    ended_ms = to_ms(build.start) + (2 * HOUR + 50 * MINUTE + 40 * MINUTE) * 1000
    assert (simulation.trigger.model_state.serving_version, second.outcome, second.ended_ms) == ("whatif-2", "promoted", ended_ms)


def test_a_cancel_that_names_a_run_ends_it(build: Any) -> None:
    """A person's run has the same id under every policy, so their cancel of it ends it there too."""
    recording = Recording(build, build.trigger_policy())
    recording.feed(build.serving(), build.tick(), build.request("start", job_id="mine"), build.tick(60))
    recording.feed(build.request("cancel", "c", job_id="mine"))
    (run,) = recording.simulate(Scenario("x", recording.policy, 1000)).runs
    assert (run.outcome, run.ended_ms) == ("cancelled", to_ms(build.start) + 60_000)


def test_a_run_over_its_time_is_cancelled(build: Any) -> None:
    """Where a run is assumed to last longer than RUN_MAX_HOURS, it is cancelled then, as the trigger does."""
    recording = Recording(build, build.trigger_policy(run_max_hours=1))
    recording.feed(build.serving(), build.tick())
    recording.samples(0, 3)
    recording.feed(build.tick(HOUR), build.tick(2 * HOUR))
    (run,) = recording.simulate(Scenario("x", recording.policy, 90)).runs
    assert (run.outcome, run.ended_ms) == ("cancelled", to_ms(build.start) + HOUR * 1000)


def test_a_journal_that_lost_its_beginning(build: Any) -> None:
    """The history is known from the first tick that is left; a version is taken to serve, and earlier runs are no baseline."""
    recording = recorded_day(build)
    first = 9
    _, history = recording.history(first)
    assert (history.complete, list(history.runs), history.serving_before()) == (False, [recording.commands[1].command_id], "v0")
    simulation = recording.simulate(Scenario("x", recording.policy), first)
    assert [run.samples for run in simulation.runs] == [4]
    assert recording.history()[1].serving_before() is None


def test_a_gap_is_refused(build: Any) -> None:
    """Decisions from a journal with entries missing in the middle would be others; another model's records are passed over."""
    recording = recorded_day(build)
    (first,) = journalled(build.model, 0, recording.entries[:5])
    (third,) = journalled(build.model, 6, recording.entries[6:])
    reader = JournalReader(build.model)
    assert len(list(reader.take(first))) == 5
    assert list(reader.take(third.model_copy(update={"model": "another"}))) == []
    with pytest.raises(ValueError, match="entry 5 expected, 6 found"):
        list(reader.take(third))


def test_the_drift_baselines_of_runs_that_are_not_shown_are(build: Any) -> None:
    """A policy that promoted nothing sees none of the recorded promotions, and holds documents against the baselines of the record."""
    baseline = DriftBaseline(uri="drift/m/v1", sha256="ab" * 32, documents=4_000, from_day=date.min)
    recording = Recording(build, build.trigger_policy())
    recording.feed(build.serving(), build.tick(0))
    recording.samples(0, 3)
    recording.end(outcome="promoted")
    recording.feed(build.serving("v1", "promotion", drift_baselines=(baseline,)), build.tick(60), build.tick(120))
    entries, history = recording.history()
    asked: list[str] = []
    policy = build.trigger_policy(threshold=100, drift=drift_policy(baseline=asked.append))
    simulation = Simulation(build.model, Scenario("never", policy), history)
    for entry in entries:
        simulation.take(entry)
    assert simulation.trigger.model_state.serving_version == "v0"
    assert asked == ["ab" * 32]
