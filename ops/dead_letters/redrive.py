"""Sends dead letters again to where they came from: nothing lost, and nothing twice.

Each transaction holds original records and, beside their letters, a marker for each. So a letter is marked exactly if its record
was sent, whatever stops the run. The transactional id is the same for everybody: whoever starts fences whoever is at it, and
reads the markers after that, so two people at once send nothing twice either. The embedded broker fences nobody and shows what
was never committed: there only one may run at a time, and a run that is killed may send its last transaction again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Final, Protocol

from aiokafka.errors import KafkaError, MessageSizeTooLargeError, ProducerFenced

from ops.dead_letters.letters import RecordPosition, content, dead_letter_topics, redriven_letter, whole
from ops.dead_letters.redrive_plan import CUT, NOT_THERE, Report, Resend, Selection, Situation, plan, transaction
from ops.errors import OperationFailed
from ops.topic_reader import Ends, ends_with_open, existing_counts, records
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.transaction import TransactionalWriter
from runtime.kafka.used_partitions import used_partitions
from schemas import topics
from schemas.envelope import WireRecord

# At most so many letters, and about so many bytes, in one transaction.
TRANSACTION_LETTERS: Final = 500
TRANSACTION_BYTES: Final = 8 * 1024 * 1024
# A stage's transaction may lie open over what has to be read: the broker ends it after a minute, give or take its own checks.
OPEN_TRANSACTION_S: Final = 90.0


class Writer(Protocol):
    """Writes in transactions; its start fences whoever else writes under its id."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def commit(self, routed: Mapping[tuple[str, int], list[WireRecord]], /) -> object: ...


def writer(connection: KafkaConnection) -> Writer:
    """The one that every redrive of an installation uses, under the same transactional id."""
    return TransactionalWriter(connection, f"{connection.topic_prefix}-redrive")


async def redrive(
    connection: KafkaConnection,
    selection: Selection,
    *,
    limit: int | None = None,
    dry_run: bool = False,
    new_writer: Callable[[KafkaConnection], Writer] = writer,
) -> Report:
    """Sends the selected letters again, at most `limit` of them; those written while it runs are left for the next run.

    Raises OperationFailed, with what was sent before, where the broker fails or another run took over: running it again goes on.
    """
    if dry_run:
        return await _run(connection, selection, limit, None)
    writer = new_writer(connection)
    try:
        # Before anything is read: from here on nobody else can add a marker.
        await writer.start()
        return await _run(connection, selection, limit, writer)
    except (KafkaError, OSError) as error:
        raise OperationFailed(f"Kafka at {connection.bootstrap_servers} does not answer: {error}") from None
    finally:
        await writer.stop()


async def _run(connection: KafkaConnection, selection: Selection, limit: int | None, writer: Writer | None) -> Report:
    names = [name for name in dead_letter_topics(connection) if selection.topic in (None, name.removesuffix(topics.DLQ_SUFFIX))]
    ends = await ends_with_open(connection, names)
    situation = await _situation(connection, names, ends)
    report, pending, met, pending_bytes = Report(), list[Resend](), set[RecordPosition](), 0
    async with aclosing(records(connection, names, until=ends, silence_s=OPEN_TRANSACTION_S)) as found:
        async for record in found:
            if redriven_letter(record) is not None:
                continue
            letter = content(record)
            report.reasons[letter.row.reason] += 1
            if not selection.takes(letter):
                continue
            met.add(letter.row.place)
            report.matched += 1
            if letter.row.place in situation.redriven:
                report.already += 1
                continue
            if letter.row.cut is not None:
                original = await whole(connection, letter)
                if original is None:
                    report.skipped[CUT] += 1
                    continue
                letter = original
            step = plan(letter, selection, situation)
            if isinstance(step, str):
                report.skipped[step] += 1
                continue
            pending.append(step)
            pending_bytes += step.size_bytes
            if len(pending) >= TRANSACTION_LETTERS or pending_bytes >= TRANSACTION_BYTES:
                await _commit(writer, pending, report)
                pending_bytes = 0
            if limit is not None and report.sent + len(pending) >= limit:
                break
        else:
            report.skipped.update({f"{NOT_THERE}: {place}": 1 for place in sorted(selection.places - met)})
    await _commit(writer, pending, report)
    return report


async def _situation(connection: KafkaConnection, names: list[str], ends: Ends) -> Situation:
    originals = {name.removesuffix(topics.DLQ_SUFFIX) for name in names}
    counts = await existing_counts(connection)
    used = used_partitions(counts, connection.topic_prefix)
    partitions = {name: used[name] for name in originals & counts.keys()}
    redriven = set[RecordPosition]()
    async for record in records(connection, names, until=ends, silence_s=OPEN_TRANSACTION_S):
        letter = redriven_letter(record)
        if letter is not None:
            redriven.add(letter)
    erasures = records(connection, [connection.topic(topics.USER_ERASED)])
    erased = {record.key async for record in erasures if record.key is not None and record.value is not None}
    return Situation(connection.topic_prefix, partitions, redriven, erased)


async def _commit(writer: Writer | None, pending: list[Resend], report: Report) -> None:
    """Sends what is pending and empties the list; without a writer it is only counted."""
    if writer is not None and pending:
        try:
            await writer.commit(transaction(pending))
        except MessageSizeTooLargeError:
            places = ", ".join(sorted({resend.topic for resend in pending}))
            raise OperationFailed(
                f"{_so_far(report)}; then a record was larger than its topic takes ({places}): raise max.message.bytes "
                "(`abhyas topics plan` says where it is below the contract's), or leave it out with --reason or --offset"
            ) from None
        except ProducerFenced:
            raise OperationFailed(f"{_so_far(report)}; then another `abhyas dlq redrive` took over: let it end") from None
        except (KafkaError, OSError) as error:
            # A producer that was fenced is told in more than one way: the open transaction is lost in each.
            raise OperationFailed(
                f"{_so_far(report)}; then a transaction failed ({type(error).__name__}: {error}): see that no other "
                "`abhyas dlq redrive` runs, then run it again; what was sent does not go twice"
            ) from None
    report.sent += len(pending)
    pending.clear()


def _so_far(report: Report) -> str:
    return f"{report.sent} letters were sent again"
