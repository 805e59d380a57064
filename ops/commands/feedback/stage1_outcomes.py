"""What stage 1 made of the records that were just published: taken, refused and why, or known already. Exact, by their places.

The topics that tell are followed from before the first record is published: a sample names the record that it came from, a dead letter too,
and stage 1's changelog says how far it has read. All three are written in one transaction, so behind a position that was read nothing is
missing. Kept are offsets, eight bytes a record.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from ops.errors import OperationFailed
from ops.topic_reader import Record, ends_with_open, existing_partitions
from runtime.kafka.connection import KafkaConnection
from schemas import topics
from schemas.dead_letter import TOO_LATE, read

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

READER: Final = "stage1"
# How long stage 1 may get no further before the rest is left as not known.
SILENCE_S: Final = 10.0
_POLL_MS: Final = 100
_POSITION: Final = "p|{topic}|"

# Offsets by partition.
Places: TypeAlias = "dict[int, array[int]]"


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How many of the published records became samples, were refused (by reason), were known or need no sample, and are not known yet.

    `waiting` have their words in a turn that stage 1 has not met yet, or were known. `unknown_because` says why some are not known;
    None where none is left.
    """

    taken: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    known: int = 0
    unknown: int = 0
    unknown_because: str | None = None
    waiting: int = 0

    @property
    def late(self) -> int:
        """Those refused as too old for live traffic."""
        return self.refused.get(TOO_LATE, 0)


class _Provenance(msgspec.Struct):
    topic: str
    partition: int
    offset: int


class _Sample(msgspec.Struct):
    provenance: _Provenance


_sample: Final = msgspec.json.Decoder(_Sample)


class Stage1Outcomes:
    """Made by `following`. `add` takes the places of acknowledged records, `outcomes` waits for stage 1 and counts."""

    def __init__(self, connection: KafkaConnection, name: str) -> None:
        self._connection = connection
        self._name = name
        self._published: Places = {}
        self._waits: Places = {}
        self._taken: Places = {}
        self._refused: dict[str, Places] = {}
        self._passed: dict[int, int] = {}
        # Why nothing more will be heard; None while the topics are followed.
        self._ended: str | None = None
        self._consumer: AIOKafkaConsumer | None = None

    def add(self, partition: int, offset: int, *, waits: bool = False) -> None:
        """A record of the topic that the broker has acknowledged; `waits` says that its words are those of a turn."""
        self._published.setdefault(partition, array("q")).append(offset)
        if waits:
            self._waits.setdefault(partition, array("q")).append(offset)

    async def outcomes(self, silence_s: float = SILENCE_S) -> Outcomes:
        """The counts, once stage 1 has passed every record, or has got no further for `silence_s`."""
        due = {partition: max(offsets) + 1 for partition, offsets in self._published.items()}
        behind = await self._wait(lambda: all(self._passed.get(partition, 0) >= end for partition, end in due.items()), silence_s)
        # Only what was passed by now is asked for: what follows must not make it look refused or known before it is.
        passed = dict(self._passed)
        if behind is None and due:
            behind = await self._read_on(silence_s)
            if behind is not None:
                passed = {}
        return self._counted(passed, behind)

    async def _read_on(self, silence_s: float) -> str | None:
        """Reads what was written up to now, open transactions included: those that moved the positions are among it."""
        told = [self._connection.topic(topics.SAMPLE_COLLECTED), self._connection.dead_letters(self._name)]
        try:
            ends = await ends_with_open(self._connection, told)
        except OperationFailed as error:
            return str(error)
        consumer = self._consumer
        assert consumer is not None
        reached: dict[TopicPartition, int] = {}

        async def there() -> bool:
            for place in ends:
                reached[place] = await consumer.position(place)
            return all(reached[place] >= end for place, end in ends.items())

        clock = asyncio.get_running_loop().time
        heard, before = clock(), dict(reached)
        while self._ended is None and not await there():
            if reached != before:
                heard, before = clock(), dict(reached)
            if clock() - heard > silence_s:
                return "a transaction lies open over what stage 1 wrote"
            await asyncio.sleep(_POLL_MS / 1000)
        return self._ended

    async def _wait(self, passed: Callable[[], bool], silence_s: float) -> str | None:
        clock = asyncio.get_running_loop().time
        heard, before = clock(), sum(self._passed.values())
        while not passed():
            if self._ended is not None:
                return self._ended
            if sum(self._passed.values()) != before:
                heard, before = clock(), sum(self._passed.values())
            if clock() - heard > silence_s:
                return f"stage 1 has read nothing for {silence_s:g} s: is it running (`abhyas status`)?"
            await asyncio.sleep(_POLL_MS / 1000)
        return None

    def _counted(self, passed: Mapping[int, int], behind: str | None) -> Outcomes:
        import numpy as np

        taken = known = waiting = unknown = 0
        refused: dict[str, int] = {}
        for partition, offsets in self._published.items():
            ours = np.frombuffer(offsets, np.int64)
            ours = ours[ours < passed.get(partition, 0)]
            unknown += len(offsets) - len(ours)
            of_partition = {reason: _met(ours, places.get(partition)) for reason, places in self._refused.items()}
            collected = _met(ours, self._taken.get(partition))
            taken += collected
            # Of a conflict whose record is in use there are a sample and a letter.
            told = [places[partition] for places in (self._taken, *self._refused.values()) if partition in places]
            silent = ours[~np.isin(ours, np.concatenate([np.frombuffer(one, np.int64) for one in told]))] if told else ours
            waiting += (waits := _met(silent, self._waits.get(partition)))
            known += len(silent) - waits
            for reason, count in of_partition.items():
                refused[reason] = refused.get(reason, 0) + count
        by_reason = {reason: count for reason, count in sorted(refused.items()) if count}
        return Outcomes(taken, by_reason, known, unknown, behind if unknown else None, waiting)

    async def follow(self, consumer: AIOKafkaConsumer, places: Sequence[TopicPartition]) -> None:
        """Reads on until it is cancelled; a broker that fails ends it, and what is not known then stays so."""
        self._consumer = consumer
        names = {
            self._connection.topic(topics.SAMPLE_COLLECTED): self._sample,
            self._connection.topic(topics.STAGE1_CHANGELOG): self._position,
        }
        try:
            while True:
                for place, batch in (await consumer.getmany(*places, timeout_ms=_POLL_MS, max_records=2000)).items():
                    take = names.get(place.topic, self._letter)
                    for record in batch:
                        take(record)
                # A log that is read at once must not keep the publisher from its turn.
                await asyncio.sleep(0)
        except KafkaError as error:
            self._ended = f"what stage 1 wrote can't be read ({type(error).__name__})"

    def end(self, reason: str) -> None:
        """Nothing is followed, for this reason."""
        self._ended = reason

    def _sample(self, record: Record) -> None:
        try:
            origin = _sample.decode(record.value or b"").provenance
        except (msgspec.DecodeError, UnicodeDecodeError):
            return  # somebody else's record
        if origin.topic == self._name:
            self._taken.setdefault(origin.partition, array("q")).append(origin.offset)

    def _letter(self, record: Record) -> None:
        try:
            letter = read(record.key, record.value, record.headers)
        except ValueError:
            return  # a marker, or somebody else's record
        if letter.reader == READER:
            self._refused.setdefault(letter.reason, {}).setdefault(letter.partition, array("q")).append(letter.offset)

    def _position(self, record: Record) -> None:
        key = record.key or b""
        prefix = _POSITION.format(topic=self._name).encode()
        if key.startswith(prefix) and record.value is not None:
            partition = int(key[len(prefix) :])
            self._passed[partition] = max(int(record.value), self._passed.get(partition, 0))


@asynccontextmanager
async def following(connection: KafkaConnection, name: str) -> AsyncIterator[Stage1Outcomes]:
    """Follows what stage 1 writes about records of a topic (without prefix) that are published from now on.

    Never fails: where the topics can't be read, everything is not known, and why.
    """
    found = Stage1Outcomes(connection, name)
    async with AsyncExitStack() as stack:
        try:
            told = (connection.topic(topics.SAMPLE_COLLECTED), connection.dead_letters(name), connection.topic(topics.STAGE1_CHANGELOG))
            places = await existing_partitions(connection, told)
            if {place.topic for place in places} != set(told):
                missing = sorted(set(told) - {place.topic for place in places})
                raise OperationFailed(f"topic {', '.join(missing)} does not exist")
            # Not "earliest": a follower that fell behind the log's start would count what it missed as known.
            consumer = AIOKafkaConsumer(**connection.consumer_options() | {"auto_offset_reset": "none"})
            stack.push_async_callback(consumer.stop)
            await consumer.start()
            consumer.assign(places)
            for place, end in (await consumer.end_offsets(places)).items():
                consumer.seek(place, end)
        except (OperationFailed, KafkaError, OSError) as error:
            found.end(str(error))
            yield found
            return
        task = asyncio.create_task(found.follow(consumer, places))
        try:
            yield found
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def _met(ours: NDArray[np.int64], theirs: array[int] | None) -> int:
    import numpy as np

    return 0 if theirs is None else int(np.isin(ours, np.frombuffer(theirs, np.int64)).sum())
