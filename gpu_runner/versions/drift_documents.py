"""The documents that a drift baseline is fitted on, kept beside it for the one that follows. Blocking.

They come from the bootstrap's file and from `document.ingested`, redacted as stage 1 redacts: nothing here is a user's word.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gpu_runner.dataset.fields import DataError, read_objects
from producers.redaction.redact import redact_together
from schemas.events.sample_collected import SampleCollected
from schemas.holdout import GROUP_CHARACTERS, normalise_group

if TYPE_CHECKING:
    from consumers.drift.baseline.fit import BaselineDocument

# A fit's time and memory grow with them; 50,000 give the covariance, the rest is for rare terms.
MOST: Final = 100_000
NEWEST: Final = 50_000
# As `abhyas drift fit` counts rows without a time.
DOCUMENTS_A_DAY: Final = 5_000
_FIRST_DAY: Final = date(1970, 1, 1)
_PUBLISHERS: Final = ("publisher", "source")
_GROUPS: Final = ("source_group", "group", "doc_id", "id")


def requested_documents(path: Path) -> list[BaselineDocument]:
    """The documents of a bootstrap's file: rows `{"text"}`, each with where and when (`occurred_at`) it came from where that is given.

    A row that names no publisher, source group or id is a source of its own. Raises DataError that names line and field.
    """
    from consumers.drift.baseline.fit import BaselineDocument

    found: list[BaselineDocument] = []
    for number, row in read_objects(path):
        text = row.get("text")
        if not isinstance(text, str) or not text.strip():
            raise DataError(f"line {number}: field 'text' is missing or empty: expected the document's text")
        clean, source = _redacted(text, _source(row) or f"line {number}")
        found.append(BaselineDocument(clean, source, _day(row, number, len(found))))
    if not found:
        raise DataError("the file has no documents: expected one JSON object a line with 'text'")
    return found


def leased_rows(samples: Iterable[SampleCollected]) -> list[dict[str, Any]]:
    """The leased documents with inline text as rows with their sample's id, in the order of their time.

    Documents by reference are left out: stage 1 does not see their text either. The source is its publisher, else its group.
    """
    documents = [sample for sample in samples if sample.kind == "document" and sample.text and not sample.retracted]
    documents.sort(key=lambda sample: (sample.occurred_at, sample.provenance.partition, sample.provenance.offset))
    return [
        {
            "text": sample.text,
            "source": sample.publisher or sample.group,
            "day": sample.occurred_at.astimezone(UTC).date().isoformat(),
            "sample_id": sample.sample_id,
        }
        for sample in documents
    ]


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Rows as JSON Lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as handle:
        for row in rows:
            handle.write(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n")


def write_documents(path: Path, documents: Iterable[BaselineDocument]) -> None:
    """The documents, each up to the length that a baseline looks at."""
    from consumers.drift.text.code_points import LONGEST

    write_rows(path, ({"text": one.text[:LONGEST], "source": one.source, "day": one.day.isoformat()} for one in documents))


def read_documents(path: Path) -> Iterator[BaselineDocument]:
    """What `write_documents` or `write_rows` wrote; raises DataError for anything else."""
    from consumers.drift.baseline.fit import BaselineDocument

    for number, row in read_objects(path):
        try:
            yield BaselineDocument(str(row["text"]), str(row["source"]), date.fromisoformat(row["day"]))
        except (KeyError, TypeError, ValueError):
            raise DataError(f"{path}:{number}: expected text, source and day of a kept document") from None


def capped(documents: Sequence[BaselineDocument]) -> Sequence[BaselineDocument]:
    """At most MOST: the NEWEST as they are, and of the older ones whole runs of one source, evenly spread.

    Whole runs, because the thresholds come from resampled runs: single documents would make the stream look more independent than it is.
    """
    if len(documents) <= MOST:
        return documents
    from consumers.drift.baseline.fit import block_bounds

    older, room = documents[:-NEWEST], MOST - NEWEST
    kept: list[BaselineDocument] = []
    bounds = block_bounds(older).tolist()
    for first, end in pairwise(bounds):
        if len(kept) + end - first <= room * end // len(older):
            kept += older[first:end]
    return [*kept, *documents[-NEWEST:]]


def _redacted(text: str, source: str) -> tuple[str, str]:
    # The one character that separates texts that are redacted together.
    pair = (text.replace("\x00", " "), source.replace("\x00", " "))
    found = redact_together(pair)
    return pair if found is None else (found[0][0], found[0][1])


def _source(row: Mapping[str, Any]) -> str | None:
    """Where a document came from, as stage 1 has it: its publisher, else its group in the form that samples have."""
    publisher = next((str(row[name]) for name in _PUBLISHERS if row.get(name)), None)
    group = next((str(row[name]) for name in _GROUPS if row.get(name)), None)
    return publisher or (None if group is None else normalise_group(group)[:GROUP_CHARACTERS].strip())


def _day(row: Mapping[str, Any], number: int, count: int) -> date:
    given = row.get("occurred_at")
    if given is None:
        return _FIRST_DAY + timedelta(days=count // DOCUMENTS_A_DAY)
    try:
        at = datetime.fromisoformat(given)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).date()
    except (TypeError, ValueError, OverflowError):
        raise DataError(f"line {number}: field 'occurred_at': expected a time such as 2026-11-25T06:00:00Z") from None
