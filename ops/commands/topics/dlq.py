"""`abhyas dlq list|show|redrive`: dead letters, read and never changed, and sent again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ops.errors import OperationFailed, WrongUsage
from ops.stack.description import connection
from ops.tables import plain, show_table

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from ops.dead_letters.letters import Place
    from ops.dead_letters.redrive_plan import Report
    from runtime.kafka.connection import KafkaConnection

T = TypeVar("T")


def list_letters(data_dir: Path | None, limit: int) -> None:
    """A table of the newest dead letters, newest last; in a pipe a line a letter, tabs between, nothing cut."""
    from ops.dead_letters.letters import list_dead_letters

    rows = _run(list_dead_letters(connection(data_dir), limit=limit), data_dir)
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


def show_letter(data_dir: Path | None, topic: str, partition: int, offset: int) -> None:
    """One dead letter: its reason, then the original record as it came."""
    from ops.dead_letters.letters import show_dead_letter

    letter = _run(show_dead_letter(connection(data_dir), topic, partition, offset), data_dir)
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


def redrive_letters(
    data_dir: Path | None,
    *,
    topic: str | None,
    reason: str | None,
    reader: str | None,
    since: str | None,
    until: str | None,
    offsets: Sequence[str],
    limit: int | None,
    dry_run: bool,
) -> int:
    """Sends the letters that every given filter takes; 0 where nothing of them is left behind, else 1."""
    from ops.dead_letters.redrive import redrive
    from ops.dead_letters.redrive_plan import Selection

    kafka = connection(data_dir)
    selection = Selection(
        topic=None if topic is None else _lettered(topic, kafka),
        reason=reason,
        reader=reader,
        since=_moment("--since", since),
        until=_moment("--until", until),
        places=frozenset(_place(text, kafka) for text in offsets),
    )
    report = _run(redrive(kafka, selection, limit=limit, dry_run=dry_run), data_dir)
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


def _place(text: str, kafka: KafkaConnection) -> Place:
    from ops.dead_letters.letters import Place
    from schemas.topics import DLQ_SUFFIX

    topic, _, rest = text.partition(":")
    partition, _, offset = rest.partition(":")
    if not (partition.isdecimal() and offset.isdecimal()):
        raise WrongUsage(f"--offset {text!r}: expected TOPIC:PARTITION:OFFSET of a letter, as `abhyas dlq list` shows it")
    return Place(_lettered(topic, kafka) + DLQ_SUFFIX, int(partition), int(offset))


def _lettered(topic: str, kafka: KafkaConnection) -> str:
    """The full name of a topic, given as itself or as its dead-letter topic; raises WrongUsage for one without dead letters."""
    from ops.dead_letters.letters import dead_letter_topics
    from ops.topic_reader import full_name
    from schemas.topics import DLQ_SUFFIX

    name = full_name(topic.removesuffix(DLQ_SUFFIX), kafka.topic_prefix)
    if name + DLQ_SUFFIX not in dead_letter_topics(kafka):
        raise WrongUsage(f"topic {topic!r} has no dead letters: what can't be read there is told in the log alone")
    return name


def _shown(raw: bytes | None) -> str:
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
