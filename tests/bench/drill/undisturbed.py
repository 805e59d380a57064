"""The drill's history through the pure stages, batch by batch, as the shell would have it: no broker, no fault but the planted one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from bench.drill.clients import job_end, serving
from bench.drill.history import make_history, model_names
from bench.drill.judge import Topics
from bench.drill.places import INPUTS, Deletion
from bench.drill.poison import POISON_TOPICS
from bench.drill.run import ENVIRONMENT
from bench.drill.sent import Sent
from consumers.collect.collector import Collector
from consumers.collect.totals import summed
from consumers.decide.decider import Decider
from consumers.decide.status import summary
from consumers.engine.routing import route
from consumers.records import Effects, InputRecord, LogPlace
from consumers.settings import ConsumerSettings
from consumers.stages import stage1, stage2
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.transaction import partition_of
from schemas import envelope, topics
from schemas.events.clock_ticked import ClockTicked
from schemas.events.retrain_requested import RetrainRequested
from tests.consumers.collect.joined import apply, step

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
NOW_MS = round(NOW.timestamp() * 1000)
CONNECTION = KafkaConnection("nowhere:1", topic_prefix="drill")
COUNTS = {spec.name: spec.partitions for spec in topics.specs("drill")}
SETTINGS = ConsumerSettings.model_validate({name.lower(): value for name, value in ENVIRONMENT.items()})
BATCH = 100
# A topic is read in every so manieth batch, so that turns come before their feedback and after it, and erasures late.
READ_EVERY = {topics.FEEDBACK_SUBMITTED: 2, topics.TURN_COMPLETED: 3, topics.DOCUMENT_INGESTED: 1, topics.USER_ERASED: 4}


class Log:
    """Topics in memory, by full name and partition; what is appended gets the next offset."""

    def __init__(self) -> None:
        self.partitions: dict[tuple[str, int], list[Any]] = {}

    def append(self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Iterable[Any]) -> Any:
        there = self.partitions.setdefault((topic, partition), [])
        record = SimpleNamespace(
            topic=topic, partition=partition, offset=len(there), key=key, value=value, headers=tuple(headers), timestamp=NOW_MS
        )
        there.append(record)
        return record

    def put(self, sent: Sent) -> Any:
        topic = CONNECTION.topic(sent.topic)
        partition = partition_of(sent.key, COUNTS[topic]) if sent.key is not None else 0
        return self.append(topic, partition, sent.key, sent.value, sent.headers)

    def take(self, effects: Effects, stage: str) -> None:
        routed = route(effects, source=f"abhyas/{stage}", connection=CONNECTION, partitions=COUNTS)
        for (topic, partition), records in routed.items():
            for record in records:
                self.append(topic, partition, record.key, record.value, record.headers)

    def partition(self, name: str, number: int) -> list[Any]:
        return self.partitions.get((CONNECTION.topic(name), number), [])

    def of(self, name: str) -> list[Any]:
        return [record for number in range(COUNTS[CONNECTION.topic(name)]) for record in self.partition(name, number)]


def seen(name: str, record: Any) -> InputRecord:
    return InputRecord(name, record.partition, record.offset, record.key, record.value, record.headers, record.timestamp)


@dataclass
class Stages:
    """Both stages over one log. `kept` says which changelog records a restart of stage 1 brings back; it restarts after every batch.

    `deleting` says after which batch the records of a topic and partition that were read are deleted.
    """

    collector: type[Collector] = Collector
    kept: Callable[[bytes], bool] | None = None
    deleting: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    log: Log = field(default_factory=Log)
    collectors: list[Collector] = field(default_factory=list)
    deciders: list[Any] = field(default_factory=list)
    deletions: list[Deletion] = field(default_factory=list)
    _read: dict[tuple[str, int, str], int] = field(default_factory=dict)
    _changelogs: list[dict[bytes, bytes]] = field(default_factory=list)
    _originals: list[dict[LogPlace, InputRecord]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for partition in range(topics.INPUT_PARTITIONS):
            self.collectors.append(self._new(partition))
            self._changelogs.append({})
            self._originals.append({})
        self.deciders = [stage2(SETTINGS).new_task(partition) for partition in range(topics.MODEL_PARTITIONS)]

    def run(self, history: list[Sent]) -> None:
        """The whole history; at the end of it everything is read."""
        self.decide([seen(topics.MODEL_CURRENT, self.log.put(serving(model, NOW))) for model in model_names()])
        for number, start in enumerate(range(0, len(history), BATCH)):
            for sent in history[start : start + BATCH]:
                self.log.put(sent)
            last = start + BATCH >= len(history)
            self.collect([name for name in INPUTS if last or number % READ_EVERY[name] == 0])
            if number in self.deleting:
                self.delete(*self.deleting[number])
            moment = NOW + timedelta(seconds=number)
            wire = envelope.encode(ClockTicked(now=moment, interval_s=1), source="drill", time=moment)
            self.decide([seen(topics.CLOCK_TICKED, self.log.put(Sent(topics.CLOCK_TICKED, None, wire.value, wire.headers)))])

    def collect(self, names: Iterable[str]) -> None:
        """A batch of stage 1 in each partition, and a restart where they are planned."""
        for partition, collector in enumerate(self.collectors):
            records = [record for name in names for record in self._unread(name, partition, "stage1")]
            self._originals[partition] |= {(record.topic, record.offset): record for record in records}
            effects = step(collector, records, self._originals[partition])
            apply(self._changelogs[partition], effects)
            self.log.take(effects, "stage1")
            if self.kept is not None:
                self.collectors[partition] = self._new(partition)
                for key, value in self._changelogs[partition].items():
                    if self.kept(key):
                        self.collectors[partition].load(key, value)

    def delete(self, name: str, partition: int) -> None:
        """What was read of a partition is in the log no longer."""
        read = {topic: self._read[topic, partition, "stage1"] for topic in (topics.FEEDBACK_SUBMITTED, topics.TURN_COMPLETED)}
        self.deletions.append(Deletion(name, partition, read[name], read))
        there = self._originals[partition]
        self._originals[partition] = {place: record for place, record in there.items() if not (place[0] == name and place[1] < read[name])}

    def decide(self, extra: list[InputRecord]) -> None:
        """A batch of stage 2 in each partition, and one more with the ends of the jobs that were asked for."""
        extra = extra + [
            record for partition in range(topics.INPUT_PARTITIONS) for record in self._unread(topics.USER_ERASED, partition, "stage2")
        ]
        for partition, decider in enumerate(self.deciders):
            mine = [record for record in extra if record.topic != topics.MODEL_CURRENT or record.partition == partition]
            for name in (topics.SAMPLE_COLLECTED, topics.SIGNAL_SUMMARISED, topics.OPERATOR_REQUESTED):
                mine += self._unread(name, partition, "stage2")
            self.log.take(decider.process(mine), "stage2")
        partitions = range(topics.MODEL_PARTITIONS)
        commands = [record for number in partitions for record in self._unread(topics.RETRAIN_REQUESTED, number, "runner")]
        if commands:
            decoded = [envelope.decode(record.value, record.headers, RetrainRequested)[1] for record in commands]
            self.decide([seen(topics.TRAINING_STATE, self.log.put(job_end(command, NOW))) for command in decoded])

    def topics(self) -> Topics:
        """What the judge reads."""
        by_name = {name: self.log.of(name) for name in (full.removeprefix("drill.") for full in COUNTS)}
        letters = [record for name in POISON_TOPICS for record in by_name[f"{name}{topics.DLQ_SUFFIX}"]]
        return Topics.of(by_name, letters, self.deletions)

    def states(self) -> list[dict[str, Any]]:
        """What /state would say."""
        deciders: list[Decider] = self.deciders
        models = {model: summary(trigger) for decider in deciders for model, trigger in decider.triggers.items()}
        return [{"stage1": summed(collector.status() for collector in self.collectors), "models": models}]

    def _new(self, partition: int) -> Collector:
        task: Any = stage1(SETTINGS).new_task(partition)
        return self.collector(partition, task._policy)

    def _unread(self, name: str, partition: int, reader: str) -> list[InputRecord]:
        there, start = self.log.partition(name, partition), self._read.get((name, partition, reader), 0)
        self._read[name, partition, reader] = len(there)
        return [seen(name, record) for record in there[start:]]


def told(events: int, *, seed: int, poison: int, **planted: Any) -> tuple[Topics, list[Sent], list[dict[str, Any]]]:
    """A history and what comes of it."""
    history, stages = make_history(events, seed=seed, poison=poison, now=NOW), Stages(**planted)
    stages.run(history)
    return stages.topics(), history, stages.states()
