"""One sample as the buffer holds it: what it is worth, where it stands, and where a batch's end puts it. Pure."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import msgspec

from consumers.decide.inputs import SampleSeen


class Status(IntEnum):
    """Where a sample stands; only PENDING negatives count towards the threshold, PRAISED ones are kept and in no batch."""

    PENDING = 0
    LEASED = 1
    PARKED = 2
    RETIRED = 3
    QUARANTINED = 4
    DROPPED = 5
    PRAISED = 6


REJECTED: Final = "rejected"
NO_DATA: Final = "no_data"
# Parked for: the version that had learnt it no longer serves, nor does one that was trained from it; other words came after a batch.
LEFT: Final = "left"
REVISED: Final = "revised"
NOTHING: Final = -1
# What the recipe can learn from. Samples of a release before name no class, and count as they did there.
TRAINABLE: Final = frozenset({"", "correction", "preference"})


class Buffered(msgspec.Struct, array_like=True, tag=1, frozen=True, gc=False):
    """One sample: its newest revision, where that lies in sample.collected, and its way through batches.

    `batch` is the newest batch that leased it (0: none yet), `parked_for` the outcome that parked it, `seen_ms` the tick
    when it arrived. `afterwards` (-1: nothing new) is the status after the lease that a revision, or a promotion, asked for during it.
    `contributor`, `occurred_s`, `ms`, `content` and `negative_class` are those of `SampleSeen`. `retracted` is the user's own
    retraction, not a move to another model. `ended` are the ended batches that held these very words. `tried` is the recipe that found
    nothing to learn in a batch with these words, `former_batch` what `batch` was before the lease under way.
    """

    revision: int
    retracted: bool
    document: bool
    status: int
    partition: int
    offset: int
    seen_ms: int
    batch: int = 0
    parked_for: str = ""
    afterwards: int = NOTHING
    contributor: str = ""
    occurred_s: int = 0
    ms: int = 0
    content: str = ""
    ended: tuple[int, ...] = ()
    negative_class: str = ""
    tried: str = ""
    former_batch: int = 0

    def order(self) -> tuple[int, bool, int, int, str]:
        """By what of two revisions the later one is later: stage 1's order."""
        return self.revision, self.retracted, self.occurred_s, self.ms, self.content

    def teaches(self) -> bool:
        """Whether a batch may hold it: a document, or a negative that says what was right."""
        return self.document or self.negative_class in TRAINABLE

    def is_fresh(self, recipe: str) -> bool:
        """Whether it waits, may be in a batch, and this recipe has not tried it: only such samples make a run due."""
        return self.status == Status.PENDING and self.teaches() and (not self.tried or self.tried != recipe)


def wanted_status(seen: SampleSeen) -> Status:
    """Where a sample is to stand by what it says alone."""
    if seen.retracted:
        return Status.DROPPED
    if seen.quarantined:
        return Status.QUARANTINED
    if seen.praise:
        return Status.PRAISED
    return Status.PENDING if seen.negative or seen.document else Status.DROPPED


def settled(entry: Buffered, outcome: str, recipe: str) -> Buffered:
    """A leased sample after the end of its batch: a promotion retires it, no data gives it back, every other end parks it."""
    afterwards, unlearnt = entry.afterwards, outcome == NO_DATA
    batch = entry.former_batch if unlearnt else entry.batch
    entry = msgspec.structs.replace(entry, afterwards=NOTHING, former_batch=0, batch=batch, tried=entry.tried if unlearnt else "")
    if afterwards in (Status.DROPPED, Status.QUARANTINED, Status.RETIRED, Status.PRAISED):
        return msgspec.structs.replace(entry, status=afterwards)
    if unlearnt:
        return _given_back(entry, afterwards, recipe)
    if outcome != "promoted":
        return msgspec.structs.replace(entry, status=int(Status.PARKED), parked_for=outcome)
    if afterwards == Status.PENDING:
        if entry.document:
            return msgspec.structs.replace(entry, status=int(Status.PENDING))
        return msgspec.structs.replace(entry, status=int(Status.PARKED), parked_for=REVISED)
    return msgspec.structs.replace(entry, status=int(Status.RETIRED))


def _given_back(entry: Buffered, afterwards: int, recipe: str) -> Buffered:
    """Where it was before the batch: nothing was learnt from it. Words that came since have been tried by nobody."""
    if afterwards == Status.PENDING:
        if entry.batch and not entry.document:
            return msgspec.structs.replace(entry, status=int(Status.PARKED), parked_for=REVISED)
        return msgspec.structs.replace(entry, status=int(Status.PENDING))
    if entry.parked_for:
        return msgspec.structs.replace(entry, status=int(Status.PARKED))
    return msgspec.structs.replace(entry, status=int(Status.PENDING), tried=recipe)
