"""The drill's judge: an undisturbed history passes, and each kind of damage to it is named."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from bench.drill.clients import job_end, serving
from bench.drill.history import POISON_HEADER, POISON_TOPICS, Sent, make_history, model_names
from bench.drill.judge import Topics, Verdict, judge, poison_place
from bench.drill.run import ENVIRONMENT
from consumers.decide.status import summary
from consumers.engine.routing import route
from consumers.records import Effects, InputRecord
from consumers.settings import ConsumerSettings
from consumers.stages import stage1, stage2
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.transaction import partition_of
from schemas import envelope, topics
from schemas.events.clock_ticked import ClockTicked
from schemas.events.retrain_requested import RetrainRequested

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
CONNECTION = KafkaConnection("nowhere:1", topic_prefix="drill")
COUNTS = {spec.name: spec.partitions for spec in topics.specs("drill")}
EVENTS, POISON = 1_500, 100


class Log:
    """Topics in memory, by full name; what is appended gets its partition's next offset."""

    def __init__(self) -> None:
        self.records: dict[str, list[Any]] = {}

    def append(self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Iterable[Any]) -> Any:
        there = self.records.setdefault(topic, [])
        offset = sum(record.partition == partition for record in there)
        record = SimpleNamespace(topic=topic, partition=partition, offset=offset, key=key, value=value, headers=tuple(headers))
        there.append(record)
        return record

    def take(self, effects: Effects, stage: str) -> None:
        routed = route(effects, source=f"abhyas/{stage}", connection=CONNECTION, partitions=COUNTS)
        for (topic, partition), records in routed.items():
            for record in records:
                self.append(topic, partition, record.key, record.value, record.headers)

    def of(self, name: str) -> list[Any]:
        return sorted(self.records.get(CONNECTION.topic(name), []), key=lambda record: (record.partition, record.offset))


def put(log: Log, sent: Sent) -> Any:
    topic = CONNECTION.topic(sent.topic)
    partition = partition_of(sent.key, COUNTS[topic]) if sent.key is not None else 0
    return log.append(topic, partition, sent.key, sent.value, sent.headers)


def seen(name: str, record: Any) -> InputRecord:
    return InputRecord(name, record.partition, record.offset, record.key, record.value, record.headers, round(NOW.timestamp() * 1000))


@pytest.fixture(scope="module")
def undisturbed() -> tuple[Topics, list[Sent], list[dict[str, Any]], ConsumerSettings]:
    """The history through the pure stages, batch by batch, as the shell would have it."""
    settings = ConsumerSettings.model_validate({name.lower(): value for name, value in ENVIRONMENT.items()})
    collectors = [stage1(settings).new_task(partition) for partition in range(topics.INPUT_PARTITIONS)]
    deciders = [stage2(settings).new_task(partition) for partition in range(topics.MODEL_PARTITIONS)]
    history, log = make_history(EVENTS, seed=3, poison=POISON, now=NOW), Log()
    done = {"commands": 0, "ticks": 0}
    read: dict[tuple[str, int], int] = {}

    def unread(name: str, partition: int) -> list[InputRecord]:
        found = [seen(name, record) for record in log.of(name) if record.partition == partition]
        start = read.get((name, partition), 0)
        read[name, partition] = len(found)
        return found[start:]

    def decide(extra: list[InputRecord]) -> None:
        for partition, decider in enumerate(deciders):
            mine = [record for record in extra if record.topic != topics.MODEL_CURRENT or record.partition == partition]
            records = [
                record
                for name in (topics.SAMPLE_COLLECTED, topics.SIGNAL_SUMMARISED, topics.OPERATOR_REQUESTED)
                for record in unread(name, partition)
            ]
            log.take(decider.process([*mine, *records]), "stage2")
        commands = log.of(topics.RETRAIN_REQUESTED)
        fresh = sorted((record for record in commands), key=lambda record: record.offset)
        ends = []
        for record in fresh:
            if id(record) in ended:
                continue
            ended.add(id(record))
            _, command = envelope.decode(record.value, record.headers, RetrainRequested)
            ends.append(seen(topics.TRAINING_STATE, put(log, job_end(command, NOW))))
        if ends:
            decide(ends)

    ended: set[int] = set()
    decide([seen(topics.MODEL_CURRENT, put(log, serving(model, NOW))) for model in model_names()])
    for start in range(0, len(history), 100):
        for sent in history[start : start + 100]:
            put(log, sent)
        for partition, collector in enumerate(collectors):
            records = [record for name in (topics.FEEDBACK_SUBMITTED, topics.DOCUMENT_INGESTED) for record in unread(name, partition)]
            log.take(collector.process(records), "stage1")
        done["ticks"] += 1
        moment = NOW + timedelta(seconds=done["ticks"])
        wire = envelope.encode(ClockTicked(now=moment, interval_s=1), source="drill", time=moment)
        decide([seen(topics.CLOCK_TICKED, put(log, Sent(topics.CLOCK_TICKED, None, wire.value, wire.headers)))])
    letters = [record for name in POISON_TOPICS for record in log.records.get(CONNECTION.dead_letters(name), [])]
    poison = {
        poison_place(name, record): record for name in POISON_TOPICS for record in log.of(name) if POISON_HEADER in dict(record.headers)
    }
    samples = [record for record in log.of(topics.SAMPLE_COLLECTED) if POISON_HEADER not in dict(record.headers)]
    found = Topics(
        log.of(topics.FEEDBACK_SUBMITTED) + log.of(topics.DOCUMENT_INGESTED), samples, log.of(topics.SIGNAL_SUMMARISED),
        log.of(topics.RETRAIN_REQUESTED), log.of(topics.TRIGGER_JOURNAL), poison, letters,
    )  # fmt: skip
    processed = sum(collector.totals.processed for collector in collectors)
    duplicates = sum(collector.totals.duplicates for collector in collectors)
    models = {model: summary(trigger) for decider in deciders for model, trigger in decider.triggers.items()}
    states = [{"stage1": {"processed": processed, "duplicates_ignored": duplicates}, "models": models}]
    return found, history, states, settings


Undisturbed = tuple[Topics, list[Sent], list[dict[str, Any]], ConsumerSettings]


def judged(undisturbed: Undisturbed, **damage: Callable[[Any], Any]) -> Verdict:
    found, history, states, settings = undisturbed
    damaged = replace(found, **{part: change(getattr(found, part)) for part, change in damage.items()})
    return judge(damaged, history, states, settings.trigger_policy())


def test_an_undisturbed_history_passes(undisturbed: Undisturbed) -> None:
    """Everything is there once: samples, day counts, dead letters of every kind of poison, commands and leases."""
    verdict = judged(undisturbed)
    assert verdict.violations == []
    assert verdict.counts["poison"]["in_dead_letters"] == POISON
    assert verdict.counts["commands"]["found"] > 10
    assert min(verdict.counts["input"][kind] for kind in ("duplicates", "stale", "revised", "retracted")) > 0


@pytest.mark.parametrize(
    ("part", "damage", "words"),
    [
        ("inputs", lambda records: records[1:], "input missing"),
        ("samples", lambda records: records[1:], "samples lost"),
        ("samples", lambda records: [*records, records[0]], "samples doubled"),
        ("samples", lambda records: [*records, altered(records[0], b'"sample_id":"', b'"sample_id":"0')], "samples extra"),
        ("samples", lambda records: [altered(records[0], b'"offset":', b'"offset":9'), *records[1:]], "samples wrong"),
        ("summaries", lambda records: [*records, records[-1]], "day_counts wrong"),
        ("summaries", lambda records: [altered(records[0], b'"events":', b'"events":9'), *records[1:]], "day_counts wrong"),
        ("summaries", lambda records: records[:-1], "day_counts unfinished"),
        ("commands", lambda records: records[:-1], "commands lost"),
        ("commands", lambda records: [*records, records[-1]], "commands doubled"),
        ("commands", lambda records: [*records, altered(records[-1], b'"cmd-', b'"cmd-0')], "commands extra"),
        ("commands", lambda records: [*records, altered(records[-1], b'"cmd-', b'"cmd-0')], "leases leased_twice"),
        ("journal", lambda records: [*records, records[-1]], "journal wrong"),
        ("journal", lambda records: [*records, records[-1]], "commands not_decided_again"),
        ("letters", lambda records: records[1:], "poison lost"),
        ("letters", lambda records: [*records, records[0]], "poison doubled"),
        ("letters", lambda records: [renamed(records[0]), *records[1:]], "poison altered"),
    ],
)
def test_damage_is_named(undisturbed: Undisturbed, part: str, damage: Callable[[Any], Any], words: str) -> None:
    """Whatever is lost, doubled, extra or altered on any topic is a violation that says so."""
    assert any(line.startswith(words) for line in judged(undisturbed, **{part: damage}).violations)


def test_wrong_state_is_named(undisturbed: Undisturbed) -> None:
    """Counts of /state that are not the history's are violations, and so is a negative that neither waits nor is leased."""
    found, history, _states, settings = undisturbed
    off = {"stage1": {"processed": 1, "duplicates_ignored": 2}, "models": {}}
    lines = judge(found, history, [off], settings.trigger_policy()).violations
    for words in ("totals processed", "totals duplicates_ignored", "leases wrong"):
        assert any(line.startswith(words) for line in lines)


def altered(record: Any, before: bytes, after: bytes) -> Any:
    """The record with a part of its value replaced."""
    assert before in record.value
    return SimpleNamespace(**vars(record) | {"value": record.value.replace(before, after, 1)})


def renamed(record: Any) -> Any:
    """The record with another key."""
    return SimpleNamespace(**vars(record) | {"key": b"another"})
