"""Raw aiokafka: `getmany` on the same partitions, nothing done with the records. `python -m bench.stream.raw_child JSON`."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.stream.usage import Meter, answer, asked
from consumers.settings import ConsumerSettings


async def main() -> None:
    """Reads `count` records, or all up to the end where `count` is 0, of every partition of a topic."""
    wanted = asked()
    connection = ConsumerSettings().connection()
    meter = Meter(wanted["count"])
    consumer = AIOKafkaConsumer(**connection.consumer_options())
    await consumer.start()
    try:
        places = [TopicPartition(wanted["topic"], partition) for partition in range(wanted["partitions"])]
        consumer.assign(places)
        while True:
            fetched = await consumer.getmany(timeout_ms=1000, max_records=wanted["batch"])
            meter.begin()
            if meter.commit(sum(map(len, fetched.values()))):
                break
    finally:
        await consumer.stop()
    answer(meter.report())


if __name__ == "__main__":
    asyncio.run(main())
