"""Stage 2 of one partition: order, journal, restart and replay."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.collect.collector import Collector
from consumers.decide.decider import Decider
from consumers.decide.inputs import ORDER, Entry, SignalSeen
from consumers.decide.journal import ENTRIES_A_RECORD, journal, replay
from consumers.decide.status import log_line, summary
from consumers.drift.baseline.fit import Baseline
from consumers.drift.rates.rate_monitor import RatePolicy
from consumers.engine.routing import route
from consumers.records import Effects, InputRecord
from runtime.kafka.connection import KafkaConnection
from schemas import topics
from schemas.envelope import WireRecord
from schemas.events.clock_ticked import ClockTicked
from schemas.events.drift_detected import DriftDetected
from schemas.events.model_current import DriftBaseline
from schemas.events.operator_requested import OperatorRequested
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.trigger_journal import TriggerJournal
from tests.consumers.decide.documents_stream import SHA, Partitions, featurised
from tests.consumers.drift.conftest import made_documents
from tests.consumers.policies import drift_policy, rates_policy

# So that chance makes a drift in a few summaries.
EAGER = drift_policy(rates=rates_policy(baseline_events=30, watch=RatePolicy(arl=3, confirmation=1.2, min_window=3, cool_down=40)))
PARTITIONS = {spec.name: spec.partitions for spec in topics.specs()}
DECISIONS = (RetrainRequested, DriftDetected, OperatorRequested)

STEP = st.one_of(
    st.tuples(st.just("sample"), st.integers(0, 15), st.integers(0, 2)),
    st.tuples(st.just("document"), st.integers(0, 3), st.integers(0, 2)),
    st.tuples(st.just("erasure"), st.integers(0, 3), st.just(0)),
    st.tuples(st.just("retract"), st.integers(0, 15), st.integers(1, 3)),
    st.tuples(st.just("tick"), st.integers(1, 100), st.just(0)),
    st.tuples(st.just("serving"), st.integers(0, 3), st.just(0)),
    st.tuples(st.just("start"), st.integers(0, 3), st.just(0)),
    st.tuples(st.sampled_from(["pause", "resume"]), st.just(0), st.just(0)),
    st.tuples(st.just("end"), st.sampled_from(range(4)), st.just(0)),
    st.tuples(st.just("praise"), st.integers(0, 15), st.integers(0, 2)),
    st.tuples(st.just("summary"), st.integers(1, 40), st.integers(0, 20)),
)


class Log:
    """A log of stage 2's topics that grows step by step, with the jobs of the commands that the decider gives."""

    def __init__(self, build: Any) -> None:
        self.build, self.offsets, self.hours, self.events, self.negatives = build, dict.fromkeys(ORDER, 0), 0, 0, 0

    def record(self, event: Any) -> InputRecord:
        offset = self.offsets[event.TOPIC]
        self.offsets[event.TOPIC] += 1
        return self.build.record(event, offset=offset)

    def step(self, step: tuple[str, int, int], decider: Decider) -> list[InputRecord]:
        kind, first, second = step
        build = self.build
        if kind == "tick":
            self.hours += first
            return [self.record(ClockTicked(now=build.start + timedelta(hours=self.hours), interval_s=10))]
        if kind == "summary":
            self.events, self.negatives = self.events + first, self.negatives + min(first, second)
            return [self.record(build.summary(sequence=self.events, events=self.events, negatives=self.negatives))]
        if kind == "end":
            trigger = decider.triggers.get(build.model)
            command = trigger.command() if trigger else None
            if command is None:
                return []
            outcome, retryable = [("promoted", False), ("rejected", False), ("failed", True), ("no_data", False)][first]
            job = build.job(command.command_id, attempt=command.attempt, outcome=outcome, retryable=retryable)
            return [self.record(job)]
        worth = (None, "correction", "bare", "answerable")[(first // 4 + second) % 4] if kind == "sample" else None
        made = {
            "sample": lambda: build.sample(f"s{first}", revision=second, user_hash=f"{first % 4:032x}", negative_class=worth),
            "praise": lambda: build.sample(f"s{first}", revision=second, user_hash=f"{first % 4:032x}", negative=False, score=1.0),
            "erasure": lambda: build.erasure(f"{first:032x}"),
            "document": lambda: build.sample(f"d{first}", document=True, revision=second),
            "retract": lambda: build.sample(f"s{first}", revision=second, retracted=True, negative=False),
            "serving": lambda: build.serving(f"v{first}", "promotion"),
            "start": lambda: build.request("start", f"r{first}", job_id=f"j{first}"),
        }
        event = made[kind]() if kind in made else build.request(kind, f"r-{kind}")
        return [self.record(event)]


def decisions(effects: Effects) -> list[Any]:
    return [emitted.event for emitted in effects.events if isinstance(emitted.event, DECISIONS)]


@pytest.mark.parametrize("time", [datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, 23, 59, 58, 999_999, UTC)])
def test_k6_times_at_the_ends_of_the_calendar_stop_neither_stage(build: Any, time: datetime) -> None:
    """The first and the last moment that an event can have go through both stages as any other."""
    events = [build.feedback(), build.document(), build.erasure("0a" * 16), build.feedback("f2", user_hash="0a" * 16)]
    records = [msgspec.structs.replace(build.record(event, offset=at, time=time), timestamp_ms=0) for at, event in enumerate(events)]
    effects = Collector(0, build.intake_policy()).process(records)
    assert effects.dead_letters == []
    out = [InputRecord(found.topic, 0, at, found.key, found.value, tuple(found.headers)) for at, found in enumerate(effects.encoded)]
    assert len(out) >= 4
    decider = Decider(0, build.trigger_policy())
    decider.process([build.record(build.serving()), build.record(build.tick())])
    assert decider.process([*out, records[2], build.record(build.tick(10), offset=1)]).dead_letters == []
    tick = msgspec.structs.replace(build.record(build.tick(), offset=2), value=b'{"now":"0001-01-01T00:00:00+05:30","interval_s":10}')
    (notice,) = decider.process([tick]).notices
    assert (notice.kind, "now: expected an RFC 3339 time" in notice.message) == ("unreadable_tick", True)


def journals(build: Any, effects: Effects) -> list[TriggerJournal]:
    return build.emitted(effects, TriggerJournal)


@settings(max_examples=150)
@given(steps=st.lists(STEP, max_size=80), cut=st.integers(0, 80))
def test_journal_and_restart_give_the_same_decisions(build: Any, steps: list[Any], cut: int) -> None:
    """The journal alone makes every command again, batch hash included; a restart from changelog or snapshot changes no decision."""
    policy = build.trigger_policy(cool_down_minutes=90, schedule_interval_hours=200, max_per_user=2, min_users=2, drift=EAGER)
    decider, restored, copied = Decider(0, policy), Decider(0, policy), Decider(0, policy)
    log, made, entries, changelog = Log(build), [], [], {}
    for index, step in enumerate([("serving", 0, 0), ("tick", 1, 0), *steps]):
        records = log.step(step, decider)
        before = list(decider.save()) if index == cut else []
        effects = decider.process(records)
        made += decisions(effects)
        entries += journals(build, effects)
        if index < cut:
            changelog |= effects.changes
            continue
        if index == cut:
            for key, value in changelog.items():
                restored.load(key, value)
            for key, value in before:
                copied.load(key, value)
        assert restored.process(records) == effects
        assert copied.process(records) == effects
    replayed = [decision for decision in replay(build.model, policy, entries) if isinstance(decision, DECISIONS)]
    assert replayed == made
    running = [decision for decision in made if isinstance(decision, RetrainRequested)]
    assert len({(command.command_id, command.attempt) for command in running}) == len(running)


@given(order=st.permutations(range(6)))
def test_records_of_one_step_are_taken_in_the_stated_order(build: Any, order: list[int]) -> None:
    """However a batch lies, its records are taken by topic as in ORDER, then partition and offset."""
    log = Log(build)
    records = [
        log.record(event)
        for event in (build.serving(), build.request("pause"), build.sample("a"), build.sample("b"), build.summary(events=1), build.tick())
    ]
    expected = Decider(0, build.trigger_policy()).process(records)
    assert Decider(0, build.trigger_policy()).process([records[index] for index in order]) == expected
    kinds = [entry.kind for record in journals(build, expected) for entry in record.entries]
    assert kinds == ["serving", "request", "sample", "sample", "signal", "tick"]


def test_new_model_starts_with_the_newest_tick(build: Any) -> None:
    """A model that appears after a tick knows the time at once, and its journal begins with that tick."""
    decider, log = Decider(0, build.trigger_policy()), Log(build)
    decider.process([log.record(build.tick(60))])
    effects = decider.process([log.record(build.serving())])
    (record,) = journals(build, effects)
    assert [(entry.kind, entry.offset) for entry in record.entries] == [("tick", 0), ("serving", 0)]
    assert summary(decider.triggers[build.model])["last_tick"] is not None


def test_poison_goes_to_dead_letters_and_ticks_to_a_notice(build: Any) -> None:
    """An unreadable sample is a dead letter; an unreadable tick, which has no dead letters, is told as an alert."""
    decider = Decider(0, build.trigger_policy())
    effects = decider.process(
        [InputRecord(topics.SAMPLE_COLLECTED, 0, 4, b"k", b"{", (), 0), InputRecord(topics.CLOCK_TICKED, 0, 1, None, b"{", (), 0)]
    )
    assert [(letter.topic, letter.offset, letter.reader) for letter in effects.dead_letters] == [(topics.SAMPLE_COLLECTED, 4, "stage2")]
    assert [(notice.level, notice.kind) for notice in effects.notices] == [("alert", "unreadable_tick")]


def test_what_every_task_reads_makes_one_dead_letter(build: Any) -> None:
    """An unreadable job state is the letter of the task of its partition alone; an unreadable erasure is stage 1's."""
    poison = [InputRecord(topic, 1, 4, b"k", b"{", (), 0) for topic in (topics.TRAINING_STATE, topics.USER_ERASED)]
    letters = [Decider(partition, build.trigger_policy()).process(poison).dead_letters for partition in range(3)]
    assert [[letter.topic for letter in found] for found in letters] == [[], [topics.TRAINING_STATE], []]


def test_an_erasure_from_the_future_erases_nothing(build: Any) -> None:
    """An erasure dated ahead of the broker's clock would take what the user has not said yet."""
    decider, log = Decider(0, build.trigger_policy()), Log(build)
    decider.process([log.record(build.sample("a", user_hash=USER))])
    ahead = build.record(build.erasure(USER), time=build.start + timedelta(days=300))
    effects = decider.process([msgspec.structs.replace(ahead, timestamp_ms=round(build.start.timestamp() * 1000))])
    assert effects.outcomes[topics.USER_ERASED, "future_dated"] == 1
    assert decider.triggers[build.model].buffer.pending_negatives == 1


def test_jobs_of_models_elsewhere_are_not_journalled(build: Any) -> None:
    """training.state is read whole: an end of a model that lives in another partition leaves no trace here."""
    decider = Decider(0, build.trigger_policy())
    effects = decider.process([build.record(build.job("j"), offset=3), build.record(build.job("j", outcome=None), offset=4)])
    assert (effects.events, effects.encoded, effects.changes, decider.triggers) == ([], [], {}, {})


USER = "0a" * 16


def test_an_erasure_reaches_every_model_that_heard_the_user(build: Any) -> None:
    """The user's samples leave each model's buffer and changelog; models that had none of them journal nothing."""
    decider, log = Decider(0, build.trigger_policy()), Log(build)
    mine = [build.sample(f"s{model}", model=model, user_hash=USER, query="") for model in ("gemma", "llama")]
    decider.process([log.record(sample) for sample in (*mine, build.sample("s", model="phi"))])
    effects = decider.process([log.record(build.erasure(USER))])
    assert {record.model for record in journals(build, effects)} == {"gemma", "llama"}
    gone = {key for key, value in effects.changes.items() if value is None}
    assert gone == {f"b|{sample.model}|{sample.sample_id}".encode() for sample in mine}
    assert [len(trigger.buffer) for trigger in decider.triggers.values()] == [0, 0, 1]


def test_a_sample_on_its_way_during_the_erasure_stays_out(build: Any) -> None:
    """What stage 1 had taken before the erasure is refused behind it, after a restart too; what the user says later is taken."""
    decider, log = Decider(0, build.trigger_policy()), Log(build)
    effects = decider.process([log.record(build.erasure(USER))])
    restored = Decider(0, build.trigger_policy())
    for key, value in effects.changes.items():
        restored.load(key, value)
    late = log.record(build.sample("late", user_hash=USER))
    new = build.record(build.sample("new", user_hash=USER), offset=9, time=build.start + timedelta(seconds=1))
    for one in (decider, restored):
        effects = one.process([late, new])
        assert effects.outcomes[topics.SAMPLE_COLLECTED, "erased"] == 1
        assert one.triggers[build.model].buffer.pending_negatives == 1
    assert dict(restored.save()) == dict(decider.save())


def test_an_erasure_is_remembered_as_long_as_what_it_refuses_is_kept(build: Any) -> None:
    """After forty days nothing from before the erasure can come any more, and its state goes."""
    decider, log = Decider(0, build.trigger_policy()), Log(build)
    decider.process([log.record(build.tick()), log.record(build.erasure(USER))])
    effects = decider.process([log.record(build.tick(39 * 86_400))])
    assert None not in effects.changes.values()
    effects = decider.process([log.record(build.tick(41 * 86_400))])
    assert effects.changes[f"e|u:{USER}".encode()] is None


def test_a_drift_of_documents_is_decided_again_from_the_journal(build: Any, small_baseline: Baseline) -> None:
    """From sketches and texts: one drift with its terms, and its run. The journal makes both again, without the terms; it has no texts."""
    documents = [*made_documents(600, 5), *made_documents(1_200, 6, novel=1.0)]
    rows, groups = featurised(small_baseline, documents)
    policy = build.trigger_policy(drift=drift_policy(baseline={SHA: small_baseline}.get))
    decider, log, effects, entries = Decider(0, policy), Log(build), [], []
    baseline = DriftBaseline(uri="drift/m/v0", sha256=SHA, documents=4_000, from_day=date.min)
    effects.append(decider.process([log.record(build.serving(drift_baselines=(baseline,)))]))
    partitions, today = Partitions(), build.start.date().toordinal()
    for number, at in enumerate(range(-200, len(documents), 100)):
        # Two steps for the list of baselines to settle, then the documents.
        part = documents[max(at, 0) : at + 100] if at >= 0 else []
        samples = [build.sample(f"d{at + place}", document=True, text=one.text, group=one.source) for place, one in enumerate(part)]
        records = [log.record(sample) for sample in samples]
        if part:
            seen = partitions.add(number % 3, today, rows[at : at + 100], groups[at : at + 100])
            told = build.summary(kind="document", partition=number % 3, sequence=seen.sequence, events=9)
            records.append(log.record(told.model_copy(update={"baseline": SHA, "sketch": seen.sketch})))
        effects.append(decider.process([*records, log.record(build.tick(10 * number))]))
        entries += journals(build, effects[-1])
    entries = journals(build, effects[0]) + entries
    made = [decision for effect in effects for decision in decisions(effect)]
    assert [type(decision) for decision in made] == [DriftDetected, RetrainRequested]
    drift, command = made
    assert command.evidence["drift_id"] == drift.drift_id
    assert {"photon", "quartz"} <= {term.term for term in drift.rose}
    assert drift.rose[0].examples
    replayed = [decision for decision in replay(build.model, policy, entries) if isinstance(decision, DECISIONS)]
    assert replayed == [drift.model_copy(update={"rose": (), "fell": (), "term_documents": None}), command]
    assert not any("photon" in entry.model_dump_json() for entry in entries)
    unwatched = replay(build.model, build.trigger_policy(), entries)
    assert not any(isinstance(decision, DriftDetected) for decision in unwatched)


def test_a_journal_record_stays_under_the_brokers_limit(build: Any) -> None:
    """Entries with sketches are cut by their size, all others by their number; nothing is lost between."""
    sketch = "A" * 4_000
    seen = [SignalSeen("document", 0, 739_000, number, baseline=SHA, sketch=sketch) for number in range(500)]
    seen += [SignalSeen("feedback", 0, 739_000, number) for number in range(2 * ENTRIES_A_RECORD)]
    entries = [Entry(topics.SIGNAL_SUMMARISED, 0, number, one) for number, one in enumerate(seen)]
    found = list(journal("m", 7, entries))
    assert [len(record.entries) for record in found[:3]] == [155, 155, 155]
    assert max(len(msgspec.json.encode(record)) for record in found) < 800_000
    assert [record.first_sequence for record in found] == [7 + sum(len(other.entries) for other in found[:at]) for at in range(len(found))]
    assert sum(len(record.entries) for record in found) == len(entries)


def test_older_ticks_are_ignored(build: Any) -> None:
    """A tick of a second ticker that is not newer is counted and not journalled."""
    decider, log = Decider(0, build.trigger_policy()), Log(build)
    decider.process([log.record(build.serving()), log.record(build.tick(60))])
    effects = decider.process([log.record(build.tick(30)), log.record(build.tick(60))])
    assert effects.outcomes[topics.CLOCK_TICKED, "not_newer"] == 2
    assert (effects.events, effects.encoded) == ([], [])


def test_summary_is_json_and_says_what_blocks(build: Any) -> None:
    """The standing of a model is plain JSON: counts against the threshold, drift, the run, and why none can start."""
    decider, log = Decider(0, build.trigger_policy()), Log(build)
    decider.process([log.record(build.sample("a"))])
    shown = json.loads(json.dumps(summary(decider.triggers[build.model])))
    assert (shown["pending_negatives"], shown["threshold"], shown["running"]) == (1, 3, None)
    assert "abhyas bootstrap" in shown["blocked_because"]
    assert [(item["signal"], item["learning"]) for item in shown["drift"]] == [
        (signal, {"events": 0, "of": 2000}) for signal in ("negative_rate", "correction_rate")
    ]
    assert "has no drift baseline" in shown["drift_baseline"]["because"]
    decider.process([log.record(build.serving()), log.record(build.tick()), log.record(build.request("start", job_id="j"))])
    shown = summary(decider.triggers[build.model])
    assert (shown["running"], shown["attempt"], shown["batch"], shown["blocked_because"]) == ("j", 1, 1, None)
    decider.process([log.record(build.job("j", outcome="void"))])
    assert summary(decider.triggers[build.model])["cool_down_until"] is not None
    assert decider.state_keys == 2


def test_foreign_state_and_tombstones(build: Any) -> None:
    """A changelog key of another stage is named; tombstones take state away."""
    decider = Decider(0, build.trigger_policy())
    with pytest.raises(ValueError, match="stage 2"):
        decider.load(b"s|abc", b"[1]")
    effects = decider.process([build.record(build.serving()), build.record(build.tick())])
    for key in effects.changes:
        decider.load(key, None)
    assert decider.triggers[build.model].model_state.serving_version is None


def test_long_runs_of_entries_are_cut_and_gaps_are_refused(build: Any) -> None:
    """A journal record holds a bounded number of entries, numbered on without gaps; a replay over a gap is refused."""
    decider, log = Decider(0, build.trigger_policy(threshold=10**6)), Log(build)
    effects = decider.process([log.record(build.sample(f"s{number}")) for number in range(ENTRIES_A_RECORD + 5)])
    first, second = journals(build, effects)
    assert (len(first.entries), second.first_sequence, len(second.entries)) == (ENTRIES_A_RECORD, ENTRIES_A_RECORD, 5)
    assert replay("another", build.trigger_policy(), [first, second]) == []
    with pytest.raises(ValueError, match="entry 0 expected"):
        replay(build.model, build.trigger_policy(), [second])
    assert list(journal(build.model, 0, [])) == []


def test_the_log_tells_of_commands_and_drifts_without_their_batches(build: Any) -> None:
    """A command's line names job, attempt, model, rules and sizes, a drift's its id; a cancel has none."""
    decider = Decider(0, build.trigger_policy(threshold=1))
    command = decider.process([build.record(event) for event in (build.serving(), build.tick(), build.sample("a"))]).events[0].event
    assert log_line(command) == (
        "command published",
        {
            "job_id": command.command_id, "attempt": 1, "model": build.model, "rules": ["count"], "batch": 1, "samples": 1, "documents": 0,
        },
    )  # fmt: skip
    assert log_line(build.request("cancel", job_id="j")) is None


TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def commands_on_the_wire(build: Any, effects: Effects) -> list[WireRecord]:
    """The records of the commands among some effects."""
    routed = route(effects, source="abhyas/stage2", connection=KafkaConnection("nowhere:1"), partitions=PARTITIONS)
    return [one for (topic, _), found in routed.items() if topic.endswith(topics.RETRAIN_REQUESTED) for one in found]


def test_a_command_goes_on_in_the_trace_of_the_event_that_fired_it(build: Any) -> None:
    """The sample that made the count full, or a person's request: its traceparent is the command's, in the same bytes on every replay."""
    other = TRACE.replace("b7", "c8")
    ready = [build.record(build.serving()), build.record(build.tick()), build.record(build.sample("a"), traceparent=other)]
    firing = [build.record(build.sample("b"), offset=1, traceparent=TRACE), build.record(build.sample("c"), offset=2, traceparent=other)]
    found = []
    for _ in range(2):
        decider = Decider(0, build.trigger_policy(threshold=2))
        decider.process(ready)
        found.append(commands_on_the_wire(build, decider.process(firing)))
    ((command,),) = found[:1]
    assert dict(command.headers)["traceparent"] == TRACE.encode()
    assert found[0] == found[1]
    asked = Decider(0, build.trigger_policy())
    asked.process(ready)
    (command,) = commands_on_the_wire(build, asked.process([build.record(build.request("start", job_id="j"), traceparent=TRACE)]))
    assert dict(command.headers)["traceparent"] == TRACE.encode()


def test_a_command_that_a_tick_fires_is_part_of_no_trace(build: Any) -> None:
    """Nor is one that an event without a trace fires."""
    decider = Decider(0, build.trigger_policy(threshold=1))
    traced = build.record(build.sample("a"), traceparent=TRACE)
    effects = decider.process([build.record(build.serving()), traced, build.record(build.tick())])
    (command,) = commands_on_the_wire(build, effects)
    assert "traceparent" not in dict(command.headers)
    untraced = Decider(0, build.trigger_policy(threshold=1))
    untraced.process([build.record(build.serving()), build.record(build.tick())])
    (command,) = commands_on_the_wire(build, untraced.process([build.record(build.sample("a"))]))
    assert "traceparent" not in dict(command.headers)
