"""The stream processor's HTTP side: /health, /ready, /metrics, /state."""

from __future__ import annotations

from typing import Any, Protocol

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST

from consumers.metrics import ConsumerMetrics
from producers.http_errors import ApiError, install_error_handlers


class ServiceView(Protocol):
    """What the endpoints ask of the running service."""

    def problem(self) -> str | None: ...
    def state(self) -> dict[str, Any]: ...
    def before_metrics(self) -> None: ...


def make_app(view: ServiceView, metrics: ConsumerMetrics, roles: list[str]) -> FastAPI:
    """The application; `/health` says that the process lives, `/ready` that it gets on with its records."""
    app = FastAPI(title="Abhyas stream processor", docs_url=None, redoc_url=None, openapi_url=None)
    install_error_handlers(app)

    @app.get("/health")
    async def health() -> dict[str, Any]:
        return {"status": "healthy", "service": "consumers", "roles": roles}

    @app.get("/ready")
    async def ready() -> dict[str, Any]:
        problem = view.problem()
        if problem is not None:
            raise ApiError(503, "not_ready", problem)
        return {"status": "ready"}

    @app.get("/metrics")
    async def prometheus() -> Response:
        view.before_metrics()
        return Response(metrics.render(), media_type=CONTENT_TYPE_LATEST)

    @app.get("/state")
    async def state() -> dict[str, Any]:
        return view.state()

    return app
