"""Documents as stage 2 sees them: the cumulative sketches of partitions' event-days, in summaries of any grouping."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

import numpy as np
from numpy.typing import NDArray

from consumers.decide.inputs import SignalSeen
from consumers.drift.baseline.fit import Baseline, BaselineDocument
from consumers.drift.features.sketch import Sums, empty, group_of, sketched, text_of

SHA = "ab" * 32
TODAY = 739_000
# The beginning of day 739,000.
TODAY_MS = (TODAY - 719_163) * 86_400_000


@dataclass(slots=True)
class Partitions:
    """What stage 1 keeps: the sketch of each partition's event-day so far, and its sequence."""

    sketches: dict[tuple[int, int], Sums] = field(default_factory=dict)
    sequences: dict[tuple[int, int], int] = field(default_factory=dict)

    def add(self, partition: int, day: int, rows: NDArray[np.int64], groups: NDArray[np.int64], sha256: str = SHA) -> SignalSeen:
        """The summary after some documents more."""
        return self.put(partition, day, self.sketches.get((partition, day), empty()) + sketched(rows, groups), sha256)

    def withdraw(self, partition: int, day: int, row: NDArray[np.int64], group: int, sha256: str = SHA) -> SignalSeen:
        """The summary after one document less."""
        return self.put(partition, day, self.sketches[partition, day] - sketched(row[None, :], np.array([group])), sha256)

    def put(self, partition: int, day: int, sums: Sums, sha256: str = SHA) -> SignalSeen:
        """The summary of a sketch."""
        place = (partition, day)
        self.sketches[place] = sums
        self.sequences[place] = self.sequences.get(place, 0) + 1
        return SignalSeen("document", partition, day, self.sequences[place], baseline=sha256, sketch=text_of(sums))


def featurised(baseline: Baseline, documents: Sequence[BaselineDocument]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and groups."""
    rows = baseline.featuriser.rows([document.text for document in documents])
    return rows, np.array([group_of(document.source) for document in documents])


def summaries(
    rows: NDArray[np.int64], groups: NDArray[np.int64], source: Random, *, largest: int = 80, sha256: str = SHA
) -> Iterator[SignalSeen]:
    """The documents in their order, in steps of random size over three partitions and a few days."""
    partitions, at = Partitions(), 0
    while at < len(rows):
        size = source.randint(1, largest)
        day = TODAY - source.choice((0, 0, 0, 1, 5))
        yield partitions.add(source.randrange(3), day, rows[at : at + size], groups[at : at + size], sha256)
        at += size
