"""What stage 2 has to decide, stated a second time and in another way: the promises as a walk over a model's inputs.

Nothing here comes from `consumers.decide`; the rules are those of docs/adr/0031. Times are milliseconds. Drift alarms are
taken from `drift.detected` as they are: what a detector says is not what this is about.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

Place = Literal["pending", "leased", "parked", "retired", "quarantined", "dropped", "praised"]
MOST_ATTEMPTS: Final = 3
# Of a user no more praise than this is kept. In all it is 500: a seed has no more.
PRAISE_OF_EACH: Final = 5
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(slots=True)
class Rules:
    """The settings that decide, in milliseconds and counts."""

    threshold: int
    min_trainable: int
    max_per_user: int
    min_users: int
    cool_down_ms: int
    retry_ms: int
    run_max_ms: int
    schedule_ms: int
    max_samples: int
    max_documents: int


@dataclass(slots=True)
class Held:
    """A sample: its newest revision, where it lies, where it stands. `consumed`: some batch held it and did not give it back.

    `teaches`: a run can learn from it; `tried`: one found that it could not.
    """

    order: tuple[int, bool, int, str]
    document: bool
    at: Place
    offset: int
    contributor: str
    occurred_s: int
    batch: int = 0
    consumed: bool = False
    parked_for: str = ""
    afterwards: Place | None = None
    teaches: bool = True
    tried: bool = False
    consumed_before: bool = False


@dataclass(slots=True)
class Expected:
    """A command that must be in the transaction of the input that led to it."""

    command_id: str | None
    attempt: int
    number: int
    rules: tuple[str, ...]
    samples: tuple[str, ...]
    documents: tuple[str, ...]
    requested_ms: int
    requests: tuple[str, ...]
    serving: str
    pending: int
    retry_at_ms: int | None = None
    cancel_sent: bool = False
    places: dict[str, int] = field(default_factory=dict)
    served: list[str] = field(default_factory=list)


@dataclass(slots=True)
class ReferenceTrigger:
    """One model. `take` returns the command that must follow from an input, or None; `cancels` are runs told to stop."""

    model: str
    rules: Rules
    drifts: list[int]
    now_ms: int | None = None
    serving: str | None = None
    paused: bool = False
    schedule_from_ms: int | None = None
    cool_until_ms: int = 0
    batches: int = 0
    drifted: bool = False
    run: Expected | None = None
    waiting: list[Mapping[str, Any]] = field(default_factory=list)
    known_requests: set[str] = field(default_factory=set)
    held: dict[str, Held] = field(default_factory=dict)
    cancels: list[tuple[str | None, int]] = field(default_factory=list)
    erased: dict[str, int] = field(default_factory=dict)
    # Of the batches that ended: where the words of each lay. Of the versions that runs made: the batch, and what they came from.
    ended: dict[int, dict[str, int]] = field(default_factory=dict)
    made: dict[str, tuple[int, str]] = field(default_factory=dict)
    parents: set[str] = field(default_factory=set)

    def take(self, kind: str, fields: Mapping[str, Any], offset: int) -> list[Expected]:
        """One input; the fields are those of the record that it came from."""
        found: list[Expected] = []
        if kind == "tick":
            found += self._tick(fields["now_ms"])
        elif kind == "sample":
            self._sample(fields, offset)
        elif kind == "serving":
            self._serve(fields["version"])
        elif kind == "request":
            self._request(fields)
        elif kind == "job":
            self._job(fields)
        elif kind == "erasure":
            self.erase(fields["voice"], fields["until_s"])
        fired = self._fire()
        return found + ([fired] if fired else [])

    def pending(self, *, document: bool) -> list[str]:
        """What counts, the oldest first."""
        names = [name for name, held in self.held.items() if held.at == "pending" and held.document == document]
        return sorted(names, key=lambda name: self.held[name].offset)

    def said(self, contributor: str, until_s: int) -> list[str]:
        """What is held of a contributor up to a time."""
        return [name for name, held in self.held.items() if held.contributor == contributor and held.occurred_s <= until_s]

    def is_erased(self, contributor: str, second: int) -> bool:
        """Whether an erasure covers what a contributor said then."""
        return second <= self.erased.get(contributor, second - 1)

    def erase(self, contributor: str, until_s: int) -> None:
        """Forgets what a contributor said, leased or not, and what of it comes later."""
        if self.is_erased(contributor, until_s):
            return
        self.erased[contributor] = until_s
        for name in self.said(contributor, until_s):
            del self.held[name]

    def _up_to_the_cap(self, names: list[str]) -> int:
        """How many of these count, of each contributor at most the cap."""
        contributors = Counter(self.held[name].contributor for name in names)
        return sum(min(times, self.rules.max_per_user) for times in contributors.values())

    def fresh(self, *, document: bool) -> list[str]:
        """What of that a run could learn from, and none has tried."""
        return [name for name in self.pending(document=document) if self.held[name].teaches and not self.held[name].tried]

    def due(self) -> list[str]:
        """The rules that are due now."""
        now_ms = self.now_ms or 0
        new = bool(self.fresh(document=False) or self.fresh(document=True))
        found = []
        if now_ms >= self.cool_until_ms:
            counted = self._up_to_the_cap(self.pending(document=False))
            trainable = self.fresh(document=False)
            users = {self.held[name].contributor for name in trainable}
            enough = self._up_to_the_cap(trainable) >= self.rules.min_trainable and len(users) >= self.rules.min_users
            if counted >= self.rules.threshold and enough:
                found.append("count")
            if self.drifted and new:
                found.append("drift")
            if self.schedule_from_ms is not None and now_ms >= self.schedule_from_ms + self.rules.schedule_ms and new:
                found.append("schedule")
        return found + (["operator"] if self.waiting else [])

    def free(self) -> bool:
        """Whether a run may start at all."""
        return self.serving is not None and self.now_ms is not None and not self.paused and self.run is None

    def _tick(self, now_ms: int) -> list[Expected]:
        if self.now_ms is not None and now_ms <= self.now_ms:
            return []
        self.now_ms = now_ms
        if self.schedule_from_ms is None and self.serving is not None:
            self.schedule_from_ms = now_ms
        if self.drifts and self.drifts[0] == now_ms:
            self.drifts.pop(0)
            self.drifted = True
        found = []
        run = self.run
        if run is not None and run.retry_at_ms is not None:
            if now_ms >= run.retry_at_ms:
                run.attempt, run.requested_ms, run.retry_at_ms = run.attempt + 1, now_ms, None
                found.append(run)
        elif run is not None and not run.cancel_sent and now_ms - run.requested_ms >= self.rules.run_max_ms:
            run.cancel_sent = True
            self.cancels.append((run.command_id, run.attempt))
        scheduled = self.schedule_from_ms is not None and now_ms >= self.schedule_from_ms + self.rules.schedule_ms
        if scheduled and self.free() and not (self.fresh(document=False) or self.fresh(document=True)):
            self.schedule_from_ms = now_ms
        return found

    def _sample(self, fields: Mapping[str, Any], offset: int) -> None:
        name, document = fields["sample_id"], fields["kind"] == "document"
        gone, moved = fields.get("retracted", False), fields.get("moved", False)
        order = (
            fields["revision"],
            gone and not moved,
            (datetime.fromisoformat(fields["occurred_at"]) - _EPOCH) // _MILLISECOND,
            fields.get("content", ""),
        )
        known = self.held.get(name)
        if known is not None and order <= known.order:
            return
        negative = fields.get("negative", False)
        place: Place = "pending" if negative or document else "dropped"
        if not (negative or document) and (fields.get("score") or 0.0) >= 0.5 and self._admitted(name, fields["voice"]):
            place = "praised"
        if fields.get("quarantine") is not None:
            place = "quarantined"
        if gone:
            place = "dropped"
        if known is None and place == "dropped" and not gone and fields["revision"] == 0:
            return
        held = Held(order, document, place, offset, fields["voice"], fields["occurred_s"])
        held.teaches = document or fields.get("negative_class") in (None, "correction", "preference")
        if known is not None:
            held.batch, held.consumed, held.consumed_before = known.batch, known.consumed, known.consumed_before
        if known is not None and known.at == "leased":
            held.at, held.afterwards = "leased", place
        elif known is not None and known.consumed and place == "pending" and not document:
            held.at, held.parked_for = "parked", known.parked_for or "revised"
        self.held[name] = held
        self._bound_praise(held)

    def _praise_of(self, contributor: str) -> list[str]:
        """A contributor's praise that is kept, from the smallest keyed hash on."""
        return sorted(
            (name for name, held in self.held.items() if held.at == "praised" and held.contributor == contributor), key=self._rank
        )

    def _rank(self, name: str) -> bytes:
        key = hashlib.blake2b(self.model.encode(), digest_size=32).digest()
        return hashlib.blake2b(name.encode(), key=key, digest_size=8).digest()

    def _admitted(self, name: str, contributor: str) -> bool:
        """Whether a praise is among the few of its contributor that are kept."""
        others = [other for other in self._praise_of(contributor) if other != name]
        return len(others) < PRAISE_OF_EACH or self._rank(name) < self._rank(others[-1])

    def _bound_praise(self, held: Held) -> None:
        """What is over the bound goes; a later revision still holds older words back."""
        for name in self._praise_of(held.contributor)[PRAISE_OF_EACH:] if held.at == "praised" else ():
            if self.held[name].order[0] or self.held[name].consumed:
                self.held[name].at = "dropped"
            else:
                del self.held[name]

    def _serve(self, version: str) -> None:
        if self.run is not None:
            self.run.served.append(version)
        if version != self.serving:
            self.serving, self.drifted = version, False
            self._consume()
        if self.schedule_from_ms is None:
            self.schedule_from_ms = self.now_ms

    def _consume(self) -> None:
        """What the serving version learnt is consumed; what a promotion consumed that it did not learn is consumed no longer."""
        version = self.serving
        if version is None or (version not in self.made and version not in self.parents):
            return
        learnt: set[int] = set()
        while version in self.made:
            number, version = self.made[version]
            learnt.add(number)
        for name, held in self.held.items():
            holders = {number for number, places in self.ended.items() if places.get(name) == held.offset}
            if not holders:
                continue
            if holders & learnt:
                if held.at == "parked":
                    held.at, held.parked_for = "retired", ""
                elif held.at == "leased" and held.afterwards is None:
                    held.afterwards = "retired"
            elif held.at == "retired":
                held.at, held.parked_for = "parked", "left"
            elif held.at == "leased" and held.afterwards == "retired":
                held.afterwards = None

    def _request(self, fields: Mapping[str, Any]) -> None:
        action, job_id = fields["action"], fields.get("job_id") or fields["request_id"]
        if action in ("pause", "resume"):
            self.paused = action == "pause"
        elif action == "start":
            if job_id not in self.known_requests:
                self.known_requests.add(job_id)
                self.waiting.append(dict(fields) | {"job_id": job_id})
        elif action == "cancel":
            self.waiting = [other for other in self.waiting if other["job_id"] != job_id]
            run = self.run
            if run is not None and run.retry_at_ms is not None and job_id in (run.command_id, *run.requests):
                self._settle(run, "cancelled", None, run.serving)

    def _job(self, fields: Mapping[str, Any]) -> None:
        run = self.run
        if run is None or run.retry_at_ms is not None or (fields["job_id"], fields["attempt"]) != (run.command_id, run.attempt):
            return
        if fields["outcome"] == "failed" and fields["retryable"] and run.attempt < MOST_ATTEMPTS and not run.cancel_sent:
            run.retry_at_ms = (self.now_ms or 0) + self.rules.retry_ms * 2 ** (run.attempt - 1)
            return
        if fields["outcome"] == "promoted" and fields["version"] not in run.served:
            self._serve(fields["version"])
        self._settle(run, fields["outcome"], fields["version"], fields.get("baseline_version") or run.serving)

    def _settle(self, run: Expected, outcome: str, version: str | None, parent: str) -> None:
        self.ended[run.number] = {name: place for name, place in run.places.items() if name in self.held}
        self.parents.add(parent)
        if version is not None:
            self.made[version] = (run.number, parent)
        for name in (*run.samples, *run.documents):
            held = self.held.get(name)
            if held is None or held.at != "leased" or held.batch != run.number:
                continue
            after, held.afterwards = held.afterwards, None
            if outcome == "no_data":
                held.consumed = held.consumed_before
            else:
                held.tried = False
            if after in ("dropped", "quarantined", "retired", "praised"):
                held.at = after
                self._bound_praise(held)
            elif outcome == "no_data":
                self._give_back(held, revised=after == "pending")
            elif outcome != "promoted":
                held.at, held.parked_for = "parked", outcome
            elif after == "pending":
                held.at, held.parked_for = ("pending", "") if held.document else ("parked", "revised")
            else:
                held.at = "retired"
        self.run = None
        self._consume()
        if outcome != "no_data":
            self.cool_until_ms = (self.now_ms or 0) + self.rules.cool_down_ms

    @staticmethod
    def _give_back(held: Held, *, revised: bool) -> None:
        """After a run that found nothing to learn a sample is where it was; what was said since is new."""
        if revised and held.consumed and not held.document:
            held.at, held.parked_for = "parked", "revised"
        elif held.parked_for:
            held.at = "parked"
        else:
            held.at, held.tried = "pending", not revised

    def _fire(self) -> Expected | None:
        due = self.due() if self.free() else []
        if not due:
            return None
        first = self.waiting[0] if self.waiting else None
        asked = [other for other in self.waiting if first is not None and _wish(other) == _wish(first)]
        self.waiting = [other for other in self.waiting if other not in asked]
        own_data = due == ["operator"] and first is not None and first.get("dataset_path") is not None
        samples, documents, pending = [], [], len(self.pending(document=False))
        if not own_data:
            samples = self._batch(document=False, room=self.rules.max_samples, rejected=first is not None)
            documents = self._batch(document=True, room=self.rules.max_documents, rejected=first is not None)
        self.batches += 1
        for name in (*samples, *documents):
            held = self.held[name]
            held.at, held.consumed_before, held.consumed, held.batch = "leased", held.consumed, True, self.batches
        self.schedule_from_ms, self.drifted = self.now_ms, False
        self.run = Expected(
            str(first["job_id"]) if first else None, 1, self.batches, tuple(due), tuple(samples), tuple(documents), self.now_ms or 0,
            tuple(str(other["job_id"]) for other in asked), self.serving or "", pending,
            places={name: self.held[name].offset for name in (*samples, *documents)},
        )  # fmt: skip
        return self.run

    def _batch(self, *, document: bool, room: int, rejected: bool) -> list[str]:
        parked = [
            name
            for name, held in self.held.items()
            if held.at == "parked" and held.document == document and held.teaches and (rejected or held.parked_for != "rejected")
        ]
        tried = [name for name in self.pending(document=document) if self.held[name].tried]
        return (self._capped(document=document) + sorted(parked, key=lambda name: self.held[name].offset) + tried)[:room]

    def _capped(self, *, document: bool) -> list[str]:
        """What is new to learn from, of each contributor as many as count; documents have no cap."""
        contributors: Counter[str] = Counter()
        chosen = []
        for name in self.fresh(document=document):
            contributors[self.held[name].contributor] += 1
            if document or contributors[self.held[name].contributor] <= self.rules.max_per_user:
                chosen.append(name)
        return chosen


def _wish(request: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.items() if name not in ("request_id", "job_id", "actor", "reason") and value is not None}
