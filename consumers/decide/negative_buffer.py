"""The buffer of a model's samples: consumed, not counted. A command leases a numbered batch, and its end settles it."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from enum import IntEnum
from typing import Final, Literal

import msgspec

from consumers.decide.inputs import SampleSeen
from schemas.events.retrain_requested import LeasedBatch
from schemas.fields import SampleRef
from schemas.identity import batch_sha256


class Contributors:
    """Pending negatives by contributor (a user, else a conversation; all without either are one). Each call is O(1).

    >>> voices = Voices(cap=2)
    >>> for voice in ["u:a", "u:a", "u:a", "u:b"]:
    ...     voices.put_in(voice)
    >>> voices.counted, len(voices)
    (3, 2)
    """

    def __init__(self, cap: int) -> None:
        self.cap = cap
        self.counted = 0
        self._pending: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._pending)

    def put_in(self, contributor: str) -> None:
        """One more pending negative of a contributor."""
        count = self._pending.get(contributor, 0) + 1
        self._pending[contributor] = count
        if count <= self.cap:
            self.counted += 1

    def take_out(self, contributor: str) -> None:
        """One pending negative of a contributor less."""
        count = self._pending[contributor] - 1
        if count < self.cap:
            self.counted -= 1
        if count:
            self._pending[contributor] = count
        else:
            del self._pending[contributor]


class Status(IntEnum):
    """Where a sample stands; only PENDING negatives count towards the threshold."""

    PENDING = 0
    LEASED = 1
    PARKED = 2
    RETIRED = 3
    QUARANTINED = 4
    DROPPED = 5


Taken = Literal["pending", "quarantined", "dropped", "ignored", "duplicate", "held"]

REJECTED: Final = "rejected"
# Parked for: the version that had learnt it no longer serves, nor does one that was trained from it.
LEFT: Final = "left"


_NOTHING: Final = -1


class Buffered(msgspec.Struct, array_like=True, tag=1, frozen=True, gc=False):
    """One sample: its newest revision, where that lies in sample.collected, and its way through batches.

    `batch` is the newest batch that leased it (0: none yet), `parked_for` the outcome that parked it, `seen_ms` the tick
    when it arrived. `afterwards` (-1: nothing new) is the status after the lease that a revision, or a promotion, asked for during it.
    `contributor`, `occurred_s`, `ms` and `content` are those of `SampleSeen`. `retracted` is the user's own retraction, not a move to
    another model. `ended` are the ended batches that held these very words.
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
    afterwards: int = _NOTHING
    contributor: str = ""
    occurred_s: int = 0
    ms: int = 0
    content: str = ""
    ended: tuple[int, ...] = ()

    def order(self) -> tuple[int, bool, int, int, str]:
        """By what of two revisions the later one is later: stage 1's order."""
        return self.revision, self.retracted, self.occurred_s, self.ms, self.content


class NegativeBuffer:
    """Samples by id; the last revision wins, and one that a batch consumed never counts again.

    What is held under a former id keeps that name: leases, reports and lists of what was trained on know it by that.

    Of each contributor at most `max_per_user` pending negatives count, and go into one batch: what is over stays pending for a later one.
    """

    def __init__(self, max_per_user: int) -> None:
        self._samples: dict[str, Buffered] = {}
        self._touched: dict[str, Buffered | None] = {}
        self._counts: dict[tuple[int, bool], int] = {}
        self._contributors = Contributors(max_per_user)

    def __len__(self) -> int:
        return len(self._samples)

    @property
    def pending_negatives(self) -> int:
        """Negatives that no batch has leased yet."""
        return self._counts.get((Status.PENDING, False), 0)

    @property
    def counted_negatives(self) -> int:
        """Pending negatives that count towards the threshold: of each contributor at most the cap."""
        return self._contributors.counted

    @property
    def distinct_users(self) -> int:
        """Contributors of pending negatives."""
        return len(self._contributors)

    @property
    def pending_documents(self) -> int:
        """Documents that no batch has leased yet."""
        return self._counts.get((Status.PENDING, True), 0)

    @property
    def quarantined(self) -> int:
        """Samples of holdout groups: they never enter a batch."""
        return self._counts.get((Status.QUARANTINED, False), 0) + self._counts.get((Status.QUARANTINED, True), 0)

    @property
    def parked(self) -> int:
        """Samples of batches that ended without a promotion."""
        return self._counts.get((Status.PARKED, False), 0) + self._counts.get((Status.PARKED, True), 0)

    def status(self, sample_id: str) -> Status | None:
        """Where a sample stands, None for one that is not held."""
        found = self._samples.get(sample_id)
        return None if found is None else Status(found.status)

    def take(self, seen: SampleSeen, *, partition: int, offset: int, now_ms: int) -> Taken:
        """Takes one sample or revision; says what became of it."""
        name = self._name(seen)
        known, wanted = self._samples.get(name), _wanted(seen)
        retracted = seen.retracted and not seen.moved
        entry = Buffered(
            seen.revision, retracted, seen.document, wanted, partition, offset, now_ms,
            contributor=seen.contributor, occurred_s=seen.occurred_s, ms=seen.ms, content=seen.content,
        )  # fmt: skip
        if known is not None and entry.order() <= known.order():
            return "duplicate"
        if known is None and wanted is Status.DROPPED and seen.revision == 0 and not seen.retracted:
            # Praise is no training data, and nothing older can come for it to hold back: it needs no memory. A retraction does: one
            # that names no user lies in another partition than its feedback, and may overtake it.
            return "ignored"
        if known is not None and known.status == Status.LEASED:
            replaced = msgspec.structs.replace(entry, status=Status.LEASED, batch=known.batch, afterwards=int(wanted))
            self._put(name, replaced)
            return "held"
        if known is not None and known.batch and wanted is Status.PENDING and not seen.document:
            # Consumed once, so it never counts again; its new words may still be trained on.
            parked_for = known.parked_for or "revised"
            entry = msgspec.structs.replace(entry, status=Status.PARKED, batch=known.batch, parked_for=parked_for)
            self._put(name, entry)
            return "held"
        if known is not None:
            entry = msgspec.structs.replace(entry, batch=known.batch)
        self._put(name, entry)
        return {Status.PENDING: "pending", Status.QUARANTINED: "quarantined"}.get(wanted, "dropped")  # type: ignore[return-value]

    def _name(self, seen: SampleSeen) -> str:
        """The id under which a sample is held, or is to be: its own, or a former one that is held, where the words are the same user's.

        Where two former ones are held (the same feedback over HTTP and from a file was two samples), the one that a batch consumed stays.
        """
        if not seen.former:
            return seen.sample_id
        held = [
            name
            for name in seen.former.split(",")
            if name in self._samples and _user(self._samples[name].contributor) == _user(seen.contributor)
        ]
        if not held or seen.sample_id in self._samples:
            return seen.sample_id
        first, *others = sorted(held, key=lambda name: (self._samples[name].status != Status.LEASED, -self._samples[name].batch))
        for other in others:
            if self._samples[other].status != Status.LEASED:
                self._put(other, None)
        return first

    def said(self, contributor: str, until_s: int) -> list[str]:
        """The ids of what a contributor said up to a time. O(samples)."""
        return [name for name, entry in self._samples.items() if entry.contributor == contributor and entry.occurred_s <= until_s]

    def held_of(self, contributor: str) -> int:
        """How many samples of a contributor are held that were not taken back. O(samples)."""
        return sum(entry.contributor == contributor and entry.status != Status.DROPPED for entry in self._samples.values())

    def erase(self, contributor: str, until_s: int) -> int:
        """Forgets what a contributor said up to a time, leased or not; returns how many samples that were."""
        names = self.said(contributor, until_s)
        for name in names:
            self._put(name, None)
        return len(names)

    def lease(self, number: int, *, max_samples: int, max_documents: int, include_rejected: bool) -> LeasedBatch:
        """Leases batch `number`: oldest pending first, of each contributor as many as count, then parked ones as far as the limits allow.

        What a rejected batch held goes along only with `include_rejected`: otherwise one harmful correction would have
        every later batch rejected too.
        """
        chosen = (
            self._choose(document=False, limit=max_samples, include_rejected=include_rejected),
            self._choose(document=True, limit=max_documents, include_rejected=include_rejected),
        )
        references: list[tuple[SampleRef, ...]] = []
        for ids in chosen:
            found = []
            for sample_id in ids:
                entry = self._samples[sample_id]
                found.append(
                    SampleRef(sample_id=sample_id, revision=entry.revision, partition=entry.partition, offset=entry.offset),
                )
                self._put(sample_id, msgspec.structs.replace(entry, status=int(Status.LEASED), batch=number))
            references.append(tuple(found))
        return LeasedBatch(number=number, sha256=batch_sha256(*references), samples=references[0], documents=references[1])

    def settle(self, batch: LeasedBatch, *, promoted: bool, outcome: str) -> None:
        """Ends a lease: a promotion retires the batch, every other end parks it."""
        for reference in (*batch.samples, *batch.documents):
            entry = self._samples.get(reference.sample_id)
            if entry is None or entry.status != Status.LEASED or entry.batch != batch.number:
                continue
            if (entry.partition, entry.offset) == (reference.partition, reference.offset):
                entry = msgspec.structs.replace(entry, ended=(*entry.ended, batch.number))
            self._put(reference.sample_id, _settled(entry, promoted=promoted, outcome=outcome))

    def serve(self, learnt: AbstractSet[int], ended: AbstractSet[int]) -> tuple[int, int]:
        """Another version serves that has learnt some of the ended batches: their samples are retired, those of the others parked.

        Words that came after a batch was leased are in none. Returns how many samples were retired and parked now. O(samples).
        """
        retired = parked = 0
        for name, entry in list(self._samples.items()):
            if not entry.ended:
                continue
            taught = not learnt.isdisjoint(entry.ended)
            if taught and entry.status == Status.PARKED:
                self._put(name, msgspec.structs.replace(entry, status=int(Status.RETIRED), parked_for=""))
                retired += 1
            elif not taught and entry.status == Status.RETIRED and ended >= set(entry.ended):
                self._put(name, msgspec.structs.replace(entry, status=int(Status.PARKED), parked_for=LEFT))
                parked += 1
            elif entry.status == Status.LEASED and entry.afterwards in (_NOTHING, Status.RETIRED):
                afterwards = int(Status.RETIRED) if taught else _NOTHING
                if afterwards != entry.afterwards:
                    self._put(name, msgspec.structs.replace(entry, afterwards=afterwards))
        return retired, parked

    def date(self, now_ms: int) -> None:
        """Gives the first tick's time to what arrived before any tick."""
        for name, entry in list(self._samples.items()):
            if entry.seen_ms == 0:
                self._put(name, msgspec.structs.replace(entry, seen_ms=now_ms))

    def expire(self, before_ms: int) -> int:
        """Forgets what arrived before a time, but no lease; returns how many of them were still pending."""
        old = [name for name, entry in self._samples.items() if entry.seen_ms < before_ms and entry.status != Status.LEASED]
        pending = sum(self._samples[name].status == Status.PENDING for name in old)
        for name in old:
            self._put(name, None)
        return pending

    def take_changes(self) -> dict[bytes, bytes | None]:
        """The changelog records since the last call, by sample id."""
        changes = {name.encode(): None if entry is None else _encode(entry) for name, entry in self._touched.items()}
        self._touched.clear()
        return changes

    def save(self) -> Iterator[tuple[bytes, bytes]]:
        """Every sample as a changelog record, by its id."""
        return ((name.encode(), _encode(entry)) for name, entry in self._samples.items())

    def load(self, key: bytes, value: bytes | None) -> None:
        """Takes one changelog record back."""
        self._put(key.decode(), None if value is None else _decode(value))
        self._touched.clear()

    def _choose(self, *, document: bool, limit: int, include_rejected: bool) -> list[str]:
        eligible = [
            (entry.status, entry.partition, entry.offset, name, entry.contributor)
            for name, entry in self._samples.items()
            if entry.document == document
            and (entry.status == Status.PENDING or (entry.status == Status.PARKED and (include_rejected or entry.parked_for != REJECTED)))
        ]
        chosen: list[str] = []
        taken: dict[str, int] = {}
        for status, _, _, name, contributor in sorted(eligible):
            if len(chosen) == limit:
                break
            if status == Status.PENDING and not document:
                taken[contributor] = taken.get(contributor, 0) + 1
                if taken[contributor] > self._contributors.cap:
                    continue
            chosen.append(name)
        return chosen

    def _put(self, sample_id: str, entry: Buffered | None) -> None:
        former = self._samples.pop(sample_id, None)
        if former is not None:
            self._counts[former.status, former.document] -= 1
            if former.status == Status.PENDING and not former.document:
                self._contributors.take_out(former.contributor)
        if entry is not None:
            self._samples[sample_id] = entry
            self._counts[entry.status, entry.document] = self._counts.get((entry.status, entry.document), 0) + 1
            if entry.status == Status.PENDING and not entry.document:
                self._contributors.put_in(entry.contributor)
        self._touched[sample_id] = entry


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Buffered).decode


def _user(contributor: str) -> str:
    # A retraction without a user need not name the conversation.
    return contributor if contributor.startswith("u:") else ""


def _wanted(seen: SampleSeen) -> Status:
    if seen.retracted:
        return Status.DROPPED
    if seen.quarantined:
        return Status.QUARANTINED
    return Status.PENDING if seen.negative or seen.document else Status.DROPPED


def _settled(entry: Buffered, *, promoted: bool, outcome: str) -> Buffered:
    afterwards, entry = entry.afterwards, msgspec.structs.replace(entry, afterwards=_NOTHING)
    if afterwards in (Status.DROPPED, Status.QUARANTINED, Status.RETIRED):
        return msgspec.structs.replace(entry, status=afterwards)
    if not promoted:
        return msgspec.structs.replace(entry, status=int(Status.PARKED), parked_for=outcome)
    if afterwards == Status.PENDING:
        if entry.document:
            return msgspec.structs.replace(entry, status=int(Status.PENDING))
        return msgspec.structs.replace(entry, status=int(Status.PARKED), parked_for="revised")
    return msgspec.structs.replace(entry, status=int(Status.RETIRED))
