"""Kafka's log as far as the promises rest on it: offsets, transactions and their markers, fencing, compaction.

Topics are full names. Records of open and aborted transactions take offsets and are not visible; a decided
transaction's markers arrive at its partitions one after the other, so a reader may see half of it; a partition is
readable up to its first open transaction. A transactional id has one living epoch: whoever asks for it last. Within an
epoch nobody can tell which transaction the end of a transaction was meant for: a copy that comes late ends the next one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from random import Random
from typing import Final, Literal

from aiokafka.errors import IllegalOperation, InvalidTxnState, ProducerFenced

from bench.simulation.virtual_loop import VirtualLoop
from runtime.kafka.topic_metadata import Topic

Headers = Sequence[tuple[str, bytes | None]]
Payload = tuple[bytes | None, bytes | None, Headers]
State = Literal["open", "committed", "aborted"]

# Tombstones stay at least this long (delete.retention.ms; a day on Kafka), so that a restore that saw the value sees its end.
TOMBSTONE_S: Final = 120.0


@dataclass(slots=True)
class Transaction:
    """One transaction: `commit_number` orders the decisions of the whole log; `pending` are markers under way."""

    producer: str
    state: State = "open"
    began_s: float = 0.0
    commit_number: int = -1
    decided_s: float = 0.0
    touched: list[tuple[str, int]] = field(default_factory=list)
    pending: int = 0
    ended_late: bool = False


@dataclass(slots=True)
class StoredRecord:
    """A record as it lies in the log; `control` is a transaction's marker."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    at_s: float
    wall_ms: int
    transaction: Transaction | None = None
    control: bool = False


@dataclass(slots=True)
class Partition:
    """A partition's records, with gaps where compaction took some. `open` are transactions without their marker here.

    `history` is for the checks alone: everything that was ever appended, whatever became of it.
    """

    end: int = 0
    start: int = 0
    records: list[StoredRecord] = field(default_factory=list)
    open: dict[int, tuple[Transaction, int]] = field(default_factory=dict)
    history: list[StoredRecord] = field(default_factory=list)

    def stable_end(self) -> int:
        """The last stable offset: where the first open transaction begins."""
        return min(first for _, first in self.open.values()) if self.open else self.end


@dataclass(slots=True)
class ProducerState:
    """The living epoch of a transactional id and its transaction; `on_its_way` is the epoch of an end that was held back."""

    epoch: int = -1
    transaction: Transaction | None = None
    on_its_way: int | None = None


class SimulatedLog:
    """The broker. Its own work (markers, time-outs) belongs to no process and survives every kill."""

    def __init__(
        self, loop: VirtualLoop, rng: Random, topics: dict[str, int], wall_ms: Callable[[], int], trace: Callable[[str], None]
    ) -> None:
        self.topics = {name: [Partition() for _ in range(count)] for name, count in topics.items()}
        # As Kafka's topic ids: another one for a topic that was made anew.
        self.ids = {name: f"{name}#0" for name in topics}
        # For the checks alone: the partitions of topics that were deleted, by name, oldest first.
        self.former: dict[str, list[list[Partition]]] = {}
        self.transactions = 0
        self._loop = loop
        self._rng = rng
        self._wall_ms = wall_ms
        self._trace = trace
        # The broker's own work is no part of the process that caused it.
        self._context = Context()
        self.producers: dict[str, ProducerState] = {}
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}

    def partition(self, topic: str, number: int) -> Partition:
        """A partition; KeyError for a topic that does not exist."""
        return self.topics[topic][number]

    # topics

    def make_anew(self, topic: str) -> None:
        """Deletes a topic and makes another one of its name, with as many partitions."""
        former = self.topics[topic]
        self.former.setdefault(topic, []).append(former)
        self.topics[topic] = [Partition() for _ in former]
        self.ids[topic] = f"{topic}#{len(self.former[topic])}"
        self._trace(f"made anew {topic}")
        self._wake(topic)

    def add_partitions(self, topic: str, count: int) -> None:
        """Gives a topic that many more partitions."""
        self.topics[topic] += [Partition() for _ in range(count)]
        self._trace(f"{topic} has {len(self.topics[topic])} partitions")

    def described(self, topic: str) -> Topic:
        """A topic as the broker describes it now."""
        return Topic(self.ids[topic], dict.fromkeys(range(len(self.topics[topic])), 0))

    # plain appends, of producers without transactions

    def append(self, topic: str, number: int, key: bytes | None, value: bytes | None, headers: Headers) -> int:
        """Appends one record and returns its offset."""
        offset = self._append(topic, number, (key, value, headers), None)
        self._wake(topic)
        return offset

    # transactions

    async def init_producer(self, transactional_id: str) -> int:
        """The next epoch of a transactional id: its former owner is fenced, its open transaction aborted, its markers awaited."""
        state = self.producers.setdefault(transactional_id, ProducerState())
        state.epoch += 1
        epoch = state.epoch
        if state.transaction is not None and state.transaction.state == "open":
            self._decide(state, commit=False)
        # The client asks again after its back-off.
        while state.transaction is not None and state.transaction.pending:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        self._trace(f"init {transactional_id} epoch {epoch}")
        return epoch

    async def next_epoch(self, transactional_id: str, epoch: int) -> int:
        """The next epoch for the producer that has the living one; refused where another one has come."""
        self._living(transactional_id, epoch)
        return await self.init_producer(transactional_id)

    def begin(self, transactional_id: str, epoch: int) -> bool:
        """Begins a transaction; False while the markers of the former one are under way (the client asks again)."""
        state = self._living(transactional_id, epoch)
        if state.transaction is not None and state.transaction.state == "open":
            # aiokafka's client knows that itself: after an abort that failed, its producer begins nothing more.
            raise IllegalOperation(f"{transactional_id} has an open transaction")
        if state.transaction is not None and state.transaction.pending:
            return False
        state.transaction = Transaction(transactional_id, began_s=self._loop.now)
        held = state.on_its_way
        if held is not None:
            late_s, state.on_its_way = self._rng.random() * 0.1, None
            self._loop.call_later(late_s, self._end_late, transactional_id, held, context=self._context)
        return True

    def add(
        self, transactional_id: str, epoch: int, topic: str, number: int, records: Sequence[tuple[bytes | None, bytes | None, Headers]]
    ) -> list[int]:
        """Appends records inside the open transaction, and returns their offsets.

        Where a late end has ended it already, a partition that was in it refuses, and one that was not begins another transaction:
        the coordinator knows no better.
        """
        state, place = self._living(transactional_id, epoch), (topic, number)
        transaction = state.transaction
        if transaction is not None and transaction.state == "committed" and transaction.ended_late:
            if place in transaction.touched:
                raise InvalidTxnState(f"{transactional_id} has no open transaction with {topic} {number}")
            state.transaction = Transaction(transactional_id, began_s=self._loop.now)
        transaction = self._open(transactional_id, epoch)
        partition = self.topics[topic][number]
        if place not in transaction.touched:
            transaction.touched.append(place)
            partition.open[id(transaction)] = (transaction, partition.end)
        return [self._append(topic, number, record, transaction) for record in records]

    def end(self, transactional_id: str, epoch: int, *, commit: bool) -> None:
        """Decides the open transaction; its markers follow. One that is decided so already is answered as if it were now."""
        state = self._living(transactional_id, epoch)
        if commit and state.transaction is not None and state.transaction.ended_late:
            return
        self._open(transactional_id, epoch)
        self._decide(state, commit=commit)

    def hold_back(self, transactional_id: str, epoch: int) -> None:
        """A commit that is on its way and comes after the next begin; its sender hears nothing of it."""
        self.producers[transactional_id].on_its_way = epoch

    def _end_late(self, transactional_id: str, epoch: int) -> None:
        """What was held back arrives: in its epoch it commits what is open, in a later one it is refused."""
        state = self.producers[transactional_id]
        transaction = state.transaction
        if epoch == state.epoch and transaction is not None and transaction.state == "open" and transaction.touched:
            self._trace(f"late end of {transactional_id} epoch {epoch}")
            transaction.ended_late = True
            self._decide(state, commit=True)

    def expire(self, timeout_s: float) -> None:
        """What the coordinator does with transactions that stayed open too long: it fences their producer and aborts."""
        for state in self.producers.values():
            transaction = state.transaction
            if transaction is not None and transaction.state == "open" and self._loop.now - transaction.began_s > timeout_s:
                state.epoch += 1
                self._decide(state, commit=False)

    # reading

    def visible(self, topic: str, number: int, position: int, limit: int, *, uncommitted: bool = False) -> tuple[list[StoredRecord], int]:
        """Up to `limit` committed records from `position` on, and the position after them (past markers and aborted ones).

        `uncommitted` shows those of open and aborted transactions too, as a consumer without `read_committed` sees them.
        """
        partition = self.topics[topic][number]
        found: list[StoredRecord] = []
        if position >= partition.end:
            return found, position
        stable = partition.end if uncommitted else partition.stable_end()
        if position >= stable:
            return found, position
        for record in partition.records[_index(partition.records, position) :]:
            if record.offset >= stable:
                break
            hidden = not uncommitted and record.transaction is not None and record.transaction.state != "committed"
            if record.control or hidden:
                continue
            if len(found) == limit:
                return found, found[-1].offset + 1
            found.append(record)
        return found, stable

    def committed(self, topic: str) -> list[tuple[int, int, StoredRecord]]:
        """Every record of a topic that was ever committed, in the order of `ever` and by offset; for the checks."""
        return [
            (number, made, record)
            for number, made, partition in self.ever(topic)
            for record in partition.history
            if not record.control and (record.transaction is None or record.transaction.state == "committed")
        ]

    def ever(self, topic: str) -> list[tuple[int, int, Partition]]:
        """Every partition that a topic ever had: its number, how often the topic had been made anew, and the partition."""
        made = [*self.former.get(topic, ()), self.topics[topic]]
        return sorted(
            ((number, count, partition) for count, partitions in enumerate(made) for number, partition in enumerate(partitions)),
            key=lambda found: found[:2],
        )

    def appended(self, names: Sequence[str]) -> asyncio.Future[None]:
        """Done when something becomes visible in one of the topics."""
        waiter: asyncio.Future[None] = self._loop.create_future()
        for name in names:
            self._waiting.setdefault(name, []).append(waiter)
        return waiter

    def compact(self, topic: str, number: int, rng: Random) -> None:
        """Keeps the last record of each key below a random point, as the cleaner does; old tombstones go."""
        partition = self.topics[topic][number]
        stable = partition.stable_end()
        below = rng.randint(0, stable)
        newest: dict[bytes | None, int] = {}
        for record in partition.records:
            if record.offset < stable and not record.control and (record.transaction is None or record.transaction.state == "committed"):
                newest[record.key] = record.offset
        kept = []
        for record in partition.records:
            dead = record.control or (record.transaction is not None and record.transaction.state == "aborted")
            old = dead or newest.get(record.key) != record.offset
            gone = record.value is None and not record.control and self._loop.now - record.at_s > TOMBSTONE_S
            if record.offset >= below or not (old or gone):
                kept.append(record)
        if len(kept) < len(partition.records):
            self._trace(f"compact {topic} {number} below {below}: {len(partition.records)} to {len(kept)}")
            partition.records = kept

    def delete_records(self, topic: str, number: int, before: int) -> None:
        """Retention, or a person: the log begins at `before`."""
        partition = self.topics[topic][number]
        partition.start = max(partition.start, min(before, partition.stable_end()))
        partition.records = [record for record in partition.records if record.offset >= partition.start]
        self._trace(f"{topic} {number} begins at {partition.start}")

    def unread(self, topic: str, number: int, position: int) -> int:
        """The offset of the first committed record from a position on: up to it only markers and aborted records lie."""
        records, after = self.visible(topic, number, max(position, self.topics[topic][number].start), 1)
        return records[0].offset if records else after

    def _append(self, topic: str, number: int, record: Payload, within: Transaction | None, *, control: bool = False) -> int:
        partition = self.topics[topic][number]
        offset = partition.end
        stored = StoredRecord(offset, *record, self._loop.now, self._wall_ms(), within, control)
        partition.records.append(stored)
        partition.history.append(stored)
        partition.end += 1
        return offset

    def _living(self, transactional_id: str, epoch: int) -> ProducerState:
        state = self.producers[transactional_id]
        if epoch != state.epoch:
            self._trace(f"fenced {transactional_id} epoch {epoch}, {state.epoch} lives")
            raise ProducerFenced(f"epoch {epoch} of {transactional_id} is not the living one, {state.epoch}")
        return state

    def _open(self, transactional_id: str, epoch: int) -> Transaction:
        transaction = self._living(transactional_id, epoch).transaction
        if transaction is None or transaction.state != "open":
            raise ProducerFenced(f"{transactional_id} has no open transaction")
        return transaction

    def _decide(self, state: ProducerState, *, commit: bool) -> None:
        transaction = state.transaction
        assert transaction is not None
        transaction.state = "committed" if commit else "aborted"
        transaction.decided_s = self._loop.now
        if commit:
            transaction.commit_number = self.transactions
            self.transactions += 1
        self._trace(f"{transaction.state} {transaction.producer} {[(topic, number) for topic, number in transaction.touched]}")
        for place in transaction.touched:
            transaction.pending += 1
            self._loop.call_later(self._rng.random() * 0.02, self._mark, transaction, place, context=self._context)

    def _mark(self, transaction: Transaction, place: tuple[str, int]) -> None:
        topic, number = place
        transaction.pending -= 1
        # Of a topic that was made anew meanwhile nothing is left to mark.
        if self.topics[topic][number].open.pop(id(transaction), None) is not None:
            self._append(topic, number, (None, None, ()), transaction, control=True)
            self._wake(topic)

    def _wake(self, topic: str) -> None:
        for waiter in self._waiting.pop(topic, ()):
            if not waiter.done():
                waiter.set_result(None)


def _index(records: list[StoredRecord], offset: int) -> int:
    low, high = 0, len(records)
    while low < high:
        middle = (low + high) // 2
        if records[middle].offset < offset:
            low = middle + 1
        else:
            high = middle
    return low
