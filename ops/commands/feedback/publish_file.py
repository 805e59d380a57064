"""Feedback, turns or documents from a file onto their topic, and what stage 1 made of them: what `abhyas publish` does.

A row, a line of JSON Lines in the first place (`ops.input_files.event_rows`), is what the gateway takes as one object
(`producers.submissions`); of feedback it may also be a preference or a KTO row (`ops.input_files.opinion_rows`). Rows that are not valid
are reported with their lines' numbers and published never; the valid ones are published all. Publishing a file again makes no second
event, whatever was added or left out: an id that a feedback lacks derives from its content, and how many equal rows came before it.

A history is a file of what happened long ago. Its lines go oldest first, marked as history, so that stage 1 takes them however late they
are; nothing that a user had erased goes at all.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

from pydantic import ValidationError

from gpu_runner.dataset.fields import DataError
from ops.commands.feedback.stage1_outcomes import SILENCE_S, Outcomes, following
from ops.input_files.event_rows import EventRow, RowPlace, event_rows
from ops.input_files.opinion_rows import OPINION_FIELDS, as_feedback
from ops.topic_reader import records
from producers.errors import EventTooLarge, KafkaAway, PublishError, SubmissionError
from producers.gateway.background import follow_stage1
from producers.publisher import Publisher, Receipt
from producers.submissions import (
    DocumentSubmission,
    FallbackIds,
    FeedbackSubmission,
    Kind,
    Prepared,
    TurnSubmission,
    prepare_document,
    prepare_feedback,
    prepare_turn,
)
from runtime.http_errors import validation_details
from runtime.kafka.connection import KafkaConnection
from schemas import topics
from schemas.catalogue import Event
from schemas.envelope import MalformedEvent, decode
from schemas.events.feedback_submitted import FeedbackSubmitted
from schemas.events.user_erased import UserErased
from schemas.identity import DEFAULT_SOURCE

# A file of nothing but errors must not fill the memory; the report still counts them all.
KEPT_ERRORS: Final = 1000
# Acknowledgements in waiting: far above what a linger gathers, far below what a file may hold.
WINDOW: Final = 2000
PROGRESS_EVERY: Final = 50
_TOPICS: Final[Mapping[Kind, str]] = {
    "feedback": topics.FEEDBACK_SUBMITTED,
    "turns": topics.TURN_COMPLETED,
    "documents": topics.DOCUMENT_INGESTED,
}
# What a row may have: the columns of a CSV file.
FIELDS: Final[Mapping[Kind, frozenset[str]]] = {
    "feedback": frozenset((*FeedbackSubmission.model_fields, *OPINION_FIELDS)),
    "turns": frozenset(TurnSubmission.model_fields),
    "documents": frozenset(DocumentSubmission.model_fields),
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: `bytes_read` of `bytes_total` (unpacked, as JSON Lines), and the lines so far."""

    lines: int
    published: int
    invalid: int
    bytes_read: int
    bytes_total: int


@dataclass(frozen=True, slots=True)
class LineError:
    """A row that was not published: the number of its line from 1, and each field with what was expected."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class PublishReport:
    """What became of the file; `errors` holds the first 1,000 of `invalid`, in the order of their lines.

    `outcomes` is what stage 1 made of the published ones; `redacted_corrections` of them have a correction with a mark where an identity
    number was.
    """

    published: int
    invalid: int
    errors: tuple[LineError, ...]
    redactions: Mapping[str, int]
    outcomes: Outcomes = field(default_factory=Outcomes)
    redacted_corrections: int = 0

    @property
    def exit_code(self) -> int:
        """0 when every line was published and none of them refused, as far as is known, else 1."""
        return 1 if self.invalid or self.outcomes.refused else 0


async def publish_file(
    connection: KafkaConnection,
    kind: Kind,
    path: Path,
    *,
    source: str = DEFAULT_SOURCE,
    user_hash_key: bytes | None = None,
    names_key: bytes | None = None,
    consumers_url: str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    history: bool = False,
    silence_s: float = SILENCE_S,
) -> PublishReport:
    """Publishes every valid row of a file and waits for all acknowledgements, then for stage 1; empty lines are passed over.

    Raises KafkaAway where the broker is (or goes) away, naming how many are safe, OSError for the file, NotJsonLines for one of another
    form, and DataError for an array, a CSV file or a compressed one that can't be read to its end: nothing of it is published then. With
    the embedded broker `consumers_url` tells how far stage 1 is, so that no more is in flight than the broker keeps. What stage 1 has not
    read after getting no further for `silence_s` is not known.
    """
    hold = not connection.keeps_logs and consumers_url is not None
    publisher = Publisher(connection, source, hold_until_processed=hold)
    with path.open("rb") as file:
        await publisher.start()
        pacing = asyncio.create_task(follow_stage1(publisher, consumers_url)) if hold and consumers_url is not None else None
        try:
            erased = await _erasures(connection) if history and kind != "documents" else {}
            async with following(connection, _TOPICS[kind]) as stage1:
                return await publish_lines(
                    publisher, kind, file, stage1,
                    user_hash_key=user_hash_key, names_key=names_key, on_progress=on_progress,
                    history=history, erased=erased, silence_s=silence_s, name=str(path),
                )  # fmt: skip
        finally:
            if pacing is not None:
                pacing.cancel()
                with suppress(asyncio.CancelledError):
                    await pacing
            await publisher.stop()


class Sends(Protocol):
    """What `publish_lines` asks of a publisher: `producers.publisher.Publisher`."""

    async def publish(
        self, event: Event, time: datetime, *, source: str | None = None, history: bool = False
    ) -> asyncio.Future[Receipt]: ...
    async def acknowledgement(self, receipt: asyncio.Future[Receipt]) -> Receipt: ...


class Hears(Protocol):
    """What becomes of published records: `ops.commands.feedback.stage1_outcomes.Stage1Outcomes`."""

    def add(self, partition: int, offset: int, *, waits: bool = False) -> None: ...
    async def outcomes(self, silence_s: float) -> Outcomes: ...


async def publish_lines(
    publisher: Sends,
    kind: Kind,
    file: BinaryIO,
    stage1: Hears,
    *,
    user_hash_key: bytes | None = None,
    names_key: bytes | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    history: bool = False,
    erased: Mapping[str, datetime] | None = None,
    silence_s: float = SILENCE_S,
    name: str = "file",
) -> PublishReport:
    """As `publish_file`, with what it is published by and heard from; `erased` are the times up to which users are erased."""
    keys = (user_hash_key, names_key)
    # In a thread: the clients' connections need the loop, and an archive takes a while to unpack.
    with await asyncio.to_thread(event_rows, file, name, FIELDS[kind]) as found:
        size = found.lines.seek(0, os.SEEK_END)
        run = _Publishing(publisher, kind, keys, size, on_progress, stage1=stage1, erased=erased or {}, history=history)
        for row in found.rows(by_time=history):
            await run.row(row)
        await run.finish()
    return run.report(await stage1.outcomes(silence_s))


async def _erasures(connection: KafkaConnection) -> dict[str, datetime]:
    """Until when each user's words are erased. Stage 1 knows it too, but for what an older release forgot of it."""
    found: dict[str, datetime] = {}
    async for record in records(connection, [connection.topic(topics.USER_ERASED)]):
        if record.value is None:
            continue
        try:
            envelope, event = decode(record.value, record.headers, UserErased)
        except MalformedEvent:
            continue  # nobody's erasure
        found[event.user_hash] = max(envelope.time, found.get(event.user_hash, envelope.time))
    return found


class _Publishing:
    """One pass over a file: counts, and the window of acknowledgements that it waits for."""

    def __init__(
        self,
        publisher: Sends,
        kind: Kind,
        keys: tuple[bytes | None, bytes | None],
        bytes_total: int,
        on_progress: Callable[[Progress], None] | None,
        *,
        stage1: Hears,
        erased: Mapping[str, datetime],
        history: bool,
    ) -> None:
        self._publisher = publisher
        self._kind = kind
        self._user_hash_key, self._names_key = keys
        self._ids = FallbackIds(kind)
        self._bytes_total = bytes_total
        self._on_progress = on_progress
        self._stage1 = stage1
        self._erased = erased
        self._history = history
        # By row: its acknowledgement, and whether its words are those of a turn.
        self._window: list[tuple[RowPlace, asyncio.Future[Receipt], bool]] = []
        self._lines = self._published = self._invalid = self._bytes_read = 0
        self._errors: list[LineError] = []
        self._redactions: Counter[str] = Counter()
        self._redacted_corrections = 0

    async def row(self, row: EventRow) -> None:
        """One row that is not blank."""
        self._lines += 1
        self._bytes_read += len(row.line.raw) + 1
        prepared = self._prepared(row)
        if isinstance(prepared, Prepared):
            await self._publish(row.place, prepared)
        else:
            self._refuse(row.place, prepared)
        if self._lines % PROGRESS_EVERY == 0:
            self._tell()
        if len(self._window) >= WINDOW:
            await self._settle()

    async def finish(self) -> None:
        """Waits for the last acknowledgements."""
        await self._settle()
        self._bytes_read = self._bytes_total
        self._tell()

    def report(self, outcomes: Outcomes) -> PublishReport:
        """What became of the file."""
        errors = tuple(sorted(self._errors, key=lambda item: item.line))
        return PublishReport(self._published, self._invalid, errors, dict(self._redactions), outcomes, self._redacted_corrections)

    def _prepared(self, row: EventRow) -> Prepared | str:
        """The event, or why there is none."""
        if row.line.problems:
            return row.line.errors()
        try:
            prepared = self._submitted(row.line.value)
        except ValidationError as error:
            return "; ".join(f"{field}: {message}" for field, message in validation_details(error))
        except (SubmissionError, DataError) as error:
            return str(error)
        return prepared if not self._history else self._of_history(prepared)

    def _submitted(self, value: Any) -> Prepared:
        if self._kind == "documents":
            return prepare_document(DocumentSubmission.model_validate(value), names_key=self._names_key)
        if self._kind == "turns":
            turn = TurnSubmission.model_validate(value)
            return prepare_turn(turn, user_hash_key=self._user_hash_key, names_key=self._names_key)
        fallback, said = self._ids.of(value), FeedbackSubmission.model_validate(as_feedback(value))
        return prepare_feedback(said, fallback_id=fallback, user_hash_key=self._user_hash_key, names_key=self._names_key)

    def _of_history(self, prepared: Prepared) -> Prepared | str:
        if prepared.occurred_at is None:
            return "occurred_at: expected in a history, and absent: when it happened, as 2026-11-25T06:00:00Z"
        until = self._erased.get(getattr(prepared.event, "user_hash", None) or "")
        if until is not None and prepared.occurred_at <= until:
            return f"user: was erased on {until:%Y-%m-%d}, and this is older: nothing of it is taken"
        return prepared

    async def _publish(self, place: RowPlace, prepared: Prepared) -> None:
        try:
            moment = prepared.occurred_at or datetime.now(UTC)
            future = await self._publisher.publish(prepared.event, moment, source=prepared.source, history=self._history)
        except EventTooLarge as error:
            self._refuse(place, str(error))
        except PublishError as error:
            raise self._interrupted(error) from error
        else:
            event = prepared.event
            self._window.append((place, future, isinstance(event, FeedbackSubmitted) and event.waits_for_turn))
            self._redactions.update(prepared.redactions)
            self._redacted_corrections += prepared.correction_redactions > 0

    async def _settle(self) -> None:
        window, self._window = self._window, []
        for place, future, waits in window:
            try:
                receipt = await self._publisher.acknowledgement(future)
                self._published += 1
                self._stage1.add(receipt.partition, receipt.offset, waits=waits)
            except EventTooLarge as error:
                self._refuse(place, str(error))
            except PublishError as error:
                raise self._interrupted(error) from error

    def _interrupted(self, error: PublishError) -> PublishError:
        return KafkaAway(f"{error}; {self._published} events are acknowledged: publish the file again, what has arrived stays one event")

    def _refuse(self, place: RowPlace, why: str) -> None:
        self._invalid += 1
        if len(self._errors) < KEPT_ERRORS:
            self._errors.append(LineError(place.line, f"{place.inside}{why}"))

    def _tell(self) -> None:
        if self._on_progress is not None:
            in_flight = sum(1 for _, future, _ in self._window if not future.done())
            done = self._published + len(self._window) - in_flight
            self._on_progress(Progress(self._lines, done, self._invalid, min(self._bytes_read, self._bytes_total), self._bytes_total))
