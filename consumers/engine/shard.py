"""One shard of a stage: its partitions' batches, each through the pure tasks and into one transaction.

FastStream is the shell: a batch subscriber on fixed partitions, without a group, records undecoded. It swallows what a
handler raises, so the shard keeps its failure and stops; the service ends the process.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, cast

import structlog
from aiokafka import TopicPartition
from faststream import AckPolicy
from faststream.exceptions import StopConsume
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka import TopicPartition as SubscribedPartition
from faststream.kafka.message import FAKE_CONSUMER

from consumers.engine.changelog import changelog_records, state_records
from consumers.engine.fetch_pace import KAFKA_WAIT_MS, LISTEN_MS, SHORTEST_WAIT_MS
from consumers.engine.originals import ReadsOriginals, at_hand
from consumers.engine.routing import route
from consumers.engine.stage import InputPartition, JoiningTask, OwnedTask, Stage
from consumers.metrics import ConsumerMetrics
from consumers.records import Effects, InputRecord, Notice
from consumers.state_keys import SHARDS_KEY
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.transaction import Routed, TransactionalWriter
from schemas.dead_letter import DeadLetter
from schemas.envelope import WireRecord

log = structlog.get_logger()

# Compressed bytes of one partition in one fetch; Kafka gives a larger record batch whole.
FETCH_BYTES: Final = 64 * 1024
# How often the consumer group is told while records come: it is for tools that show lag, and costs two of a transaction's requests.
SHOW_EVERY_S: Final = 1.0


async def leave_unparsed(records: tuple[Any, ...]) -> KafkaMessage:
    """FastStream's default parser decodes every header; one without a value, or not UTF-8, would lose the batch before we see it."""
    return KafkaMessage(records, b"", message_id="batch", correlation_id="batch", consumer=FAKE_CONSUMER)


async def leave_undecoded(message: KafkaMessage) -> object:
    """FastStream's default decoder would parse every value as JSON once more.

    Not the message itself: it keeps what this returns, and every batch would wait in a cycle for the garbage collector.
    """
    return message.raw_message


@dataclass(slots=True)
class ShardProgress:
    """What the shard has done, for readiness: commits, whether a batch is in hand, the last record's time, whether it has failed.

    `held` says why it takes nothing more, although it has not failed.
    """

    commits: int = 0
    last_commit_s: float = 0.0
    in_hand: bool = False
    last_record_ms: int = 0
    failed: bool = False
    held: str | None = None


@dataclass(slots=True)
class Shard:
    """A shard with its restored tasks; `start` are the offsets that it reads on from, by place.

    `originals` reads records once more for the tasks of a stage that joins.
    """

    stage: Stage
    number: int
    tasks: Mapping[int, OwnedTask]
    start: Mapping[InputPartition, int]
    writer: TransactionalWriter
    connection: KafkaConnection
    partitions: Mapping[str, int]
    metrics: ConsumerMetrics
    on_failure: Callable[[BaseException], None]
    originals: ReadsOriginals | None = None
    progress: ShardProgress = field(default_factory=ShardProgress)
    _names: dict[str, str] = field(init=False, default_factory=dict)
    _next: dict[TopicPartition, int] = field(init=False, default_factory=dict)
    _subscriber: Any = field(init=False, default=None)
    _positioned: bool = field(init=False, default=False)
    # Offsets that the consumer group does not have yet, and when it was last told.
    _unshown: dict[TopicPartition, int] = field(init=False, default_factory=dict)
    _shown_s: float = field(init=False, default=-math.inf)
    # One transaction at a time: a batch, or the write of an idle changelog.
    _turn: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        if self.stage.joins != (self.originals is not None):
            raise ValueError(f"stage {self.stage.name}: expected a reader of originals where its tasks join, and only there")
        self._names = {self.connection.topic(name): name for name, _ in self.start}
        self._next = {TopicPartition(self.connection.topic(name), partition): offset for (name, partition), offset in self.start.items()}

    def subscribe(self, broker: KafkaBroker, *, max_records: int) -> None:
        """Registers the shard's subscriber; it reads once the broker is started."""
        self._subscriber = broker.subscriber(
            partitions=[SubscribedPartition(tp.topic, tp.partition) for tp in self._next],
            batch=True,
            max_records=max_records,
            # Both are for the first moments only: the consumer has a pace of its own.
            batch_timeout_ms=SHORTEST_WAIT_MS,
            fetch_max_wait_ms=KAFKA_WAIT_MS if self.connection.wakes_fetches else SHORTEST_WAIT_MS,
            # How often its fetcher wakes for nothing; whatever there is to do wakes it at once.
            consumer_timeout_ms=LISTEN_MS,
            # Never to another offset than asked for, see `consumers.engine.shard_consumer`; the seek below decides where to begin.
            auto_offset_reset="none",
            check_crcs=self.connection.has_crcs,
            isolation_level="read_committed",
            ack_policy=AckPolicy.MANUAL,
            # aiokafka empties one partition's fetch before it looks at the next: 1 MiB of compressed records may be 12,000 of a hot key.
            max_partition_fetch_bytes=FETCH_BYTES,
            parser=leave_unparsed,
            decoder=leave_undecoded,
            no_reply=True,
            include_in_schema=False,
        )
        self._subscriber(self.handle)

    @property
    def consumer(self) -> Any:
        """FastStream's consumer while it runs, else None."""
        return self._subscriber.consumer if self._subscriber is not None else None

    @property
    def places(self) -> Sequence[TopicPartition]:
        """What the shard reads."""
        return tuple(self._next)

    def positions(self) -> dict[InputPartition, int]:
        """The next offset of each input, by topic without prefix."""
        return {(self._names[tp.topic], tp.partition): offset for tp, offset in self._next.items()}

    def position_once(self) -> bool:
        """Seeks to the restored offsets, once; True where this call did it.

        With several subscribers the first one reads while the next one starts: whoever comes first, the start hook or a
        batch, seeks, and a batch fetched before the seek is dropped, because it will be fetched again.
        """
        if self._positioned:
            return False
        for tp, offset in self._next.items():
            self.consumer.seek(tp, offset)
        self._positioned = True
        return True

    async def handle(self, raw: Sequence[Any]) -> None:
        """One batch of records: all of it is committed, or the shard stops. While it is held, nothing is taken and nothing passed."""
        if self.position_once() or self.progress.held is not None:
            return
        try:
            self.progress.in_hand = True
            async with self._turn:
                await self._process(raw)
        except (Exception, asyncio.CancelledError) as error:
            self.progress.failed = True
            self.on_failure(error)
            raise StopConsume from error
        finally:
            self.progress.in_hand = False

    async def rewrite_positions(self, partitions: Sequence[int]) -> None:
        """Writes the positions of tasks again, in a transaction: Kafka compacts a changelog partition only when it is written to."""
        changelog = self.connection.topic(self.stage.changelog)
        async with self._turn:
            if self.progress.failed:
                return
            routed: Routed = {}
            for number in partitions:
                owned = self.tasks[number]
                # The number of shards says the same again where nothing was read yet.
                again = changelog_records({}, owned.next) or [WireRecord(SHARDS_KEY, str(shards).encode()) for shards in owned.shards]
                routed[changelog, number] = [*again]
            await self.writer.commit(routed)
            self._reached(partitions)

    async def reached(self) -> dict[TopicPartition, int]:
        """Up to where everything in each input is processed: behind transaction markers too, which no record of ours stands for."""
        return {tp: await self._behind(tp, next_) for tp, next_ in self._next.items()}

    async def write_reached(self) -> None:
        """Writes the positions of inputs where reading went on without records; without news it writes nothing.

        Retention may take a marker before the next record comes: a position in front of it would then look like a loss.
        """
        if all(at <= self._next[tp] for tp, at in (await self.reached()).items()):
            return
        async with self._turn:
            # A stop may have taken the consumer away meanwhile, a batch may have gone on.
            moved = {tp: at for tp, at in (await self.reached()).items() if at > self._next[tp]}
            if not moved or self.progress.failed or self.progress.held is not None:
                return
            self._to_show(moved)
            places = self._by_task(moved)
            await self._commit_shown(self._route({}, places))
            self._moved(places, moved)

    async def committed_state(self, number: int) -> tuple[list[tuple[bytes, bytes]], int] | None:
        """A task's state and positions as changelog records, and the changelog offset that they reach up to.

        None after a failure: the task may hold what was never committed. Holds the event loop for as long as the copy takes.
        """
        async with self._turn:
            if self.progress.failed:
                return None
            owned = self.tasks[number]
            return list(state_records(owned)), owned.changelog_next

    async def _process(self, raw: Sequence[Any]) -> None:
        runs = list(_runs(raw))
        batches: dict[int, list[InputRecord]] = {}
        newest: dict[TopicPartition, int] = {}
        for tp, records in runs:
            expected = self._next[tp]
            if records[-1].offset < expected:
                continue
            newest[tp] = await self._behind(tp, records[-1].offset + 1)
            place = (self._names[tp.topic], tp.partition)
            name, partition = place
            unread = records if records[0].offset >= expected else [record for record in records if record.offset >= expected]
            read = [InputRecord(name, partition, r.offset, r.key, r.value, r.headers, r.timestamp) for r in unread]
            for number in self._readers(place):
                wanted = self.tasks[number].wanted(place, read)
                if wanted:
                    batches.setdefault(number, []).extend(wanted)
        if not newest:
            return
        moved = self._by_task(newest)
        effects = {number: await self._effects(number, records) for number, records in batches.items()}
        routed = self._route(effects, moved)
        self._to_show(newest)
        # Never by the first batch: finding the group, on a new cluster making its topic, took 0.3 s. `show_offsets` begins it.
        due = -math.inf < self._shown_s <= asyncio.get_running_loop().time() - SHOW_EVERY_S
        seconds = await (self._commit_shown(routed) if due else self.writer.commit(routed))
        self._moved(moved, newest)
        self.progress.commits += 1
        self.progress.last_commit_s = time.monotonic()
        self.progress.last_record_ms = max(records[-1].timestamp for _, records in runs)
        self.metrics.committed(self.stage.name, effects.values(), seconds)
        self._tell(effects)

    async def _effects(self, number: int, records: Sequence[InputRecord]) -> Effects:
        """What a task asks for, once it has seen again whatever it needs for that."""
        task = self.tasks[number].task
        effects = task.process(records)
        if self.originals is not None:
            joining = cast(JoiningTask, task)
            while wanted := joining.wanted():
                found = at_hand(records, wanted)
                missing = [place for place in wanted if place not in found]
                effects.extend(joining.join({**found, **(await self.originals.read(number, missing) if missing else {})}))
        return effects

    async def show_offsets(self) -> None:
        """Brings the consumer group's offsets, which tools show lag by, up to what is committed; without news it writes nothing.

        No transaction of the shard is under way after it: the producer may be closed then, where nothing begins another.
        """
        async with self._turn:
            if self._unshown and not self.progress.failed:
                await self._commit_shown({})

    async def _commit_shown(self, routed: Routed) -> float:
        group = f"{self.connection.topic_prefix}-{self.stage.name}"
        seconds = await self.writer.commit(routed, offsets=self._unshown, group=group)
        self._unshown.clear()
        self._shown_s = asyncio.get_running_loop().time()
        return seconds

    def _reached(self, numbers: Iterable[int]) -> None:
        changelog = self.connection.topic(self.stage.changelog)
        for number in numbers:
            owned = self.tasks[number]
            owned.changelog_next = self.writer.reached.get((changelog, number), owned.changelog_next)

    async def _behind(self, tp: TopicPartition, next_: int) -> int:
        """Where reading goes on once everything below `next_` is processed; `next_` itself where more than that was handed out."""
        consumer = self.consumer
        if consumer is None or not self._positioned or consumer.handed.get(tp, 0) > next_:
            return next_
        return max(next_, int(await consumer.position(tp)))

    def _by_task(self, newest: Mapping[TopicPartition, int]) -> dict[int, dict[InputPartition, int]]:
        """The places that each task has to go on to; one may be further than its shard in a topic that is read whole."""
        found: dict[int, dict[InputPartition, int]] = {}
        for tp, next_ in newest.items():
            place = (self._names[tp.topic], tp.partition)
            for number in self._readers(place):
                if self.tasks[number].next.get(place, -1) < next_:
                    found.setdefault(number, {})[place] = next_
        return found

    def _to_show(self, newest: Mapping[TopicPartition, int]) -> None:
        self._unshown |= {tp: next_ for tp, next_ in newest.items() if self._names[tp.topic] in self.stage.keyed}

    def _moved(self, moved: Mapping[int, Mapping[InputPartition, int]], newest: Mapping[TopicPartition, int]) -> None:
        for number, places in moved.items():
            self.tasks[number].next.update(places)
        self._reached(moved)
        self._next.update(newest)

    def _readers(self, place: InputPartition) -> Sequence[int]:
        topic, partition = place
        return tuple(self.tasks) if topic in self.stage.whole else (partition,)

    def _route(self, effects: Mapping[int, Effects], moved: Mapping[int, Mapping[InputPartition, int]]) -> Routed:
        routed: Routed = {}
        source = f"abhyas/{self.stage.name}"
        changelog = self.connection.topic(self.stage.changelog)
        for effect in effects.values():
            for place, records in route(effect, source=source, connection=self.connection, partitions=self.partitions).items():
                routed.setdefault(place, []).extend(records)
        for number in {**effects, **moved}:
            changes = effects[number].changes if number in effects else {}
            routed.setdefault((changelog, number), []).extend(changelog_records(changes, moved.get(number, {})))
        return routed

    def _tell(self, effects: Mapping[int, Effects]) -> None:
        for effect in effects.values():
            for notice in effect.notices:
                _log_notice(notice)
            # One line a reason and batch: a flood of poison must not become a flood of logs.
            for (topic, reason), letters in _by_reason(effect).items():
                first = letters[0]
                log.warning(
                    "dead letters",
                    topic=topic,
                    reason=reason,
                    count=len(letters),
                    partition=first.partition,
                    first_offset=first.offset,
                    first_detail=first.detail,
                )
            for emitted in effect.events:
                if (line := self.stage.log_line(emitted.event)) is not None:
                    log.info(line[0], **line[1])


def _runs(raw: Sequence[Any]) -> Iterator[tuple[TopicPartition, Sequence[Any]]]:
    """The records as they lie, cut where the partition changes: a fetch gives one partition after the other."""
    for (topic, partition), records in groupby(raw, key=attrgetter("topic", "partition")):
        yield TopicPartition(topic, partition), list(records)


def _by_reason(effect: Effects) -> dict[tuple[str, str], list[DeadLetter]]:
    found: dict[tuple[str, str], list[DeadLetter]] = {}
    for letter in effect.dead_letters:
        found.setdefault((letter.topic, letter.reason), []).append(letter)
    return found


def _log_notice(notice: Notice) -> None:
    tell = log.error if notice.level == "alert" else log.info
    tell(notice.kind, model=notice.model, message=notice.message)
