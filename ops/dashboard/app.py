"""The live page's HTTP side: the page, its stream of snapshots, health and metrics."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import structlog
from fastapi import FastAPI, Response
from fastapi.responses import FileResponse, PlainTextResponse
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from pydantic import Field
from sse_starlette import EventSourceResponse

from ops.dashboard.feed import Feed
from ops.dashboard.snapshot import snapshot
from runtime.http_errors import install_error_handlers
from runtime.process_end import cancelled
from runtime.settings import ConsumersAddress, ListeningSettings


class DashboardSettings(ListeningSettings, ConsumersAddress):
    """Where the page listens, and where it asks for buffers and drift."""

    dashboard_port: int = Field(8009, ge=1, le=65535, description="Its port.")


_HERE: Final = Path(__file__).parent
_PUSH_EVERY_S: Final = 0.5  # at most; a change that comes sooner waits for the next push
_PING_EVERY_S: Final = 15
# aiokafka 0.14 may lose the cancel of a fetcher: nothing is lost by a reader that does not close in order.
_FEED_ENDS_WITHIN_S: Final = 1.0
# Everything the page needs is served here: nothing may be loaded from, or sent to, anywhere else.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

log = structlog.get_logger()


def create_app(feed: Feed, on_failure: Callable[[], None] = lambda: None) -> FastAPI:
    """The application; its lifespan runs the feed. `on_failure` is called when the feed ended by an error nobody expected."""
    watchers = 0
    running: asyncio.Task[None] | None = None

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            log.error("the feed ended", exc_info=task.exception())
            on_failure()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        nonlocal running
        running = asyncio.create_task(feed.run())
        running.add_done_callback(ended)
        yield
        await cancelled([running], _FEED_ENDS_WITHIN_S)

    app = FastAPI(title="Abhyas live page", lifespan=lifespan)
    install_error_handlers(app)
    registry = CollectorRegistry()
    up = Gauge("abhyas_dashboard_source_up", "1 while the source answers", ["source"], registry=registry)
    lag = Gauge("abhyas_input_lag_records", "Input records that stage 1 has not taken yet; absent where unknown", registry=registry)
    open_pages = Gauge("abhyas_dashboard_open_pages", "Pages that are connected to the stream", registry=registry)

    _serve_page(app)

    @app.get("/events")
    async def events() -> EventSourceResponse:
        async def stream() -> AsyncIterator[dict[str, str]]:
            nonlocal watchers
            watchers += 1
            seen = -1
            try:
                while True:
                    feed.look()
                    if seen == feed.version:
                        await feed.next_version(seen)
                    seen = feed.version
                    yield {"event": "snapshot", "data": json.dumps(snapshot(feed.view, datetime.now(UTC)), ensure_ascii=False)}
                    await asyncio.sleep(_PUSH_EVERY_S)
            finally:
                watchers -= 1

        return EventSourceResponse(stream(), ping=_PING_EVERY_S, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})

    @app.get("/snapshot")
    async def one_snapshot() -> dict[str, Any]:
        feed.look()
        return snapshot(feed.view, datetime.now(UTC))

    started = time.monotonic()

    @app.get("/health")
    async def health(response: Response) -> dict[str, Any]:
        alive = running is not None and not running.done()
        sources = {"kafka": feed.view.kafka, "consumers": feed.view.consumers}
        if not alive:
            response.status_code = 503
        status = "unhealthy" if not alive else "healthy" if all(source.ok for source in sources.values()) else "degraded"
        return {
            "status": status,
            "service": "dashboard",
            "uptime_seconds": int(time.monotonic() - started),
            "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
            "dependencies": {
                name: {"status": "healthy" if source.ok else "unhealthy", "message": source.message} for name, source in sources.items()
            },
        }

    @app.get("/metrics")
    async def metrics() -> PlainTextResponse:
        shown = snapshot(feed.view, datetime.now(UTC))
        for name, source in shown["sources"].items():
            up.labels(source=name).set(1 if source["ok"] else 0)
        lag.set(float("nan") if shown["lag_records"] is None else shown["lag_records"])
        open_pages.set(watchers)
        return PlainTextResponse(generate_latest(registry).decode(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return app


def _serve_page(app: FastAPI) -> None:
    """The page's own three files."""

    def page(name: str, media_type: str) -> FileResponse:
        return FileResponse(_HERE / name, media_type=media_type, headers=dict(_HEADERS))

    @app.get("/")
    async def index() -> FileResponse:
        return page("page.html", "text/html; charset=utf-8")

    @app.get("/page.css")
    async def css() -> FileResponse:
        return page("page.css", "text/css; charset=utf-8")

    @app.get("/page.js")
    async def javascript() -> FileResponse:
        return page("page.js", "text/javascript; charset=utf-8")
