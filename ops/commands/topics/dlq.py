"""`abhyas dlq list|show|redrive`: dead letters, read and never changed, and sent again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from ops.commands.options import Data
from ops.errors import OperationFailed, WrongUsage
from ops.stack.description import connection

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from ops.dead_letters.letters import RecordPosition
    from ops.dead_letters.redrive_plan import Report
    from runtime.kafka.connection import KafkaConnection

T = TypeVar("T")


def list_dead_letters(limit: Annotated[int, typer.Option("-n", help="The newest so many.")] = 100, data: Data = None) -> None:
    """Lists dead letters: when, why, and where each came from."""
    from ops.dead_letters import letters
    from ops.tables import show_table

    rows = _run(letters.list_dead_letters(connection(data), limit=limit), data)
    if not rows:
        print("no dead letters")
        return
    show_table(
        ("at", "reason", "from", "reader", "bytes", "detail", "letter", "sent again"),
        (
            (
                f"{row.at:%Y-%m-%d %H:%M:%S}",
                row.reason,
                f"{row.topic}/{row.partition}/{row.offset}",
                row.reader,
                str(row.size_bytes) if row.cut is None else f"{row.size_bytes}, cut",
                row.detail,
                f"{row.dlq_topic} {row.dlq_partition} {row.dlq_offset}",
                "" if row.redriven_at is None else f"{row.redriven_at:%Y-%m-%d %H:%M:%S}",
            )
            for row in rows
        ),
    )


def show_dead_letter(topic: str, partition: int, offset: int, data: Data = None) -> None:
    """Shows one dead letter with its original key, headers and value."""
    from ops.dead_letters import letters
    from ops.tables import plain

    letter = _run(letters.show_dead_letter(connection(data), topic, partition, offset), data)
    row = letter.row
    print(plain(f"reason:  {row.reason}: {row.detail}"))
    print(plain(f"from:    {row.topic}, partition {row.partition}, offset {row.offset}, refused by {row.reader} at {row.at.isoformat()}"))
    if row.cut is not None:
        cut = plain(", ".join(row.cut.parts))
        print(f"cut:     {row.cut.size_bytes} bytes, too large to be kept: what follows are the first bytes of {cut}")
        print(plain(f"sha256:  {row.cut.sha256} of the whole record, which lies at the place named above until its retention ends"))
    print(f"key:     {_shown(letter.key)}")
    for name, raw in letter.headers:
        print(f"header:  {plain(name)}: {_shown(raw)}")
    print(f"value:   {_shown(letter.value)}")


def redrive_dead_letters(
    *,
    topic: Annotated[str | None, typer.Option(help="Only those of this topic.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only those with this reason.")] = None,
    reader: Annotated[str | None, typer.Option(help="Only those refused by this reader.")] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Only those refused then or later; ISO 8601, UTC if not said.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Only those refused before.")] = None,
    offset: Annotated[list[str] | None, typer.Option(metavar="TOPIC:PARTITION:OFFSET", help="Only this letter; may be repeated.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Send at most so many.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent.")] = False,
    data: Data = None,
) -> int:
    """Sends dead letters again to their topics, as they came, after the reader was mended.

    Letters that every given option takes go, without options all of them. Nothing goes twice, however often or by how many
    people this is run; on the embedded broker, which fences nobody, only one may run at a time. A record that is refused
    again becomes a new dead letter: one that was too_late still is. Exit code 1 where a letter that was meant stays behind.
    """
    from ops.dead_letters.redrive import redrive
    from ops.dead_letters.redrive_plan import Selection

    kafka = connection(data)
    selection = Selection(
        topic=None if topic is None else _dead_lettered(topic, kafka),
        reason=reason,
        reader=reader,
        since=_moment("--since", since),
        until=_moment("--until", until),
        places=frozenset(_place(text, kafka) for text in offset or ()),
    )
    report = _run(redrive(kafka, selection, limit=limit, dry_run=dry_run), data)
    for line in _report_lines(report, dry_run=dry_run):
        print(line)
    return 1 if report.skipped else 0


def _report_lines(report: Report, *, dry_run: bool) -> list[str]:
    sent = "would be sent" if dry_run else "sent"
    lines = [f"{report.matched} matched, {report.sent} {sent}, {report.already} already redriven, {report.skipped.total()} skipped"]
    lines += [f"  skipped {count}: {reason}" for reason, count in sorted(report.skipped.items())]
    if not report.matched and report.reasons:
        there = ", ".join(f"{reason} {count}" for reason, count in sorted(report.reasons.items()))
        lines.append(f"  there are, by reason: {there}")
    return lines


def _moment(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise WrongUsage(f"{option} {text!r} is no time: expected ISO 8601, as 2026-11-25 or 2026-11-25T10:30:00+05:30") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _place(text: str, kafka: KafkaConnection) -> RecordPosition:
    from ops.dead_letters.letters import RecordPosition
    from schemas.topics import DLQ_SUFFIX

    topic, _, rest = text.partition(":")
    partition, _, offset = rest.partition(":")
    if not (partition.isdecimal() and offset.isdecimal()):
        raise WrongUsage(f"--offset {text!r}: expected TOPIC:PARTITION:OFFSET of a letter, as `abhyas dlq list` shows it")
    return RecordPosition(_dead_lettered(topic, kafka) + DLQ_SUFFIX, int(partition), int(offset))


def _dead_lettered(topic: str, kafka: KafkaConnection) -> str:
    """The full name of a topic, given as itself or as its dead-letter topic; raises WrongUsage for one without dead letters."""
    from ops.dead_letters.letters import dead_letter_topics
    from ops.topic_reader import full_name
    from schemas.topics import DLQ_SUFFIX

    name = full_name(topic.removesuffix(DLQ_SUFFIX), kafka.topic_prefix)
    if name + DLQ_SUFFIX not in dead_letter_topics(kafka):
        raise WrongUsage(f"topic {topic!r} has no dead letters: what can't be read there is told in the log alone")
    return name


def _shown(raw: bytes | None) -> str:
    from ops.tables import plain

    return "(none)" if raw is None else plain(raw.decode(errors="backslashreplace"))


def _run(work: Coroutine[None, None, T], data_dir: Path | None) -> T:
    from aiokafka.errors import KafkaError

    from producers.errors import PublishError

    try:
        return asyncio.run(work)
    except LookupError as error:
        raise OperationFailed(str(error.args[0] if error.args else error)) from None
    except (KafkaError, PublishError, OSError) as error:
        raise OperationFailed(f"Kafka at {connection(data_dir).bootstrap_servers} does not answer: {error}") from None
