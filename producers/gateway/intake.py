"""The way of a request: validated, redacted, published, acknowledged; each item stands or falls alone."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import ValidationError

from producers.errors import EventTooLarge, KafkaAway, Overloaded, PublishError
from producers.gateway.body import Item
from producers.gateway.metrics import USERS, GatewayMetrics
from producers.http_errors import ApiError, Details, error_body, validation_details
from producers.publisher import Publisher, Receipt
from producers.submissions import (
    DocumentSubmission,
    ErasureSubmission,
    FeedbackSubmission,
    Kind,
    Prepared,
    SubmissionError,
    derived_id,
    prepare_document,
    prepare_erasure,
    prepare_feedback,
)
from schemas.erasure import UserErased

# Bounded: reasons are label values. The first two say "never as it is", the others "try again".
INVALID: Final = "invalid"
TOO_LARGE: Final = "too_large"
OVERLOADED: Final = "overloaded"
KAFKA_UNAVAILABLE: Final = "kafka_unavailable"
RETRYABLE: Final = frozenset({OVERLOADED, KAFKA_UNAVAILABLE})


@dataclass(frozen=True, slots=True)
class Refusal:
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
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request's items, and what was taken out of their texts."""

    accepted: tuple[Accepted, ...]
    refused: tuple[Refusal, ...]
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
    """Publishes the items of requests; `user_hash_key` None refuses raw users."""

    def __init__(self, publisher: Publisher, metrics: GatewayMetrics, user_hash_key: bytes | None) -> None:
        self._publisher = publisher
        self._metrics = metrics
        self._user_hash_key = user_hash_key

    async def take(self, kind: Kind, items: Sequence[Item], *, seed: str, traceparent: str | None) -> Outcome:
        """Everything that can be published is, and acknowledged; `seed` and the index make the ids that items lack."""
        # Off the event loop: redacting megabytes takes a good part of a second.
        checked = await asyncio.to_thread(self._check_all, kind, items, seed)
        refused = [item for item in checked if isinstance(item, Refusal)]
        prepared = [item for item in checked if not isinstance(item, Refusal)]
        redactions: Counter[str] = Counter()
        started = time.perf_counter()
        sent: list[tuple[int, Prepared, asyncio.Future[Receipt]]] = []
        for index, item in prepared:
            try:
                moment = item.occurred_at or datetime.now(UTC)
                future = await self._publisher.publish(item.event, moment, traceparent=traceparent, wait=False)
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
                accepted.append(Accepted(index, item.id, receipt))
                redactions.update(item.redactions)
                self._metrics.published.labels(item.event.TOPIC).inc()
        for name, count in redactions.items():
            self._metrics.redactions.labels(name).inc(count)
        for refusal in refused:
            self._metrics.refused.labels(f"/v1/{kind}", refusal.code).inc()
        return Outcome(tuple(accepted), tuple(sorted(refused, key=lambda item: item.index)), redactions)

    async def erase(self, user: str, body: Mapping[str, Any], *, hashed: bool, traceparent: str | None) -> tuple[UserErased, Receipt]:
        """Publishes a user's erasure, and has it acknowledged; raises ApiError."""
        try:
            submission = ErasureSubmission.model_validate(body)
            event = prepare_erasure(user, submission, hashed=hashed, user_hash_key=self._user_hash_key)
        except ValidationError as error:
            raise self._refused(ApiError(422, INVALID, "the erasure is not valid", validation_details(error))) from None
        except SubmissionError as error:
            raise self._refused(ApiError(422, INVALID, f"not valid: {error.field}", ((error.field, str(error)),))) from None
        try:
            future = await self._publisher.publish(event, datetime.now(UTC), traceparent=traceparent, wait=False)
            await asyncio.wait([future], timeout=self._publisher.ack_timeout_s)
            receipt = await self._settled(future)
        except PublishError as error:
            refusal = _refusal(0, error)
            raise self._refused(ApiError(503, refusal.code, refusal.message, headers={"Retry-After": "1"})) from error
        self._metrics.published.labels(event.TOPIC).inc()
        return event, receipt

    def _refused(self, error: ApiError) -> ApiError:
        self._metrics.refused.labels(USERS, error.code).inc()
        return error

    async def _settled(self, future: asyncio.Future[Receipt]) -> Receipt:
        if not future.done():
            raise KafkaAway(
                f"Kafka did not acknowledge within {self._publisher.ack_timeout_s:g} s: it may still arrive; send it again, same id"
            )
        return future.result()

    def _check_all(self, kind: Kind, items: Sequence[Item], seed: str) -> list[tuple[int, Prepared] | Refusal]:
        return [self._check(kind, index, item, f"{seed}\n{index}") for index, item in enumerate(items)]

    def _check(self, kind: Kind, index: int, item: Item, seed: str) -> tuple[int, Prepared] | Refusal:
        if item.problems:
            return _invalid(index, item.problems)
        if isinstance(item.value, dict) and "specversion" in item.value:
            return _invalid(index, (("specversion", "a CloudEvent is for the topics: expected the object of its data alone"),))
        try:
            if kind == "feedback":
                feedback = FeedbackSubmission.model_validate(item.value)
                return index, prepare_feedback(feedback, fallback_id=derived_id(kind, seed), user_hash_key=self._user_hash_key)
            return index, prepare_document(DocumentSubmission.model_validate(item.value))
        except ValidationError as error:
            return _invalid(index, validation_details(error))
        except SubmissionError as error:
            return _invalid(index, ((error.field, str(error)),))


def _invalid(index: int, details: Details) -> Refusal:
    return Refusal(index, INVALID, f"not valid: {', '.join(dict.fromkeys(field for field, _ in details))}", details)


def _refusal(index: int, error: PublishError) -> Refusal:
    if isinstance(error, EventTooLarge):
        return Refusal(index, TOO_LARGE, str(error))
    return Refusal(index, OVERLOADED if isinstance(error, Overloaded) else KAFKA_UNAVAILABLE, str(error))
