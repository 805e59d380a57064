"""Looks at a file that a request names, before the request is taken: all of it, up to 10,000 rows and 8 MiB.

The functions that read the whole file later read the rows here too, so a mistake is told in the same words, by line and field. What lies
beyond is not looked at: a row that is longer is taken unseen, but for the form that its first bytes have. Of a compressed file the 8 MiB
are those of its content.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

from gpu_runner.dataset.fields import DataError, whole_of
from gpu_runner.dataset.formats.evaluation_file import evaluation_items
from gpu_runner.dataset.formats.json_list import list_entries
from gpu_runner.dataset.formats.training_file import dataset_rows
from gpu_runner.dataset.formats.unpacked import unpacked_start
from gpu_runner.evaluate.evaluation import SOURCES, sources_of
from schemas.reading.json_text import foreign

MAX_BYTES: Final = 8 * 1024 * 1024
# Half a second of one core: a request waits for it.
MAX_ROWS: Final = 10_000


@dataclass(frozen=True, slots=True)
class FileStart:
    """The first bytes of a file that the caller called `name`; `whole`: there are no more."""

    name: str
    data: bytes
    whole: bool

    def unpacked(self) -> FileStart:
        """The first bytes of its content, where it is compressed; raises DataError for a damaged file."""
        data, whole = unpacked_start(self.data, self.name, whole=self.whole, most_bytes=MAX_BYTES)
        return FileStart(self.name, data, whole)


def check_dataset(start: FileStart) -> None:
    """Raises DataError for the first row that can't be trained on, and for a file of which none can."""
    start = start.unpacked()
    dataset_rows(io.BytesIO(start.data), start.name, cut=not start.whole, most_rows=MAX_ROWS)


def check_items(start: FileStart) -> None:
    """Raises DataError for the first row that is no evaluation item, and for a file in which nothing can be asked."""
    start = start.unpacked()
    evaluation_items(io.BytesIO(start.data), start.name, cut=not start.whole, most_rows=MAX_ROWS)


def check_sources(start: FileStart) -> None:
    """Raises DataError for a file that holds no source documents: of a longer one, by the entries of its list in the first bytes."""
    if start.whole:
        sources_of(whole_of(start.data, start.name, SOURCES), start.name)
        return
    if (stated := foreign(start.data)) is not None:
        raise DataError(f"{start.name}: {stated}")
    entries = [entry.value for entry in list_entries(start.data, start.name, cut=True) if entry.number is not None]
    if entries:
        sources_of(entries, start.name)
