"""The leased samples of a command, read by reference from `sample.collected`; what was taken back meanwhile drops out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol, TypeVar

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from consumers.core.negatives import batch_sha256
from gpu_runner.errors import JobRefused, NotConnected
from producers.connection import KafkaConnection
from schemas import topics
from schemas.decision import LeasedBatch
from schemas.envelope import Envelope, MalformedEvent, decode
from schemas.erasure import UserErased
from schemas.fields import SampleRef
from schemas.sample import SampleCollected

EventT = TypeVar("EventT", UserErased, SampleCollected)

RETRACTED: Final = "retracted"
ERASED: Final = "erased"
EXPIRED: Final = "expired"


@dataclass(frozen=True, slots=True)
class LeasedSamples:
    """What is left of a batch; `gone` are ids that may not train (of the batch, or of the others asked about)."""

    samples: tuple[SampleCollected, ...]
    dropped: Mapping[str, int] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()


class SampleSource(Protocol):
    """Reads a batch; `others` are earlier samples (id to user hash) whose retraction or erasure is asked about too."""

    async def read(self, batch: LeasedBatch, others: Mapping[str, str | None]) -> LeasedSamples: ...


def settle(
    batch: LeasedBatch,
    found: Mapping[tuple[int, int], SampleCollected],
    retracted: Collection[str],
    erased: Mapping[str, datetime],
    others: Mapping[str, str | None],
) -> LeasedSamples:
    """The samples of a batch that may train. Pure.

    `found` maps (partition, offset) to what lies there. Raises JobRefused where another record than the leased one lies there,
    because then the batch is not what the decision was made on.
    """
    kept: list[SampleCollected] = []
    dropped = {RETRACTED: 0, ERASED: 0, EXPIRED: 0}
    gone = {sample_id for sample_id in others if sample_id in retracted}
    gone |= {sample_id for sample_id, user in others.items() if user is not None and user in erased}
    for ref in (*batch.samples, *batch.documents):
        sample = found.get((ref.partition, ref.offset))
        if sample is None:
            dropped[EXPIRED] += 1
        elif (sample.sample_id, sample.revision) != (ref.sample_id, ref.revision):
            raise JobRefused(
                f"sample.collected partition {ref.partition} offset {ref.offset} is not the leased sample {ref.sample_id[:12]}: "
                "the topic was rewritten since the command"
            )
        elif ref.sample_id in retracted:
            dropped[RETRACTED] += 1
            gone.add(ref.sample_id)
        elif sample.user_hash is not None and sample.user_hash in erased and sample.occurred_at <= erased[sample.user_hash]:
            dropped[ERASED] += 1
            gone.add(ref.sample_id)
        else:
            kept.append(sample)
    return LeasedSamples(tuple(kept), {reason: count for reason, count in dropped.items() if count}, frozenset(gone))


class KafkaSamples:
    """Reads the batch's partitions once from their beginning, parsing only records of ids that matter.

    Cost: one pass over the kept log (30 days) of the model's partition for each run; a run lasts far longer.
    """

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection

    async def read(self, batch: LeasedBatch, others: Mapping[str, str | None]) -> LeasedSamples:
        """The batch as it is now; raises JobRefused for a batch that contradicts its hash, NotConnected."""
        if batch_sha256(batch.samples, batch.documents) != batch.sha256:
            raise JobRefused(f"batch {batch.number} does not have its stated sha256: the command is damaged")
        refs = (*batch.samples, *batch.documents)
        consumer = AIOKafkaConsumer(**self._connection.consumer_options())
        try:
            await consumer.start()
            erased = await self._erased(consumer)
            found, retracted = await self._samples(consumer, refs, frozenset(others))
        except (KafkaError, OSError) as error:
            raise NotConnected(f"sample.collected can't be read: {error}") from error
        finally:
            await consumer.stop()
        return settle(batch, found, retracted, erased, others)

    async def _erased(self, consumer: AIOKafkaConsumer) -> dict[str, datetime]:
        found: dict[str, datetime] = {}
        topic = self._connection.topic(topics.USER_ERASED)
        async for record in _to_end(consumer, [TopicPartition(topic, number) for number in range(topics.INPUT_PARTITIONS)]):
            decoded = _decoded(record, UserErased)
            if decoded is not None:
                envelope, event = decoded
                found[event.user_hash] = max(envelope.time, found.get(event.user_hash, envelope.time))
        return found

    async def _samples(
        self, consumer: AIOKafkaConsumer, refs: tuple[SampleRef, ...], others: frozenset[str]
    ) -> tuple[dict[tuple[int, int], SampleCollected], set[str]]:
        places = {(ref.partition, ref.offset) for ref in refs}
        wanted = {ref.sample_id for ref in refs} | others
        numbers = range(topics.MODEL_PARTITIONS) if others else sorted({ref.partition for ref in refs})
        topic = self._connection.topic(topics.SAMPLE_COLLECTED)
        found: dict[tuple[int, int], SampleCollected] = {}
        newest: dict[str, tuple[int, bool]] = {}
        async for record in _to_end(consumer, [TopicPartition(topic, number) for number in numbers]):
            place = (record.partition, record.offset)
            if place not in places and _sample_id(record) not in wanted:
                continue
            decoded = _decoded(record, SampleCollected)
            if decoded is None:
                continue
            sample = decoded[1]
            if place in places:
                found[place] = sample
            if sample.revision >= newest.get(sample.sample_id, (-1, False))[0]:
                newest[sample.sample_id] = (sample.revision, sample.retracted)
        return found, {sample_id for sample_id, (_, retracted) in newest.items() if retracted}


async def _to_end(consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> AsyncIterator[ConsumerRecord]:
    """Every record from the beginning to the ends of now."""
    if not partitions:
        return
    consumer.assign(partitions)
    starts = await consumer.beginning_offsets(partitions)
    for partition in partitions:
        consumer.seek(partition, starts[partition])
    ends = await consumer.end_offsets(partitions)
    while any([await consumer.position(partition) < end for partition, end in ends.items()]):
        for records in (await consumer.getmany(timeout_ms=200)).values():
            for record in records:
                yield record


def _sample_id(record: ConsumerRecord) -> str:
    # The event id is `<sample id>:<revision>`; the header saves parsing every value of the partition.
    for name, raw in record.headers:
        if name == "ce_id":
            return str(raw.decode("ascii", "replace")).partition(":")[0]
    return ""


def _decoded(record: ConsumerRecord, model: type[EventT]) -> tuple[Envelope, EventT] | None:
    try:
        return decode(record.value, record.headers, model) if record.value is not None else None
    except MalformedEvent:
        return None  # a leased place that can't be read counts as expired; stage 1 wrote everything else
