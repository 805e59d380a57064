"""A FastStream batch with the same stage-1 function and the same outputs, without transaction and changelog: what a shard adds to it.

`python -m bench.stream.faststream_child JSON`. Subscriber options are a shard's own; outputs go through a plain idempotent producer, in
batches for each partition; nothing is restored and no position is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker, TopicPartition

from bench.stream.stage1_child import watched_stage1
from bench.stream.usage import Meter, answer, asked
from consumers.engine.positions import partition_counts
from consumers.engine.routing import route
from consumers.engine.shard import leave_undecoded, leave_unparsed
from consumers.records import InputRecord
from consumers.settings import ConsumerSettings
from runtime.kafka.transaction import BATCH_BYTES, COMPRESSION, Routed
from schemas import topics
from schemas.topics import specs


async def main() -> None:
    """Runs until `count` records are processed and their outputs acknowledged."""
    wanted = asked()
    settings = ConsumerSettings()
    connection = settings.connection()
    counts = await partition_counts(connection, [spec.name for spec in specs(settings.topic_prefix)])
    meter, done = Meter(wanted["count"]), asyncio.Event()
    stage = watched_stage1(meter, redact=False)(settings)
    tasks = {partition: stage.new_task(partition) for partition in range(topics.INPUT_PARTITIONS)}
    options = connection.producer_options() | {"linger_ms": 0, "max_batch_size": BATCH_BYTES, "compression_type": COMPRESSION}
    producer = AIOKafkaProducer(**options)
    await producer.start()
    source = connection.topic(topics.FEEDBACK_SUBMITTED)
    broker = KafkaBroker(bootstrap_servers=connection.bootstrap_servers, consumer_only=True, apply_types=False, logger=None)

    async def handle(records: Sequence[Any]) -> None:
        batches: dict[int, list[InputRecord]] = {}
        for record in records:
            read = InputRecord(
                topics.FEEDBACK_SUBMITTED, record.partition, record.offset, record.key, record.value, record.headers, record.timestamp
            )
            batches.setdefault(record.partition, []).append(read)
        routed: Routed = {}
        for partition, batch in batches.items():
            effects = tasks[partition].process(batch)
            for place, outgoing in route(effects, source="abhyas/stage1", connection=connection, partitions=counts).items():
                routed.setdefault(place, []).extend(outgoing)
        await send(producer, routed)
        if meter.commit(len(records)):
            done.set()

    subscriber = broker.subscriber(
        partitions=[TopicPartition(source, partition) for partition in tasks],
        batch=True,
        max_records=wanted["batch"],
        batch_timeout_ms=10,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        ack_policy=AckPolicy.MANUAL,
        parser=leave_unparsed,
        decoder=leave_undecoded,
        no_reply=True,
    )
    subscriber(handle)
    app = FastStream(broker, logger=None)
    await app.start()
    await done.wait()
    await app.stop()
    await producer.stop()
    answer(meter.report())


async def send(producer: AIOKafkaProducer, routed: Routed) -> None:
    """Sends the records in one batch for each partition, and a further one where it is full; waits for the acknowledgements."""
    deliveries = []
    for (topic, partition), records in sorted(routed.items()):
        batch = producer.create_batch()
        for record in records:
            if batch.append(key=record.key, value=record.value, timestamp=None, headers=list(record.headers)) is None:
                deliveries.append(await producer.send_batch(batch, topic, partition=partition))
                batch = producer.create_batch()
                batch.append(key=record.key, value=record.value, timestamp=None, headers=list(record.headers))
        if batch.record_count():
            deliveries.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*deliveries)


if __name__ == "__main__":
    asyncio.run(main())
