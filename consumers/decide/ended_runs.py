"""Which batches the serving version has learnt, told from the runs that ended: each made a version from another one. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

# Samples are held for 28 days: more runs than these would have to end in them for a batch to be forgotten too early.
REMEMBERED_RUNS: Final = 1_000


class EndedRun(msgspec.Struct, array_like=True, frozen=True):
    """A run's version (empty where it made none), the number of its batch, and the version that it trained from."""

    version: str
    batch: int
    baseline: str


class EndedRuns(msgspec.Struct, array_like=True, tag=1, frozen=True):
    """The newest runs of a model in the order of their ends."""

    runs: tuple[EndedRun, ...] = ()

    def plus(self, run: EndedRun) -> EndedRuns:
        """With one more run, the oldest forgotten where there are too many."""
        return EndedRuns((*self.runs, run)[-REMEMBERED_RUNS:])

    def batches(self) -> frozenset[int]:
        """The batches of all of them."""
        return frozenset(run.batch for run in self.runs)

    def learnt_by(self, version: str | None) -> frozenset[int] | None:
        """The batches that a version and those that it was trained from have learnt; None for a version that no run here knows.

        >>> runs = EndedRuns((EndedRun("v1", 1, "v0"), EndedRun("v2", 2, "v1"), EndedRun("v3", 3, "v1")))
        >>> sorted(runs.learnt_by("v3")), runs.learnt_by("v0"), runs.learnt_by("v9")
        ([1, 3], frozenset(), None)
        """
        if all(version not in (run.version, run.baseline) for run in self.runs):
            return None
        made = {run.version: run for run in self.runs if run.version}
        found: set[int] = set()
        at = made.get(version) if version is not None else None
        while at is not None and at.batch not in found:
            found.add(at.batch)
            at = made.get(at.baseline)
        return frozenset(found)
