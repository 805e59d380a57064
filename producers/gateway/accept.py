"""The way of a request: validated, redacted, published, acknowledged; each item stands or falls alone."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import ValidationError

from producers.errors import EventTooLarge, KafkaAway, Overloaded, PublishError, SubmissionError
from producers.gateway.body import BodyItem
from producers.gateway.metrics import USERS, GatewayMetrics
from producers.publisher import Publisher, Receipt
from producers.samples_met import SamplesMet, nobody_asked
from producers.submissions import (
    DocumentSubmission,
    ErasureSubmission,
    FallbackIds,
    FeedbackSubmission,
    Kind,
    Prepared,
    TurnSubmission,
    prepare_document,
    prepare_erasures,
    prepare_feedback,
    prepare_turn,
)
from runtime.http_errors import ApiError, Details, error_body, validation_details
from schemas.events.user_erased import UserErased

# Bounded: reasons are label values. The first two say "never as it is", the others "try again".
INVALID: Final = "invalid"
TOO_LARGE: Final = "too_large"
OVERLOADED: Final = "overloaded"
KAFKA_UNAVAILABLE: Final = "kafka_unavailable"
RETRYABLE: Final = frozenset({OVERLOADED, KAFKA_UNAVAILABLE})


@dataclass(frozen=True, slots=True)
class ItemRefusal:
    """An item that was not published: its place in the batch, why, and the fields to change."""

    index: int
    code: str
    message: str
    details: Details = ()

    def as_dict(self) -> dict[str, Any]:
        """One entry of `refused` in an answer."""
        return {"index": self.index, **error_body(self.code, self.message, self.details)["error"]}


@dataclass(frozen=True, slots=True)
class Accepted:
    """An item that the broker acknowledged."""

    index: int
    id: str
    receipt: Receipt
    correction_redactions: int = 0

    def as_dict(self) -> dict[str, Any]:
        """One entry of `accepted` in an answer."""
        receipt = self.receipt
        return {
            "index": self.index,
            "id": self.id,
            "event_id": receipt.event_id,
            "topic": receipt.topic,
            "partition": receipt.partition,
            "offset": receipt.offset,
            # What a correction lost cannot be learnt from it.
            **({"correction_redactions": self.correction_redactions} if self.correction_redactions else {}),
        }


@dataclass(frozen=True, slots=True)
class Erased:
    """The events of an erasure and where they lie, the user's own hash first; and how many samples of theirs there were."""

    events: tuple[tuple[UserErased, Receipt], ...]
    met: SamplesMet

    def as_dict(self) -> dict[str, Any]:
        """The body of a 202: of the user's own hash as ever, and every event beside it."""
        told = [
            {
                "user_hash": event.user_hash,
                "event_id": receipt.event_id,
                "topic": receipt.topic,
                "partition": receipt.partition,
                "offset": receipt.offset,
            }
            for event, receipt in self.events
        ]
        return {**told[0], "erasures": told, **self.met.as_dict()}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request's items, and what was taken out of their texts."""

    accepted: tuple[Accepted, ...]
    refused: tuple[ItemRefusal, ...]
    redactions: Mapping[str, int]

    def answer(self) -> dict[str, Any]:
        """The body of a 202; raises ApiError where nothing was accepted."""
        if not self.accepted:
            raise self._error()
        return {
            "accepted": [item.as_dict() for item in self.accepted],
            "refused": [item.as_dict() for item in self.refused],
            "redactions": dict(self.redactions),
        }

    def _error(self) -> ApiError:
        """One refusal as it is; several by the mildest: another try (503) before smaller (413) before different (422)."""
        first = next((item for item in self.refused if item.code in RETRYABLE), self.refused[0])
        if first.code in RETRYABLE:
            return ApiError(503, first.code, first.message, headers={"Retry-After": "1"})
        status = 413 if all(item.code == TOO_LARGE for item in self.refused) else 422
        if len(self.refused) == 1:
            return ApiError(status, first.code, first.message, first.details)
        details = [
            (f"items[{item.index}]" + (f".{field}" if field else ""), message)
            for item in self.refused
            for field, message in (item.details or (("", item.message),))
        ]
        return ApiError(status, first.code, f"none of the {len(self.refused)} items can be accepted", details)


class Intake:
    """Publishes the items of requests; `user_hash_key` None refuses raw users, `names_key` None names that hold an identity number.

    `met` says how many samples of some users (by hash) the stages hold.
    """

    def __init__(
        self,
        publisher: Publisher,
        metrics: GatewayMetrics,
        user_hash_key: bytes | None,
        names_key: bytes | None = None,
        met: Callable[[Sequence[str]], Awaitable[SamplesMet]] = nobody_asked,
    ) -> None:
        self._publisher = publisher
        self._metrics = metrics
        self._user_hash_key = user_hash_key
        self._names_key = names_key
        self._met = met

    async def take(self, kind: Kind, items: Sequence[BodyItem], *, seed: str, traceparent: str | None) -> Outcome:
        """Everything that can be published is, and acknowledged; `seed` and an item's content make the id that it lacks."""
        # Off the event loop: redacting megabytes takes a good part of a second.
        checked = await asyncio.to_thread(self._check_all, kind, items, seed)
        refused = [item for item in checked if isinstance(item, ItemRefusal)]
        prepared = [item for item in checked if not isinstance(item, ItemRefusal)]
        redactions: Counter[str] = Counter()
        started = time.perf_counter()
        sent: list[tuple[int, Prepared, asyncio.Future[Receipt]]] = []
        for index, item in prepared:
            try:
                moment = item.occurred_at or datetime.now(UTC)
                future = await self._publisher.publish(item.event, moment, source=item.source, traceparent=traceparent, wait=False)
                sent.append((index, item, future))
            except PublishError as error:
                refused.append(_refusal(index, error))
        if sent:
            await asyncio.wait([future for _, _, future in sent], timeout=self._publisher.ack_timeout_s)
            self._metrics.ack_seconds.observe(time.perf_counter() - started)
        accepted = []
        for index, item, future in sent:
            try:
                receipt = await self._settled(future)
            except PublishError as error:
                refused.append(_refusal(index, error))
            else:
                accepted.append(Accepted(index, item.id, receipt, item.correction_redactions))
                redactions.update(item.redactions)
                self._metrics.published.labels(item.event.TOPIC).inc()
        for name, count in redactions.items():
            self._metrics.redactions.labels(name).inc(count)
        for refusal in refused:
            self._metrics.refused.labels(f"/v1/{kind}", refusal.code).inc()
        return Outcome(tuple(accepted), tuple(sorted(refused, key=lambda item: item.index)), redactions)

    async def erase(self, user: str, body: Mapping[str, Any], *, hashed: bool, traceparent: str | None) -> Erased:
        """Publishes a user's erasure, one event for each hash that the user may have, and has them acknowledged; raises ApiError."""
        try:
            submission = ErasureSubmission.model_validate(body)
            events = prepare_erasures(user, submission, hashed=hashed, user_hash_key=self._user_hash_key)
        except ValidationError as error:
            raise self._refused(ApiError(422, INVALID, "the erasure is not valid", validation_details(error))) from None
        except SubmissionError as error:
            raise self._refused(ApiError(422, INVALID, f"not valid: {error.field}", ((error.field, str(error)),))) from None
        # Before they are gone.
        met = await self._met([event.user_hash for event in events])
        try:
            now = datetime.now(UTC)
            futures = [await self._publisher.publish(event, now, traceparent=traceparent, wait=False) for event in events]
            await asyncio.wait(futures, timeout=self._publisher.ack_timeout_s)
            receipts = [await self._settled(future) for future in futures]
        except PublishError as error:
            refusal = _refusal(0, error)
            raise self._refused(ApiError(503, refusal.code, refusal.message, headers={"Retry-After": "1"})) from error
        self._metrics.published.labels(UserErased.TOPIC).inc(len(events))
        return Erased(tuple(zip(events, receipts, strict=True)), met)

    def _refused(self, error: ApiError) -> ApiError:
        self._metrics.refused.labels(USERS, error.code).inc()
        return error

    async def _settled(self, future: asyncio.Future[Receipt]) -> Receipt:
        if not future.done():
            raise KafkaAway(
                f"Kafka did not acknowledge within {self._publisher.ack_timeout_s:g} s: it may still arrive; send it again, same id"
            )
        return future.result()

    def _check_all(self, kind: Kind, items: Sequence[BodyItem], seed: str) -> list[tuple[int, Prepared] | ItemRefusal]:
        ids = FallbackIds(kind, seed)
        return [self._check(kind, index, item, ids) for index, item in enumerate(items)]

    def _check(self, kind: Kind, index: int, item: BodyItem, ids: FallbackIds) -> tuple[int, Prepared] | ItemRefusal:
        if item.problems:
            return _invalid(index, item.problems)
        if isinstance(item.value, dict) and "specversion" in item.value:
            return _invalid(index, (("specversion", "a CloudEvent is for the topics: expected the object of its data alone"),))
        try:
            if kind == "feedback":
                feedback, fallback = FeedbackSubmission.model_validate(item.value), ids.of(item.value)
                return index, prepare_feedback(feedback, fallback_id=fallback, user_hash_key=self._user_hash_key, names_key=self._names_key)
            if kind == "turns":
                turn = TurnSubmission.model_validate(item.value)
                return index, prepare_turn(turn, user_hash_key=self._user_hash_key, names_key=self._names_key)
            return index, prepare_document(DocumentSubmission.model_validate(item.value), names_key=self._names_key)
        except ValidationError as error:
            return _invalid(index, validation_details(error))
        except SubmissionError as error:
            return _invalid(index, ((error.field, str(error)),))


def _invalid(index: int, details: Details) -> ItemRefusal:
    return ItemRefusal(index, INVALID, f"not valid: {', '.join(dict.fromkeys(field for field, _ in details))}", details)


def _refusal(index: int, error: PublishError) -> ItemRefusal:
    if isinstance(error, EventTooLarge):
        return ItemRefusal(index, TOO_LARGE, str(error))
    return ItemRefusal(index, OVERLOADED if isinstance(error, Overloaded) else KAFKA_UNAVAILABLE, str(error))
