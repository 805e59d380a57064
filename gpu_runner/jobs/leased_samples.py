"""The leased samples of a command, read by reference from `sample.collected`; what was taken back meanwhile drops out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from gpu_runner.errors import JobRefused, NotConnected
from gpu_runner.event_log.withdrawals import ERASED, RETRACTED, KnownSample, Reason, Withdrawals
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.read_to_end import read_to_end
from schemas import topics
from schemas.envelope import MalformedEvent, decode
from schemas.events.retrain_requested import LeasedBatch
from schemas.events.sample_collected import SampleCollected
from schemas.fields import SampleRef
from schemas.identity import batch_sha256

EXPIRED: Final = "expired"

Places = Mapping[tuple[int, int], SampleCollected]


@dataclass(frozen=True, slots=True)
class LeasedSamples:
    """What is left of a batch, and how many were left out by reason."""

    samples: tuple[SampleCollected, ...]
    dropped: Mapping[str, int] = field(default_factory=dict)


def said(samples: Iterable[SampleCollected]) -> dict[str, Any]:
    """What the users of a batch said, in counts for the decision's record, without a word of theirs.

    `feedback` and `documents` of the batch; of the feedback each kind, language and reason. A kind is what a sample is worth
    (`negative_class`); of a release before that it is `correction`, `negative` or `none`. `left_out`: corrections that are none, by why.
    """
    samples = tuple(samples)
    feedback = [sample for sample in samples if sample.kind == "feedback"]
    return {
        "feedback": len(feedback),
        "documents": len(samples) - len(feedback),
        "kinds": _counted(_kind(sample) for sample in feedback),
        "languages": _counted((sample.language or "und").partition("-")[0] for sample in feedback),
        "reasons": _counted(reason.code for sample in feedback for reason in sample.reasons),
        "left_out": _counted(sample.left_out for sample in feedback if sample.left_out),
    }


def _kind(sample: SampleCollected) -> str:
    if sample.negative_class is not None:
        return sample.negative_class
    return "correction" if sample.correction else "negative" if sample.negative else "none"


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


class SampleSource(Protocol):
    """Reads a batch: (partition, offset) to what lies there; places whose record has expired are absent."""

    async def read(self, batch: LeasedBatch) -> Places: ...


def settle(batch: LeasedBatch, found: Places, withdrawals: Withdrawals) -> LeasedSamples:
    """The samples of a batch that may train. Pure.

    Raises JobRefused where another record than the leased one lies at a place, because then the batch is not what the decision was
    made on.
    """
    kept: list[SampleCollected] = []
    dropped = {RETRACTED: 0, ERASED: 0, EXPIRED: 0}
    for ref in (*batch.samples, *batch.documents):
        sample = found.get((ref.partition, ref.offset))
        if sample is None:
            dropped[EXPIRED] += 1
        elif ref.sample_id not in (sample.sample_id, *sample.former_ids) or sample.revision != ref.revision:
            raise JobRefused(
                f"sample.collected partition {ref.partition} offset {ref.offset} is not the leased sample {ref.sample_id[:12]}: "
                "the topic was rewritten since the command"
            )
        elif (reason := _withdrawn(sample, ref, withdrawals)) is not None:
            dropped[reason] += 1
        else:
            # What stage 2 holds under a former id keeps that name in everything that is made of it.
            kept.append(sample if sample.sample_id == ref.sample_id else sample.model_copy(update={"sample_id": ref.sample_id}))
    return LeasedSamples(tuple(kept), {reason: count for reason, count in dropped.items() if count})


def _withdrawn(sample: SampleCollected, ref: SampleRef, withdrawals: Withdrawals) -> Reason | None:
    known = KnownSample.of(sample)
    return withdrawals.reason(sample.model, sample.sample_id, known) or withdrawals.reason(sample.model, ref.sample_id, known)


class KafkaSamples:
    """Reads each of the batch's partitions once, from the first leased place to the last, parsing only those records."""

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection

    async def read(self, batch: LeasedBatch) -> Places:
        """What lies at the batch's places; raises JobRefused for a batch that contradicts its hash, NotConnected."""
        if batch_sha256(batch.samples, batch.documents) != batch.sha256:
            raise JobRefused(f"batch {batch.number} does not have its stated sha256: the command is damaged")
        refs = (*batch.samples, *batch.documents)
        if not refs:
            # Nor may there be a consumer: aiokafka 0.14 raises CancelledError from a stop that comes right after the start.
            return {}
        consumer = AIOKafkaConsumer(**self._connection.consumer_options())
        try:
            await consumer.start()
            return await self._read(consumer, refs)
        except (KafkaError, OSError) as error:
            raise NotConnected(f"sample.collected can't be read: {error}") from error
        finally:
            await consumer.stop()

    async def _read(self, consumer: AIOKafkaConsumer, refs: tuple[SampleRef, ...]) -> Places:
        topic = self._connection.topic(topics.SAMPLE_COLLECTED)
        places = {(ref.partition, ref.offset) for ref in refs}
        partitions = [TopicPartition(topic, number) for number in sorted({ref.partition for ref in refs})]
        consumer.assign(partitions)
        starts, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        last: dict[TopicPartition, int] = {}
        for partition in partitions:
            offsets = [ref.offset for ref in refs if ref.partition == partition.partition]
            consumer.seek(partition, max(starts[partition], min(offsets)))
            last[partition] = min(ends[partition], max(offsets) + 1)
        found: dict[tuple[int, int], SampleCollected] = {}
        async for records in read_to_end(consumer, last):
            for record in records:
                place = (record.partition, record.offset)
                if place in places and record.value is not None:
                    try:
                        found[place] = decode(record.value, record.headers, SampleCollected)[1]
                    except MalformedEvent:
                        continue  # a leased place that can't be read counts as expired; stage 1 wrote everything else
        return found
