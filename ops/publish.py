"""Feedback or documents from a JSONL file onto their topic: what `abhyas publish` does.

A line is what the gateway takes as one object (`producers.submissions`). Lines that are not valid are reported with
their numbers and published never; the valid ones are published all. Publishing a file again makes no second event: an
id that a feedback lacks derives from its line's number and content.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from pydantic import ValidationError
from pydantic_core import from_json

from producers.connection import KafkaConnection
from producers.errors import EventTooLarge, KafkaAway, PublishError
from producers.gateway.background import follow_stage1
from producers.http_errors import validation_details
from producers.publisher import Publisher, Receipt
from producers.submissions import (
    DocumentSubmission,
    FeedbackSubmission,
    Kind,
    Prepared,
    SubmissionError,
    derived_id,
    prepare_document,
    prepare_feedback,
)

# A file of nothing but errors must not fill the memory; the report still counts them all.
KEPT_ERRORS: Final = 1000
# Longer than any line that could become an event: 384 KiB on the wire, six bytes a character where JSON escapes it.
MAX_LINE_BYTES: Final = 4 * 1024 * 1024
# Acknowledgements in waiting: far above what a linger gathers, far below what a file may hold.
WINDOW: Final = 2000
PROGRESS_EVERY: Final = 50


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: `bytes_read` of `bytes_total`, and the lines so far."""

    lines: int
    published: int
    invalid: int
    bytes_read: int
    bytes_total: int


@dataclass(frozen=True, slots=True)
class LineError:
    """A line that was not published: its number from 1, and each field with what was expected."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class PublishReport:
    """What became of the file; `errors` holds the first 1,000 of `invalid`, in the order of their lines."""

    published: int
    invalid: int
    errors: tuple[LineError, ...]
    redactions: Mapping[str, int]

    @property
    def exit_code(self) -> int:
        """0 when every line was published, else 1."""
        return 1 if self.invalid else 0


async def publish_file(
    connection: KafkaConnection,
    kind: Kind,
    path: Path,
    *,
    source: str = "/abhyas/cli",
    user_hash_key: bytes | None = None,
    consumers_url: str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> PublishReport:
    """Publishes every valid line of a JSONL file and waits for all acknowledgements; empty lines are passed over.

    Raises KafkaAway where the broker is (or goes) away, naming how many are safe, and OSError for the file. With the
    embedded broker `consumers_url` tells how far stage 1 is, so that no more is in flight than the broker keeps.
    """
    hold = connection.embedded and consumers_url is not None
    publisher = Publisher(connection, source, hold_until_processed=hold)
    with path.open("rb") as file:
        await publisher.start()
        following = asyncio.create_task(follow_stage1(publisher, consumers_url)) if hold and consumers_url is not None else None
        try:
            run = _Run(publisher, kind, user_hash_key, os.fstat(file.fileno()).st_size, on_progress)
            for number, line in enumerate(_lines(file), start=1):
                await run.line(number, line)
            await run.finish()
            return run.report()
        finally:
            if following is not None:
                following.cancel()
                with suppress(asyncio.CancelledError):
                    await following
            await publisher.stop()


class _Run:
    """One pass over a file: counts, and the window of acknowledgements that it waits for."""

    def __init__(
        self,
        publisher: Publisher,
        kind: Kind,
        user_hash_key: bytes | None,
        bytes_total: int,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self._publisher = publisher
        self._kind = kind
        self._user_hash_key = user_hash_key
        self._bytes_total = bytes_total
        self._on_progress = on_progress
        self._window: list[tuple[int, asyncio.Future[Receipt]]] = []
        self._lines = self._published = self._invalid = self._bytes_read = 0
        self._errors: list[LineError] = []
        self._redactions: Counter[str] = Counter()

    async def line(self, number: int, raw: bytes | None) -> None:
        """One line; None stands for one that is too long to read."""
        self._lines += 1
        self._bytes_read += MAX_LINE_BYTES if raw is None else len(raw)
        if raw is None or raw.strip():
            prepared = LineError(number, f"longer than {MAX_LINE_BYTES} bytes") if raw is None else self._prepared(number, raw)
            if isinstance(prepared, LineError):
                self._refuse(prepared)
            else:
                await self._publish(number, prepared)
        if self._lines % PROGRESS_EVERY == 0:
            self._tell()
        if len(self._window) >= WINDOW:
            await self._settle()

    async def finish(self) -> None:
        """Waits for the last acknowledgements."""
        await self._settle()
        self._bytes_read = self._bytes_total
        self._tell()

    def report(self) -> PublishReport:
        """What became of the file."""
        return PublishReport(
            self._published, self._invalid, tuple(sorted(self._errors, key=lambda item: item.line)), dict(self._redactions)
        )

    def _prepared(self, number: int, raw: bytes) -> Prepared | LineError:
        try:
            item = from_json(raw, allow_inf_nan=False)
        except ValueError:
            return LineError(number, "not JSON: expected one JSON object in UTF-8 a line")
        try:
            if self._kind == "documents":
                return prepare_document(DocumentSubmission.model_validate(item))
            fallback = derived_id("feedback", f"{number}\n{raw.strip().decode()}")
            return prepare_feedback(FeedbackSubmission.model_validate(item), fallback_id=fallback, user_hash_key=self._user_hash_key)
        except ValidationError as error:
            return LineError(number, "; ".join(f"{field}: {message}" for field, message in validation_details(error)))
        except SubmissionError as error:
            return LineError(number, str(error))

    async def _publish(self, number: int, prepared: Prepared) -> None:
        try:
            future = await self._publisher.publish(prepared.event, prepared.occurred_at or datetime.now(UTC))
        except EventTooLarge as error:
            self._refuse(LineError(number, str(error)))
        except PublishError as error:
            raise self._interrupted(error) from error
        else:
            self._window.append((number, future))
            self._redactions.update(prepared.redactions)

    async def _settle(self) -> None:
        window, self._window = self._window, []
        for number, future in window:
            try:
                await self._publisher.acknowledgement(future)
                self._published += 1
            except EventTooLarge as error:
                self._refuse(LineError(number, str(error)))
            except PublishError as error:
                raise self._interrupted(error) from error

    def _interrupted(self, error: PublishError) -> PublishError:
        return KafkaAway(f"{error}; {self._published} events are acknowledged: publish the file again, what has arrived stays one event")

    def _refuse(self, error: LineError) -> None:
        self._invalid += 1
        if len(self._errors) < KEPT_ERRORS:
            self._errors.append(error)

    def _tell(self) -> None:
        if self._on_progress is not None:
            in_flight = sum(1 for _, future in self._window if not future.done())
            done = self._published + len(self._window) - in_flight
            self._on_progress(Progress(self._lines, done, self._invalid, min(self._bytes_read, self._bytes_total), self._bytes_total))


def _lines(file: BinaryIO) -> Iterator[bytes | None]:
    """The lines of a file, None for one over MAX_LINE_BYTES, so that a file without line ends cannot fill the memory."""
    while line := file.readline(MAX_LINE_BYTES + 1):
        if len(line) <= MAX_LINE_BYTES:
            yield line
            continue
        yield None
        while line and not line.endswith(b"\n"):
            line = file.readline(MAX_LINE_BYTES)
