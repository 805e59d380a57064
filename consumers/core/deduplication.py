"""The last revision of a sample wins, and a revision seen before changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

Freshness = Literal["new", "revised", "duplicate", "stale"]


class Mark(msgspec.Struct, array_like=True, tag=1, frozen=True, gc=False):
    """What is remembered of a sample, without its text: the newest revision and what it contributed to which day."""

    revision: int
    retracted: bool
    model: str
    kind: Literal["feedback", "document"]
    day: int
    contribution: tuple[int, ...]


def freshness(known: Mark | None, revision: int, retracted: bool) -> Freshness:
    """How an arriving revision stands to the known one. A retraction wins over its own revision: it can have no later one.

    >>> freshness(None, 0, False)
    'new'
    >>> freshness(Mark(0, False, "m", "feedback", 1, (1, 1, 0, 1)), 0, True)
    'revised'
    """
    if known is None:
        return "new"
    arriving, newest = (revision, retracted), (known.revision, known.retracted)
    if arriving > newest:
        return "revised"
    return "duplicate" if arriving == newest else "stale"


class Marks:
    """The marks of one input partition by sample id; touched ones are what the changelog still has to hear."""

    def __init__(self) -> None:
        self._marks: dict[str, Mark] = {}
        self._touched: dict[str, Mark] = {}

    def __len__(self) -> int:
        return len(self._marks)

    def __iter__(self) -> Iterator[tuple[str, Mark]]:
        return iter(sorted(self._marks.items()))

    def get(self, sample_id: str) -> Mark | None:
        """The mark of a sample, None for one never seen."""
        return self._marks.get(sample_id)

    def put(self, sample_id: str, mark: Mark) -> None:
        """Remembers the newest revision of a sample."""
        self._marks[sample_id] = self._touched[sample_id] = mark

    def take_changes(self) -> dict[str, bytes | None]:
        """The changelog records since the last call."""
        changes: dict[str, bytes | None] = {f"s|{sample_id}": msgspec.json.encode(mark) for sample_id, mark in self._touched.items()}
        self._touched.clear()
        return changes

    def restore(self, key: str, value: bytes | None) -> None:
        """Takes one changelog record back."""
        sample_id = key.removeprefix("s|")
        if value is None:
            self._marks.pop(sample_id, None)
        else:
            self._marks[sample_id] = msgspec.json.decode(value, type=Mark)
