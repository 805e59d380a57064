"""`abhyas tail TOPIC`: records as they come, one JSON object a line on stdout."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.commands.options import Data
from ops.errors import OperationFailed
from ops.stack.description import connection
from schemas.reading.json_text import UnreadableJson, strict_json

if TYPE_CHECKING:
    from ops.topic_reader import Record
    from runtime.kafka.connection import KafkaConnection


def tail(
    topic: Annotated[
        str,
        typer.Argument(
            metavar="TOPIC", help="A topic of the contract, as feedback.submitted (version and prefix are added), or its full name."
        ),
    ],
    *,
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="Start with the oldest record.")] = False,
    count: Annotated[int | None, typer.Option("-n", help="Stop after so many records.")] = None,
    data: Data = None,
) -> None:
    """Prints the records of a topic as they come, one JSON object a line."""
    with suppress(KeyboardInterrupt, BrokenPipeError):
        asyncio.run(_print(connection(data), topic, from_beginning=from_beginning, count=count))


async def _print(kafka: KafkaConnection, topic: str, *, from_beginning: bool, count: int | None) -> None:
    printed = 0
    async with aclosing(records(kafka, topic, from_beginning=from_beginning)) as found:
        while count is None or printed < count:
            record = await anext(found)
            print(json.dumps(as_json(record), ensure_ascii=False), flush=True)
            printed += 1


async def records(kafka: KafkaConnection, topic: str, *, from_beginning: bool) -> AsyncGenerator[Record, None]:
    """The records of a topic (any form of its name), from its beginning or from now on; never ends by itself."""
    from ops.topic_reader import existing_partitions, full_name, reader

    name = full_name(topic, kafka.topic_prefix)
    # As the broker has them: partitions may have been added.
    partitions = await existing_partitions(kafka, [name])
    if not partitions:
        raise OperationFailed(f"topic {name} does not exist on this broker: run `abhyas topics apply`")
    async with reader(kafka) as consumer:
        consumer.assign(partitions)
        await (consumer.seek_to_beginning if from_beginning else consumer.seek_to_end)(*partitions)
        while True:
            for batch in (await consumer.getmany(timeout_ms=500)).values():
                for record in batch:
                    yield record


def as_json(record: Record) -> dict[str, Any]:
    """A record as JSON: the value as JSON where it is some, else as text; bytes that are not UTF-8 are shown with escapes.

    A header that comes more than once has a list of its values.
    """
    from ops.topic_reader import time_of

    headers: dict[str, Any] = {}
    for name, raw in record.headers:
        if name not in headers:
            headers[name] = _text(raw)
        else:
            before = headers[name]
            headers[name] = [*(before if isinstance(before, list) else [before]), _text(raw)]
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "time": time_of(record).isoformat(timespec="milliseconds"),
        "key": _text(record.key),
        "headers": headers,
        "value": _value(record.value),
    }


def _value(raw: bytes | None) -> Any:
    if raw is None:
        return None
    try:
        return strict_json(raw)
    except UnreadableJson:
        return _text(raw)


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode(errors="backslashreplace")
