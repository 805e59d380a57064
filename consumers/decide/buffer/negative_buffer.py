"""The buffer of a model's samples: consumed, not counted. A command leases a numbered batch, and its end settles it."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Final, Literal

import msgspec

from consumers.decide.buffer.buffered import LEFT, NO_DATA, NOTHING, REJECTED, REVISED, Buffered, Status, settled, wanted_status
from consumers.decide.buffer.contributors import Contributors
from consumers.decide.buffer.praise import PraiseSample
from consumers.decide.inputs import SampleSeen
from schemas.events.retrain_requested import LeasedBatch
from schemas.fields import SampleRef
from schemas.identity import batch_sha256

Taken = Literal["pending", "quarantined", "praised", "dropped", "ignored", "duplicate", "held"]


class NegativeBuffer:
    """Samples by id; the last revision wins, and one that a batch consumed never counts again.

    What is held under a former id keeps that name: leases, reports and lists of what was trained on know it by that.

    Of each contributor at most `max_per_user` pending negatives count, and go into one batch: what is over stays pending for a later one.
    Every pending negative is statistics; only those that say what was right go into a batch, and make a run due while `recipe` has not
    tried them. Of praise a sample of bounded size is kept, in no batch.
    """

    def __init__(self, max_per_user: int, model: str) -> None:
        self._samples: dict[str, Buffered] = {}
        self._touched: dict[str, Buffered | None] = {}
        self._counts: dict[tuple[int, bool], int] = {}
        self._recipe = ""
        self._contributors = Contributors(max_per_user)
        self._trainable = Contributors(max_per_user)
        self._fresh_documents = self._tried = 0
        self._praise = PraiseSample(model)

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
    def trainable_negatives(self) -> int:
        """Counted negatives that this recipe can train on and has not tried: of each contributor at most the cap."""
        return self._trainable.counted

    @property
    def trainable_users(self) -> int:
        """Contributors of the pending negatives that can be trained on."""
        return len(self._trainable)

    @property
    def tried_negatives(self) -> int:
        """Pending negatives in which this recipe found nothing to learn."""
        return self._tried

    @property
    def pending_documents(self) -> int:
        """Documents that no batch has leased yet."""
        return self._counts.get((Status.PENDING, True), 0)

    @property
    def fresh_documents(self) -> int:
        """Pending documents that this recipe has not tried."""
        return self._fresh_documents

    @property
    def praised(self) -> int:
        """Praise that is kept."""
        return len(self._praise)

    @property
    def recipe(self) -> str:
        """The recipe that trains, by its number and base model."""
        return self._recipe

    def train_by(self, recipe: str) -> None:
        """Another recipe trains from now on: what the one before could not learn counts as trainable again. O(samples)."""
        if recipe == self._recipe:
            return
        entries = [entry for entry in self._samples.values() if entry.tried and entry.status == Status.PENDING]
        for entry in entries:
            self._count_waiting(entry, -1)
        self._recipe = recipe
        for entry in entries:
            self._count_waiting(entry, 1)

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
        known, wanted = self._samples.get(name), wanted_status(seen)
        if wanted is Status.PRAISED and not self._praise.admits(name, seen.contributor):
            wanted = Status.DROPPED
        retracted = seen.retracted and not seen.moved
        entry = Buffered(
            seen.revision, retracted, seen.document, wanted, partition, offset, now_ms, contributor=seen.contributor,
            occurred_s=seen.occurred_s, ms=seen.ms, content=seen.content, negative_class=seen.negative_class,
        )  # fmt: skip
        if known is not None and entry.order() <= known.order():
            return "duplicate"
        if known is None and wanted is Status.DROPPED and seen.revision == 0 and not seen.retracted:
            # What is no training data, and nothing older can come for it to hold back, needs no memory. A retraction does: one
            # that names no user lies in another partition than its feedback, and may overtake it.
            return "ignored"
        if known is not None and known.status == Status.LEASED:
            leased = {"status": Status.LEASED, "batch": known.batch, "former_batch": known.former_batch, "afterwards": int(wanted)}
            self._put(name, msgspec.structs.replace(entry, **leased))
            return "held"
        if known is not None and known.batch and wanted is Status.PENDING and not seen.document:
            # Consumed once, so it never counts again; its new words may still be trained on.
            parked_for = known.parked_for or REVISED
            entry = msgspec.structs.replace(entry, status=Status.PARKED, batch=known.batch, parked_for=parked_for)
            self._put(name, entry)
            return "held"
        if known is not None:
            entry = msgspec.structs.replace(entry, batch=known.batch)
        self._put(name, entry)
        self._bound_praise(entry)
        told: dict[Status, Taken] = {Status.PENDING: "pending", Status.QUARANTINED: "quarantined", Status.PRAISED: "praised"}
        return told.get(wanted, "dropped")

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

        Only what says what was right goes along, and documents: bare ratings stay pending. What this recipe has tried comes last: beside
        others it may be enough.
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
                leased = msgspec.structs.replace(entry, status=int(Status.LEASED), batch=number, former_batch=entry.batch)
                self._put(sample_id, leased)
            references.append(tuple(found))
        return LeasedBatch(number=number, sha256=batch_sha256(*references), samples=references[0], documents=references[1])

    def settle(self, batch: LeasedBatch, *, outcome: str, recipe: str = "") -> None:
        """Ends a lease: a promotion retires the batch, every other end parks it.

        But for `no_data`: nothing was learnt, so everything is where it was before, marked as tried by the recipe of the run.
        """
        for reference in (*batch.samples, *batch.documents):
            entry = self._samples.get(reference.sample_id)
            if entry is None or entry.status != Status.LEASED or entry.batch != batch.number:
                continue
            if outcome != NO_DATA and (entry.partition, entry.offset) == (reference.partition, reference.offset):
                entry = msgspec.structs.replace(entry, ended=(*entry.ended, batch.number))
            entry = settled(entry, outcome, recipe)
            self._put(reference.sample_id, entry)
            self._bound_praise(entry)

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
            elif entry.status == Status.LEASED and entry.afterwards in (NOTHING, Status.RETIRED):
                afterwards = int(Status.RETIRED) if taught else NOTHING
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
            (self._is_tried(entry), entry.status, entry.partition, entry.offset, name, entry.contributor)
            for name, entry in self._samples.items()
            if entry.document == document
            and entry.teaches()
            and (entry.status == Status.PENDING or (entry.status == Status.PARKED and (include_rejected or entry.parked_for != REJECTED)))
        ]
        chosen: list[str] = []
        taken: dict[str, int] = {}
        for tried, status, _, _, name, contributor in sorted(eligible):
            if len(chosen) == limit:
                break
            if status == Status.PENDING and not document and not tried:
                taken[contributor] = taken.get(contributor, 0) + 1
                if taken[contributor] > self._contributors.cap:
                    continue
            chosen.append(name)
        return chosen

    def _is_tried(self, entry: Buffered) -> bool:
        return entry.status == Status.PENDING and entry.teaches() and not entry.is_fresh(self._recipe)

    def _bound_praise(self, entry: Buffered) -> None:
        """Puts out what is over the bounds once an entry was put in."""
        while entry.status == Status.PRAISED and (name := self._praise.over(entry.contributor)) is not None:
            over = self._samples[name]
            # A later revision holds what is older back, kept or not.
            held_back = over.revision or over.batch
            self._put(name, msgspec.structs.replace(over, status=int(Status.DROPPED)) if held_back else None)

    def _put(self, sample_id: str, entry: Buffered | None) -> None:
        former = self._samples.pop(sample_id, None)
        if former is not None:
            self._count(sample_id, former, -1)
        if entry is not None:
            self._samples[sample_id] = entry
            self._count(sample_id, entry, 1)
        self._touched[sample_id] = entry

    def _count(self, sample_id: str, entry: Buffered, more: int) -> None:
        place = (entry.status, entry.document)
        self._counts[place] = self._counts.get(place, 0) + more
        if entry.status == Status.PRAISED:
            (self._praise.put_in if more > 0 else self._praise.take_out)(sample_id, entry.contributor)
        elif entry.status == Status.PENDING:
            self._count_waiting(entry, more)

    def _count_waiting(self, entry: Buffered, more: int) -> None:
        fresh = entry.is_fresh(self._recipe)
        if entry.document:
            self._fresh_documents += more if fresh else 0
            return
        self._tried += more if entry.teaches() and not fresh else 0
        for contributors in (self._contributors, self._trainable) if fresh else (self._contributors,):
            (contributors.put_in if more > 0 else contributors.take_out)(entry.contributor)


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Buffered).decode


def _user(contributor: str) -> str:
    # A retraction without a user need not name the conversation.
    return contributor if contributor.startswith("u:") else ""
