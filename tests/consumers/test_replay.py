"""Replay of stage 1: the same partition contents give the same samples and counts, byte for byte, however they are read."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition

from consumers.collect.collector import Collector
from consumers.engine.shard import Shard
from consumers.engine.stage import OwnedTask, shard_partitions
from consumers.metrics import ConsumerMetrics
from consumers.records import InputRecord, LogPlace
from consumers.stages import collecting
from runtime.kafka.connection import KafkaConnection
from schemas import topics
from schemas.envelope import Encoded, decode
from schemas.events.sample_collected import SampleCollected
from schemas.events.signal_summarised import SignalSummarised
from schemas.events.turn_completed import TurnCompleted
from tests.consumers.collect.joined import by_place, step

CONNECTION = KafkaConnection("nowhere:1")
COUNTS = {spec.name: spec.partitions for spec in topics.specs()}
INPUTS = (topics.FEEDBACK_SUBMITTED, topics.TURN_COMPLETED, topics.DOCUMENT_INGESTED, topics.USER_ERASED)
PARTITIONS = 3
DAY_S = 86_400
USERS = ("0" * 31 + "1", "0" * 31 + "2")
# (what, number, revision): feedback of two users, turns and what is said of them, documents and erasures, in whatever order, sent again as
# it pleases.
KINDS = ("feedback", "feedback", "feedback", "retraction", "document", "erasure", "turn", "turn", "rating", "rating")
LATENESS_S = 3 * DAY_S
# The content of what a user takes back.
TAKEN_BACK = "0" * 16


def said_at_s(what: str, number: int, revision: int) -> int:
    """The event time, which an originator sets once: later for a later revision, and for a retraction."""
    if what == "erasure":
        return number * 2 * DAY_S + 5000
    if what == "turn":
        return number * DAY_S + number * 4000 - 1500
    if what == "rating":
        # No revision comes after its sample is forgotten: it would be a sample of its own, beside one that may have waited.
        return number * DAY_S + number * 4000 + revision * DAY_S // 2
    return number * DAY_S + number * 4000 + revision * 2 * DAY_S + (3000 if what == "retraction" else 0)


def four_logs(build: Any, history: Sequence[tuple[str, int, int]], partition: int) -> list[list[InputRecord]]:
    """The history as the four inputs of one partition, each in its own order."""
    logs: dict[str, list[InputRecord]] = {topic: [] for topic in INPUTS}
    for what, number, revision in history:
        if what == "document":
            event = build.document(f"d{number}", version=revision, text=f"दस्तावेज़ {number}")
        elif what == "erasure":
            event = build.erasure(USERS[number % 2])
        elif what == "turn":
            event = TurnCompleted(
                turn_id=f"t{number}", user_hash=USERS[number % 2], query=f"q{number}", response=f"r{revision}", model="m2"
            )
        elif what == "rating":
            said = {"user_hash": USERS[number % 2], "turn_id": f"t{number}", "query": "", "response": "", "model": "m1"}
            event = build.feedback(f"g{number}", revision=revision, **said)
        else:
            event = build.feedback(f"f{number}", user_hash=USERS[number % 2], revision=revision, retracted=what == "retraction")
        log = logs[event.TOPIC]
        time = build.start + timedelta(seconds=said_at_s(what, number, revision))
        record = build.record(event, partition=partition, offset=len(log), source=f"chat-{partition}", time=time)
        log.append(msgspec.structs.replace(record, timestamp_ms=round((build.start + timedelta(days=30)).timestamp() * 1000)))
    return list(logs.values())


def erased_s(history: Sequence[tuple[str, int, int]]) -> dict[str, int]:
    """Until when each user's words are erased, told from the history alone."""
    found: dict[str, int] = {}
    for what, number, revision in history:
        if what == "erasure":
            user = USERS[number % 2]
            found[user] = max(found.get(user, -1), said_at_s(what, number, revision))
    return found


def ring_starts(build: Any, history: Sequence[tuple[str, int, int]]) -> dict[str, str]:
    """The first day of each input that anything can still be accepted for, told from the history alone."""
    starts = {}
    for kind, whats in (("feedback", ("feedback", "retraction", "rating")), ("document", ("document",))):
        times = [said_at_s(*event) for event in history if event[0] in whats]
        if times:
            starts[kind] = str((build.start + timedelta(seconds=max(times) - LATENESS_S)).date())
    return starts


class KeepingWriter:
    """Keeps what each transaction would have written to the outputs."""

    def __init__(self) -> None:
        self.written: list[tuple[str, Any]] = []
        self.reached: dict[tuple[str, int], int] = {}

    async def commit(self, routed: Any, *, offsets: Any = (), group: str = "") -> float:
        for (topic, _), records in routed.items():
            self.written += [(topic, record) for record in records]
        return 0.001


def new_collector(build: Any, partition: int) -> Collector:
    return Collector(partition, build.intake_policy(lateness_s=LATENESS_S))


def what_is_left(build: Any, history: Any, records: Sequence[Any]) -> tuple[Any, Any]:
    """The last revision of each sample as its bytes, but for what was erased; and the newest counts of each day in the ring, by model."""
    newest: dict[tuple[str, str], tuple[Any, SampleCollected, bytes]] = {}
    counts: dict[tuple[str, str, str], tuple[int, dict[str, int]]] = {}
    for topic, record in records:
        if topic == topics.SAMPLE_COLLECTED:
            sample = decode(record.value, record.headers, SampleCollected)[1]
            # As stage 2 orders them: what only moved is as late as the words that it says it of.
            rank = (sample.revision, sample.retracted and not sample.moved, sample.occurred_at, sample.content)
            place = (sample.sample_id, sample.model)
            if place not in newest or rank > newest[place][0]:
                newest[place] = (rank, sample, record.value)
        elif topic == topics.SIGNAL_SUMMARISED:
            summary = decode(record.value, record.headers, SignalSummarised)[1]
            counts[summary.input, str(summary.event_day), summary.model] = summary.sequence, summary.counts
    until, starts = erased_s(history), ring_starts(build, history)
    live = {
        name: value
        for name, (_, sample, value) in newest.items()
        if (sample.occurred_at - build.start).total_seconds() > until.get(sample.user_hash or "", -1)
        # Taken back with the words of an erased turn: where the erasure was read first, it never had any.
        and not (sample.retracted and sample.content != TAKEN_BACK)
        and not is_unsure(sample, until, starts)
    }
    return live, {day: found for day, (_, found) in counts.items() if any(found.values()) and day[1] >= starts[day[0]]}


def is_unsure(sample: SampleCollected, until: dict[str, int], starts: dict[str, str]) -> bool:
    """Whether it has the words of a turn that was erased, and may have been forgotten before the erasure was read."""
    if sample.turn_id is None or str(sample.occurred_at.date()) >= starts["feedback"]:
        return False
    return said_at_s("turn", int(sample.turn_id[1:]), 0) <= until.get(sample.user_hash or "", -(10**9))


def expected_of(build: Any, history: Any, logs: Sequence[Sequence[InputRecord]], partition: int) -> tuple[Any, Any]:
    """What one task makes of one input after the other, record by record."""
    collector = new_collector(build, partition)
    encoded: list[Encoded] = []
    there = by_place(record for log in logs for record in log)
    for log in logs:
        for record in log:
            encoded += step(collector, [record], there).encoded
    return what_is_left(build, history, [(record.topic, record) for record in encoded])


class WholeLog:
    """Every record of every partition, for whoever wants to see one again."""

    def __init__(self, logs: Sequence[Sequence[Sequence[InputRecord]]]) -> None:
        self._partitions = [by_place(record for log in partition for record in log) for partition in logs]

    async def read(self, partition: int, places: Sequence[LogPlace]) -> dict[LogPlace, InputRecord | None]:
        return {place: self._partitions[partition][place] for place in places}

    async def stop(self) -> None:
        return


def new_shard(build: Any, partitions: Sequence[int], writer: KeepingWriter, originals: WholeLog) -> Shard:
    stage = collecting(lambda partition: new_collector(build, partition))
    owned = {partition: OwnedTask(new_collector(build, partition)) for partition in partitions}
    start = {(topic, partition): 0 for topic in INPUTS for partition in partitions}
    made = Shard(stage, 0, owned, start, writer, CONNECTION, COUNTS, ConsumerMetrics(), failed, originals)  # type: ignore[arg-type]
    made._subscriber = SimpleNamespace(consumer=SimpleNamespace(seek=lambda tp, offset: None, handed={}, position=at_the_beginning))
    made.position_once()
    return made


def failed(error: BaseException) -> None:
    raise error


async def at_the_beginning(tp: TopicPartition) -> int:
    return 0


def fetches(rng: random.Random, logs: Sequence[Sequence[InputRecord]]) -> Iterator[list[InputRecord]]:
    """The records in any interleaving of their partitions, cut into any batches; now and then one is delivered again."""
    waiting = [list(log) for log in logs if log]
    batch: list[InputRecord] = []
    while waiting:
        log = rng.choice(waiting)
        taken = log[: rng.randint(1, 4)]
        del log[: len(taken)]
        batch += taken
        waiting = [log for log in waiting if log]
        if rng.random() < 0.4:
            yield batch
            if rng.random() < 0.2:
                yield batch
            batch = []
    if batch:
        yield batch


def fetched(records: Sequence[InputRecord]) -> Any:
    return [
        SimpleNamespace(
            topic=CONNECTION.topic(record.topic), partition=record.partition, offset=record.offset, key=record.key,
            value=record.value, headers=record.headers, timestamp=record.timestamp_ms,
        )
        for record in records
    ]  # fmt: skip


def drawn(build: Any, rng: random.Random) -> tuple[list[Any], list[list[list[InputRecord]]], list[tuple[Any, Any]]]:
    """Histories of the partitions, their logs, and what has to come of each."""
    histories = [[(rng.choice(KINDS), rng.randrange(6), rng.randrange(3)) for _ in range(50)] for _ in range(PARTITIONS)]
    logs = [four_logs(build, history, partition) for partition, history in enumerate(histories)]
    return histories, logs, [expected_of(build, history, logs[partition], partition) for partition, history in enumerate(histories)]


def test_turns_are_joined_in_what_is_replayed(build: Any) -> None:
    """Samples with the words of a turn are among those that every reading has to give."""
    found = [value for seed in range(5) for live, _ in drawn(build, random.Random(seed))[2] for value in live.values()]
    assert sum(b'"turn_id"' in value for value in found) > 5


@pytest.mark.parametrize("seed", range(200))
async def test_replay_gives_the_same_bytes(build: Any, seed: int) -> None:
    """Any sharding, batching, interleaving and duplication gives the same samples as bytes, and the same counts of each day."""
    rng = random.Random(seed)
    histories, logs, expected = drawn(build, rng)
    written: dict[int, list[Any]] = {partition: [] for partition in range(PARTITIONS)}
    for group in shard_partitions(PARTITIONS, rng.randint(1, PARTITIONS)):
        writer = KeepingWriter()
        shard = new_shard(build, group, writer, WholeLog(logs))
        for records in fetches(rng, [log for partition in group for log in logs[partition]]):
            await shard.handle(fetched(records))
        for topic, record in writer.written:
            name = topic.removeprefix("abhyas.")
            if name in (topics.SAMPLE_COLLECTED, topics.SIGNAL_SUMMARISED):
                written[partition_of_output(record)].append((name, record))
    assert [what_is_left(build, history, written[partition]) for partition, history in enumerate(histories)] == expected
    assert sum(len(live) for live, _ in expected) > 0


def partition_of_output(record: Any) -> int:
    """The input partition that an output tells of."""
    told = msgspec.json.decode(record.value)
    return int(told["partition"] if "partition" in told else told["provenance"]["partition"])
