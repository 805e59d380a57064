"""`abhyas tail TOPIC`: records as they come, one JSON object a line on stdout."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops.follow import full_name, partitions_of, reader
from ops.running import connection

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

    from producers.connection import KafkaConnection


def run(topic: str, *, from_beginning: bool, count: int | None, data_dir: Path | None) -> None:
    """Prints until `count` records, Ctrl-C, or a reader that has closed the pipe."""
    try:
        asyncio.run(_print(connection(data_dir), topic, from_beginning=from_beginning, count=count))
    except (KeyboardInterrupt, BrokenPipeError):
        # The interpreter flushes stdout once more at its end, and a closed pipe would be a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


async def _print(kafka: KafkaConnection, topic: str, *, from_beginning: bool, count: int | None) -> None:
    printed = 0
    async with aclosing(records(kafka, topic, from_beginning=from_beginning)) as found:
        while count is None or printed < count:
            record = await anext(found)
            print(json.dumps(as_json(record), ensure_ascii=False), flush=True)
            printed += 1


async def records(kafka: KafkaConnection, topic: str, *, from_beginning: bool) -> AsyncGenerator[ConsumerRecord, None]:
    """The records of a topic (any form of its name), from its beginning or from now on; never ends by itself."""
    name = full_name(topic, kafka.topic_prefix)
    async with reader(kafka) as consumer:
        partitions = await partitions_of(consumer, kafka.topic_prefix, [name])
        consumer.assign(partitions)
        await (consumer.seek_to_beginning if from_beginning else consumer.seek_to_end)(*partitions)
        while True:
            for batch in (await consumer.getmany(timeout_ms=500)).values():
                for record in batch:
                    yield record


def as_json(record: ConsumerRecord) -> dict[str, Any]:
    """A record as JSON: the value as JSON where it is, else as text; bytes that are not UTF-8 are shown with escapes."""
    value = None if record.value is None else record.value.decode(errors="backslashreplace")
    try:
        shown = None if value is None else json.loads(value)
    except ValueError:
        shown = value
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "time": datetime.fromtimestamp(record.timestamp / 1000, UTC).isoformat(timespec="milliseconds"),
        "key": None if record.key is None else record.key.decode(errors="backslashreplace"),
        "headers": {name: raw.decode(errors="backslashreplace") for name, raw in record.headers},
        "value": shown,
    }
