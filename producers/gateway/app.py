"""The gateway's HTTP application: 202 only after the broker has acknowledged."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any, Final

from fastapi import FastAPI, Path, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from starlette.convertors import PathConvertor, register_url_convertor

from producers.errors import KafkaAway
from producers.gateway.accept import Intake
from producers.gateway.background import follow_stage1, keep_connected
from producers.gateway.body import read_items, read_optional_object
from producers.gateway.last_answers import AnswerWhenCutOff
from producers.gateway.metrics import CountRequests, GatewayMetrics
from producers.gateway.settings import GatewaySettings
from producers.gateway.stop_times import BACKGROUND_WITHIN_S, PUBLISHER_WITHIN_S
from producers.publisher import DISCONNECT_S, Publisher
from producers.samples_met import samples_met
from producers.submissions import DocumentSubmission, ErasureSubmission, FeedbackSubmission, Kind, TurnSubmission
from runtime.http_body import described_body, schema_of
from runtime.http_errors import ApiError, install_error_handlers
from runtime.process_end import cancelled
from schemas.envelope import TRACEPARENT

_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")


class _Whole(PathConvertor):
    """The rest of the path, line breaks in it too: an id that holds one is somebody's, and its erasure is no missing endpoint."""

    regex = r"[\s\S]*"


register_url_convertor("whole", _Whole())


def create_app(settings: GatewaySettings, publisher: Publisher) -> FastAPI:
    """The application; its lifespan connects the publisher (and starts without Kafka) and flushes it at the end."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(keep_connected(publisher))]
        if publisher.backlog.hold:
            tasks.append(asyncio.create_task(follow_stage1(publisher, settings.consumers_url)))
        try:
            yield
        finally:
            await cancelled(tasks, BACKGROUND_WITHIN_S)
            await publisher.stop(within_s=PUBLISHER_WITHIN_S - DISCONNECT_S)

    app = FastAPI(title="Abhyas gateway", version=_version(), lifespan=lifespan, docs_url=None, redoc_url=None)
    metrics = GatewayMetrics(publisher.backlog.largest)
    app.add_middleware(AnswerWhenCutOff)
    app.add_middleware(CountRequests, metrics=metrics)
    install_error_handlers(app)
    met = partial(samples_met, settings.consumers_url)
    intake = Intake(publisher, metrics, settings.user_hash_key_bytes(), settings.names_key_bytes(), met)
    _add_intake(app, settings, intake, metrics)
    _add_erasure(app, settings, intake)
    _add_operations(app, publisher, metrics)
    return app


def _add_intake(app: FastAPI, settings: GatewaySettings, intake: Intake, metrics: GatewayMetrics) -> None:
    async def accept(kind: Kind, request: Request) -> JSONResponse:
        try:
            if kind != "documents" and not settings.feedback_collection_enabled:
                said = f"{'feedback is' if kind == 'feedback' else 'turns are'} not collected here: FEEDBACK_COLLECTION_ENABLED is false"
                raise ApiError(403, "collection_disabled", said)
            seed = _seed(request)
            items = await read_items(request, max_bytes=settings.gateway_max_body_bytes, max_items=settings.gateway_max_items)
        except ApiError as error:
            metrics.refused.labels(f"/v1/{kind}", error.code).inc()
            raise
        outcome = await intake.take(kind, items, seed=seed, traceparent=_traceparent(request))
        return JSONResponse(outcome.answer(), 202)

    @app.post("/v1/feedback", status_code=202, openapi_extra=_body(FeedbackSubmission))
    async def feedback(request: Request) -> JSONResponse:
        """A rating, a correction, a preferred answer or a retraction; one object, or `{"items": […]}`."""
        return await accept("feedback", request)

    @app.post("/v1/turns", status_code=202, openapi_extra=_body(TurnSubmission))
    async def turns(request: Request) -> JSONResponse:
        """An answered turn as the model saw it, which feedback names by its `turn_id`; one object, or `{"items": […]}`."""
        return await accept("turns", request)

    @app.post("/v1/documents", status_code=202, openapi_extra=_body(DocumentSubmission))
    async def documents(request: Request) -> JSONResponse:
        """A document or its new version; one object, or `{"items": […]}`."""
        return await accept("documents", request)


def _add_erasure(app: FastAPI, settings: GatewaySettings, intake: Intake) -> None:
    refused: dict[int | str, dict[str, Any]] = {422: {"description": "user, actor or reason is not valid, in the one error format"}}

    @app.delete(
        "/v1/users/{user:whole}",
        status_code=202,
        responses=refused,
        openapi_extra=described_body(schema_of(ErasureSubmission), required=False),
    )
    async def erase(request: Request, user: Annotated[str, Path(min_length=1, max_length=500)], hashed: bool = False) -> dict[str, Any]:
        """Erases everything that a user said up to now; asking again changes nothing. With `hashed=true` the user is a `user_hash`."""
        body = await read_optional_object(request, max_bytes=settings.gateway_max_body_bytes)
        if "\ufffd" in user:  # what a server makes of bytes that are no UTF-8: two users' would be one
            raise ApiError(422, "invalid_request", "user: expected UTF-8, URL-encoded", [("user", "expected UTF-8, URL-encoded")])
        return (await intake.erase(user, body, hashed=hashed, traceparent=_traceparent(request))).as_dict()


def _traceparent(request: Request) -> str | None:
    given = request.headers.get("traceparent", "")
    return given if TRACEPARENT.fullmatch(given) else None


def _add_operations(app: FastAPI, publisher: Publisher, metrics: GatewayMetrics) -> None:
    started = time.monotonic()

    @app.get("/health")
    async def health() -> dict[str, Any]:
        """How the gateway and Kafka are; always 200, so that a restart is not the answer to a broker that is away."""
        asked = time.perf_counter()
        kafka: dict[str, Any] = {"status": "healthy"}
        try:
            await publisher.check()
        except KafkaAway as error:
            kafka = {"status": "unhealthy", "error": str(error)}
        kafka["latency_ms"] = round((time.perf_counter() - asked) * 1000, 1)
        return {
            "status": "healthy" if kafka["status"] == "healthy" else "degraded",
            "service": "gateway",
            "version": app.version,
            "uptime_seconds": int(time.monotonic() - started),
            "timestamp": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "dependencies": {"kafka": kafka},
        }

    @app.get("/ready")
    async def ready() -> dict[str, str]:
        """200 when a request can be accepted, else 503."""
        try:
            await publisher.check()
        except KafkaAway as error:
            raise ApiError(503, "kafka_unavailable", str(error), headers={"Retry-After": "1"}) from None
        return {"status": "ready"}

    @app.get("/metrics")
    def prometheus() -> Response:
        """Prometheus text format."""
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _seed(request: Request) -> str:
    """What the ids of items without one derive from: the Idempotency-Key, else something never used before."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return uuid.uuid4().hex
    if not _KEY.fullmatch(key):
        message = "Idempotency-Key: expected 1 to 200 visible ASCII characters, for example a UUID"
        raise ApiError(400, "invalid_idempotency_key", message, [("Idempotency-Key", "expected 1 to 200 visible ASCII characters")])
    return key


def _body(model: type[BaseModel]) -> dict[str, Any]:
    one = schema_of(model)
    batch = {"type": "object", "properties": {"items": {"type": "array", "items": one}}, "required": ["items"]}
    headers = [{"name": "Idempotency-Key", "in": "header", "required": False, "schema": {"type": "string", "maxLength": 200}}]
    return {"parameters": headers, **described_body({"oneOf": [one, batch]})}


def _version() -> str:
    try:
        return version("abhyas")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0.0.0"
