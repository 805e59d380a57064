"""The stream processor's HTTP side: /health, /ready, /metrics, /state, and how many samples there are of a user: /users/{hash}."""

from __future__ import annotations

from typing import Annotated, Any, Protocol

from fastapi import FastAPI, Path, Response
from prometheus_client import CONTENT_TYPE_LATEST

from consumers.metrics import ConsumerMetrics
from runtime.http_errors import ApiError, install_error_handlers


class ServiceView(Protocol):
    """What the endpoints ask of the running service."""

    def problem(self) -> str | None: ...
    def state(self) -> dict[str, Any]: ...
    async def samples_of(self, user_hash: str) -> dict[str, Any]: ...
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

    @app.get("/users/{user_hash}")
    async def user(user_hash: Annotated[str, Path(pattern=r"^[0-9a-f]{32,64}$")]) -> dict[str, Any]:
        return await view.samples_of(user_hash)

    return app
