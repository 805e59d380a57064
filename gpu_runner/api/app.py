"""The HTTP service: every endpoint of docs/requirements.md over one supervisor, with one error format."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
from fastapi import FastAPI, Response

from gpu_runner.api.corrections import correction_routes
from gpu_runner.api.evaluate import evaluate_routes
from gpu_runner.api.finetune import finetune_routes
from gpu_runner.api.health import Health, package_version
from gpu_runner.api.reports import report_routes
from gpu_runner.errors import Fatal
from gpu_runner.metrics import RunnerMetrics
from gpu_runner.supervisor import Supervisor
from runtime.http_errors import install_error_handlers
from runtime.process_end import cancelled

_log = structlog.get_logger(__name__)

# Beside the time for a child to save its checkpoint: giving the lease back, and both connections.
_CLOSE_WITHIN_S: Final = 2.5


def create_app(supervisor: Supervisor, metrics: RunnerMetrics, *, on_fatal: Callable[[BaseException], None]) -> FastAPI:
    """The application; its lifespan runs the supervisor, and `on_fatal` is called when that ends by itself."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(_supervise(supervisor, on_fatal))
        yield
        await cancelled([task], supervisor.settings.stop_grace_s + _CLOSE_WITHIN_S)

    app = FastAPI(title="Abhyas model training", version=package_version(), lifespan=lifespan)
    install_error_handlers(app)
    health = Health(supervisor, now=supervisor.now, on_gpus=metrics.gpus)
    app.include_router(finetune_routes(supervisor))
    app.include_router(evaluate_routes(supervisor))
    app.include_router(report_routes(supervisor))
    app.include_router(correction_routes(supervisor))

    @app.get("/health")
    async def health_report() -> dict[str, Any]:
        """Status and dependencies; always 200, because a degraded service still answers."""
        return await health.report()

    @app.get("/metrics")
    async def prometheus() -> Response:
        """The Prometheus text format; the GPU's memory is read at the same time."""
        await health.gpu()
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return app


async def _supervise(supervisor: Supervisor, on_fatal: Callable[[BaseException], None]) -> None:
    try:
        await supervisor.run()
    except Fatal as error:
        _log.error("the runner stops", reason=str(error))
        on_fatal(error)
    except Exception as error:
        _log.exception("the supervisor broke")
        on_fatal(error)
