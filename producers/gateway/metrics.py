"""What the gateway counts. Labels are bounded: endpoints, statuses, topics, and the reasons of `producers.gateway.accept`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

USERS: Final = "/v1/users/{user}"
ENDPOINTS: Final = frozenset({"/v1/feedback", "/v1/turns", "/v1/documents", USERS, "/health", "/ready", "/metrics"})


class GatewayMetrics:
    """The gateway's metrics in a registry of their own, so that two applications in one process do not meet."""

    def __init__(self, bytes_in_flight: Callable[[], float]) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("gateway_requests", "Requests by endpoint and status", ["endpoint", "status"], registry=self.registry)
        self.refused = Counter(
            "gateway_refused", "Submissions or requests refused, by endpoint and reason", ["endpoint", "reason"], registry=self.registry
        )
        self.published = Counter("gateway_events_published", "Events acknowledged by the broker", ["topic"], registry=self.registry)
        self.redactions = Counter("gateway_redactions", "Personal numbers and addresses taken out", ["kind"], registry=self.registry)
        self.ack_seconds = Histogram(
            "gateway_ack_seconds",
            "From handing the first event of a request to the producer until all are acknowledged",
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=self.registry,
        )
        in_flight = Gauge("gateway_bytes_in_flight", "Bytes in flight of the fullest partition", registry=self.registry)
        in_flight.set_function(bytes_in_flight)


class CountRequests:
    """ASGI middleware: counts every answer by endpoint and status; unknown paths count as `other`."""

    def __init__(self, app: ASGIApp, metrics: GatewayMetrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        endpoint = USERS if path.startswith("/v1/users/") else path if path in ENDPOINTS else "other"

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.metrics.requests.labels(endpoint, str(message["status"])).inc()
            await send(message)

        await self.app(scope, receive, counted)
