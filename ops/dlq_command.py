"""`abhyas dlq list|show`: dead letters, read and never changed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.table import Table

from ops.errors import OperationFailed
from ops.running import connection

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


def list_letters(data_dir: Path | None, limit: int) -> None:
    """A table of the newest dead letters, newest last."""
    from ops.dead_letters import list_dead_letters

    rows = _run(list_dead_letters(connection(data_dir), limit=limit), data_dir)
    if not rows:
        print("no dead letters")
        return
    table = Table("at", "reason", "from", "reader", "bytes", "detail", "letter", box=None)
    for row in rows:
        table.add_row(
            f"{row.at:%Y-%m-%d %H:%M:%S}",
            row.reason,
            f"{row.topic}/{row.partition}/{row.offset}",
            row.reader,
            str(row.size_bytes),
            row.detail,
            f"{row.dlq_topic} {row.dlq_partition} {row.dlq_offset}",
        )
    Console().print(table)


def show_letter(data_dir: Path | None, topic: str, partition: int, offset: int) -> None:
    """One dead letter: its reason, then the original record as it came."""
    from ops.dead_letters import show_dead_letter

    letter = _run(show_dead_letter(connection(data_dir), topic, partition, offset), data_dir)
    row = letter.row
    print(f"reason:  {row.reason}: {row.detail}")
    print(f"from:    {row.topic}, partition {row.partition}, offset {row.offset}, refused by {row.reader} at {row.at.isoformat()}")
    print(f"key:     {_shown(letter.key)}")
    for name, raw in letter.headers:
        print(f"header:  {name}: {_shown(raw)}")
    print(f"value:   {_shown(letter.value)}")


def _shown(raw: bytes | None) -> str:
    return "(none)" if raw is None else raw.decode(errors="backslashreplace")


def _run(work: Coroutine[None, None, T], data_dir: Path | None) -> T:
    from aiokafka.errors import KafkaError

    from producers.errors import PublishError

    try:
        return asyncio.run(work)
    except LookupError as error:
        raise OperationFailed(str(error.args[0] if error.args else error)) from None
    except (KafkaError, PublishError, OSError) as error:
        raise OperationFailed(f"Kafka at {connection(data_dir).bootstrap_servers} does not answer: {error}") from None
