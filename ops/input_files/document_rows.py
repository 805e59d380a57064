"""The rows of a documents file: JSONL of `{"text", "source", "occurred_at"?}`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from ops.errors import WrongUsage
from ops.input_files.jsonl_rows import jsonl_rows

if TYPE_CHECKING:
    from consumers.drift.baseline.fit import BaselineDocument

EXPECTED: Final = 'expected a JSON object as {"text": "…", "source": "…", "occurred_at": "2026-11-25T06:00:00Z"}, the last one optional'
MAX_LINE_BYTES: Final = 8 * 1024 * 1024
# Rows without a time are taken as so many a day, in the order of the file.
DOCUMENTS_A_DAY: Final = 5_000
_FIRST_DAY: Final = date(1970, 1, 1)


class DocumentRow(msgspec.Struct):
    """One document. Further fields are passed over."""

    text: str
    source: Annotated[str, msgspec.Meta(min_length=1)]
    occurred_at: datetime | None = None


def document_rows(path: Path) -> Iterator[BaselineDocument]:
    """The documents, blank lines passed over. Raises WrongUsage that names file, line, field and what was expected."""
    from consumers.collect.decode import explain
    from consumers.drift.baseline.fit import BaselineDocument

    for count, (number, value) in enumerate(jsonl_rows(path, max_bytes=MAX_LINE_BYTES, expected=EXPECTED)):
        try:
            row = msgspec.convert(value, DocumentRow)
            yield BaselineDocument(row.text, row.source, _day(row.occurred_at, count))
        except msgspec.ValidationError as error:
            raise WrongUsage(f"{path}:{number}: {explain(error)}: {EXPECTED}") from None
        except OverflowError:
            raise WrongUsage(f"{path}:{number}: occurred_at: before the year 1 or after 9999 in UTC: {EXPECTED}") from None


def _day(occurred_at: datetime | None, number: int) -> date:
    if occurred_at is None:
        return _FIRST_DAY + timedelta(days=number // DOCUMENTS_A_DAY)
    return (occurred_at if occurred_at.tzinfo else occurred_at.replace(tzinfo=UTC)).astimezone(UTC).date()
