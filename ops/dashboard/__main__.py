"""`python -m ops.dashboard`: serves the live page on DASHBOARD_PORT until SIGTERM."""

from __future__ import annotations

import sys

import structlog
import uvicorn

from ops.dashboard.app import DashboardSettings, create_app
from ops.dashboard.feed import Feed
from ops.errors import settings_trouble
from runtime.logs import configure_logging
from runtime.process_end import serve


def main() -> None:
    """Reads the settings and serves; settings that are not right are one line and exit code 1."""
    try:
        settings = DashboardSettings()
        configure_logging("dashboard", level=settings.app_log_level, debug=settings.app_debug)
    except ValueError as error:
        sys.exit(f"dashboard: {settings_trouble(error)}")
    failed = False

    def stop() -> None:
        nonlocal failed
        failed = server.should_exit = True

    app = create_app(Feed(settings.connection(), settings.consumers_url), stop)
    structlog.get_logger().info("serving the live page", host=settings.host, port=settings.dashboard_port)
    # Streams never end by themselves: after 1 s they are cut.
    config = uvicorn.Config(
        app, host=settings.host, port=settings.dashboard_port, log_config=None, access_log=False, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    serve(server, exit_code=lambda: 1 if failed else 0)


if __name__ == "__main__":
    main()
