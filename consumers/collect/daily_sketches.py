"""The documents of one input partition as mergeable sketches by (model, event-day), each of them by one drift baseline.

The baseline active when a day's first document is sketched stays the day's, so that the rows of a day add up and a document's row can
be taken back exactly. A day's sketch is the sum of the rows of its documents' newest revisions, whatever order, batching or duplication.

Sketched is every accepted document with inline text, in the holdout or not: it is part of the world that drifts. A document by reference
has no text here; it is counted and not sketched, as is one for whose day no baseline, or another than the day's, is active.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from consumers.collect.deduplication import Mark, Marks
from consumers.drift.features.sketch import Sums, empty, group_of, packed, packed_row, sketched, unpacked, unpacked_row
from consumers.state_keys import SKETCH_KEY
from consumers.wire import SummaryOut


class Sketcher(Protocol):
    """Feature rows by one baseline, whose arrays have the sha256 `sha256`."""

    @property
    def sha256(self) -> str: ...
    def rows(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """One row a document, `(d, WIDTH) int64`, the same in any batch."""
        ...


# The sketcher of a model's documents of an event-day (proleptic Gregorian ordinal); None where no baseline is active for it.
ActiveSketcher = Callable[[str, int], Sketcher | None]


def no_active_sketcher(model: str, day: int) -> Sketcher | None:
    """No model has a baseline: documents are collected and counted, not sketched."""
    return None


# A document alone costs 340 µs, among 500 9 µs; long documents in larger batches would take hundreds of megabytes.
TOGETHER: Final = 500
_SHA256_BYTES: Final = 32

ModelDay = tuple[str, int]


@dataclass(slots=True)
class _Day:
    """A day's sums by the baseline `sha256` (hex), and their packed form as of the last step's end."""

    sha256: str
    sums: Sums
    packed: bytes


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A document of this step: its state key, the mark that is to get its row, its text, its source's group, and what sketches it."""

    key: bytes
    mark: Mark
    text: str
    group: int
    sketcher: Sketcher


class DocumentSketches:
    """The sketches, their days as proleptic Gregorian ordinals. Documents wait for the step's end and are featurised together."""

    def __init__(self, active_sketcher: ActiveSketcher) -> None:
        self._active_sketcher = active_sketcher
        self._days: dict[ModelDay, _Day] = {}
        # By state key, the newest revision alone; and those whose day was left behind, so that nothing is taken back of it any more.
        self._waiting: dict[bytes, _Waiting] = {}
        self._left: list[_Waiting] = []
        self._touched: set[ModelDay] = set()
        # No day is older than this one, as `DailySignals` has it.
        self._oldest: float = math.inf
        # This step's.
        self._sketchers: dict[ModelDay, Sketcher | None] = {}
        self._changes: dict[bytes, bytes | None] = {}

    def __len__(self) -> int:
        return len(self._days)

    def add(self, key: bytes, mark: Mark, text: str | None, source: str) -> None:
        """The newest revision of a document, after `withdraw` of the one before where that still counts. O(1)."""
        left = self._waiting.pop(key, None)
        if left is not None:
            self._left.append(left)
        place = (mark.model, mark.day)
        sketcher = self._sketcher(place)
        if text is None or sketcher is None:
            return
        if place not in self._days:
            self._days[place] = _Day(sketcher.sha256, empty(), b"")
            self._oldest = min(mark.day, self._oldest)
        self._touched.add(place)
        self._waiting[key] = _Waiting(key, mark, text, group_of(source), sketcher)

    def withdraw(self, key: bytes, mark: Mark) -> None:
        """Takes back what a revision added, whether it still waits or has its row in the mark."""
        if self._waiting.pop(key, None) is None and mark.row is not None:
            row, group = unpacked_row(mark.row)
            self._days[mark.model, mark.day].sums -= sketched(row[None], np.array([group]))
            self._touched.add((mark.model, mark.day))

    def settle(self, marks: Marks[Mark]) -> None:
        """At the end of a step: sketches what waits and gives the marks their rows."""
        by_baseline: defaultdict[str, list[_Waiting]] = defaultdict(list)
        for waiting in (*self._waiting.values(), *self._left):
            by_baseline[waiting.sketcher.sha256].append(waiting)
        for documents in by_baseline.values():
            for first in range(0, len(documents), TOGETHER):
                self._sketch(documents[first : first + TOGETHER], marks)
        for place in self._touched:
            day = self._days[place]
            day.packed = packed(day.sums)
            self._changes[_state_key(*place)] = _value(day)
        self._waiting.clear()
        self._left.clear()
        self._touched.clear()
        self._sketchers.clear()

    def on(self, summary: SummaryOut) -> SummaryOut:
        """A day's summary with its sketch as of the last `settle`, if there is one."""
        found = self._days.get((summary.model, summary.event_day.toordinal()))
        if found is None:
            return summary
        return msgspec.structs.replace(summary, baseline=found.sha256, sketch=b64encode(found.packed).decode())

    def forget(self, before_day: int) -> None:
        """Drops the days before `before_day`: nothing can be accepted for them, or taken back, any more."""
        if self._oldest >= before_day:
            return
        self._oldest = before_day
        for place in [place for place in self._days if place[1] < before_day]:
            del self._days[place]
            self._changes[_state_key(*place)] = None

    def save(self) -> Iterator[tuple[bytes, bytes]]:
        """Every day as a changelog record."""
        return ((_state_key(*place), _value(day)) for place, day in self._days.items())

    def take_changes(self) -> dict[bytes, bytes | None]:
        """The changelog records since the last call."""
        changes, self._changes = self._changes, {}
        return changes

    def load(self, key: bytes, value: bytes | None) -> None:
        """Takes one changelog record back (a key as `settle` wrote it); raises ValueError for a sketch of another form."""
        _, model, day = key.decode().split("|")
        if value is None:
            self._days.pop((model, int(day)), None)
        else:
            sha256, sketch = read_sketch(value)
            self._days[model, int(day)] = _Day(sha256, unpacked(sketch), sketch)
            self._oldest = min(int(day), self._oldest)

    def _sketcher(self, place: ModelDay) -> Sketcher | None:
        if place not in self._sketchers:
            (model, day), known = place, self._days.get(place)
            found = self._active_sketcher(model, day)
            if known is not None and found is not None and found.sha256 != known.sha256:
                # A promotion's baseline begins with the next day, and may come after the first documents that are dated then.
                found = self._active_sketcher(model, max(day - 1, 1))
            is_the_days = found is not None and (known is None or found.sha256 == known.sha256)
            self._sketchers[place] = found if is_the_days else None
        return self._sketchers[place]

    def _sketch(self, documents: Sequence[_Waiting], marks: Marks[Mark]) -> None:
        rows = documents[0].sketcher.rows([document.text for document in documents])
        groups = np.array([document.group for document in documents])
        at: defaultdict[ModelDay, list[int]] = defaultdict(list)
        for number, document in enumerate(documents):
            at[document.mark.model, document.mark.day].append(number)
            if self._waiting.get(document.key) is document:
                # As it is now: the same document may have come again since, which moves its time.
                mark = msgspec.structs.replace(marks.newest(document.key), row=packed_row(rows[number], document.group))
                marks.amend(document.key, mark)
        for place, chosen in at.items():
            self._days[place].sums += sketched(rows[chosen], groups[chosen])


def read_sketch(value: bytes) -> tuple[str, bytes]:
    """The baseline (sha256 in hex) and the packed sketch of a day's changelog record."""
    return value[:_SHA256_BYTES].hex(), value[_SHA256_BYTES:]


def _value(day: _Day) -> bytes:
    return bytes.fromhex(day.sha256) + day.packed


def _state_key(model: str, day: int) -> bytes:
    return SKETCH_KEY + f"{model}|{day}".encode()
